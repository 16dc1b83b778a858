//! The working directory: made for those who may read the log, and for nobody else.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::Path;

use crate::ManagerError;

/// Rights of the directory: its group may read it.
const MODE: u32 = 0o750;
/// Rights of the directories above it: what is in them decides for itself.
const MODE_ABOVE: u32 = 0o755;
/// The bits of everybody.
const EVERYBODY: u32 = 0o007;

/// Makes the directory where it is missing, and gives it to the group that may read the log.
///
/// One that is there and ours is closed to everybody else, as long as nothing but what instances make lies in it.
pub(crate) fn prepare(workdir: &Path, gid: Option<u32>) -> Result<(), ManagerError> {
    let failed = |source| ManagerError::Workdir { path: workdir.to_owned(), source };
    if let Some(above) = workdir.parent() {
        DirBuilder::new().recursive(true).mode(MODE_ABOVE).create(above).map_err(failed)?;
    }
    let made = match DirBuilder::new().mode(MODE).create(workdir) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && workdir.is_dir() => false,
        Err(error) => return Err(failed(error)),
    };
    let found = std::fs::metadata(workdir).map_err(failed)?;
    let is_ours = found.uid() == rustix::process::geteuid().as_raw();
    if made || (is_ours && only_ours(workdir).map_err(failed)?) {
        if let Some(gid) = gid.filter(|gid| *gid != found.gid()) {
            chown(workdir, None, Some(gid)).map_err(failed)?;
        }
        if made || found.mode() & EVERYBODY != 0 {
            std::fs::set_permissions(workdir, Permissions::from_mode(MODE)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Whether everybody on this machine may look into it.
pub(crate) fn is_open(workdir: &Path) -> bool {
    std::fs::metadata(workdir).is_ok_and(|found| found.mode() & EVERYBODY != 0)
}

/// Whether nothing else lies in it than what instances make.
fn only_ours(workdir: &Path) -> io::Result<bool> {
    for entry in std::fs::read_dir(workdir)? {
        let name = entry?.file_name();
        let name = name.as_encoded_bytes();
        if !name.starts_with(b"_.") && !name.starts_with(b"crash-") {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
