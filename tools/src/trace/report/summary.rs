//! What an index says about a group whose records are not there.

use shellac_capture::{Entry, Outcome};
use shellac_render::trace::{Micros, duration, epoch, local_time};
use shellac_render::visible;

use super::Report;
use crate::trace::captures::{Neighbour, Records, Summary};
use crate::trace::find::Place;

impl Report<'_> {
    /// A few lines: what failed, why there is no more, and what to look at instead.
    pub(super) fn summary(&self, summary: &Summary) -> String {
        let Summary { indexed, neighbour } = summary;
        let entry = &indexed.entry;
        let text = |it: &Option<String>| {
            let it = it.as_deref().unwrap_or("(not recorded)");
            self.redaction.parameters_in(&visible(it.as_bytes())).into_owned()
        };
        let at = Micros(entry.time.0);
        let status = entry.status.map_or_else(|| "not recorded".to_owned(), |it| it.to_string());
        let mut out = format!(
            "XID {}: {} {}\n  status {status}, {}, backend {}, {}\n  error \"{}\"\n  {}  epoch {}\n",
            entry.xid,
            text(&entry.method),
            text(&entry.url),
            visible(entry.class.as_bytes()),
            text(&entry.backend),
            match entry.attempts {
                1 => "1 attempt".to_owned(),
                n => format!("{n} attempts"),
            },
            text(&entry.error),
            local_time(at, self.zone()),
            epoch(at),
        );
        out += &format!("\nSummary only: {}.\n", why(entry, &indexed.records));
        out += &match neighbour {
            Some(neighbour) => self.neighbour(neighbour),
            None => "No other failing group has its records in these captures.\n".to_owned(),
        };
        out
    }

    fn neighbour(&self, neighbour: &Neighbour) -> String {
        let Neighbour { xid, earlier, same_class, same_backend } = *neighbour;
        let when = match earlier.0 {
            ..0 => format!("{} later", duration(Micros(earlier.0.saturating_neg()))),
            0 => "at the same moment".to_owned(),
            _ => format!("{} earlier", duration(earlier)),
        };
        let like = match (same_class, same_backend) {
            (true, true) => "the same error at the same backend",
            (true, false) => "the same error at another backend",
            (false, true) => "another error at the same backend",
            (false, false) => "another error at another backend",
        };
        let dirs = self.places.iter().filter_map(|place| match place {
            Place::Captures(captures) => Some(format!(" -r {}", captures.dir.display())),
            Place::Log(_) => None,
        });
        let dirs: String = dirs.collect();
        format!(
            "The fullest neighbour is XID {xid}, {when}: {like}.\n  shellac trace {xid}{dirs}\n"
        )
    }
}

/// Why the records of an entry are not there.
pub(super) fn why(entry: &Entry, records: &Records) -> String {
    let because = |reason: &Option<String>| {
        let reason = reason.as_deref().map(|it| format!(" (reason: {})", visible(it.as_bytes())));
        reason.unwrap_or_default()
    };
    match (records, entry.outcome) {
        (Records::Removed(name), _) => {
            format!("its records were in {name}, which was removed to make room")
        }
        (Records::Here(file, _), _) => {
            format!("its records are not in {} any more, where they should be", file.path.display())
        }
        (Records::Never, Outcome::Index | Outcome::Full) => {
            "no rule wanted its records, only this line was kept".to_owned()
        }
        (Records::Never, Outcome::Suppressed) => {
            format!("its records were wanted and suppressed{}", because(&entry.reason))
        }
        (Records::Never, Outcome::Lost) => {
            format!("its records could not be written{}", because(&entry.reason))
        }
    }
}
