//! The verdicts of the cause catalogue against what really happened: every fault that the proxy can meet is
//! injected twenty times at random moments, and whoever injects it says what it is.
//!
//! A verdict of one cause has to be that one. Several are allowed where the log cannot tell, if the right
//! one is among them and what would decide is named.

mod beside;
mod faults;
mod manner;
mod race;
mod scene;
mod told;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use shellac_format::Dialect;
use shellac_log::{
    FileSource, Grouper, Grouping, Input, Limits, LiveOptions, LiveSource, Source, Transaction,
};
use shellac_render::failures::{FailedAttempt, Failures};
use shellac_vsm::{AttachOptions, Attachment};

use crate::support::deadline::Deadline;
use crate::support::dice::Dice;
use crate::support::fixture;
use faults::{FAULTS, Fault};
use scene::Scene;

/// Injections of each fault.
const TIMES: usize = 20;
/// Injections that go on at the same time.
const AT_ONCE: usize = 24;

/// Held by each test that injects faults: what is to time out does so in a second, which is short for a machine that does
/// both at once.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The groups of a log, with those that are open at its end.
fn groups(source: &mut dyn Source, by: Grouping, mut each: impl FnMut(&[Transaction])) {
    let mut grouper: Option<(Dialect, Grouper)> = None;
    loop {
        let (records, is_row) = match source.next().expect("a log of ours can be read") {
            Input::Row(records) => (records.to_vec(), true),
            Input::Unit(records) => (records.to_vec(), false),
            Input::Lost(lost) => panic!("the log is too small: {lost:?}"),
            Input::End | Input::Nothing => break,
            _ => continue,
        };
        let dialect = source.dialect();
        let (_, grouper) = grouper.get_or_insert_with(|| {
            (dialect, Grouper::new(by, dialect, Limits::default()).with_orphans(true))
        });
        if is_row {
            grouper.row(&records, std::time::Duration::ZERO);
        } else {
            grouper.unit(&records, std::time::Duration::ZERO);
        }
        while let Some(group) = grouper.pop() {
            each(&group.transactions);
        }
    }
    if let Some((_, grouper)) = &mut grouper {
        grouper.flush();
        while let Some(group) = grouper.pop() {
            each(&group.transactions);
        }
    }
}

/// What the log of an instance holds now.
fn so_far(workdir: &Path) -> LiveSource {
    let options = AttachOptions { check_pid: false };
    let attachment = Attachment::open(workdir, options).expect("the instance is there");
    let options = LiveOptions { dialect: None, from_head: true, stop_at_tail: true };
    LiveSource::new(attachment, options)
}

/// The last failed attempt of every request whose log is complete, by its URL.
fn verdicts(workdir: &Path) -> BTreeMap<String, FailedAttempt> {
    let mut found = BTreeMap::new();
    groups(&mut so_far(workdir), Grouping::Request, |group| {
        let complete = group.iter().all(|one| one.complete);
        if let Some(failures) = Failures::read(group).filter(|_| complete)
            && let Some(last) = failures.attempts.last()
        {
            found.insert(failures.url.clone(), last.clone());
        }
    });
    found
}

/// What the catalogue makes of a failure.
fn verdict(failed: &FailedAttempt) -> Vec<&'static str> {
    let candidates = failed.diagnosis.as_ref().map(|diagnosis| &diagnosis.candidates);
    candidates.into_iter().flatten().map(|cause| cause.id).collect()
}

#[derive(Default)]
struct Matrix {
    /// Fault and verdict: how often, and the one that was seen last.
    cells: BTreeMap<(&'static str, String), (usize, String)>,
    total: usize,
    right: usize,
    open: usize,
    wrong: usize,
}

impl Matrix {
    fn add(&mut self, fault: &Fault, failed: &FailedAttempt) {
        let verdict = verdict(failed);
        self.total += 1;
        if verdict == [fault.cause] {
            self.right += 1;
        } else if verdict.contains(&fault.cause) {
            self.open += 1;
            let missing = failed.diagnosis.as_ref().map(|diagnosis| diagnosis.missing.len());
            assert!(missing > Some(0), "nothing would decide between {verdict:?}: {failed:?}");
        } else {
            self.wrong += 1;
        }
        let cell = self.cells.entry((fault.name, verdict.join("|"))).or_default();
        *cell = (cell.0 + 1, format!("{failed:?}"));
    }

    fn show(&self) -> String {
        let mut text = format!(
            "{} faults: {} right, {} open, {} wrong\n",
            self.total, self.right, self.open, self.wrong
        );
        for ((name, verdict), (count, example)) in &self.cells {
            let right = FAULTS.iter().chain([&race::FAULT]).find(|fault| fault.name == *name);
            let cause = right.map_or("", |fault| fault.cause);
            text += &format!("  {name} (is {cause}): {count} x {verdict}\n");
            if !verdict.split('|').any(|one| one == cause) {
                text += &format!("    {example}\n");
            }
        }
        text
    }
}

#[test]
fn every_fault_is_told_from_the_others_or_said_to_be_open() {
    let _alone = alone();
    let mut dice = Dice::new();
    let seed = dice.seed();
    eprintln!("seed {seed} (SHELLAC_SEED)");
    let scene = Arc::new(Scene::set("9.0-vs"));
    let mut jobs: Vec<(&Fault, String)> = Vec::new();
    for fault in FAULTS {
        for number in 0..TIMES {
            // When it strikes, in milliseconds, and after how many bytes where that matters.
            let (delay, bytes) = (dice.below(15), dice.below(200_000));
            let at = dice.below(jobs.len() + 1);
            let place = fault.place;
            jobs.insert(at, (fault, format!("{place}/{}/{number}/{delay}/{bytes}", fault.name)));
        }
    }
    let queue = Arc::new(Mutex::new(jobs.clone()));
    let workers: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (queue, scene) = (Arc::clone(&queue), Arc::clone(&scene));
            thread::spawn(move || {
                loop {
                    let job = queue.lock().expect("nobody panics with it").pop();
                    let Some((fault, target)) = job else { return };
                    scene.inject(fault, &target);
                }
            })
        })
        .collect();
    let races = race::run(&scene, TIMES, &mut dice);
    for worker in workers {
        worker.join().expect("an injection does what it says");
    }

    let mut wanted: Vec<(&Fault, String)> = jobs;
    wanted.extend(races.into_iter().map(|target| (&race::FAULT, target)));
    let found = Deadline::generous().wait_for("a failure in the log for each fault", || {
        let found = verdicts(&scene.workdir());
        let missing = wanted.iter().find(|(_, target)| !found.contains_key(target));
        match missing {
            None => Some(found),
            Some((_, target)) => {
                scene.still_waited_for(target);
                None
            }
        }
    });
    let mut matrix = Matrix::default();
    for (fault, target) in &wanted {
        matrix.add(fault, &found[target]);
    }
    eprintln!("{}", matrix.show());
    assert!(100 * matrix.wrong <= matrix.total, "seed {seed}\n{}", matrix.show());
    // What stays open does so for want of a fact, and that is the exception.
    assert!(4 * matrix.right >= 3 * matrix.total, "seed {seed}\n{}", matrix.show());
}

#[test]
fn nothing_is_diagnosed_in_recorded_successes_and_something_in_every_recorded_failure() {
    let captures = fixture::unpacked_archive("captures/captures.tar.zst");
    let (mut successes, mut failures) = (0, 0);
    for entry in captures.path().read_dir().expect("the archive is a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if !name.ends_with(".vsl") {
            continue;
        }
        let file = std::fs::File::open(&path).expect("it is there");
        let mut source = FileSource::open(name.clone(), file, None).expect("it is a log");
        groups(&mut source, Grouping::Request, |group| {
            let read = Failures::read(group);
            if name.starts_with("success-") {
                successes += 1;
                assert_eq!(read, None, "{name}");
            }
            for failed in read.iter().flat_map(|read| &read.attempts) {
                failures += 1;
                assert!(!verdict(failed).is_empty(), "{name}: no cause for {failed:?}");
            }
        });
    }
    assert!(successes >= 10 && failures >= 50, "{successes} successes, {failures} failures");
}

#[test]
fn the_story_leaves_two_candidates() {
    let file = std::fs::File::open(fixture::path("story/seed.vsl")).expect("it is there");
    let mut source = FileSource::open("seed.vsl".to_owned(), file, None).expect("it is a log");
    let mut verdicts = Vec::new();
    groups(&mut source, Grouping::Request, |group| {
        let failures = Failures::read(group).expect("it is about a failure");
        verdicts.extend(failures.attempts.iter().map(verdict));
    });
    assert_eq!(verdicts, [["closed-unanswered", "reused-closed"]]);
}
