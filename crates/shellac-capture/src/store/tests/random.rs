//! Whatever is asked in whatever order, on whatever disk: budgets hold, ends of classes stay, the sums are right.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use shellac_format::Dialect;

use super::fake::FakeDisk;
use super::trouble::entries;
use super::{START, head, records};
use crate::index::{Entry, MAX_INDEX_FILES, Outcome, index_name};
use crate::stamp::Stamp;
use crate::store::manifest::{self, Facts};
use crate::store::options::{BLOCK_BYTES, KeepFree, Roll, StoreOptions};
use crate::store::{Begun, CaptureId, Store, name};

const CAPACITY: u64 = 12 << 20;
const KEEP: u64 = 1 << 20;

#[derive(Clone, Debug)]
enum Step {
    Begin { class: u8, expect: u64 },
    Append { which: u8, bytes: usize },
    Keep { which: u8, class: u8, bytes: usize },
    Finish { which: u8 },
    Note { class: u8, outcome: usize },
    Tick,
    Rotate,
    Foreign(u64),
    ReadOnly(bool),
    FailsAfter(Option<u64>),
    Die,
    Close,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..5_u8, 0..20_000_u64).prop_map(|(class, expect)| Step::Begin { class, expect }),
        6 => (any::<u8>(), 0..30_000_usize).prop_map(|(which, bytes)| Step::Append { which, bytes }),
        12 => (any::<u8>(), 0..5_u8, 0..9000_usize)
            .prop_map(|(which, class, bytes)| Step::Keep { which, class, bytes }),
        8 => any::<u8>().prop_map(|which| Step::Finish { which }),
        4 => (0..5_u8, 0..4_usize).prop_map(|(class, outcome)| Step::Note { class, outcome }),
        4 => Just(Step::Tick),
        1 => Just(Step::Rotate),
        2 => prop_oneof![Just(0), Just(CAPACITY), CAPACITY - 2 * KEEP..CAPACITY].prop_map(Step::Foreign),
        2 => any::<bool>().prop_map(Step::ReadOnly),
        2 => prop::option::of(0..20_000_u64).prop_map(Step::FailsAfter),
        1 => Just(Step::Die),
        1 => Just(Step::Close),
        4 => (0..5000_u64).prop_map(Step::Wait),
    ]
}

fn options() -> impl Strategy<Value = StoreOptions> {
    let roll = prop::option::of(1000..50_000_u64);
    let compress = prop::option::of(Just(Duration::from_secs(2)));
    (1..12_usize, 1..60_u64, 0..3_usize, 0..3_usize, 1..4_usize, roll, compress).prop_map(
        |(max_files, blocks, keep_first, keep_last, max_open, roll, compress_after)| StoreOptions {
            max_files,
            max_bytes: blocks * BLOCK_BYTES,
            keep_free: KeepFree::Bytes(KEEP),
            keep_first,
            keep_last,
            max_open,
            max_capture_bytes: 100_000,
            index_bytes: 1 << 20,
            manifest_bytes: 1 << 20,
            roll: roll.map(|bytes| Roll { bytes, age: Duration::from_secs(3) }),
            compress_after,
            ..StoreOptions::new("/captures")
        },
    )
}

/// What we know without asking the store.
struct Model {
    disk: FakeDisk,
    options: StoreOptions,
    now: Stamp,
    open: Vec<CaptureId>,
    next_xid: u64,
    /// Classes of each file.
    classes: BTreeMap<String, BTreeSet<String>>,
    /// Failures that were handed in to the present store.
    handed_in: BTreeMap<String, BTreeMap<Outcome, u64>>,
    /// Failures whose lines should be in the index at the end.
    lines: u64,
    /// Records of each failure that was kept.
    kept: BTreeMap<u64, Vec<u8>>,
}

/// A capture file: its name without ending, its length, and whether it may not go.
type Files = BTreeMap<String, (u64, bool)>;

/// What there was before a step.
struct Earlier {
    files: Files,
    /// Those at the ends of their classes.
    ends: BTreeSet<String>,
    /// Bytes of index and manifest.
    lines: u64,
}

fn class(number: u8) -> String {
    format!("class{number}")
}

impl Model {
    fn store(&self) -> Store<FakeDisk> {
        Store::open_on(self.disk.clone(), self.options.clone(), self.now).unwrap()
    }

    fn files(&self) -> Files {
        let mut files = Files::new();
        for (name, content) in self.disk.contents() {
            let endings = [name::ZST_PARTIAL, name::PARTIAL, name::ZST, name::VSL];
            let Some((stem, ending)) =
                endings.iter().find_map(|ending| Some((name.strip_suffix(ending)?, *ending)))
            else {
                continue;
            };
            let file = files.entry(stem.to_owned()).or_default();
            file.0 += (content.len() as u64).div_ceil(BLOCK_BYTES) * BLOCK_BYTES;
            file.1 |= ending == name::PARTIAL || ending == name::ZST_PARTIAL;
        }
        files
    }

    /// The files that are among the first or last of a class.
    fn at_an_end(&self, files: &Files) -> BTreeSet<String> {
        let mut ends = BTreeSet::new();
        let classes: BTreeSet<&String> = self.classes.values().flatten().collect();
        for class in classes {
            let has =
                |stem: &&String| self.classes.get(*stem).is_some_and(|all| all.contains(class));
            let mut of_class: Vec<&String> = files.keys().filter(has).collect();
            of_class.sort_by_key(|stem| name::parse(stem).map(|parts| (parts.time, parts.xid)));
            ends.extend(of_class.iter().take(self.options.keep_first).map(|stem| (*stem).clone()));
            ends.extend(
                of_class.iter().rev().take(self.options.keep_last).map(|stem| (*stem).clone()),
            );
        }
        ends
    }

    fn count(&mut self, class: &str, outcome: Outcome) {
        *self.handed_in.entry(class.to_owned()).or_default().entry(outcome).or_default() += 1;
        self.lines += 1;
    }

    fn apply(&mut self, store: &mut Store<FakeDisk>, step: &Step) {
        let pick = |open: &[CaptureId], which: u8| {
            open.get(usize::from(which) % open.len().max(1)).copied()
        };
        self.next_xid += 1;
        let xid = self.next_xid;
        match *step {
            Step::Begin { class: number, expect } => {
                let class = class(number);
                let head =
                    super::CaptureHead { expect_bytes: expect, ..head(xid, &class, self.now) };
                if let Begun::Open(id) = store.begin(head, self.now) {
                    self.open.push(id);
                    let stem = store.file_name(id).unwrap().replace(".vsl", "");
                    self.classes.entry(stem).or_default().insert(class);
                }
            }
            Step::Append { which, bytes } => {
                if let Some(id) = pick(&self.open, which) {
                    let _ = store.append(id, &records(Dialect::V7_3, xid, bytes), self.now);
                }
            }
            Step::Keep { which, class: number, bytes } => {
                let Some(id) = pick(&self.open, which) else { return };
                let class = class(number);
                let one = records(Dialect::V7_3, xid, bytes);
                let stem = store.file_name(id).unwrap().replace(".vsl", "");
                let outcome = store.keep(id, &one, Entry::new(self.now, xid, &class), self.now);
                if outcome == Outcome::Full {
                    self.kept.insert(xid, one);
                    self.classes.entry(stem).or_default().insert(class.clone());
                }
                self.count(&class, outcome);
            }
            Step::Finish { which } => {
                if let Some(id) = pick(&self.open, which) {
                    self.open.retain(|other| *other != id);
                    store.finish(id, Facts::default(), self.now);
                }
            }
            Step::Note { class: number, outcome } => {
                let class = class(number);
                let outcome =
                    [Outcome::Index, Outcome::Suppressed, Outcome::Lost, Outcome::Index][outcome];
                store.note(Entry { outcome, ..Entry::new(self.now, xid, &class) }, self.now);
                self.count(&class, outcome);
            }
            Step::Tick => store.tick(self.now),
            Step::Rotate => store.rotate(self.now),
            Step::Foreign(bytes) => self.disk.state().foreign = bytes,
            Step::ReadOnly(is) => self.disk.state().is_read_only = is,
            Step::FailsAfter(bytes) => self.disk.state().fails_after = bytes,
            Step::Wait(millis) => {
                self.now = self.now.after(Duration::from_millis(millis));
                self.disk.state().now = self.now;
            }
            Step::Die | Step::Close => unreachable!("the caller does these"),
        }
    }

    /// A new store in the place of one that is gone.
    fn begin_anew(&mut self) -> Store<FakeDisk> {
        self.open.clear();
        self.handed_in.clear();
        let store = self.store();
        // A rolled file whose only capture of a class kept nothing has that class in its name alone, or not any more.
        let contents = self.disk.contents();
        let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for stem in self.files().keys() {
            known.entry(stem.clone()).or_default().insert(name::parse(stem).unwrap().class);
        }
        if let Some(text) = contents.get(manifest::MANIFEST_NAME) {
            for line in manifest::captures(&text[..]) {
                let line = line.unwrap();
                if let Some(classes) = known.get_mut(line.file.strip_suffix(".vsl").unwrap()) {
                    classes.extend(line.classes.into_keys());
                }
            }
        }
        self.classes = known;
        store
    }

    fn check(&self, store: &Store<FakeDisk>, earlier: &Earlier, step: &Step) {
        let Earlier { files: before, ends, lines: lines_before } = earlier;
        let files = self.files();
        let bytes = |files: &Files| files.values().map(|file| file.0).sum::<u64>();
        assert!(bytes(&files) <= self.options.max_bytes, "{} bytes after {step:?}", bytes(&files));
        assert!(files.len() <= self.options.max_files, "{} files after {step:?}", files.len());
        if !self.disk.state().is_read_only {
            assert_eq!(store.usage().0, files.len(), "after {step:?}");
        }
        let of_index: u64 =
            (0..MAX_INDEX_FILES).map(|age| self.disk.len_of(&index_name(age))).sum();
        assert!(of_index <= self.options.index_bytes);
        if bytes(&files) > bytes(before) {
            // What lines took meanwhile is the index's own.
            let lines = self.line_bytes().saturating_sub(*lines_before);
            let free = self.disk.state().free() + lines;
            assert!(free >= KEEP, "{free} bytes free after {step:?}");
        }
        let gone: BTreeSet<&String> =
            before.keys().filter(|stem| !files.contains_key(*stem)).collect();
        let evicted = |stem: &&&String| !before[**stem].1 && ends.contains(**stem);
        if let Some(stem) = gone.iter().find(evicted) {
            let middle = before.iter().find(|(other, (_, is_open))| {
                !is_open && !ends.contains(*other) && !gone.contains(other)
            });
            assert_eq!(middle, None, "{stem} went before it, with {step:?}");
        }
        let accounts = store.accounts();
        assert_eq!(accounts.lines_lost, 0);
        for (class, counted) in &self.handed_in {
            let account = accounts.classes[class];
            let of = |outcome| counted.get(&outcome).copied().unwrap_or(0);
            assert!(account.balances());
            assert_eq!(
                [account.full, account.index, account.suppressed, account.lost],
                Outcome::ALL.map(of),
                "{class} after {step:?}"
            );
        }
    }

    /// Bytes that index and manifest use.
    fn line_bytes(&self) -> u64 {
        self.disk.used_by(".jsonl") + self.disk.used_by(".new")
    }
}

fn run(options: StoreOptions, steps: Vec<Step>) {
    let disk = FakeDisk::new(CAPACITY);
    let mut model = Model {
        disk,
        options,
        now: START,
        open: Vec::new(),
        next_xid: 0,
        classes: BTreeMap::new(),
        handed_in: BTreeMap::new(),
        lines: 0,
        kept: BTreeMap::new(),
    };
    let mut store = model.store();
    for step in &steps {
        let files = model.files();
        let earlier = Earlier { ends: model.at_an_end(&files), files, lines: model.line_bytes() };
        match step {
            Step::Die => {
                model.lines -= store.accounts().lines_held;
                drop(store);
                store = model.begin_anew();
                continue;
            }
            Step::Close => {
                let (accounts, _) = store.close(model.now);
                assert_eq!(accounts.lines_held, 0);
                model.lines -= accounts.lines_lost;
                assert!(accounts.classes.values().all(super::super::accounts::Account::balances));
                store = model.begin_anew();
                continue;
            }
            step => model.apply(&mut store, step),
        }
        model.check(&store, &earlier, step);
    }
    {
        let mut state = model.disk.state();
        (state.foreign, state.is_read_only, state.fails_after) = (0, false, None);
    }
    model.now = model.now.after(Duration::from_secs(60));
    let (accounts, notices) = store.close(model.now);
    assert_eq!((accounts.lines_held, accounts.lines_lost), (0, 0), "{notices:?}");
    let (entries, bad) = entries(&model.disk);
    assert_eq!((entries.len() as u64, bad), (model.lines, 0));
    let contents = model.disk.contents();
    assert!(contents.keys().all(|name| !name.ends_with(".part")), "{:?}", contents.keys());
    for entry in entries {
        let Some(content) = entry.file.as_ref().and_then(|file| contents.get(file)) else {
            continue;
        };
        let offset = usize::try_from(entry.offset.unwrap()).unwrap();
        assert!(content[offset..].starts_with(&model.kept[&entry.xid]), "{entry:?}");
    }
}

proptest! {
    #[test]
    fn budgets_hold_ends_stay_and_sums_are_right(options in options(), steps in prop::collection::vec(step(), 1..120)) {
        run(options, steps);
    }
}
