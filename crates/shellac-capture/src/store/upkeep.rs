//! What a store does now and then, and at its end.

use std::time::Duration;

use super::disk::Disk;
use super::journal::Done;
use super::manifest::{AccountsLine, Facts};
use super::notice::Notice;
use super::shelf::Shelf;
use super::{CaptureId, Refusal, Store, name};
use crate::index::to_line;
use crate::stamp::Stamp;
use crate::store::accounts::Accounts;

/// The accounts are written so often, if something was counted.
const ACCOUNTS_EVERY: Duration = Duration::from_secs(60);

impl<D: Disk> Store<D> {
    /// Does what is due: lines that were held, files that could not be completed or are old enough to be closed or
    /// compressed, the accounts. To be called a few times a second; between captures it costs next to nothing.
    pub fn tick(&mut self, now: Stamp) {
        self.write_held(now);
        if !self.waits_for_disk(now) {
            if let Some(rolling) = self.rolling
                && self.writing.get(&rolling).is_some_and(|writing| writing.captures == 0)
            {
                let dialect = self.writing[&rolling].dialect();
                self.rolling_for(dialect, now);
            }
            let unfinished: Vec<_> = self
                .writing
                .iter()
                .filter(|(key, writing)| writing.captures == 0 && self.rolling != Some(**key))
                .map(|(key, _)| *key)
                .collect();
            for key in unfinished {
                self.complete_unless_written(key, now);
            }
            self.recover_again(now);
            self.compress(now);
        }
        self.note_room(now);
        let is_due =
            now.since(self.accounts_written) >= ACCOUNTS_EVERY || now < self.accounts_written;
        if is_due && self.accounts() != self.accounts_seen {
            self.write_accounts(now);
        }
    }

    /// Begins new files with the next capture and the next line, because somebody may have moved the present ones.
    pub fn rotate(&mut self, now: Stamp) {
        if let Some(rolling) = self.rolling.take() {
            self.complete_unless_written(rolling, now);
        }
        self.index.close();
        self.manifest.close();
    }

    /// Ends what is being written, writes the accounts and gives them back with what there is to say.
    pub fn close(mut self, now: Stamp) -> (Accounts, Vec<Notice>) {
        let open: Vec<CaptureId> = self.open_captures().collect();
        for id in open {
            if let Some(capture) = self.captures.get_mut(&id.0) {
                capture.cut.get_or_insert(Refusal::Ended);
            }
            self.finish(id, Facts::default(), now);
        }
        self.rolling = None;
        let unfinished: Vec<_> = self.writing.keys().copied().collect();
        for key in unfinished {
            self.complete_unless_written(key, now);
        }
        self.recover_again(now);
        if let Some(compression) = self.compression.take() {
            let _ = self.disk.remove(compression.part());
        }
        self.index.hurry();
        self.manifest.hurry();
        self.write_held(now);
        self.settle_held();
        self.write_accounts(now);
        self.index.close();
        self.manifest.close();
        (self.accounts(), self.take_notices())
    }

    pub(super) fn write_held(&mut self, now: Stamp) {
        let mut done = Done::default();
        self.index.write_held(&self.disk, &|_| true, now, &mut done);
        let shelf = &self.shelf;
        self.manifest.write_held(&self.disk, &|line| is_of_use(line, shelf), now, &mut done);
        self.settle(done);
    }

    /// What is held at the end is lost.
    fn settle_held(&mut self) {
        let lost = self.index.give_up();
        self.settle(Done { lost, ..Done::default() });
    }

    fn write_accounts(&mut self, now: Stamp) {
        let accounts = self.accounts();
        let line = AccountsLine { since: self.opened, time: now, accounts };
        self.write_manifest(to_line(&line), now);
        self.accounts_seen = line.accounts;
        self.accounts_written = now;
    }
}

/// Whether a line of the manifest is still of use: those about files that are there, events, and accounts.
pub(super) fn is_of_use(line: &[u8], shelf: &Shelf) -> bool {
    #[derive(serde::Deserialize)]
    struct About {
        file: Option<String>,
        accounts: Option<serde::de::IgnoredAny>,
        event: Option<serde::de::IgnoredAny>,
    }
    let Ok(about) = serde_json::from_slice::<About>(line) else { return false };
    match about.file {
        Some(file) => shelf.has(file.strip_suffix(name::VSL).unwrap_or(&file)),
        None => about.accounts.is_some() || about.event.is_some(),
    }
}
