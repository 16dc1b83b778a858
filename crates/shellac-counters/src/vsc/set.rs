//! One mapped segment of counters or of their description.

use shellac_sys::{CellView, Cells};
use shellac_vsm::{Attachment, Segment, VsmError};

use super::doc::{Info, SetDoc};

/// Longest description that is read, in bytes.
const DOC_BYTES_MOST: usize = 4 << 20;

const VALID: u32 = 1;
const HIDDEN: u32 = 2;

/// Cells of the head.
const READY: usize = 0;
const BODY: usize = 1;
const DOC_ID: usize = 2;

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

/// A segment with a head. Everything behind it is found through offsets that are checked.
#[derive(Debug)]
pub(super) struct Mapped {
    cells: CellView,
}

impl Mapped {
    /// Maps a segment.
    ///
    /// # Errors
    ///
    /// Why it cannot be; [`VsmError::is_gone`] is an ordinary event.
    pub(super) fn open(attachment: &Attachment, segment: &Segment) -> Result<Mapped, VsmError> {
        let path = attachment.path(segment);
        let cells = CellView::open(attachment.map(segment)?)
            .map_err(|error| VsmError::BadSegment { path, reason: error.to_string() })?;
        Ok(Mapped { cells })
    }

    pub(super) fn state(&self) -> State {
        let [a, b, c, d, ..] = self.cells.get(READY).unwrap_or_default().to_ne_bytes();
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
        self.cells.get(DOC_ID).unwrap_or_default()
    }

    /// The cell of a counter; `None` where the segment does not have it.
    pub(super) fn cell_of(&self, info: &Info) -> Option<usize> {
        let at = self.cells.get(BODY)?.checked_add(info.at)?;
        let cell = usize::try_from(at / 8).ok()?;
        (at.is_multiple_of(8) && cell > DOC_ID && cell < self.cells.len_cells()).then_some(cell)
    }

    /// The value in a cell that [`Mapped::cell_of`] has named.
    pub(super) fn value(&self, cell: usize) -> u64 {
        self.cells.get(cell).unwrap_or_default()
    }

    /// The description in its body.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for people.
    pub(super) fn doc(&self) -> Result<SetDoc, String> {
        let body = self.cells.get(BODY).unwrap_or_default();
        let len = self.cells.len_cells();
        let first = usize::try_from(body / 8)
            .ok()
            .filter(|&first| body.is_multiple_of(8) && first > DOC_ID && first < len)
            .ok_or_else(|| format!("its text begins at byte {body} of {}", len * 8))?;
        let mut bytes = Vec::new();
        for cell in first..len {
            let octets = self.cells.get(cell).unwrap_or_default().to_ne_bytes();
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
