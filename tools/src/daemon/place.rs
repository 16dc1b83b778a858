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
mod tests {
    use super::workdir;

    /// `-n`, whether this is root, `XDG_RUNTIME_DIR`; the path, or a part of the error.
    type Case =
        (Option<&'static str>, bool, Option<&'static str>, Result<&'static str, &'static str>);

    #[test]
    fn names_and_paths() {
        let cases: &[Case] = &[
            (None, true, Some("/run/user/0"), Ok("/run/shellac/shellacd")),
            (None, false, Some("/run/user/7"), Ok("/run/user/7/shellac/shellacd")),
            (Some(""), true, None, Ok("/run/shellac/shellacd")),
            (Some("edge"), true, None, Ok("/run/shellac/edge")),
            (Some("/dev/shm/x"), false, None, Ok("/dev/shm/x")),
            (Some("edge"), false, None, Err("XDG_RUNTIME_DIR")),
            (Some("edge"), false, Some("relative"), Err("XDG_RUNTIME_DIR")),
            (Some("../edge"), true, None, Err("whole path")),
            (Some("a//b"), true, None, Err("whole path")),
        ];
        for (name, is_root, xdg, expected) in cases {
            match (workdir(*name, *is_root, *xdg), expected) {
                (Ok(found), Ok(path)) => assert_eq!(found.to_str(), Some(*path)),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (found, _) => panic!("{name:?}: {found:?}"),
            }
        }
    }
}
