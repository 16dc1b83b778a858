//! The thread that keeps what was seen: captures, index, manifest, programs.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context;
use shellac_capture::recorder::Recorder;
use shellac_capture::report::Said;
use shellac_capture::rules::Rule;
use shellac_capture::{Accounts, Store};
use shellac_format::Dialect;

use super::clock::Clock;
use super::exec::Programs;
use super::queue::{Ear, Message};
use super::said;
use super::saved::{CountersFile, Saved};
use super::settings::Settings;

/// What is due is looked at after this time at the latest.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// Messages that are taken before windows are read on.
const MESSAGES_PER_TURN: usize = 256;
/// Between two looks whether the counters are to be written.
const COUNTERS_PAUSE: Duration = Duration::from_secs(1);

/// Opens the directory and says what there is to say about it.
pub(super) fn open_store(settings: &Settings, clock: &Clock) -> anyhow::Result<Store> {
    let mut store = Store::open(settings.store.clone(), clock.stamp())?;
    for notice in store.take_notices() {
        eprintln!("shellac: {}", said::notice_text(&notice));
    }
    Ok(store)
}

/// A running writer.
pub(super) struct Writer(JoinHandle<Accounts>);

impl Writer {
    /// Starts it.
    pub(super) fn start(
        settings: &Settings,
        clock: &Clock,
        store: Store,
        ear: Ear,
    ) -> anyhow::Result<Writer> {
        let rules = Arc::clone(&settings.rules.all);
        let counters = Saved::counters(&settings.store.dir);
        let clock = clock.clone();
        // The dialect is told before anything else.
        let recorder = Recorder::new(store, Arc::clone(&rules), Dialect::V7_3);
        let work = Work {
            recorder,
            rules,
            clock,
            counters,
            counted: Duration::ZERO,
            programs: Programs::default(),
        };
        let spawned =
            thread::Builder::new().name("writer".to_owned()).spawn(move || work.run(&ear));
        Ok(Writer(spawned.context("cannot start a thread")?))
    }

    /// Waits until everything is written that is under way.
    pub(super) fn join(self) -> anyhow::Result<Accounts> {
        self.0.join().map_err(|_| anyhow::anyhow!("the thread that writes has panicked"))
    }
}

struct Work {
    recorder: Recorder,
    rules: Arc<[Rule]>,
    clock: Clock,
    counters: Saved,
    /// When the counters were written last.
    counted: Duration,
    programs: Programs,
}

impl Work {
    fn run(mut self, ear: &Ear) -> Accounts {
        let mut is_busy = false;
        'all: loop {
            self.recorder.clock(self.clock.stamp());
            for turn in 0..MESSAGES_PER_TURN {
                let patience = if is_busy || turn > 0 { Duration::ZERO } else { LONGEST_WAIT };
                match ear.next(patience) {
                    Ok(Some(message)) => self.take(message),
                    Ok(None) => break,
                    Err(_) => break 'all,
                }
            }
            is_busy = self.recorder.work();
            self.tell();
            let now = self.clock.now();
            if now.saturating_sub(self.counted) >= COUNTERS_PAUSE {
                self.counted = now;
                self.count();
            }
        }
        self.recorder.clock(self.clock.stamp());
        self.recorder.end();
        self.tell();
        self.count();
        let (accounts, notices) = self.recorder.into_store().close(self.clock.stamp());
        for notice in notices {
            eprintln!("shellac: {}", said::notice_text(&notice));
        }
        self.programs.finish();
        accounts
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Opened { dialect, instance } => self.recorder.opened(dialect, instance),
            Message::Hit(hit) => self.recorder.group(*hit),
            Message::Outside(outside) => self.recorder.outside(*outside),
            Message::Event { rule, time, is_over, text } => {
                self.recorder.rate(rule, time, is_over, &text);
            }
            Message::Reached { time, place } => self.recorder.reached(time, place),
            Message::Interrupted { bytes, reason, is_gone } => {
                self.recorder.interrupted(bytes, reason, is_gone);
            }
            Message::Rules(rules) => {
                // What is still to be said is about the rules before.
                self.tell();
                for said in self.recorder.set_rules(Arc::clone(&rules)) {
                    self.tell_one(said);
                }
                self.rules = rules;
            }
            Message::Rotate => {
                let now = self.clock.stamp();
                self.recorder.store().rotate(now);
                eprintln!(
                    "shellac: index and manifest are written to new files from here on, if they were moved"
                );
            }
        }
    }

    fn tell(&mut self) {
        for said in self.recorder.take_said() {
            self.tell_one(said);
        }
    }

    fn tell_one(&mut self, said: Said) {
        if let Some(text) = said::text(&said, &self.rules) {
            eprintln!("shellac: {text}");
        }
        if let Said::Exec { rule, exec, input } = said {
            self.programs.start(&self.rules[rule].name, &exec, input);
        }
    }

    fn count(&mut self) {
        self.counters.write(&CountersFile::new(&self.rules, self.recorder.counts()));
    }
}
