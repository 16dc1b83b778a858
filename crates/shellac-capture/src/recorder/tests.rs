use std::fs;
use std::sync::Arc;

use shellac_format::Heads;
use tempfile::TempDir;

use super::*;
use crate::history::{FilePlace, LogFile};
use crate::made_up::{bad, batches, group};
use crate::rules::{Limit, On};
use crate::store::disk::SystemDisk;
use crate::store::manifest::{CaptureLine, captures};
use crate::store::options::{Fsync, KeepFree, StoreOptions};
use crate::trigger::Watch;

const DIALECT: Dialect = Dialect::V7_3;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(1_504_590_000 + seconds)
}

/// A recorder over a file of ten requests, `100 * n` each, one second apart; every third one failed.
struct Rig {
    directory: TempDir,
    recorder: Recorder<SystemDisk>,
    rules: Arc<[Rule]>,
    watch: Watch,
    places: Vec<Place>,
}

fn rule(query: &str) -> Rule {
    Rule::on_query(query).unwrap()
}

impl Rig {
    fn new(rules: Vec<Rule>) -> Rig {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.vsl");
        let mut bytes = DIALECT.layout().file_magic().to_vec();
        let file = Arc::new(LogFile { path: path.clone(), dialect: DIALECT });
        let mut places = Vec::new();
        for number in 1..=10 {
            let offset = bytes.len() as u64;
            places.push(Place::File(FilePlace { file: Arc::clone(&file), offset }));
            let failed = number % 3 == 0;
            let status = if failed { 503 } else { 200 };
            bytes.extend(batches(DIALECT, 100 * number, "/a", status, failed).concat());
        }
        let offset = bytes.len() as u64;
        places.push(Place::File(FilePlace { file, offset }));
        fs::write(path, bytes).unwrap();
        let mut options = StoreOptions::new(directory.path().join("captures"));
        options.keep_free = KeepFree::Bytes(0);
        options.fsync = Fsync::None;
        let store = Store::open(options, Stamp::from_unix(at(0))).unwrap();
        let rules: Arc<[Rule]> = rules.into();
        let watch = Watch::new(&rules, DIALECT).unwrap();
        let recorder = Recorder::new(store, Arc::clone(&rules), DIALECT);
        Rig { directory, recorder, rules, watch, places }
    }

    /// The `number`th request was read, at its second.
    fn read(&mut self, number: u64) {
        let group = if number.is_multiple_of(3) {
            bad(DIALECT, 100 * number, "/a")
        } else {
            group(DIALECT, 100 * number, "/a", 200)
        };
        let time = at(number);
        let index = usize::try_from(number).unwrap();
        if let Some(seen) = self.watch.look(&group) {
            let start = |rule: &usize| {
                let before = usize::try_from(self.rules[*rule].before.as_secs()).unwrap();
                let first = index.saturating_sub(before).saturating_sub(1);
                let place = self.places[first].clone();
                Some(Moment { time: at(first as u64 + 1), place, walked_bytes: 0 })
            };
            let starts = seen.fired.iter().map(start).collect();
            self.recorder.group(Hit { group, seen, starts, time });
        }
        self.recorder.reached(time, Some(self.places[index].clone()));
        while self.recorder.work() {}
    }

    fn read_all(&mut self) {
        (1..=10).for_each(|number| self.read(number));
    }

    /// The captures in the manifest with the numbers of the transactions in each.
    fn finish(mut self) -> Vec<(CaptureLine, Vec<u64>)> {
        self.recorder.end();
        let (accounts, _) = self.recorder.into_store().close(Stamp::from_unix(at(20)));
        assert!(accounts.total().balances() && accounts.total().handed_in == 3, "{accounts:?}");
        let dir = self.directory.path().join("captures");
        let manifest = fs::File::open(dir.join("manifest.jsonl")).unwrap();
        captures(manifest)
            .map(|line| {
                let line = line.unwrap();
                let bytes = fs::read(dir.join(&line.file)).unwrap();
                let mut found: Vec<u64> =
                    Heads::new(DIALECT.layout(), &bytes[4..]).map(|it| it.vxid.0).collect();
                found.dedup();
                (line, found)
            })
            .collect()
    }
}

#[test]
fn a_window_holds_what_came_before_and_after_and_the_failure_first() {
    let before = Duration::from_secs(1);
    let mut rig = Rig::new(vec![Rule {
        keep: Keep::All,
        before,
        after: before,
        ..rule("FetchError and vxid == 600")
    }]);
    rig.read_all();
    let found = rig.finish();
    let [(line, numbers)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(numbers, &[600, 601, 501, 500, 701, 700]);
    assert_eq!((line.facts.asked.before, line.facts.asked.after), (Some(1.0), Some(1.0)));
    assert_eq!((line.facts.had.before, line.facts.had.after), (Some(1.0), Some(1.0)));
}

#[test]
fn windows_that_overlap_are_one_and_others_are_not() {
    let window = |before| Rule {
        keep: Keep::All,
        before: Duration::from_secs(before),
        ..rule("FetchError")
    };
    let mut rig = Rig::new(vec![window(3)]);
    rig.read_all();
    let found = rig.finish();
    let [(line, numbers)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(line.facts.triggers_total, 3);
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), numbers.len(), "no transaction is there twice: {numbers:?}");
    assert_eq!(sorted.iter().filter(|it| *it % 300 == 0).count(), 3);

    let mut rig = Rig::new(vec![window(1)]);
    rig.read_all();
    assert_eq!(rig.finish().len(), 3);
}

#[test]
fn without_a_window_each_group_has_its_own_file_and_no_rule_means_an_index() {
    let mut rig = Rig::new(vec![rule("FetchError")]);
    rig.read_all();
    let found = rig.finish();
    let numbers: Vec<&[u64]> = found.iter().map(|(_, numbers)| &numbers[..]).collect();
    assert_eq!(numbers, [[300, 301], [600, 601], [900, 901]]);
    let mut rig = Rig::new(Vec::new());
    rig.read_all();
    assert!(rig.finish().is_empty());
}

#[test]
fn a_limit_suppresses_and_that_is_written_down() {
    let limit = Some(Limit { count: 1, per: Duration::from_secs(3600) });
    let mut rig = Rig::new(vec![Rule { limit, ..rule("FetchError") }]);
    rig.read_all();
    assert_eq!(rig.recorder.counts()[0], Counts { fired: 3, captured: 1, suppressed: 2 });
    let index = fs::read_to_string(rig.directory.path().join("captures/index.jsonl")).unwrap();
    assert_eq!(index.matches("\"outcome\":\"suppressed\"").count(), 2, "{index}");
    assert_eq!(index.matches("\"reason\":\"limit\"").count(), 2, "{index}");
    assert_eq!(rig.finish().len(), 1);
}

#[test]
fn a_rule_fires_once_and_is_over_once() {
    let resolve = Duration::from_secs(4);
    let mut rig = Rig::new(vec![Rule { resolve, ..rule("FetchError") }]);
    rig.read_all();
    rig.recorder.reached(at(13), None);
    let events: Vec<bool> = rig
        .recorder
        .take_said()
        .into_iter()
        .filter_map(|said| match said {
            Said::Event { is_fire, .. } => Some(is_fire),
            _ => None,
        })
        .collect();
    assert_eq!(events, [true, false]);
}

#[test]
fn rules_of_the_same_name_go_on_and_those_that_are_gone_are_over() {
    let limit = Some(Limit { count: 1, per: Duration::from_secs(3600) });
    let named = |name: &str| Rule { name: name.to_owned(), limit, ..rule("FetchError") };
    let mut rig = Rig::new(vec![named("gone"), named("kept")]);
    rig.read_all();
    let before = rig.recorder.counts()[1];
    assert_eq!(before, Counts { fired: 3, captured: 1, suppressed: 2 });
    rig.recorder.take_said();
    let rules: Arc<[Rule]> = vec![named("new"), named("other"), named("kept")].into();
    let said = rig.recorder.set_rules(Arc::clone(&rules));
    let over: Vec<_> = said
        .iter()
        .filter_map(|said| match said {
            Said::Event { rule, is_fire, .. } => Some((*rule, *is_fire)),
            _ => None,
        })
        .collect();
    assert_eq!(over, [(0, false)], "by its place among the rules before");
    assert_eq!(rig.recorder.counts(), [Counts::default(), Counts::default(), before]);
    (rig.watch, rig.rules) = (Watch::new(&rules, DIALECT).unwrap(), rules);
    rig.read(9);
    let expected = [(1, 0), (1, 0), (before.fired + 1, before.suppressed + 1)];
    let counts = rig.recorder.counts().iter().map(|it| (it.fired, it.suppressed));
    assert_eq!(
        counts.collect::<Vec<_>>(),
        expected,
        "its limit is used up, those of others are not"
    );
}

#[test]
fn from_outside_a_transaction_can_be_asked_for() {
    let outside = Rule { keep: Keep::All, limit: None, ..Rule::new("line", On::Outside) };
    let mut rig = Rig::new(vec![outside]);
    rig.read_all();
    for (xid, is_there) in [(401, true), (4711, false)] {
        let start = Moment { time: at(1), place: rig.places[0].clone(), walked_bytes: 0 };
        rig.recorder.outside(Outside {
            rule: 0,
            time: at(10),
            text: Some(format!("error in {xid}")),
            class: "line".to_owned(),
            scope: Scope::Xid(xid),
            start: Some(start),
            patience: Duration::ZERO,
            is_urgent: true,
        });
        rig.recorder.reached(at(11), Some(rig.places[10].clone()));
        while rig.recorder.work() {}
        let finished = rig.recorder.take_said().into_iter().find_map(|said| match said {
            Said::Finished { finished, .. } => Some(finished.file.is_some()),
            _ => None,
        });
        rig.recorder.reached(at(12), Some(rig.places[10].clone()));
        let later = rig.recorder.work();
        let finished = finished.or_else(|| {
            rig.recorder.take_said().into_iter().find_map(|said| match said {
                Said::Finished { finished, .. } => Some(finished.file.is_some()),
                _ => None,
            })
        });
        assert_eq!((finished, later), (Some(is_there), false), "{xid}");
    }
    let found = rig.finish();
    let [(line, numbers)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((numbers, line.facts.triggers[0].xid), (&vec![400, 401], Some(401)));
}

#[test]
fn more_windows_than_there_may_be_are_kept_without_their_surroundings() {
    let window = Rule { keep: Keep::All, limit: None, ..Rule::new("line", On::Outside) };
    let before = Duration::from_secs(1);
    let mut rig =
        Rig::new(vec![window, Rule { keep: Keep::Session, before, ..rule("FetchError") }]);
    for xid in 0..MAX_JOBS as u64 {
        rig.recorder.outside(Outside {
            rule: 0,
            time: at(1),
            text: None,
            class: "line".to_owned(),
            scope: Scope::Xid(xid),
            start: None,
            patience: Duration::from_secs(100),
            is_urgent: false,
        });
    }
    (1..=9).for_each(|number| rig.read(number));
    let found = rig.finish();
    assert_eq!(found.len(), 3);
    for (line, numbers) in found {
        assert_eq!(line.facts.more["window"], "too_many_open");
        assert_eq!(numbers.len(), 2);
    }
}

#[test]
fn a_snapshot_ends_while_failures_keep_another_window_open() {
    let before = Duration::from_secs(5);
    let snapshot = Rule { keep: Keep::All, limit: None, ..Rule::new("snapshot", On::Outside) };
    let mut rig = Rig::new(vec![Rule { keep: Keep::All, before, ..rule("FetchError") }, snapshot]);
    (1..=4).for_each(|number| rig.read(number));
    let start = Moment { time: at(1), place: rig.places[0].clone(), walked_bytes: 0 };
    rig.recorder.outside(Outside {
        rule: 1,
        time: at(4),
        text: None,
        class: "snapshot".to_owned(),
        scope: Scope::All,
        start: Some(start),
        patience: Duration::ZERO,
        is_urgent: true,
    });
    rig.recorder.take_said();
    rig.read(5);
    let finished = |said| matches!(said, Said::Finished { triggers: 1, .. });
    assert_eq!(rig.recorder.take_said().into_iter().map(finished).filter(|it| *it).count(), 1);
    (6..=10).for_each(|number| rig.read(number));
    let found = rig.finish();
    let [(snapshot, numbers), (failures, _)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&snapshot.facts.rules[..], numbers.len()), (&["snapshot".to_owned()][..], 10));
    assert_eq!(
        (&failures.facts.rules[..], failures.facts.triggers_total),
        (&["FetchError".to_owned()][..], 3)
    );
}

#[test]
fn seconds_are_written_in_whole_microseconds() {
    let mut rig = Rig::new(vec![Rule {
        keep: Keep::All,
        before: Duration::from_nanos(1_990_804_181),
        ..rule("FetchError and vxid == 600")
    }]);
    rig.read_all();
    let found = rig.finish();
    let asked = found[0].0.facts.asked.before;
    assert_eq!(serde_json::to_string(&asked).unwrap(), "1.990804");
}
