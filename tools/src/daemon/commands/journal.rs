//! What the log says of commands: each one as it comes and as it is answered, but those that are asked again and again once.
//!
//! Commands run beside each other, so an answer may stand behind another command than its own.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shellac_admin::{read_record, written_record};

use super::{ROWS, Ran};

/// What is asked every moment while something is waited for.
const REPEATED: [&str; 2] = ["drain.status", "drain.wait"];
/// Not asked for so long, it is not asked any more. A wait takes less.
const SILENCE: Duration = Duration::from_secs(10);
/// Different ones at a time; those beyond are logged as everything else is.
const SERIES: usize = 64;

/// Decides what is logged. The caller does it, and says what time it is since 1970.
#[derive(Debug, Default)]
pub(super) struct Journal {
    series: Mutex<Vec<Series>>,
}

/// One command that comes again and again.
#[derive(Debug)]
struct Series {
    /// The command without what differs from one time to the next.
    words: Vec<String>,
    asked: Duration,
    /// Its end has been logged.
    ended: bool,
    /// What is logged should nobody ask again.
    last: Option<String>,
}

impl Journal {
    /// What is logged when a command comes.
    pub(super) fn begins(&self, words: &[String], now: Duration) -> Vec<String> {
        let name = words.first().map_or("", String::as_str);
        let mut series = self.series();
        let mut records = Vec::new();
        if matches!(name, "drain" | "undrain") {
            // A new story: its wait has a beginning and an end, too.
            series.retain(|one| !one.ended);
        }
        if let Some(key) = key(words) {
            if let Some(known) = series.iter_mut().find(|one| one.words == key) {
                known.asked = now;
                return records;
            }
            if series.len() < SERIES {
                series.push(Series { words: key, asked: now, ended: false, last: None });
            }
        }
        let mut record = read_record(name, words);
        if ROWS.iter().any(|row| row.name == name) {
            // So the reference implementation writes what people have said, and not what its manager says.
            record.push(' ');
        }
        records.push(record);
        records
    }

    /// What is logged when it is answered.
    pub(super) fn ends(&self, words: &[String], ran: &Ran, now: Duration) -> Vec<String> {
        let record = written_record(words.first().map_or("", String::as_str), &ran.answer);
        let mut series = self.series();
        let known = key(words).and_then(|key| series.iter_mut().find(|one| one.words == key));
        let Some(known) = known else { return vec![record] };
        known.asked = now;
        if ran.goes_on {
            known.ended = false;
            known.last = Some(record);
            return Vec::new();
        }
        known.last = None;
        let said = std::mem::replace(&mut known.ended, true);
        if said { Vec::new() } else { vec![record] }
    }

    /// What is logged of those that nobody asks any more.
    pub(super) fn look(&self, now: Duration) -> Vec<String> {
        let is_over = |one: &mut Series| now.saturating_sub(one.asked) >= SILENCE;
        let over: Vec<Series> = self.series().extract_if(.., is_over).collect();
        over.into_iter().filter_map(|one| one.last).collect()
    }

    fn series(&self) -> MutexGuard<'_, Vec<Series>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What makes two commands the same one that is asked again; `None` for those that are not.
fn key(words: &[String]) -> Option<Vec<String>> {
    let (name, rest) = words.split_first()?;
    if !REPEATED.contains(&name.as_str()) {
        return None;
    }
    let rest = rest.strip_prefix(&["-j".to_owned()]).unwrap_or(rest);
    // The time to wait gets shorter towards the end.
    let rest = if name == "drain.wait" { rest.get(1..).unwrap_or_default() } else { rest };
    Some([std::slice::from_ref(name), rest].concat())
}

#[cfg(test)]
mod tests;
