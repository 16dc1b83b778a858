//! What is said while the terminal is ours: not over the picture, but kept, shown in it, and said when it is given back.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Lines that are kept; of more than these the oldest go.
const MOST_LINES: usize = 100;

/// `None`: the terminal is not ours.
static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

#[derive(Default)]
struct Kept {
    lines: VecDeque<String>,
    left_out: u64,
    /// The line that was said last is over.
    is_over: bool,
}

/// Says a line on standard error, now or when the terminal is given back.
pub(crate) fn say(line: &str) {
    match &mut *KEPT.lock().unwrap_or_else(PoisonError::into_inner) {
        None => eprintln!("{line}"),
        Some(kept) => {
            if kept.lines.len() == MOST_LINES {
                kept.lines.pop_front();
                kept.left_out += 1;
            }
            kept.lines.push_back(line.to_owned());
            kept.is_over = false;
        }
    }
}

/// What this line says is over: it stays among what is said when the terminal is given back, but is shown no longer.
pub(crate) fn is_over(line: &str) {
    if let Some(kept) = &mut *KEPT.lock().unwrap_or_else(PoisonError::into_inner)
        && kept.lines.back().is_some_and(|last| last == line)
    {
        kept.is_over = true;
    }
}

/// The line that was said last while the terminal is ours, unless that is over.
pub(crate) fn last_said() -> Option<String> {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.as_ref().filter(|kept| !kept.is_over).and_then(|kept| kept.lines.back().cloned())
}

/// From now on lines are kept.
pub(super) fn keep() {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
}

/// Says what was kept.
pub(super) fn release() {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(Kept { lines, left_out, .. }) = kept else { return };
    if left_out > 0 {
        eprintln!("shellac: {left_out} earlier lines are left out");
    }
    lines.iter().for_each(|line| eprintln!("{line}"));
}
