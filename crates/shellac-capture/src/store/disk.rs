//! The file system as the store uses it: a seam at which tests put a disk that is full, read-only or gone.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FallocateFlags, FlockOperation};

use crate::stamp::Stamp;

/// Mode of the directory.
const DIR_MODE: u32 = 0o750;
/// Mode of every file: logs hold what clients sent.
const FILE_MODE: u32 = 0o640;

/// How much room a file system has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// All its bytes.
    pub total: u64,
    /// Bytes that somebody without privileges can still use.
    pub free: u64,
}

/// A file in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name; names that are no text are not listed, because none of ours is like that.
    pub name: String,
    /// Its length in bytes.
    pub len: u64,
    /// When it was written last.
    pub modified: Stamp,
}

/// What the store asks of a file system. All errors are the system's.
pub trait Disk: fmt::Debug {
    /// A file that is being written.
    type File: DiskFile;
    /// What keeps others out.
    type Lock: fmt::Debug;

    /// Makes a directory, not its parents. That it is there already is fine.
    fn make_dir(&self, dir: &Path) -> io::Result<()>;
    /// Keeps other writers out of `dir` for as long as the result lives, without writing anything.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WouldBlock`] when another one is there.
    fn lock(&self, dir: &Path) -> io::Result<Self::Lock>;
    /// Whether there is something with this name.
    fn exists(&self, path: &Path) -> io::Result<bool>;
    /// The regular files in `dir`.
    fn list(&self, dir: &Path) -> io::Result<Vec<Listed>>;
    /// Makes a file that must not be there yet.
    fn create(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens a file to write at its end, and says how long it is. It is made when it is not there.
    fn append(&self, path: &Path) -> io::Result<(Self::File, u64)>;
    /// Opens a file to be read from its start.
    fn read(&self, path: &Path) -> io::Result<Box<dyn Read + Send>>;
    /// Gives a file another name; what had that name is gone.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// How much room there is.
    fn space(&self, dir: &Path) -> io::Result<Space>;
    /// Forces the names in `dir` to the disk.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// What the store asks of a file that it writes. Everything goes to the end; all errors are the system's.
pub trait DiskFile: fmt::Debug + Send {
    /// Writes some of `bytes`, and says how many.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts the file, or gives back what was reserved behind its end.
    fn set_len(&mut self, len: u64) -> io::Result<()>;
    /// Sees to it that the file can grow to `len` bytes, without changing its length.
    fn reserve(&mut self, len: u64) -> io::Result<()>;
    /// Forces the content to the disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Whether the file still has a name. What is written to one without goes nowhere.
    fn has_name(&self) -> io::Result<bool>;

    /// Writes all of `bytes`. After an error some of them may be there.
    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(len) => bytes = bytes.get(len..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    type File = SystemFile;
    type Lock = File;

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(DIR_MODE).create(dir) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
            result => result,
        }
    }

    fn lock(&self, dir: &Path) -> io::Result<File> {
        // The directory itself: that works on a disk that is full, too.
        let file = File::open(dir)?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(file)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            // A file may go while we look, and links lead to what is not ours.
            let Ok(metadata) = fs::symlink_metadata(entry.path()) else { continue };
            if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
                let seconds = metadata.mtime().saturating_mul(1_000_000);
                let modified = Stamp(seconds.saturating_add(metadata.mtime_nsec() / 1000));
                listed.push(Listed { name, len: metadata.len(), modified });
            }
        }
        Ok(listed)
    }

    fn create(&self, path: &Path) -> io::Result<SystemFile> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true).mode(FILE_MODE).open(path).map(SystemFile)
    }

    fn append(&self, path: &Path) -> io::Result<(SystemFile, u64)> {
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).mode(FILE_MODE).open(path)?;
        let len = file.metadata()?.len();
        Ok((SystemFile(file), len))
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn space(&self, dir: &Path) -> io::Result<Space> {
        let numbers = rustix::fs::statvfs(dir)?;
        Ok(Space {
            total: numbers.f_blocks.saturating_mul(numbers.f_frsize),
            free: numbers.f_bavail.saturating_mul(numbers.f_frsize),
        })
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}

/// A file of the file system.
#[derive(Debug)]
pub struct SystemFile(File);

impl DiskFile for SystemFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn reserve(&mut self, len: u64) -> io::Result<()> {
        Ok(rustix::fs::fallocate(&self.0, FallocateFlags::KEEP_SIZE, 0, len)?)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn has_name(&self) -> io::Result<bool> {
        Ok(self.0.metadata()?.nlink() > 0)
    }
}
