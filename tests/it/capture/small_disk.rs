//! A small disk that another process fills while captures are written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use shellac_capture::index::{Item, Reader};
use shellac_capture::{
    Account, Begun, Entry, Facts, KeepFree, Notice, Outcome, Store, StoreOptions,
};

use super::writer::{self, records, time_of};
use crate::support::skip::skipped;

const DISK_BYTES: u64 = 16 << 20;
const BUDGET_BYTES: u64 = 4 << 20;

#[test]
fn budget_and_free_space_hold_while_another_process_fills_the_disk() {
    let parent = tempfile::tempdir().unwrap();
    let disk = parent.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = format!("mount -t tmpfs -o size={DISK_BYTES} tmpfs {}", disk.display());
    let own_space = |command: &str| {
        let mut unshare = Command::new("unshare");
        unshare.args(["-rm", "sh", "-c", command, "sh"]).stdin(Stdio::null());
        unshare
    };
    if !own_space(&mount).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return skipped("a user may not mount anything here, not even privately");
    }
    let words = writer::other_process("small_disk::writes_on_a_small_disk", &disk);
    let output = own_space(&format!("{mount} && exec \"$@\"")).args(words).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("1 passed"), "{}", text(&output.stdout));
}

/// Fills the disk, 64 KiB at a time, and ends when nothing more fits.
fn fill(disk: &Path) -> Child {
    let filler = disk.join("filler");
    Command::new("sh")
        .args(["-c", "while head -c 65536 /dev/zero >>\"$0\" 2>/dev/null; do :; done"])
        .arg(filler)
        .spawn()
        .expect("there is a shell")
}

struct Run {
    store: Store,
    dir: std::path::PathBuf,
    xid: u64,
    keep: u64,
    outcomes: BTreeMap<String, BTreeMap<Outcome, u64>>,
    notices: Vec<Notice>,
}

impl Run {
    fn free(&self) -> u64 {
        let numbers = rustix::fs::statvfs(&self.dir).expect("it is there");
        numbers.f_bavail * numbers.f_frsize
    }

    /// Bytes of capture files as the disk counts them.
    fn captured(&self) -> u64 {
        let files = fs::read_dir(&self.dir)
            .expect("it is there")
            .map(|entry| entry.expect("it can be read"));
        let of_captures =
            files.filter(|entry| entry.file_name().to_string_lossy().contains(".vsl"));
        of_captures
            .map(|entry| entry.metadata().expect("it is there").len().next_multiple_of(4096))
            .sum()
    }

    /// One more failure.
    fn step(&mut self) {
        let (free, captured, evicted) =
            (self.free(), self.captured(), self.store.accounts().evicted);
        self.xid += 1;
        let (xid, now) = (self.xid, time_of(self.xid));
        let class = format!("class{}", xid % 20);
        let entry = Entry::new(now, xid, &class);
        let outcome = match writer::begin(&mut self.store, xid, &class) {
            Begun::Open(id) => {
                let before =
                    records(xid, usize::try_from(xid * 7919 % 60_000).expect("it is small"));
                // What is refused cuts the capture, and with it the failure.
                let _ = self.store.append(id, &before, now);
                let outcome = self.store.keep(id, &records(xid, 200), entry, now);
                self.store.finish(id, Facts::default(), now);
                outcome
            }
            Begun::Refused(refusal) => self.store.note(
                Entry {
                    outcome: refusal.outcome(),
                    reason: Some(refusal.word().to_owned()),
                    ..entry
                },
                now,
            ),
        };
        *self.outcomes.entry(class).or_default().entry(outcome).or_default() += 1;
        if xid % 16 == 0 {
            self.store.tick(now);
        }
        self.notices.extend(self.store.take_notices());
        let now_captured = self.captured();
        assert!(now_captured <= BUDGET_BYTES, "{now_captured} bytes of captures");
        // The other process only ever takes: what was not free before the step was not free in it.
        if free < self.keep && self.store.accounts().evicted == evicted {
            assert!(now_captured <= captured, "captures grew with only {free} bytes free");
        }
    }

    /// Steps until something is so.
    fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Run) -> bool) {
        for _ in 0..20_000 {
            if is_so(self) {
                return;
            }
            self.step();
        }
        panic!("20,000 failures later still not: {what}");
    }

    fn total(&self, outcome: Outcome) -> u64 {
        self.outcomes.values().filter_map(|counted| counted.get(&outcome)).sum()
    }
}

#[test]
#[ignore = "the process that another test starts on a disk of its own"]
fn writes_on_a_small_disk() {
    let disk = writer::dir();
    let dir = disk.join("captures");
    let options = StoreOptions {
        max_bytes: BUDGET_BYTES,
        keep_free: KeepFree::Percent(25.0),
        keep_first: 1,
        keep_last: 1,
        ..StoreOptions::new(&dir)
    };
    let store = Store::open(options, time_of(0)).unwrap();
    let keep = DISK_BYTES / 4;
    let (outcomes, notices) = (BTreeMap::new(), Vec::new());
    let mut run = Run { store, dir: dir.clone(), xid: 0, keep, outcomes, notices };

    run.until("the budget is used up", |run| run.store.accounts().evicted >= 50);
    assert_eq!(run.total(Outcome::Full), run.xid, "nothing stood in the way");
    let mut filler = fill(&disk);
    run.until("the disk is full", |_| filler.try_wait().expect("it is our child").is_some());
    run.until("no room is left for lines either", |run| run.store.accounts().lines_held > 100);
    assert!(run.total(Outcome::Suppressed) > 100, "{:?}", run.outcomes);
    let kept = run.total(Outcome::Full);
    fs::remove_file(disk.join("filler")).unwrap();
    run.until("captures are written again", |run| run.total(Outcome::Full) > kept + 100);
    run.until("lines are written again", |run| run.store.accounts().lines_held == 0);

    let said = |kind: fn(&Notice) -> bool| run.notices.iter().filter(|notice| kind(notice)).count();
    assert_eq!(
        said(|notice| matches!(notice, Notice::BelowKeepFree { .. })),
        1,
        "{:?}",
        run.notices
    );
    assert_eq!(
        said(|notice| matches!(notice, Notice::AboveKeepFree { .. })),
        1,
        "{:?}",
        run.notices
    );
    assert!(said(|notice| matches!(notice, Notice::CannotWrite { .. })) >= 1, "{:?}", run.notices);

    let (accounts, _) = run.store.close(time_of(run.xid + 1000));
    assert_eq!(accounts.lines_lost, 0);
    let mut written: BTreeMap<String, BTreeMap<Outcome, u64>> = BTreeMap::new();
    for item in Reader::open(&dir).unwrap() {
        match item.unwrap() {
            Item::Entry(entry) => {
                *written.entry(entry.class).or_default().entry(entry.outcome).or_default() += 1
            }
            Item::Evicted(_) => {}
            Item::Bad(bad) => panic!("{bad:?}"),
        }
    }
    assert_eq!(written, run.outcomes);
    for (class, account) in &accounts.classes {
        let of = |outcome| run.outcomes[class].get(&outcome).copied().unwrap_or(0);
        let Account { full, index, suppressed, lost, .. } = *account;
        assert!(account.balances(), "{class}: {account:?}");
        assert_eq!([full, index, suppressed, lost], Outcome::ALL.map(of), "{class}");
    }
}
