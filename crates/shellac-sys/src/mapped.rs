//! Files mapped into memory, read-only or shared for writing.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use memmap2::{MmapOptions, MmapRaw};

use crate::copy::{copy_from_shared, copy_to_shared, expect_stores};
use crate::words::OutOfBounds;

/// Why a file could not be mapped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The system refused one of the steps.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file ends before the part that was asked for.
    #[error("{} is too short: {wanted_bytes} bytes from byte {offset} were asked for, it has {have_bytes}", path.display())]
    Short {
        /// The file.
        path: PathBuf,
        /// Where the part starts, in bytes.
        offset: u64,
        /// How long it should be, in bytes.
        wanted_bytes: usize,
        /// How long the file is, in bytes.
        have_bytes: u64,
    },
    /// A length of zero was asked for.
    #[error("cannot map {}: its length is zero", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// There is no room for a new file.
    #[error("no space for {}: {wanted_bytes} bytes wanted, {free_bytes} bytes free", path.display())]
    NoSpace {
        /// The file.
        path: PathBuf,
        /// How long it should become, in bytes.
        wanted_bytes: usize,
        /// What its file system has left, in bytes.
        free_bytes: u64,
    },
}

impl MapError {
    /// What the system said, where it was asked.
    pub fn io(&self) -> Option<&io::Error> {
        match self {
            MapError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// A part of a mapping: where it starts, how long it is, and what keeps it mapped.
#[derive(Debug)]
pub(crate) struct Span {
    base: NonNull<u8>,
    len_bytes: usize,
    /// Keeps `base .. base + len_bytes` mapped; never dereferenced as a slice.
    map: MmapRaw,
}

// SAFETY: the pages stay mapped as long as the value lives, wherever it is moved, and all access to them is
// by atomics or by copies that allow for change.
unsafe impl Send for Span {}
// SAFETY: as above; there is no state beside the mapping.
unsafe impl Sync for Span {}

impl Span {
    fn new(map: MmapRaw, path: &Path) -> Result<Span, MapError> {
        let len_bytes = map.len();
        let base = NonNull::new(map.as_mut_ptr())
            .filter(|_| len_bytes > 0)
            .ok_or_else(|| MapError::Empty { path: path.to_owned() })?;
        Ok(Span { base, len_bytes, map })
    }

    pub(crate) fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    fn lock(&self) -> io::Result<()> {
        self.map.lock()
    }

    /// The address of byte `at`, if `len` bytes are there.
    #[inline]
    pub(crate) fn at(&self, at: usize, len: usize) -> Result<NonNull<u8>, OutOfBounds> {
        match at.checked_add(len) {
            Some(end) if end <= self.len_bytes => {
                // SAFETY: `at <= end <= len_bytes`, so the result is inside the mapping or one past it.
                Ok(unsafe { self.base.add(at) })
            }
            _ => Err(OutOfBounds { at, len, have: self.len_bytes }),
        }
    }

    /// Has the lines of `len` bytes from `at` on brought near for stores. What lies outside is ignored.
    #[inline]
    pub(crate) fn expect_stores(&self, at: usize, len: usize) {
        let len = len.min(self.len_bytes.saturating_sub(at));
        if let Ok(first) = self.at(at, len) {
            expect_stores(first.as_ptr(), len);
        }
    }

    #[inline]
    pub(crate) fn copy_out(&self, at: usize, out: &mut [u8]) -> Result<(), OutOfBounds> {
        let from = self.at(at, out.len())?;
        // SAFETY: `from` is good for `out.len()` bytes, and private memory does not overlap a mapping.
        unsafe { copy_from_shared(out.as_mut_ptr(), from.as_ptr(), out.len()) };
        Ok(())
    }

    /// # Safety
    ///
    /// The mapping is writable.
    #[inline]
    pub(crate) unsafe fn copy_in(&self, at: usize, bytes: &[u8]) -> Result<(), OutOfBounds> {
        let to = self.at(at, bytes.len())?;
        // SAFETY: `to` is good for `bytes.len()` bytes and writable by the caller's word.
        unsafe { copy_to_shared(to.as_ptr(), bytes.as_ptr(), bytes.len()) };
        Ok(())
    }
}

/// A file, or a part of one, mapped read-only.
///
/// The mapping stays when the file is removed or replaced. A file that is *truncated* meanwhile ends the
/// process at the next access (SIGBUS); writers of such files never do that, they rename a new one over.
#[derive(Debug)]
pub struct MappedFile {
    pub(crate) span: Span,
}

impl MappedFile {
    /// Maps `len_bytes` bytes of `path` from byte `offset`, which may be anywhere in a page.
    ///
    /// # Errors
    ///
    /// [`MapError::Short`] if the file has fewer bytes than that, [`MapError::Empty`] for a length of zero,
    /// [`MapError::Io`] if it cannot be opened or mapped.
    pub fn open(path: &Path, offset: u64, len_bytes: usize) -> Result<MappedFile, MapError> {
        let failed = |action| move |source| MapError::Io { action, path: path.to_owned(), source };
        if len_bytes == 0 {
            return Err(MapError::Empty { path: path.to_owned() });
        }
        // A name in shared memory may lead to a FIFO: opening that must not wait for a writer.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(path)
            .map_err(failed("open"))?;
        let have_bytes = file.metadata().map_err(failed("look at"))?.len();
        let end = u64::try_from(len_bytes).ok().and_then(|len| offset.checked_add(len));
        if end.is_none_or(|end| end > have_bytes) {
            return Err(MapError::Short {
                path: path.to_owned(),
                offset,
                wanted_bytes: len_bytes,
                have_bytes,
            });
        }
        let map = MmapOptions::new()
            .offset(offset)
            .len(len_bytes)
            .map_raw_read_only(&file)
            .map_err(failed("map"))?;
        Ok(MappedFile { span: Span::new(map, path)? })
    }

    /// Length of the mapped part in bytes. Never zero.
    pub fn len_bytes(&self) -> usize {
        self.span.len_bytes()
    }

    /// Copies `out.len()` bytes from byte `at` on.
    ///
    /// What arrives may be torn when somebody writes there meanwhile.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`], in bytes, if they are not all inside; `out` is unchanged then.
    pub fn read_bytes(&self, at: usize, out: &mut [u8]) -> Result<(), OutOfBounds> {
        self.span.copy_out(at, out)
    }
}

/// How a new file is to look.
#[derive(Clone, Copy, Debug)]
pub struct CreateOptions {
    /// Permission bits, whatever the umask says.
    pub mode: u32,
    /// The group that the file is given to; `None` leaves the process's own.
    pub gid: Option<u32>,
}

impl Default for CreateOptions {
    /// 0640, own group.
    fn default() -> Self {
        CreateOptions { mode: 0o640, gid: None }
    }
}

/// A file mapped for writing, shared with whoever maps it too.
#[derive(Debug)]
pub struct MappedFileMut {
    pub(crate) span: Span,
}

impl MappedFileMut {
    /// Creates `path` with `len_bytes` zero bytes, and maps it.
    ///
    /// All of it is allocated and in memory on return: no store to it will find the disk full, and the
    /// first ones are as fast as all others.
    ///
    /// # Errors
    ///
    /// [`MapError::NoSpace`] if the file system is too full; [`MapError::Io`] if there is such a file already
    /// or the system refuses another step; [`MapError::Empty`]. The file does not exist then, unless it
    /// did before.
    pub fn create(
        path: &Path,
        len_bytes: usize,
        options: &CreateOptions,
    ) -> Result<MappedFileMut, MapError> {
        if len_bytes == 0 {
            return Err(MapError::Empty { path: path.to_owned() });
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(options.mode)
            .open(path)
            .map_err(|source| MapError::Io { action: "create", path: path.to_owned(), source })?;
        let mapped = fill(&file, path, len_bytes, options);
        if mapped.is_err() {
            // The error that is reported is the first one.
            let _ = std::fs::remove_file(path);
        }
        mapped
    }

    /// Length in bytes. Never zero.
    pub fn len_bytes(&self) -> usize {
        self.span.len_bytes()
    }

    /// Keeps it in memory as long as it is mapped, which is not what it depends on.
    ///
    /// # Errors
    ///
    /// What the system says, mostly that this process may not lock so much.
    pub fn lock(&self) -> io::Result<()> {
        self.span.lock()
    }

    /// Copies `bytes` to byte `at` on.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`], in bytes, if they do not all fit; nothing is written then.
    pub fn write_bytes(&self, at: usize, bytes: &[u8]) -> Result<(), OutOfBounds> {
        // SAFETY: made by `create` alone, which maps for writing.
        unsafe { self.span.copy_in(at, bytes) }
    }

    /// Copies `out.len()` bytes from byte `at` on; see [`MappedFile::read_bytes`].
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`], in bytes, if they are not all inside; `out` is unchanged then.
    pub fn read_bytes(&self, at: usize, out: &mut [u8]) -> Result<(), OutOfBounds> {
        self.span.copy_out(at, out)
    }
}

/// Gives a new file its rights and its length, and maps it.
fn fill(
    file: &File,
    path: &Path,
    len_bytes: usize,
    options: &CreateOptions,
) -> Result<MappedFileMut, MapError> {
    let failed = |action| move |source| MapError::Io { action, path: path.to_owned(), source };
    if let Some(gid) = options.gid {
        fchown(file, None, Some(gid)).map_err(failed("change the group of"))?;
    }
    file.set_permissions(std::fs::Permissions::from_mode(options.mode))
        .map_err(failed("set the mode of"))?;
    match allocate(file, len_bytes) {
        Err(error) if error.raw_os_error() == Some(libc::ENOSPC) => {
            return Err(MapError::NoSpace {
                path: path.to_owned(),
                wanted_bytes: len_bytes,
                free_bytes: free_bytes(file),
            });
        }
        other => other.map_err(failed("allocate"))?,
    }
    let map = MmapOptions::new().len(len_bytes).populate().map_raw(file).map_err(failed("map"))?;
    Ok(MappedFileMut { span: Span::new(map, path)? })
}

fn allocate(file: &File, len_bytes: usize) -> io::Result<()> {
    let len =
        libc::off_t::try_from(len_bytes).map_err(|_| io::Error::from_raw_os_error(libc::EFBIG))?;
    loop {
        // SAFETY: takes a descriptor, which is open as long as `file`, and two numbers.
        match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, len) } {
            0 => return Ok(()),
            libc::EINTR => {}
            number => return Err(io::Error::from_raw_os_error(number)),
        }
    }
}

/// What an unprivileged process may still use on the file system of `file`; 0 if that cannot be found out.
fn free_bytes(file: &File) -> u64 {
    let mut stat = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the descriptor is open and `stat` is writable.
    let result = unsafe { libc::fstatvfs(file.as_raw_fd(), stat.as_mut_ptr()) };
    if result != 0 {
        return 0;
    }
    // SAFETY: the call succeeded, so it has filled `stat`.
    let stat = unsafe { stat.assume_init() };
    stat.f_bavail.saturating_mul(stat.f_frsize)
}

#[cfg(test)]
mod tests;
