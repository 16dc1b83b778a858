//! A page in a file, for collectors that read files: it is always whole.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;

/// Replaces the file at `path`.
///
/// # Errors
///
/// The directory cannot be written; the old file is as it was.
pub(super) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let dir = parent.unwrap_or(Path::new("."));
    let replace = || -> std::io::Result<()> {
        // A name that collectors do not read, beside it so that it can be renamed.
        let mut file =
            tempfile::Builder::new().prefix(".shellac-").suffix(".part").tempfile_in(dir)?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
        file.persist(path)?;
        Ok(())
    };
    replace().with_context(|| format!("cannot write {}", path.display()))
}
