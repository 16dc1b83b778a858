//! Why a worker ended though nobody wished it, for `panic.show`.

use std::time::Duration;

use crate::shelf::http_date;
use crate::worker::Ended;

/// Longest text that is kept in bytes.
const BYTES_MOST: usize = 64 << 10;
/// The signals by which the system ends a process that did something impossible.
const FAULTS: [i32; 7] = [
    signal_hook::consts::SIGABRT,
    signal_hook::consts::SIGBUS,
    signal_hook::consts::SIGFPE,
    signal_hook::consts::SIGILL,
    signal_hook::consts::SIGSEGV,
    signal_hook::consts::SIGSYS,
    signal_hook::consts::SIGTRAP,
];

/// What is known of one such end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PanicNote {
    /// What the worker said before; it may not have ended yet.
    said: String,
    /// How it ended.
    ended: Option<String>,
}

impl PanicNote {
    /// A worker says that it is about to end.
    pub(crate) fn said(mut text: String) -> PanicNote {
        let mut len = text.len().min(BYTES_MOST);
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        text.truncate(len);
        PanicNote { said: text, ended: None }
    }

    /// A worker ended: what is to be shown from now on. An end that is no panic leaves the note of an earlier one.
    pub(crate) fn of_end(
        note: Option<PanicNote>,
        pid: u32,
        how: &Ended,
        since_1970: Duration,
    ) -> Option<PanicNote> {
        let fault = how.signal().is_some_and(|signal| FAULTS.contains(&signal));
        let ended =
            format!("Panic at: {}\nWorker {pid} ended: {how}\n", http_date(since_1970.as_secs()));
        match note {
            Some(PanicNote { said, ended: None }) => Some(PanicNote { said, ended: Some(ended) }),
            _ if fault => Some(PanicNote { said: String::new(), ended: Some(ended) }),
            note => note,
        }
    }

    /// The text, once the worker has ended.
    pub(crate) fn text(&self) -> Option<String> {
        self.ended.as_ref().map(|ended| format!("{ended}{}", self.said))
    }
}

#[cfg(test)]
mod tests;
