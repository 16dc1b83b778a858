//! A file system in memory that can be full, read-only or gone.

use std::collections::BTreeMap;
use std::io::{self, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::stamp::Stamp;
use crate::store::disk::{Disk, DiskFile, Listed, Space};
use crate::store::options::BLOCK_BYTES;

const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

#[derive(Debug, Default)]
pub(super) struct State {
    files: BTreeMap<PathBuf, Arc<Mutex<Inode>>>,
    dirs: Vec<PathBuf>,
    pub(super) capacity: u64,
    /// Bytes that somebody else uses.
    pub(super) foreign: u64,
    pub(super) is_read_only: bool,
    /// Bytes that can still be written before a write stops in its middle with an error.
    pub(super) fails_after: Option<u64>,
    pub(super) now: Stamp,
}

#[derive(Debug, Default)]
struct Inode {
    content: Vec<u8>,
    reserved: u64,
    has_name: bool,
    modified: Stamp,
}

impl Inode {
    fn used(&self) -> u64 {
        (self.content.len() as u64).max(self.reserved).div_ceil(BLOCK_BYTES) * BLOCK_BYTES
    }
}

/// All copies are the same file system.
#[derive(Clone, Debug, Default)]
pub(super) struct FakeDisk(Arc<Mutex<State>>);

impl FakeDisk {
    pub(super) fn new(capacity: u64) -> FakeDisk {
        let disk = FakeDisk::default();
        disk.state().capacity = capacity;
        disk
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Names and contents.
    pub(super) fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let state = self.state();
        state
            .files
            .iter()
            .map(|(path, file)| (name(path), file.lock().unwrap().content.clone()))
            .collect()
    }

    /// Bytes of a file; 0 when it is not there.
    pub(super) fn len_of(&self, name: &str) -> u64 {
        let state = self.state();
        let file = state.files.iter().find(|(path, _)| path.ends_with(name));
        file.map_or(0, |(_, file)| file.lock().unwrap().content.len() as u64)
    }

    /// Bytes that files with this ending use, with what is reserved for them.
    pub(super) fn used_by(&self, ending: &str) -> u64 {
        let state = self.state();
        let files = state.files.iter().filter(|(path, _)| path.to_string_lossy().ends_with(ending));
        files.map(|(_, file)| file.lock().unwrap().used()).sum()
    }

    /// Removes the directory with all that is in it.
    pub(super) fn remove_all(&self) {
        let mut state = self.state();
        for file in state.files.values() {
            file.lock().unwrap().has_name = false;
        }
        state.files.clear();
        state.dirs.clear();
    }
}

impl State {
    pub(super) fn free(&self) -> u64 {
        let used: u64 = self.files.values().map(|file| file.lock().unwrap().used()).sum();
        self.capacity.saturating_sub(used + self.foreign)
    }

    fn check_writable(&self) -> io::Result<()> {
        if self.is_read_only { Err(io::Error::from_raw_os_error(EROFS)) } else { Ok(()) }
    }

    fn add(&mut self, path: &Path) -> io::Result<Arc<Mutex<Inode>>> {
        self.check_writable()?;
        if !path.parent().is_some_and(|dir| self.dirs.iter().any(|known| known == dir)) {
            return Err(ErrorKind::NotFound.into());
        }
        let inode = Inode { has_name: true, modified: self.now, ..Inode::default() };
        let inode = Arc::new(Mutex::new(inode));
        self.files.insert(path.to_owned(), Arc::clone(&inode));
        Ok(inode)
    }
}

impl Disk for FakeDisk {
    type File = FakeFile;
    type Lock = ();

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        if !state.dirs.iter().any(|known| known == dir) {
            state.check_writable()?;
            state.dirs.push(dir.to_owned());
        }
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        let state = self.state();
        Ok(state.files.contains_key(path) || state.dirs.iter().any(|dir| dir == path))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Listed>> {
        let state = self.state();
        let in_dir = state.files.iter().filter(|(path, _)| path.parent() == Some(dir));
        let listed = in_dir.map(|(path, file)| {
            let file = file.lock().unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            Listed { name, len: file.content.len() as u64, modified: file.modified }
        });
        Ok(listed.collect())
    }

    fn create(&self, path: &Path) -> io::Result<FakeFile> {
        let mut state = self.state();
        if state.files.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        Ok(FakeFile { disk: self.clone(), inode: state.add(path)? })
    }

    fn append(&self, path: &Path) -> io::Result<(FakeFile, u64)> {
        let mut state = self.state();
        state.check_writable()?;
        let inode = match state.files.get(path) {
            Some(inode) => Arc::clone(inode),
            None => state.add(path)?,
        };
        let len = inode.lock().unwrap().content.len() as u64;
        Ok((FakeFile { disk: self.clone(), inode }, len))
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        let state = self.state();
        let file = state.files.get(path).ok_or(ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(file.lock().unwrap().content.clone())))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.check_writable()?;
        let file = state.files.remove(from).ok_or(ErrorKind::NotFound)?;
        if let Some(old) = state.files.insert(to.to_owned(), file) {
            old.lock().unwrap().has_name = false;
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.check_writable()?;
        let file = state.files.remove(path).ok_or(ErrorKind::NotFound)?;
        file.lock().unwrap().has_name = false;
        Ok(())
    }

    fn space(&self, dir: &Path) -> io::Result<Space> {
        let state = self.state();
        if !state.dirs.iter().any(|known| known == dir) {
            return Err(ErrorKind::NotFound.into());
        }
        Ok(Space { total: state.capacity, free: state.free() })
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
pub(super) struct FakeFile {
    disk: FakeDisk,
    inode: Arc<Mutex<Inode>>,
}

impl DiskFile for FakeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        state.check_writable()?;
        let mut free = state.free();
        let mut inode = self.inode.lock().unwrap();
        // A write takes what there is room for, and the next one fails.
        free += inode.used() - inode.content.len() as u64;
        let fits = state.fails_after.unwrap_or(u64::MAX).min(free);
        let len = bytes.len().min(usize::try_from(fits).unwrap());
        if len == 0 && !bytes.is_empty() {
            return Err(io::Error::from_raw_os_error(ENOSPC));
        }
        inode.content.extend_from_slice(&bytes[..len]);
        inode.modified = state.now;
        state.fails_after = state.fails_after.map(|left| left - len as u64);
        Ok(len)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.disk.state().check_writable()?;
        let mut inode = self.inode.lock().unwrap();
        inode.content.resize(usize::try_from(len).unwrap(), 0);
        inode.reserved = inode.reserved.min(len);
        Ok(())
    }

    fn reserve(&mut self, len: u64) -> io::Result<()> {
        let state = self.disk.state();
        state.check_writable()?;
        let free = state.free();
        let mut inode = self.inode.lock().unwrap();
        let more = (len.div_ceil(BLOCK_BYTES) * BLOCK_BYTES).saturating_sub(inode.used());
        if more > free {
            return Err(io::Error::from_raw_os_error(ENOSPC));
        }
        inode.reserved = inode.reserved.max(len);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn has_name(&self) -> io::Result<bool> {
        Ok(self.inode.lock().unwrap().has_name)
    }
}
