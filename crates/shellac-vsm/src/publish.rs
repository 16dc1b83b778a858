//! Publishing a set: its directory, its segments, its index.

use std::collections::hash_map::RandomState;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Write};
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::{
    DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, fchown,
};
use std::path::{Path, PathBuf};

use shellac_sys::{CreateOptions, MappedFileMut};

use crate::index::{Change, Entry, Header, IndexParser, IndexWriter, Line};
use crate::{SetKind, VsmError};

/// Rights of a set's directory: its group may list it.
const DIR_MODE: u32 = 0o750;
/// Rights of its files: its group may read them.
const FILE_MODE: u32 = 0o640;
/// Files are whole pages, because readers map whole pages.
const PAGE_BYTES: u64 = 4096;
/// How the file of a cluster is called.
const CLUSTER: &str = "VSC_cluster";

/// Who publishes, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct PublishOptions {
    /// The group that may read; `None` leaves the process's own.
    pub gid: Option<u32>,
    /// The publishing process.
    pub pid: u32,
    /// Now, in seconds since 1970: readers tell two writers with the same pid apart by it.
    pub now_unix: u64,
    /// The caller holds the lock of the working directory, so whatever is there is left over from the dead, whoever has its pid now.
    pub holds_lock: bool,
}

impl PublishOptions {
    /// For this process, its own group, without the lock.
    #[must_use]
    pub fn own(now_unix: u64) -> Self {
        Self { gid: None, pid: std::process::id(), now_unix, holds_lock: false }
    }
}

/// One published set; dropping it removes it.
///
/// A segment is seen by readers after [`SetWriter::publish`]: until then it can be filled in peace.
#[derive(Debug)]
pub struct SetWriter {
    dir: PathBuf,
    /// `dir`, to know it again at the end: while it is open nothing else gets its inode.
    open_dir: File,
    gid: Option<u32>,
    index: IndexWriter,
    /// Lines that have not been written.
    pending: String,
    /// The index file says what the index said when it was last written; otherwise it is written anew.
    published: bool,
    removed: bool,
}

impl SetWriter {
    /// Makes an empty directory for the set, in place of one that a dead process left, and the working directory where it is missing.
    ///
    /// # Errors
    ///
    /// [`VsmError::Busy`] if a living process publishes there, [`VsmError::Io`] if the system refuses a step.
    pub fn create(
        workdir: &Path,
        set: SetKind,
        options: &PublishOptions,
    ) -> Result<SetWriter, VsmError> {
        let failed = |action, path: &Path| {
            let path = path.to_owned();
            move |source| VsmError::io(action, &path, source)
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(workdir)
            .map_err(failed("create", workdir))?;
        let dir = workdir.join(set.dir_name());
        remove_left_over(&dir, options)?;
        DirBuilder::new().mode(DIR_MODE).create(&dir).map_err(failed("create", &dir))?;
        let open_dir = match give_rights(&dir, options.gid) {
            Ok(open_dir) => open_dir,
            Err(error) => {
                // The error that is reported is the first one.
                let _ = std::fs::remove_dir(&dir);
                return Err(error);
            }
        };
        let header = Header { pid: options.pid, started_unix: options.now_unix };
        Ok(SetWriter {
            dir,
            open_dir,
            gid: options.gid,
            index: IndexWriter::new(header),
            pending: String::new(),
            published: false,
            removed: false,
        })
    }

    /// The directory of the set.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The segments, published or not.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.index.live()
    }

    /// Adds a segment that holds `bytes` and does not change.
    ///
    /// The index gives its length rounded up to 8, the rest is zeroes.
    ///
    /// # Errors
    ///
    /// [`VsmError::Io`]; nothing is added then.
    pub fn add_bytes(&mut self, class: &str, ident: &str, bytes: &[u8]) -> Result<Entry, VsmError> {
        let len_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX).max(1).next_multiple_of(8);
        let (path, file) = self.new_name(class);
        let write = || {
            let mut data = self.create_file(&path)?;
            data.write_all(bytes)?;
            data.set_len(len_bytes.next_multiple_of(PAGE_BYTES))
        };
        if let Err(source) = write() {
            // The error that is reported is the first one.
            let _ = std::fs::remove_file(&path);
            return Err(VsmError::io("write", &path, source));
        }
        Ok(self.add(Entry {
            file,
            offset: 0,
            len_bytes,
            class: class.to_owned(),
            ident: ident.to_owned(),
        }))
    }

    /// Adds a segment of at least `len_bytes` zeroes, rounded up to whole pages, that the caller fills and goes on changing.
    ///
    /// # Errors
    ///
    /// [`VsmError::Map`]; nothing is added then.
    pub fn allocate(
        &mut self,
        class: &str,
        ident: &str,
        len_bytes: u64,
    ) -> Result<MappedFileMut, VsmError> {
        Ok(self.allocate_file(class, class, ident, len_bytes)?.1)
    }

    /// Adds a cluster: a file of at least `len_bytes` zeroes, rounded up to whole pages, whose slices are segments.
    ///
    /// Its name is what [`SetWriter::add_slice`] and [`SetWriter::remove_file`] want to know.
    ///
    /// # Errors
    ///
    /// [`VsmError::Map`]; nothing is added then.
    pub fn allocate_cluster(
        &mut self,
        len_bytes: u64,
    ) -> Result<(String, MappedFileMut), VsmError> {
        self.allocate_file(CLUSTER, "", "", len_bytes)
    }

    /// Adds a part of a cluster as a segment. It does not begin where the cluster begins.
    ///
    /// # Panics
    ///
    /// If `offset` is 0, which means a file of its own to readers.
    pub fn add_slice(
        &mut self,
        cluster: &str,
        offset: u64,
        len_bytes: u64,
        class: &str,
        ident: &str,
    ) {
        assert!(offset > 0, "slices begin behind the beginning of their cluster");
        let (file, class, ident) = (cluster.to_owned(), class.to_owned(), ident.to_owned());
        self.add(Entry { file, offset, len_bytes, class, ident });
    }

    /// Takes everything in a file out of the index, a cluster with its slices, and removes it; readers that have mapped it keep it.
    ///
    /// That there is none is no error. What was added and not published yet is published with it.
    ///
    /// # Errors
    ///
    /// [`VsmError::Io`] if the index cannot be written; the file is still there then.
    pub fn remove_file(&mut self, file: &str) -> Result<(), VsmError> {
        let Some(change) = self.index.remove_file(file) else { return Ok(()) };
        self.apply_removal(change)?;
        let path = self.dir.join(file);
        std::fs::remove_file(&path).map_err(|source| VsmError::io("remove", &path, source))
    }

    /// Takes a segment out of the index and removes its file; readers that have mapped it keep it.
    ///
    /// That there is none is no error. What was added and not published yet is published with it.
    ///
    /// # Errors
    ///
    /// [`VsmError::Io`] if the index cannot be written; the file is still there then.
    pub fn remove_segment(&mut self, class: &str, ident: &str) -> Result<(), VsmError> {
        let Some(entry) =
            self.index.live().iter().find(|entry| entry.class == class && entry.ident == ident)
        else {
            return Ok(());
        };
        let (file, offset, is_slice) = (entry.file.clone(), entry.offset, entry.is_slice());
        if let Some(change) = self.index.remove(&file, offset) {
            self.apply_removal(change)?;
        }
        if is_slice {
            // The file holds others.
            return Ok(());
        }
        let path = self.dir.join(&file);
        std::fs::remove_file(&path).map_err(|source| VsmError::io("remove", &path, source))
    }

    /// Lets readers see what was added.
    ///
    /// The first time the index appears whole; later its new lines are appended in one write.
    ///
    /// # Errors
    ///
    /// [`VsmError::Io`]; call again to try again.
    pub fn publish(&mut self) -> Result<(), VsmError> {
        if !self.published {
            if let Change::Replace(text) = self.index.replace() {
                self.replace_index(&text)?;
            }
            self.published = true;
        } else if !self.pending.is_empty() {
            let path = self.dir.join("_.index");
            let written = OpenOptions::new()
                .append(true)
                .open(&path)
                .and_then(|mut file| file.write_all(self.pending.as_bytes()));
            if let Err(source) = written {
                // Part of it may be there: the next time everything is written anew.
                self.published = false;
                return Err(VsmError::io("append to", &path, source));
            }
        }
        self.pending.clear();
        Ok(())
    }

    /// Removes the directory, unless it is another one by now; readers that have mapped a segment keep it.
    ///
    /// # Errors
    ///
    /// [`VsmError::Io`]; what could be removed is.
    pub fn remove(mut self) -> Result<(), VsmError> {
        self.remove_dir()
    }

    /// Moves the directory, so that another set can take its place; readers that have mapped a segment keep it, and what is published
    /// from now on is published there.
    ///
    /// # Errors
    ///
    /// [`VsmError::Io`]; everything is where it was then.
    pub fn move_to(&mut self, dir: &Path) -> Result<(), VsmError> {
        std::fs::rename(&self.dir, dir)
            .map_err(|source| VsmError::io("move away", &self.dir, source))?;
        dir.clone_into(&mut self.dir);
        Ok(())
    }

    /// Leaves everything where it is, for whoever looks at a dead process's log.
    pub fn leave(mut self) {
        self.removed = true;
    }

    fn remove_dir(&mut self) -> Result<(), VsmError> {
        if std::mem::replace(&mut self.removed, true) {
            return Ok(());
        }
        let same = match (std::fs::symlink_metadata(&self.dir), self.open_dir.metadata()) {
            (Ok(found), Ok(own)) => (found.dev(), found.ino()) == (own.dev(), own.ino()),
            _ => false,
        };
        if !same {
            return Ok(());
        }
        // First what readers look for: nobody shall follow an index into files that vanish.
        let _ = std::fs::remove_file(self.dir.join("_.index"));
        std::fs::remove_dir_all(&self.dir)
            .map_err(|source| VsmError::io("remove", &self.dir, source))
    }

    /// A new file of zeroes in the index: its name and its memory.
    fn allocate_file(
        &mut self,
        prefix: &str,
        class: &str,
        ident: &str,
        len_bytes: u64,
    ) -> Result<(String, MappedFileMut), VsmError> {
        let len_bytes = len_bytes.max(1).checked_next_multiple_of(PAGE_BYTES);
        let (path, file) = self.new_name(prefix);
        let too_large = || VsmError::BadSegment {
            path: path.clone(),
            reason: "its length is beyond memory".to_owned(),
        };
        let len = len_bytes.and_then(|len| usize::try_from(len).ok()).ok_or_else(too_large)?;
        let mapping =
            MappedFileMut::create(&path, len, &CreateOptions { mode: FILE_MODE, gid: self.gid })?;
        let entry = self.add(Entry {
            file,
            offset: 0,
            len_bytes: len_bytes.unwrap_or_default(),
            class: class.to_owned(),
            ident: ident.to_owned(),
        });
        Ok((entry.file, mapping))
    }

    /// Makes the file say what the index says after a removal.
    fn apply_removal(&mut self, change: Change) -> Result<(), VsmError> {
        match change {
            // Until the first publication there is no file to append to, and nothing to take back.
            _ if !self.published => Ok(()),
            Change::Append(lines) => {
                self.pending.push_str(&lines);
                self.publish()
            }
            Change::Replace(text) => {
                self.pending.clear();
                let replaced = self.replace_index(&text);
                self.published = replaced.is_ok();
                replaced
            }
        }
    }

    fn add(&mut self, entry: Entry) -> Entry {
        if let Change::Append(lines) = self.index.add(entry.clone()) {
            self.pending.push_str(&lines);
        }
        entry
    }

    /// A name that no file of the set has.
    fn new_name(&self, prefix: &str) -> (PathBuf, String) {
        loop {
            let file = format!("_.{prefix}.{:016x}", random());
            let path = self.dir.join(&file);
            if std::fs::symlink_metadata(&path).is_err() {
                return (path, file);
            }
        }
    }

    /// A new file of the set, with its rights.
    fn create_file(&self, path: &Path) -> io::Result<File> {
        let file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)?;
        if let Some(gid) = self.gid {
            fchown(&file, None, Some(gid))?;
        }
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        Ok(file)
    }

    fn replace_index(&self, text: &str) -> Result<(), VsmError> {
        let path = self.dir.join("_.index");
        let temporary = self.dir.join(format!("_._.index.{:016x}", random()));
        let write = || {
            self.create_file(&temporary)?.write_all(text.as_bytes())?;
            std::fs::rename(&temporary, &path)
        };
        write().map_err(|source| {
            let _ = std::fs::remove_file(&temporary);
            VsmError::io("write", &path, source)
        })
    }
}

impl Drop for SetWriter {
    fn drop(&mut self) {
        // Nobody is left to be told; the next owner of the directory removes what stays.
        let _ = self.remove_dir();
    }
}

/// The manager's set.
#[derive(Debug)]
pub struct MgtSet(SetWriter);

/// The worker's set.
#[derive(Debug)]
pub struct ChildSet(SetWriter);

impl MgtSet {
    /// See [`SetWriter::create`].
    ///
    /// Give it a segment before [`SetWriter::publish`]: readers begin with the manager's list and find the worker's never if that is empty.
    ///
    /// # Errors
    ///
    /// As [`SetWriter::create`].
    pub fn create(workdir: &Path, options: &PublishOptions) -> Result<MgtSet, VsmError> {
        SetWriter::create(workdir, SetKind::Mgt, options).map(MgtSet)
    }

    /// Adds `Arg` / `-i` and `Arg` / `-shellac`: who this is, and how its log is to be read.
    ///
    /// # Errors
    ///
    /// As [`SetWriter::add_bytes`].
    pub fn add_identity(
        &mut self,
        instance: &str,
        dialect: &str,
        version: &str,
    ) -> Result<(), VsmError> {
        self.add_bytes("Arg", "-i", format!("{instance}\0").as_bytes())?;
        let text = format!("dialect={dialect} version={version} instance={instance}\0");
        self.add_bytes("Arg", "-shellac", text.as_bytes())?;
        Ok(())
    }

    /// Removes the set; see [`SetWriter::remove`].
    ///
    /// # Errors
    ///
    /// As [`SetWriter::remove`].
    pub fn remove(self) -> Result<(), VsmError> {
        self.0.remove()
    }
}

impl ChildSet {
    /// See [`SetWriter::create`].
    ///
    /// # Errors
    ///
    /// As [`SetWriter::create`].
    pub fn create(workdir: &Path, options: &PublishOptions) -> Result<ChildSet, VsmError> {
        SetWriter::create(workdir, SetKind::Child, options).map(ChildSet)
    }

    /// Removes the set; see [`SetWriter::remove`].
    ///
    /// # Errors
    ///
    /// As [`SetWriter::remove`].
    pub fn remove(self) -> Result<(), VsmError> {
        self.0.remove()
    }

    /// Leaves the set in place; see [`SetWriter::leave`].
    pub fn leave(self) {
        self.0.leave();
    }
}

impl Deref for MgtSet {
    type Target = SetWriter;
    fn deref(&self) -> &SetWriter {
        &self.0
    }
}

impl DerefMut for MgtSet {
    fn deref_mut(&mut self) -> &mut SetWriter {
        &mut self.0
    }
}

impl Deref for ChildSet {
    type Target = SetWriter;
    fn deref(&self) -> &SetWriter {
        &self.0
    }
}

impl DerefMut for ChildSet {
    fn deref_mut(&mut self) -> &mut SetWriter {
        &mut self.0
    }
}

/// Removes a set that nobody owns any more, with everything in it; that there is none is no error.
///
/// # Errors
///
/// [`VsmError::Io`]; what could be removed is.
pub fn remove_set(workdir: &Path, set: SetKind) -> Result<(), VsmError> {
    let dir = workdir.join(set.dir_name());
    match std::fs::remove_dir_all(&dir) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(VsmError::io("remove", &dir, source))
        }
        _ => Ok(()),
    }
}

/// The directory of a worker's set that another one's has taken the place of, by the worker's process.
#[must_use]
pub fn retired_dir(workdir: &Path, pid: u32) -> PathBuf {
    workdir.join(format!("{}.{pid}", SetKind::Child.dir_name()))
}

/// Removes the directories of all workers whose place others have taken; that there is none is no error.
///
/// # Errors
///
/// [`VsmError::Io`]; what could be removed is.
pub fn remove_retired(workdir: &Path) -> Result<(), VsmError> {
    let failed = |path: &Path, source| VsmError::io("remove", path, source);
    let mut first = Ok(());
    for pid in retired(workdir).map_err(|source| failed(workdir, source))? {
        let dir = retired_dir(workdir, pid);
        if let Err(source) = std::fs::remove_dir_all(&dir)
            && source.kind() != io::ErrorKind::NotFound
        {
            first = first.and(Err(failed(&dir, source)));
        }
    }
    first
}

/// The workers whose place others have taken and whose sets are still there, in the order of their numbers.
///
/// # Errors
///
/// What the system says about `workdir`.
pub fn retired(workdir: &Path) -> io::Result<Vec<u32>> {
    let prefix = format!("{}.", SetKind::Child.dir_name());
    let number = |entry: std::fs::DirEntry| {
        entry.file_name().to_str()?.strip_prefix(&prefix)?.parse::<u32>().ok()
    };
    let mut found: Vec<u32> = std::fs::read_dir(workdir)?.flatten().filter_map(number).collect();
    found.sort_unstable();
    Ok(found)
}

/// Whether a process with this number lives; one that may not be signalled does.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else {
        return false;
    };
    !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

/// Gives a new directory its group and mode, and opens it.
fn give_rights(dir: &Path, gid: Option<u32>) -> Result<File, VsmError> {
    if let Some(gid) = gid {
        chown(dir, None, Some(gid)).map_err(|source| chown_error(dir, gid, source))?;
    }
    // After the group, whose change may take bits away; and the umask has no say.
    std::fs::set_permissions(dir, Permissions::from_mode(DIR_MODE))
        .and_then(|()| File::open(dir))
        .map_err(|source| VsmError::io("set the mode of", dir, source))
}

/// Removes the directory of a set if its owner is dead.
fn remove_left_over(dir: &Path, options: &PublishOptions) -> Result<(), VsmError> {
    if !options.holds_lock
        && let Some(header) = header_of(&dir.join("_.index"))
        && header.pid != options.pid
        && is_alive(header.pid)
    {
        return Err(VsmError::Busy { path: dir.to_owned(), pid: header.pid });
    }
    match std::fs::remove_dir_all(dir) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(VsmError::io("remove", dir, source))
        }
        _ => Ok(()),
    }
}

/// Who wrote an index, when it can be read.
fn header_of(index: &Path) -> Option<Header> {
    let file = crate::attach::open_plain(index).ok()?;
    let mut start = Vec::new();
    file.take(256).read_to_end(&mut start).ok()?;
    IndexParser::default().push(&start).into_iter().find_map(|line| match line {
        Ok(Line::Header(header)) => Some(header),
        _ => None,
    })
}

fn chown_error(path: &Path, gid: u32, source: io::Error) -> VsmError {
    let name =
        crate::group::name_of(gid).map_or_else(|| gid.to_string(), |name| format!("`{name}`"));
    let remedy = (source.kind() == io::ErrorKind::PermissionDenied)
        .then(|| format!("only a member of group {name} or root can give it files: join it, run this as root, or leave `group` out"));
    VsmError::Io { action: "change the group of", path: path.to_owned(), source, remedy }
}

/// 64 random bits: every `RandomState` has keys of its own from the system.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests;
