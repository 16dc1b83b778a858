//! Following one set: its directory, its index, its process.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, statat};

use super::{Segment, SegmentId, Shared};
use crate::SetKind;
use crate::index::{Entry, Header, IndexParser, Line};
use crate::publish::is_alive;

/// Longest index that is read, in bytes: a hostile one shall not fill the memory.
const INDEX_BYTES_MOST: u64 = 16 << 20;
/// An index is read in pieces of this many bytes.
const PIECE_BYTES: usize = 8 << 10;

/// What a refresh of one set found.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SetStatus {
    pub(super) running: bool,
    pub(super) restarted: bool,
    pub(super) changed: bool,
}

/// What tells one file from another that took its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    mode: u32,
}

impl Identity {
    fn of(stat: &Stat) -> Self {
        Self { device: stat.st_dev, inode: stat.st_ino, mode: stat.st_mode }
    }
}

/// An index that is open: how far it was read, and the line that has not ended.
#[derive(Debug)]
struct OpenIndex {
    file: File,
    identity: Identity,
    read_bytes: u64,
    parser: IndexParser,
}

/// One line that counts: what it says, who it is, and whether readers see it.
#[derive(Debug)]
struct Live {
    entry: Entry,
    /// `None` for a cluster.
    segment: Option<Segment>,
}

#[derive(Debug)]
pub(super) struct SetReader {
    kind: SetKind,
    path: PathBuf,
    check_pid: bool,
    dir: Option<(File, Identity)>,
    index: Option<OpenIndex>,
    header: Option<Header>,
    /// The process was seen alive, so that it is dead is news.
    was_alive: bool,
    /// In the order of the index.
    live: BTreeMap<u64, Live>,
    places: HashMap<Entry, u64>,
    /// Length in bytes of each cluster, by its file.
    clusters: HashMap<String, u64>,
    next_place: u64,
}

impl SetReader {
    pub(super) fn new(workdir: &Path, kind: SetKind, check_pid: bool) -> Self {
        Self {
            kind,
            path: workdir.join(kind.dir_name()),
            check_pid,
            dir: None,
            index: None,
            header: None,
            was_alive: false,
            live: BTreeMap::new(),
            places: HashMap::new(),
            clusters: HashMap::new(),
            next_place: 0,
        }
    }

    pub(super) fn header(&self) -> Option<Header> {
        self.header
    }

    pub(super) fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.live.values().filter_map(|live| live.segment.as_ref())
    }

    /// Drops everything; whether there was something.
    pub(super) fn forget(&mut self) -> bool {
        let had = self.header.is_some() || !self.live.is_empty();
        self.dir = None;
        self.index = None;
        self.header = None;
        self.was_alive = false;
        self.clear_live();
        had
    }

    pub(super) fn refresh(&mut self, workdir: &File, shared: &mut Shared) -> SetStatus {
        let mut status = SetStatus::default();
        if !self.dir_is_current(workdir) {
            self.dir = None;
            self.index = None;
            self.dir = open_dir(workdir, self.kind.dir_name());
            if self.dir.is_none() {
                status.restarted = self.forget();
                return status;
            }
        }
        let Some((dir, _)) = &self.dir else { return status };
        if self.index.as_ref().is_some_and(|index| !index_is_current(dir, index)) {
            self.index = None;
        }
        let read = if self.index.is_some() {
            self.read_more(shared, &mut status)
        } else {
            self.read_anew(shared, &mut status)
        };
        if !read {
            status.restarted |= self.forget();
            return status;
        }
        self.judge_process(&mut status);
        status
    }

    fn dir_is_current(&self, workdir: &File) -> bool {
        self.dir.as_ref().is_some_and(|(dir, identity)| {
            fstat(dir).is_ok_and(|stat| stat.st_nlink > 0)
                && statat(workdir, self.kind.dir_name(), AtFlags::SYMLINK_NOFOLLOW)
                    .is_ok_and(|stat| Identity::of(&stat) == *identity)
        })
    }

    /// Reads what was appended.
    fn read_more(&mut self, shared: &mut Shared, status: &mut SetStatus) -> bool {
        let Some(mut index) = self.index.take() else { return false };
        let path = self.path.join("_.index");
        let mut header_is_new = false;
        let done = read_lines(&mut index, &path, shared, |line, shared| match line {
            Line::Header(header) => header_is_new |= self.take_header(header),
            Line::Add(entry) => status.changed |= self.add(entry, None, shared),
            Line::Remove(entry) => status.changed |= self.remove(&entry),
        });
        status.restarted |= header_is_new;
        self.index = done.then_some(index);
        done
    }

    /// Reads the whole index; segments that it still has keep their identity.
    fn read_anew(&mut self, shared: &mut Shared, status: &mut SetStatus) -> bool {
        let Some((dir, _)) = &self.dir else { return false };
        let Some(mut index) = open_index(dir) else { return false };
        let path = self.path.join("_.index");
        let old_header = self.header.take();
        let old_live = std::mem::take(&mut self.live);
        self.clear_live();
        let mut known: HashMap<Entry, SegmentId> = old_live
            .into_values()
            .filter_map(|live| live.segment.map(|segment| (live.entry, segment.id)))
            .collect();
        let mut changed = false;
        let done = read_lines(&mut index, &path, shared, |line, shared| match line {
            Line::Header(header) => {
                // Whatever stood above the header was another writer's.
                self.clear_live();
                if Some(header) != old_header {
                    // Another writer's segments are others, whatever they are called.
                    known.clear();
                }
                self.header = Some(header);
            }
            Line::Add(entry) => {
                let id = known.remove(&entry);
                let is_new = id.is_none() && !entry.is_cluster();
                changed |= self.add(entry, id, shared) && is_new;
            }
            Line::Remove(entry) => changed |= self.remove(&entry),
        });
        status.changed |= changed || !known.is_empty() || old_header.is_none();
        if self.header != old_header {
            self.was_alive = false;
            // Without one before it is the first that is seen, and nothing was lost.
            status.restarted |= old_header.is_some();
        }
        self.index = done.then_some(index);
        done
    }

    /// Remembers who writes; whether it is somebody else than before.
    fn take_header(&mut self, header: Header) -> bool {
        let is_new = self.header != Some(header);
        if is_new {
            self.was_alive = false;
            self.clear_live();
        }
        self.header = Some(header);
        is_new
    }

    /// Adds an entry unless it makes no sense or is there already; whether it did.
    fn add(&mut self, entry: Entry, id: Option<SegmentId>, shared: &mut Shared) -> bool {
        if self.places.contains_key(&entry) {
            return false;
        }
        if let Err(reason) = self.check_slice(&entry) {
            shared.problem(&self.path.join("_.index"), format!("`{entry}`: {reason}; skipped"));
            return false;
        }
        let segment = (!entry.is_cluster()).then(|| Segment {
            id: id.unwrap_or_else(|| shared.new_id()),
            set: self.kind,
            class: entry.class.clone(),
            ident: entry.ident.clone(),
            len_bytes: entry.len_bytes,
            file: entry.file.clone(),
            offset: entry.offset,
        });
        if entry.is_cluster() {
            self.clusters.insert(entry.file.clone(), entry.len_bytes);
        }
        self.places.insert(entry.clone(), self.next_place);
        self.live.insert(self.next_place, Live { entry, segment });
        self.next_place += 1;
        true
    }

    fn clear_live(&mut self) {
        self.live.clear();
        self.places.clear();
        self.clusters.clear();
    }

    fn remove(&mut self, entry: &Entry) -> bool {
        if entry.is_cluster() {
            self.clusters.remove(&entry.file);
        }
        self.places.remove(entry).and_then(|place| self.live.remove(&place)).is_some()
    }

    /// A slice has to follow its cluster and to lie inside.
    fn check_slice(&self, entry: &Entry) -> Result<(), String> {
        if !entry.is_slice() {
            return Ok(());
        }
        let have =
            *self.clusters.get(&entry.file).ok_or("a slice of a cluster that is not there")?;
        let end = entry.offset.saturating_add(entry.len_bytes);
        if end > have {
            Err(format!("ends at byte {end} of a cluster of {have} bytes"))
        } else {
            Ok(())
        }
    }

    fn judge_process(&mut self, status: &mut SetStatus) {
        let Some(header) = self.header else { return };
        if !self.check_pid {
            status.running = true;
        } else if is_alive(header.pid) {
            self.was_alive = true;
            status.running = true;
        } else if std::mem::take(&mut self.was_alive) {
            status.restarted = true;
            status.changed = true;
        }
    }
}

fn open_dir(workdir: &File, name: &str) -> Option<(File, Identity)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let dir = File::from(openat(workdir, name, flags, Mode::empty()).ok()?);
    let identity = Identity::of(&fstat(&dir).ok()?);
    Some((dir, identity))
}

fn open_index(dir: &File) -> Option<OpenIndex> {
    // Not waiting for the other end, should it be a FIFO.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(dir, "_.index", flags, Mode::empty()).ok()?);
    let stat = fstat(&file).ok()?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    is_file.then(|| OpenIndex {
        file,
        identity: Identity::of(&stat),
        read_bytes: 0,
        parser: IndexParser::default(),
    })
}

/// Whether the open index is still the one with that name, and not shorter than what was read.
fn index_is_current(dir: &File, index: &OpenIndex) -> bool {
    statat(dir, "_.index", AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| {
        Identity::of(&stat) == index.identity
            && stat.st_nlink > 0
            && u64::try_from(stat.st_size).is_ok_and(|size| size >= index.read_bytes)
    })
}

/// Hands on the lines that are new; `false` when the file could not be read to its end.
fn read_lines(
    index: &mut OpenIndex,
    path: &Path,
    shared: &mut Shared,
    mut each: impl FnMut(Line, &mut Shared),
) -> bool {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        if index.read_bytes >= INDEX_BYTES_MOST {
            shared.problem(
                path,
                format!("longer than {INDEX_BYTES_MOST} bytes; the rest is skipped"),
            );
            return true;
        }
        let len = match index.file.read_at(&mut piece, index.read_bytes) {
            Ok(0) => return true,
            Ok(len) => len,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                shared.problem(path, format!("cannot be read: {error}"));
                return false;
            }
        };
        index.read_bytes += u64::try_from(len).unwrap_or(u64::MAX);
        for line in index.parser.push(&piece[..len]) {
            match line {
                Ok(line) => each(line, shared),
                Err(bad) => shared.bad_line(path, &bad),
            }
        }
    }
}
