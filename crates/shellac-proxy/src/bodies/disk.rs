//! Files without a name: nobody else can open them, and they are gone with whoever has them, however that ends.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Where files come from. The seam at which tests let a disk fail.
pub(crate) trait Disk: Send + Sync {
    /// A new file in `dir`.
    ///
    /// # Errors
    ///
    /// The system's.
    fn create(&self, dir: &Path) -> io::Result<Box<dyn Stored>>;
}

/// A file: written from its beginning to its end, read anywhere.
pub(crate) trait Stored: Send {
    /// Writes `bytes` at the end.
    ///
    /// # Errors
    ///
    /// The system's; what of `bytes` is in the file then is unknown.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Fills `into` from `at` on.
    ///
    /// # Errors
    ///
    /// The system's, and [`io::ErrorKind::UnexpectedEof`] where the file is shorter.
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()>;
}

/// The disks of this machine.
pub(super) struct System;

impl Disk for System {
    fn create(&self, dir: &Path) -> io::Result<Box<dyn Stored>> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = match rustix::fs::open(dir, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => File::from(file),
            // File systems that only know files with names, and kernels that do not know the flag.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => named(dir)?,
            Err(error) => return Err(error.into()),
        };
        Ok(Box::new(OnDisk { file, len: 0 }))
    }
}

/// A file whose name is taken from it at once.
fn named(dir: &Path) -> io::Result<File> {
    for number in 0..NAMES {
        let path = dir.join(format!(".shellac-body-{}-{number}", std::process::id()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        match options.open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            // Left by a predecessor of the same number that was killed in between.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Names that are tried. One thread makes them and takes them away again, so the first one is nearly always free.
const NAMES: u32 = 64;

struct OnDisk {
    file: File,
    len: u64,
}

impl Stored for OnDisk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.len)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(into, at)
    }
}

#[cfg(test)]
mod tests;
