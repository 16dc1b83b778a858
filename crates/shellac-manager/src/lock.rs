//! Pid files: one process each, as long as it lives.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use crate::ManagerError;

/// A locked file that holds the number of this process; removed when dropped.
///
/// The lock is an exclusive `flock`, as varnishd takes it, and ends with the process whatever happens.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    /// Holds the lock.
    file: File,
}

impl PidFile {
    /// Takes the lock, or fails at once. Everybody may read the file, as with all pid files.
    ///
    /// # Errors
    ///
    /// [`ManagerError::Locked`] with the number in the file when another process has it, [`ManagerError::File`] otherwise.
    pub fn acquire(path: &Path) -> Result<PidFile, ManagerError> {
        PidFile::acquire_with_mode(path, 0o644)
    }

    /// The same with other rights, should the file not be there.
    ///
    /// # Errors
    ///
    /// As [`PidFile::acquire`].
    pub fn acquire_with_mode(path: &Path, mode: u32) -> Result<PidFile, ManagerError> {
        let failed =
            |action| move |source| ManagerError::File { action, path: path.to_owned(), source };
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(mode)
                // Root opens it where another user may make links.
                .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
                .open(path)
                .map_err(failed("open"))?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    return Err(ManagerError::Locked {
                        path: path.to_owned(),
                        pid: read_pid(&mut file),
                    });
                }
                Err(error) => return Err(failed("lock")(error.into())),
            }
            // The process before may have removed the file between our opening and its end: then this lock is worth nothing.
            let own = file.metadata().map_err(failed("look at"))?;
            let same = std::fs::metadata(path)
                .is_ok_and(|found| (found.dev(), found.ino()) == (own.dev(), own.ino()));
            if same {
                // Whatever mask of rights this process has. One that is another user's file stays as it is.
                let _ = file.set_permissions(Permissions::from_mode(mode));
                file.set_len(0).map_err(failed("write"))?;
                file.write_all(std::process::id().to_string().as_bytes())
                    .map_err(failed("write"))?;
                return Ok(PidFile { path: path.to_owned(), file });
            }
        }
    }

    /// One that this process has locked already, under another program.
    pub(crate) fn adopt(path: PathBuf, file: OwnedFd) -> PidFile {
        PidFile { path, file: File::from(file) }
    }

    /// The file, which another program is to have.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Still locked: nobody else can have made it theirs.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests;
