//! The strict pass over a head, before anything in it is interpreted.
//!
//! Parsers in the field, the one used here included, take a bare LF for a line end. Two programs in a row
//! that disagree about that see different heads in the same bytes, so every LF has to follow a CR. The scan
//! goes byte by byte from the front: what it says about a prefix does not change when more bytes come.

use crate::error::HeadError;
use crate::head::Parse;

/// Finds the end of a head in `buf`, looking at no more than `head_bytes` of it.
///
/// `skip_empty` accepts empty lines before the first one, as a server should. `Complete` holds the number
/// of bytes up to and including the empty line.
pub(crate) fn find_end(
    buf: &[u8],
    head_bytes: usize,
    skip_empty: bool,
) -> Result<Parse<()>, HeadError> {
    let window = &buf[..buf.len().min(head_bytes)];
    let mut line_start = 0;
    let mut at = 0;
    let mut lines = 0_usize;
    while let Some(found) = memchr::memchr3(b'\n', b'\r', 0, &window[at..]) {
        let place = at + found;
        fold_check(window, line_start, lines)?;
        match window[place] {
            0 => return Err(HeadError::Nul),
            b'\n' => return Err(HeadError::BareLf),
            _ => {}
        }
        match window.get(place + 1) {
            None => break,
            Some(b'\n') => {}
            Some(_) => return Err(HeadError::BareCr),
        }
        at = place + 2;
        if place > line_start {
            lines += 1;
        } else if lines > 0 || !skip_empty {
            return Ok(Parse::Complete { head: (), len_bytes: at });
        }
        line_start = at;
    }
    fold_check(window, line_start, lines)?;
    if window.len() < head_bytes {
        Ok(Parse::Partial)
    } else if lines == 0 {
        Err(HeadError::TargetTooLong)
    } else {
        Err(HeadError::TooLarge)
    }
}

fn fold_check(window: &[u8], line_start: usize, lines: usize) -> Result<(), HeadError> {
    match window.get(line_start) {
        Some(b' ' | b'\t') if lines > 0 => Err(HeadError::ObsFold),
        _ => Ok(()),
    }
}
