//! One mapped segment of counters or of their description.

use std::collections::HashMap;
use std::rc::{Rc, Weak};

use shellac_sys::{CellView, Cells};
use shellac_vsm::{Attachment, Segment, SetKind, VsmError};

use super::doc::{Info, SetDoc};

/// Longest description that is read, in bytes.
const DOC_BYTES_MOST: usize = 4 << 20;

/// Class of the segments that hold values.
pub(super) const STAT: &str = "Stat";
/// Class of those that describe them.
pub(super) const STAT_DOC: &str = "StatDoc";

pub(super) const VALID: u32 = 1;
pub(super) const HIDDEN: u32 = 2;

/// Cells of the head.
pub(super) const READY: usize = 0;
pub(super) const BODY: usize = 1;
pub(super) const DOC_ID: usize = 2;
/// How many it has.
pub(super) const HEAD_CELLS: usize = 3;

/// What a segment says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is being made.
    NotYet,
    /// Its counters are to be shown.
    Valid,
    /// They are not to be shown at the moment.
    Hidden,
}

/// Files that are mapped: one that holds many segments is mapped once.
#[derive(Debug, Default)]
pub(super) struct Files {
    mapped: HashMap<(SetKind, String), Weak<CellView>>,
    /// How far the segments reach in each file, in bytes.
    extents: HashMap<(SetKind, String), u64>,
}

impl Files {
    /// Takes note of what a directory holds now. Files that nobody uses any more are forgotten.
    pub(super) fn note(&mut self, segments: &[&Segment]) {
        self.mapped.retain(|_, cells| cells.strong_count() > 0);
        self.extents.clear();
        for segment in segments {
            let extent = self.extents.entry((segment.set, segment.file.clone())).or_default();
            *extent = segment.offset.saturating_add(segment.len_bytes).max(*extent);
        }
    }

    /// Maps a segment.
    ///
    /// # Errors
    ///
    /// Why it cannot be; [`VsmError::is_gone`] is an ordinary event.
    pub(super) fn map(
        &mut self,
        attachment: &Attachment,
        segment: &Segment,
    ) -> Result<Mapped, VsmError> {
        let bad = |reason: String| VsmError::BadSegment { path: attachment.path(segment), reason };
        let cell = |bytes: u64| usize::try_from(bytes / 8).ok().filter(|_| bytes.is_multiple_of(8));
        let first = cell(segment.offset).ok_or_else(|| {
            bad(format!("it begins at byte {}, within a counter", segment.offset))
        })?;
        let len = usize::try_from(segment.len_bytes / 8).unwrap_or(usize::MAX);
        let end = first.saturating_add(len);
        let name = (segment.set, segment.file.clone());
        let known = self.mapped.get(&name).and_then(Weak::upgrade);
        // A file may have grown since it was mapped.
        let cells = match known.filter(|cells| end <= cells.len_cells()) {
            Some(cells) => cells,
            None => {
                let len_bytes = self.extents.get(&name).copied().unwrap_or(segment.len_bytes);
                let whole = Segment { offset: 0, len_bytes, ..segment.clone() };
                let cells = CellView::open(attachment.map(&whole)?)
                    .map_err(|error| bad(error.to_string()))?;
                let cells = Rc::new(cells);
                self.mapped.insert(name, Rc::downgrade(&cells));
                cells
            }
        };
        if end > cells.len_cells() {
            return Err(bad(format!("it ends behind its file, at byte {}", end.saturating_mul(8))));
        }
        Ok(Mapped { cells, first, len })
    }
}

/// A segment with a head. Everything behind it is found through offsets that are checked.
#[derive(Debug)]
pub(super) struct Mapped {
    cells: Rc<CellView>,
    /// Its first cell in the file, and how many it has.
    first: usize,
    len: usize,
}

impl Mapped {
    /// One of its own cells.
    fn get(&self, cell: usize) -> Option<u64> {
        (cell < self.len).then(|| self.cells.get(self.first + cell))?
    }

    pub(super) fn state(&self) -> State {
        let [a, b, c, d, ..] = self.get(READY).unwrap_or_default().to_ne_bytes();
        // What follows is read after this.
        self.cells.read_barrier();
        match u32::from_ne_bytes([a, b, c, d]) {
            VALID => State::Valid,
            HIDDEN => State::Hidden,
            _ => State::NotYet,
        }
    }

    /// Which description goes with it.
    pub(super) fn doc_id(&self) -> u64 {
        self.get(DOC_ID).unwrap_or_default()
    }

    /// Where its values begin, in bytes.
    pub(super) fn body(&self) -> u64 {
        self.get(BODY).unwrap_or_default()
    }

    /// The value of a counter; `None` where the segment does not have it.
    #[inline]
    pub(super) fn value(&self, body: u64, info: &Info) -> Option<u64> {
        self.get(self.cell_of(body, info)?)
    }

    /// The cell of a counter; `None` where the segment does not have it.
    #[inline]
    fn cell_of(&self, body: u64, info: &Info) -> Option<usize> {
        let at = body.checked_add(info.at)?;
        let cell = usize::try_from(at / 8).ok()?;
        (at.is_multiple_of(8) && cell > DOC_ID && cell < self.len).then_some(cell)
    }

    /// The description in its body.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for people.
    pub(super) fn doc(&self) -> Result<SetDoc, String> {
        let body = self.body();
        let len = self.len;
        let first = usize::try_from(body / 8)
            .ok()
            .filter(|&first| body.is_multiple_of(8) && first > DOC_ID && first < len)
            .ok_or_else(|| format!("its text begins at byte {body} of {}", len * 8))?;
        let mut bytes = Vec::new();
        for cell in first..len {
            let octets = self.get(cell).unwrap_or_default().to_ne_bytes();
            match octets.iter().position(|&byte| byte == 0) {
                Some(end) => {
                    bytes.extend_from_slice(&octets[..end]);
                    break;
                }
                None => bytes.extend_from_slice(&octets),
            }
            if bytes.len() > DOC_BYTES_MOST {
                return Err(format!("its text is longer than {DOC_BYTES_MOST} bytes"));
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        SetDoc::parse(&text).map_err(|error| {
            let reason = std::error::Error::source(&error).map(ToString::to_string);
            format!("{error}: {}", reason.unwrap_or_default())
        })
    }
}
