//! The manager's own counters: how long it runs, and what became of its workers.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use shellac_counters::vsc::table::{Kind, Mgt};
use shellac_counters::vsc::write::{Published, publish};
use shellac_vsm::{MgtSet, VsmError};

use crate::supervise::now;

/// The status with which a program ends whose first thread has panicked.
const PANICKED: i32 = 101;

/// The set `MGT`. Clones count for the same.
#[derive(Clone, Debug)]
pub struct Life {
    counters: Published<Mgt>,
    since: Instant,
}

impl Life {
    /// Publishes the set.
    pub(crate) fn publish(mgt: &mut MgtSet) -> Result<Life, VsmError> {
        let (counters, _) = publish::<Mgt>(mgt, &[Mgt::NAME.to_owned()], true)?;
        Ok(Life { counters, since: now() })
    }

    /// Says how long the manager runs. Called about once a second.
    pub fn beat(&self) {
        self.counters.set(0, Mgt::Uptime, now().saturating_duration_since(self.since).as_secs());
    }

    /// All counters by their names, for the program that takes this one's place.
    pub(crate) fn all(&self) -> Vec<(String, u64)> {
        self.beat();
        let all = Mgt::ALL.iter();
        all.map(|&one| (one.row().name.to_owned(), self.counters.get(0, one))).collect()
    }

    /// Goes on where another program has stopped counting. What that counted and this one does not know is forgotten.
    pub(crate) fn go_on(&mut self, before: &[(String, u64)]) {
        for (name, value) in before {
            let Some(&counter) = Mgt::ALL.iter().find(|one| one.row().name == name) else {
                continue;
            };
            if let Mgt::Uptime = counter {
                // A clock that does not reach back so far begins anew.
                self.since =
                    self.since.checked_sub(Duration::from_secs(*value)).unwrap_or(self.since);
            } else {
                self.counters.add(0, counter, *value);
            }
        }
        self.beat();
    }

    /// Counts a worker that was started.
    pub(crate) fn started(&self) {
        self.count(Mgt::ChildStart);
    }

    /// Counts a worker that ended though nobody had asked it to.
    pub(crate) fn died(&self, status: ExitStatus) {
        match status.code() {
            Some(0) => self.count(Mgt::ChildExit),
            Some(code) => {
                self.count(Mgt::ChildStop);
                if code == PANICKED {
                    self.count(Mgt::ChildPanic);
                }
            }
            None => self.count(Mgt::ChildDied),
        }
        if status.core_dumped() {
            self.count(Mgt::ChildDump);
        }
    }

    fn count(&self, counter: Mgt) {
        self.counters.add(0, counter, 1);
    }
}

#[cfg(test)]
mod tests;
