//! Where the shared-memory directory is to be.

use std::path::PathBuf;

use anyhow::bail;

/// Name of the directory when nobody chose one.
const DEFAULT_NAME: &str = "shellacd";

/// The directory for `name`: a path as it is, a name below the directory for such.
///
/// `xdg_runtime_dir` is the variable of that name; it counts unless this is root.
pub(crate) fn workdir(
    name: Option<&str>,
    is_root: bool,
    xdg_runtime_dir: Option<&str>,
) -> anyhow::Result<PathBuf> {
    let name = name.filter(|name| !name.is_empty()).unwrap_or(DEFAULT_NAME);
    if name.starts_with('/') {
        return Ok(PathBuf::from(name));
    }
    if name.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        bail!("-n {name}: give a whole path that begins with `/`, or a plain name");
    }
    let base = match xdg_runtime_dir {
        _ if is_root => PathBuf::from("/run/shellac"),
        Some(dir) if dir.starts_with('/') => PathBuf::from(dir).join("shellac"),
        _ => bail!(
            "there is no XDG_RUNTIME_DIR to put the log into: say where with -n /PATH, best on a tmpfs"
        ),
    };
    Ok(base.join(name))
}

#[cfg(test)]
mod tests;
