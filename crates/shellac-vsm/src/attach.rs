//! Following the sets of a working directory.

mod set;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use shellac_sys::MappedFile;

use crate::index::{BadLine, Header};
use crate::{SetKind, VsmError};
use set::SetReader;

/// Most problems that are kept until somebody asks.
const PROBLEMS_MOST: usize = 100;
/// Longest text that [`Attachment::read_text`] gives, in bytes.
const TEXT_BYTES_MOST: usize = 64 << 10;

/// How to follow a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttachOptions {
    /// A set only counts as running when the process that its index names lives.
    ///
    /// Off for recorded directories and across process name spaces (`VSM_NOPID`).
    pub check_pid: bool,
}

impl Default for AttachOptions {
    fn default() -> Self {
        Self { check_pid: true }
    }
}

/// What a [`Attachment::refresh`] found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "six independent facts, as every reader of such directories knows them"
)]
pub struct Status {
    /// The manager's set is there and its process lives.
    pub mgt_running: bool,
    /// The manager's set is another one, or gone, since the last refresh.
    pub mgt_restarted: bool,
    /// Segments of the manager came or went.
    pub mgt_changed: bool,
    /// The worker's set is there and its process lives.
    pub worker_running: bool,
    /// The worker's set is another one, or gone, since the last refresh.
    pub worker_restarted: bool,
    /// Segments of the worker came or went.
    pub worker_changed: bool,
}

impl Status {
    /// Either of the two is another one.
    #[must_use]
    pub fn restarted(&self) -> bool {
        self.mgt_restarted || self.worker_restarted
    }

    /// Segments came or went.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.mgt_changed || self.worker_changed
    }
}

/// Names one segment as long as an [`Attachment`] lives; none is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(u64);

/// One segment that readers can map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Asks [`Attachment::is_valid`] later.
    pub id: SegmentId,
    /// Whose it is.
    pub set: SetKind,
    /// Class, such as `Log` or `Stat`.
    pub class: String,
    /// Which one of its class.
    pub ident: String,
    /// Length of the payload in bytes.
    pub len_bytes: u64,
    /// Name of the file in the directory of the set.
    pub file: String,
    /// Where the payload begins in the file, in bytes.
    pub offset: u64,
}

/// Something in the directory that was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file that it is about.
    pub path: PathBuf,
    /// The line and what is wrong.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.what)
    }
}

/// Where the sets put what they notice, and the identities they give.
#[derive(Debug, Default)]
struct Shared {
    problems: Vec<Problem>,
    last_id: u64,
}

impl Shared {
    fn new_id(&mut self) -> SegmentId {
        self.last_id += 1;
        SegmentId(self.last_id)
    }

    fn problem(&mut self, path: &Path, what: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MOST {
            self.problems.push(Problem { path: path.to_owned(), what: what.into() });
        }
    }

    fn bad_line(&mut self, path: &Path, bad: &BadLine) {
        self.problem(path, format!("{bad}; skipped"));
    }
}

/// A reader's view of a working directory.
///
/// It changes in [`Attachment::refresh`] alone. A segment is valid until a refresh says otherwise, so readers call that whenever
/// they have nothing to do.
#[derive(Debug)]
pub struct Attachment {
    workdir: PathBuf,
    /// The directory, and device and inode of it.
    open: Option<(File, (u64, u64))>,
    mgt: SetReader,
    child: SetReader,
    shared: Shared,
    status: Status,
    /// How many refreshes have changed something.
    revision: u64,
}

impl Attachment {
    /// Attaches to a running instance: one attempt.
    ///
    /// # Errors
    ///
    /// [`VsmError::NotRunning`] when there is no manager (yet), [`VsmError::Io`] when its directory exists and cannot be read.
    pub fn open(workdir: &Path, options: AttachOptions) -> Result<Attachment, VsmError> {
        let mut attachment = Attachment {
            workdir: workdir.to_owned(),
            open: None,
            mgt: SetReader::new(workdir, SetKind::Mgt, options.check_pid),
            child: SetReader::new(workdir, SetKind::Child, options.check_pid),
            shared: Shared::default(),
            status: Status::default(),
            revision: 0,
        };
        if attachment.refresh().mgt_running {
            Ok(attachment)
        } else {
            Err(attachment.why_not_running())
        }
    }

    /// The working directory.
    #[must_use]
    pub fn workdir(&self) -> &Path {
        &self.workdir
    }

    /// Looks what has changed.
    ///
    /// It costs about a dozen system calls when nothing has.
    pub fn refresh(&mut self) -> Status {
        let mut status = Status::default();
        if self.workdir_is_another() {
            self.open = None;
            status.mgt_restarted |= self.mgt.forget();
            status.worker_restarted |= self.child.forget();
            self.open = open_directory(&self.workdir).ok();
        }
        if let Some((workdir, _)) = &self.open {
            let mgt = self.mgt.refresh(workdir, &mut self.shared);
            let child = self.child.refresh(workdir, &mut self.shared);
            status.mgt_running = mgt.running;
            status.mgt_restarted |= mgt.restarted;
            status.mgt_changed = mgt.changed;
            // A worker without a manager is about to end.
            status.worker_running = mgt.running && child.running;
            status.worker_restarted |= child.restarted;
            status.worker_changed = child.changed;
        }
        status.mgt_changed |= status.mgt_restarted;
        status.worker_changed |= status.worker_restarted;
        self.revision += u64::from(status.changed());
        self.status = status;
        status
    }

    /// What the last [`Attachment::refresh`] found.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// A number that is another one whenever segments have come or gone: whoever has seen it has seen all of them.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The process that publishes a set, as its index says; `None` while there is none.
    #[must_use]
    pub fn header(&self, set: SetKind) -> Option<Header> {
        self.set(set).header()
    }

    /// All segments: the manager's, then the worker's, each in the order of its index. Clusters are not among them.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.mgt.segments().chain(self.child.segments())
    }

    /// The first segment of this class and ident.
    #[must_use]
    pub fn find(&self, class: &str, ident: &str) -> Option<&Segment> {
        self.segments().find(|segment| segment.class == class && segment.ident == ident)
    }

    /// Whether a segment is still the one that it was, as of the last refresh.
    #[must_use]
    pub fn is_valid(&self, id: SegmentId) -> bool {
        self.segments().any(|segment| segment.id == id)
    }

    /// Maps a segment, or its part of a cluster.
    ///
    /// # Errors
    ///
    /// [`VsmError::is_gone`] when it was removed since the last refresh. Otherwise [`VsmError::Map`] when the file cannot be opened or
    /// is shorter than the index says, [`VsmError::BadSegment`] when it is not a file at all or not inside its cluster.
    pub fn map(&self, segment: &Segment) -> Result<MappedFile, VsmError> {
        let path = self.path(segment);
        let bad = |reason: String| VsmError::BadSegment { path: path.clone(), reason };
        let metadata = std::fs::symlink_metadata(&path)
            .map_err(|source| VsmError::io("open", &path, source))?;
        if !metadata.is_file() {
            return Err(bad("it is not a regular file".to_owned()));
        }
        let len = usize::try_from(segment.len_bytes)
            .map_err(|_| bad(format!("its length {} is beyond memory", segment.len_bytes)))?;
        Ok(MappedFile::open(&path, segment.offset, len)?)
    }

    /// The text in a segment, up to its first NUL and 64 KiB at most; `None` when there is no such segment.
    ///
    /// # Errors
    ///
    /// As [`Attachment::map`].
    pub fn read_text(&self, class: &str, ident: &str) -> Result<Option<String>, VsmError> {
        let Some(segment) = self.find(class, ident) else { return Ok(None) };
        let mapping = self.map(segment)?;
        let mut bytes = vec![0; mapping.len_bytes().min(TEXT_BYTES_MOST)];
        mapping.read_bytes(0, &mut bytes).map_err(|error| VsmError::BadSegment {
            path: self.path(segment),
            reason: error.to_string(),
        })?;
        bytes.truncate(bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len()));
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Where the file of a segment lies.
    #[must_use]
    pub fn path(&self, segment: &Segment) -> PathBuf {
        self.workdir.join(segment.set.dir_name()).join(&segment.file)
    }

    /// What was skipped since the last call.
    pub fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.shared.problems)
    }

    fn set(&self, set: SetKind) -> &SetReader {
        match set {
            SetKind::Mgt => &self.mgt,
            SetKind::Child => &self.child,
        }
    }

    fn workdir_is_another(&self) -> bool {
        let Some((file, identity)) = &self.open else { return true };
        // Removed: no link is left. Renamed: the path leads elsewhere.
        file.metadata().map_or(true, |metadata| metadata.nlink() == 0)
            || std::fs::metadata(&self.workdir)
                .map_or(true, |found| (found.dev(), found.ino()) != *identity)
    }

    fn why_not_running(&self) -> VsmError {
        let workdir = self.workdir.clone();
        let not_running =
            |reason: String| VsmError::NotRunning { workdir: workdir.clone(), reason };
        if let Err(source) = open_directory(&workdir) {
            return match source.kind() {
                std::io::ErrorKind::NotFound => {
                    not_running("there is no such directory".to_owned())
                }
                _ => VsmError::io("open", &workdir, source),
            };
        }
        let dir = workdir.join(SetKind::Mgt.dir_name());
        let index = dir.join("_.index");
        match open_plain(&index) {
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
                not_running(format!("it has no {}/_.index", SetKind::Mgt.dir_name()))
            }
            Err(source) => VsmError::io("open", &index, source),
            Ok(_) => match self.mgt.header() {
                // Which of them it is cannot be told from here.
                Some(header) => not_running(format!(
                    "its manager, process {}, is dead, or in another pid namespace such as a container's (VSM_NOPID=1 \
                     in the environment reads it nevertheless)",
                    header.pid
                )),
                None => not_running(format!("{} does not say who writes it", index.display())),
            },
        }
    }
}

/// Opens a file without waiting for the other end, should it be a FIFO.
pub(crate) fn open_plain(path: &Path) -> std::io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

fn open_directory(path: &Path) -> std::io::Result<(File, (u64, u64))> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(
            (rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC).bits().cast_signed(),
        )
        .open(path)?;
    let metadata = file.metadata()?;
    Ok((file, (metadata.dev(), metadata.ino())))
}

#[cfg(test)]
mod tests;
