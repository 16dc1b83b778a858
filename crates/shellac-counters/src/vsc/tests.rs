use std::path::Path;

use proptest::prelude::*;
use shellac_sys::MappedFileMut;
use shellac_vsm::{AttachOptions, Attachment, ChildSet, MgtSet, PublishOptions, SetWriter};

use super::*;

/// Puts a segment with a head there.
fn segment(set: &mut SetWriter, class: &str, ident: &str, id: u64, body: &[u8]) -> MappedFileMut {
    let file = set.allocate(class, ident, 24 + body.len() as u64 + 8).unwrap();
    file.write_bytes(8, &24u64.to_ne_bytes()).unwrap();
    file.write_bytes(16, &id.to_ne_bytes()).unwrap();
    file.write_bytes(24, body).unwrap();
    ready(&file, 1);
    file
}

fn ready(file: &MappedFileMut, state: u32) {
    file.write_bytes(0, &state.to_ne_bytes()).unwrap();
}

fn values(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

fn sets(dir: &Path) -> (MgtSet, ChildSet) {
    let options = PublishOptions::own(1);
    let mut mgt = MgtSet::create(dir, &options).unwrap();
    mgt.add_identity("test", "7.3-8.0", "0").unwrap();
    (mgt, ChildSet::create(dir, &options).unwrap())
}

fn open(dir: &Path) -> Attachment {
    Attachment::open(dir, AttachOptions::default()).unwrap()
}

const DOC: &str = r#"{"version": "1", "name": "kind", "oneliner": "A kind", "order": 7, "docs": "",
  "elements": 3, "unheard": [1, {"of": null}], "elem": {
  "zeta": {"type": "counter", "ctype": "uint64_t", "level": "info", "oneliner": "Zeta \"quoted\"",
           "format": "integer", "index": "0", "name": "zeta", "docs": "At length"},
  "alpha": {"type": "gauge", "level": "diag", "oneliner": "Alpha", "format": "bytes", "index": 16},
  "beta": {"type": "bitmap", "level": "debug", "oneliner": "Beta", "format": "bitmap", "index": 8},
  "gamma": {"type": "what", "level": "ever", "oneliner": "G", "format": "x", "group": "g", "index": 24}
  }}"#;

fn names(counters: &[Counter]) -> Vec<(&str, u64)> {
    counters.iter().map(|counter| (counter.name.as_str(), counter.value)).collect()
}

#[test]
fn a_description_is_read_in_its_order_and_with_its_words() {
    let doc = SetDoc::parse(DOC).unwrap();
    assert_eq!((doc.name.as_str(), doc.oneliner.as_str()), ("kind", "A kind"));
    let order: Vec<&str> = doc.counters.iter().map(|info| info.name.as_str()).collect();
    assert_eq!(order, ["zeta", "alpha", "beta", "gamma"]);
    let zeta = &doc.counters[0];
    assert_eq!((zeta.oneliner.as_str(), zeta.doc.as_str()), ("Zeta \"quoted\"", "At length"));
    let kinds: Vec<_> = doc
        .counters
        .iter()
        .map(|info| (info.semantics.letter(), info.format.letter(), info.level, info.at))
        .collect();
    assert_eq!(
        kinds,
        [
            ('c', 'i', Level::Info, 0),
            ('g', 'B', Level::Diag, 16),
            ('b', 'b', Level::Debug, 8),
            ('?', '?', Level::Info, 24)
        ]
    );
}

#[test]
fn descriptions_that_are_none_are_errors_with_their_place() {
    for (text, part) in [
        ("", "EOF"),
        ("[]", "invalid"),
        ("{}", "missing field `elem`"),
        (r#"{"elem": {"a": {"index": -8}}}"#, "not negative"),
        (r#"{"elem": {"a": {"index": "eight"}}}"#, "invalid digit"),
        (r#"{"elem": {"a": {}}}"#, "missing field `index`"),
    ] {
        let error = SetDoc::parse(text).unwrap_err();
        let reason = std::error::Error::source(&error).unwrap().to_string();
        assert!(reason.contains(part) && reason.contains("line"), "{text}: {reason}");
    }
}

#[test]
fn sets_come_in_the_order_of_the_directory_and_go_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let (mut mgt, mut child) = sets(dir.path());
    segment(&mut mgt, "StatDoc", "d", 5, DOC.as_bytes());
    segment(&mut mgt, "Stat", "MGT", 5, &values(&[1, 2, 3, 4]));
    mgt.publish().unwrap();
    // The description of these comes behind them.
    let first = segment(&mut child, "Stat", "SET.b", 9, &values(&[10, 20, 30, 40]));
    segment(&mut child, "Stat", "SET.a", 9, &values(&[11, 21, 31, u64::MAX]));
    let described = segment(&mut child, "StatDoc", "e", 9, DOC.as_bytes());
    ready(&described, 0);
    child.publish().unwrap();

    let mut attachment = open(dir.path());
    let mut counters = Counters::new();
    counters.refresh(&attachment);
    assert_eq!(names(&counters.values()).len(), 4, "only the manager's are described yet");
    ready(&described, 1);
    counters.refresh(&attachment);
    let all = counters.values();
    assert_eq!(
        names(&all),
        [
            ("MGT.zeta", 1),
            ("MGT.alpha", 3),
            ("MGT.beta", 2),
            ("MGT.gamma", 4),
            ("SET.b.zeta", 10),
            ("SET.b.alpha", 30),
            ("SET.b.beta", 20),
            ("SET.b.gamma", 40),
            ("SET.a.zeta", 11),
            ("SET.a.alpha", 31),
            ("SET.a.beta", 21),
            ("SET.a.gamma", u64::MAX),
        ]
    );
    assert_eq!(Counters::read(&attachment), all);

    // Hidden, and shown again with another value.
    ready(&first, 2);
    counters.refresh(&attachment);
    assert_eq!(counters.values().len(), 8);
    first.write_bytes(24, &values(&[99])).unwrap();
    ready(&first, 1);
    counters.refresh(&attachment);
    assert_eq!(names(&counters.values())[4], ("SET.b.zeta", 99));

    child.remove_segment("Stat", "SET.b").unwrap();
    attachment.refresh();
    counters.refresh(&attachment);
    assert_eq!(names(&counters.values())[4], ("SET.a.zeta", 11));
    assert_eq!(counters.problems(), Vec::<String>::new());
}

#[test]
fn counters_outside_of_their_segment_are_told_of_and_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let (mut mgt, _child) = sets(dir.path());
    let doc = DOC
        .replace("\"index\": 16", "\"index\": 4096")
        .replace("\"index\": 8", "\"index\": 12")
        .replace("\"index\": 24", "\"index\": 18446744073709551615");
    segment(&mut mgt, "StatDoc", "d", 5, doc.as_bytes());
    segment(&mut mgt, "Stat", "MGT", 5, &values(&[1, 2, 3, 4]));
    segment(&mut mgt, "Stat", "ORPHAN", 6, &values(&[1]));
    segment(&mut mgt, "StatDoc", "bad", 7, b"{\"elem\": 3}");
    mgt.publish().unwrap();
    let mut counters = Counters::new();
    let attachment = open(dir.path());
    counters.refresh(&attachment);
    assert_eq!(names(&counters.values()), [("MGT.zeta", 1)]);
    let problems = counters.problems();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems.iter().any(|it| it.contains("set MGT") && it.contains('3')), "{problems:?}");
    assert!(problems.iter().any(|it| it.contains("StatDoc") && it.contains("line 1")));
    // Told of once.
    counters.refresh(&attachment);
    assert_eq!(counters.problems(), Vec::<String>::new());
}

#[test]
fn thousands_of_slices_of_a_cluster_are_sets_like_others() {
    let dir = tempfile::tempdir().unwrap();
    let (mut mgt, mut child) = sets(dir.path());
    segment(&mut mgt, "StatDoc", "d", 5, DOC.as_bytes());
    mgt.publish().unwrap();
    child.publish().unwrap();
    let name = "_.VSC_cluster.00000000000000aa";
    let (count, len) = (5000, 16 + 5000 * 56);
    let mut bytes = vec![0; len];
    let mut index = String::new();
    for number in 0..count {
        let at = 16 + usize::try_from(number).unwrap() * 56;
        bytes[at..at + 4].copy_from_slice(&1u32.to_ne_bytes());
        bytes[at + 8..at + 16].copy_from_slice(&24u64.to_ne_bytes());
        bytes[at + 16..at + 24].copy_from_slice(&5u64.to_ne_bytes());
        bytes[at + 24..at + 56].copy_from_slice(&values(&[number, 0, 0, number + 1]));
        index.push_str(&format!("+ {name} {at} 56 Stat VBE.v.b{number}\n"));
    }
    let place = dir.path().join("_.vsm_child");
    std::fs::write(place.join(name), bytes).unwrap();
    let mut text = std::fs::read_to_string(place.join("_.index")).unwrap();
    text.push_str(&format!("+ {name} 0 {len}  \n{index}"));
    std::fs::write(place.join("_.index"), text).unwrap();
    let all = Counters::read(&open(dir.path()));
    assert_eq!(all.len(), 20_000);
    assert_eq!(names(&all)[156], ("VBE.v.b39.zeta", 39));
    assert_eq!(names(&all)[19_999], ("VBE.v.b4999.gamma", 5000));
    // One mapping for all of them.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut counters = Counters::new();
    counters.refresh(&open(dir.path()));
    let more = std::fs::read_to_string("/proc/self/maps").unwrap();
    let count = |maps: &str| maps.lines().filter(|line| line.ends_with(name)).count();
    assert_eq!((count(&maps), count(&more)), (0, 1));
    assert_eq!(counters.values(), all);
}

#[test]
fn a_layout_says_when_counters_are_others() {
    let dir = tempfile::tempdir().unwrap();
    let (mut mgt, mut child) = sets(dir.path());
    segment(&mut mgt, "StatDoc", "d", 5, DOC.as_bytes());
    segment(&mut mgt, "Stat", "MGT", 5, &values(&[1, 2, 3, 4]));
    mgt.publish().unwrap();
    let late = segment(&mut child, "Stat", "SET.a", 9, &values(&[10, 20, 30, 40]));
    ready(&late, 0);
    let doc = segment(&mut child, "StatDoc", "e", 9, DOC.as_bytes());
    ready(&doc, 0);
    child.publish().unwrap();
    let mut attachment = open(dir.path());
    let mut counters = Counters::new();
    let mut look = |attachment: &mut Attachment| {
        attachment.refresh();
        counters.refresh(attachment);
        let ids: Vec<CounterId> = counters.readings().map(|reading| reading.id).collect();
        let mut sample = vec![7];
        counters.sample(&mut sample);
        assert_eq!((sample.len(), ids.len()), (counters.len(), counters.len()));
        assert_eq!(counters.is_empty(), ids.is_empty());
        (counters.layout(), ids, sample)
    };
    let first = look(&mut attachment);
    assert_eq!((first.1.len(), look(&mut attachment)), (4, first.clone()));
    // Its description is ready before the set is, and the other way round nothing would be different.
    ready(&doc, 1);
    assert_eq!(look(&mut attachment), first);
    ready(&late, 1);
    let second = look(&mut attachment);
    assert!(second.0 != first.0 && second.1.len() == 8 && second.1.starts_with(&first.1));
    late.write_bytes(24, &values(&[11])).unwrap();
    let third = look(&mut attachment);
    assert_eq!((third.0, &third.1, third.2[4]), (second.0, &second.1, 11), "values alone");
    ready(&late, 2);
    let hidden = look(&mut attachment);
    assert!(hidden.0 != third.0 && hidden.1 == first.1);
    ready(&late, 1);
    assert_eq!(look(&mut attachment).1, second.1, "the same counters have the same identity");

    // Another worker: what it publishes are others, whatever they are called.
    drop(child);
    let gone = look(&mut attachment);
    assert_eq!(gone.1, first.1);
    let mut child = ChildSet::create(dir.path(), &PublishOptions::own(2)).unwrap();
    segment(&mut child, "StatDoc", "e", 9, DOC.as_bytes());
    segment(&mut child, "Stat", "SET.a", 9, &values(&[1, 1, 1, 1]));
    child.publish().unwrap();
    let again = look(&mut attachment);
    assert_eq!((again.1.len(), again.2[4]), (8, 1));
    assert!(again.0 != second.0 && !again.1[4..].iter().any(|id| second.1.contains(id)));
}

#[test]
fn manager_and_worker_number_their_descriptions_independently() {
    let dir = tempfile::tempdir().unwrap();
    let (mut mgt, mut child) = sets(dir.path());
    let other = DOC.replace("zeta", "eta");
    segment(&mut mgt, "StatDoc", "d", 5, DOC.as_bytes());
    segment(&mut mgt, "Stat", "MGT", 5, &values(&[1, 2, 3, 4]));
    mgt.publish().unwrap();
    segment(&mut child, "Stat", "SET", 5, &values(&[5, 6, 7, 8]));
    segment(&mut child, "StatDoc", "d", 5, other.as_bytes());
    segment(&mut child, "StatDoc", "e", 5, b"{\"elem\": {}}");
    child.publish().unwrap();
    let all = Counters::read(&open(dir.path()));
    assert_eq!((all[0].name.as_str(), all[4].name.as_str()), ("MGT.zeta", "SET.eta"));
}

#[test]
fn over_a_thousand_segments_of_their_own_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let (mut mgt, mut child) = sets(dir.path());
    mgt.publish().unwrap();
    segment(&mut child, "StatDoc", "d", 5, DOC.as_bytes());
    let files: Vec<MappedFileMut> = (0..1100)
        .map(|at| segment(&mut child, "Stat", &format!("SET.{at}"), 5, &values(&[at, 0, 0, 0])))
        .collect();
    child.publish().unwrap();
    let mut attachment = open(dir.path());
    let mut counters = Counters::new();
    counters.refresh(&attachment);
    assert_eq!(counters.len(), 4400);
    let last = counters.readings().nth(4396).unwrap();
    assert_eq!((last.set, last.info.name.as_str(), last.value), ("SET.1099", "zeta", 1099));
    child.remove_segment("Stat", "SET.550").unwrap();
    attachment.refresh();
    counters.refresh(&attachment);
    assert_eq!(counters.len(), 4396);
    drop(files);
}

#[test]
fn a_directory_cannot_promise_any_number_of_counters() {
    let dir = tempfile::tempdir().unwrap();
    let (mut mgt, mut child) = sets(dir.path());
    mgt.publish().unwrap();
    let members: Vec<String> =
        (0..5000).map(|at| format!("\"c{at}\": {{\"index\": {}}}", at % 4 * 8)).collect();
    let doc = format!("{{\"elem\": {{{}}}}}", members.join(","));
    segment(&mut child, "StatDoc", "d", 5, doc.as_bytes());
    let (name, file) = child.allocate_cluster(4096).unwrap();
    let head = [values(&[24, 5]), values(&[1, 2, 3, 4])].concat();
    file.write_bytes(72, &head).unwrap();
    file.write_bytes(64, &1u32.to_ne_bytes()).unwrap();
    // Three hundred sets that are one.
    (0..300).for_each(|at| child.add_slice(&name, 64, 56, "Stat", &format!("SET.{at}")));
    child.publish().unwrap();
    let mut counters = Counters::new();
    let attachment = open(dir.path());
    counters.refresh(&attachment);
    assert_eq!(counters.len(), (1 << 20) / 5000 * 5000);
    let problems = counters.problems();
    assert!(matches!(&problems[..], [one] if one.contains("more than 1048576")), "{problems:?}");
    counters.refresh(&attachment);
    assert_eq!(counters.problems(), Vec::<String>::new(), "told of once");
}

#[test]
fn what_hides_behind_names_is_looked_at_first() {
    let dir = tempfile::tempdir().unwrap();
    let (mut mgt, mut child) = sets(dir.path());
    mgt.publish().unwrap();
    segment(&mut child, "StatDoc", "d", 5, DOC.as_bytes());
    segment(&mut child, "Stat", "GOOD", 5, &values(&[1, 2, 3, 4]));
    child.publish().unwrap();
    let place = dir.path().join("_.vsm_child");
    std::fs::create_dir(place.join("folder")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", place.join("link")).unwrap();
    std::fs::write(place.join("short"), [0; 40]).unwrap();
    let mut text = std::fs::read_to_string(place.join("_.index")).unwrap();
    for line in [
        "folder 0 64 Stat A",
        "link 0 64 Stat B",
        "short 0 4096 Stat C",
        "short 0 9223372036854775000 Stat D",
        "short 0 0 Stat E",
        "short 4 36 Stat F",
        "gone 0 64 Stat G",
        "short 0 3 StatDoc H",
    ] {
        text.push_str(&format!("+ {line}\n"));
    }
    std::fs::write(place.join("_.index"), text).unwrap();
    let mut attachment = open(dir.path());
    let mut counters = Counters::new();
    counters.refresh(&attachment);
    assert_eq!(names(&counters.values()).len(), 4);
    let problems = counters.problems();
    assert!(problems.iter().all(|problem| problem.contains("_.vsm_child")), "{problems:?}");
    for name in ["folder", "link", "short"] {
        assert!(problems.iter().any(|problem| problem.contains(name)), "{name}: {problems:?}");
    }
    assert!(!attachment.problems().is_empty(), "a slice of no cluster");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Slices of a cluster anywhere in it, of any bytes, give counters or problems.
    #[test]
    fn hostile_clusters_are_left_out(
        bytes in prop::collection::vec(prop_oneof![3 => Just(0u8), 1 => Just(1), 1 => Just(5), 1 => Just(24), 1 => any::<u8>()], 400),
        slices in prop::collection::vec((1u64..500, 0u64..500, any::<bool>()), 1..30),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (mut mgt, mut child) = sets(dir.path());
        segment(&mut mgt, "StatDoc", "d", 5, DOC.as_bytes());
        mgt.publish().unwrap();
        let (name, file) = child.allocate_cluster(4096).unwrap();
        file.write_bytes(0, &bytes).unwrap();
        for (at, (offset, len, is_doc)) in slices.iter().enumerate() {
            let class = if *is_doc { "StatDoc" } else { "Stat" };
            child.add_slice(&name, *offset, *len, class, &format!("S{at}"));
        }
        child.publish().unwrap();
        let mut counters = Counters::new();
        counters.refresh(&open(dir.path()));
        prop_assert!(counters.values().len() <= 4 * slices.len());
    }
}

proptest! {
    /// Any bytes in a set and in its description give counters or problems.
    #[test]
    fn hostile_segments_are_left_out(
        stat in prop::collection::vec(any::<u8>(), 1..100),
        text in ".{0,60}|\\{\"elem\":\\{\"a\":\\{\"index\":[0-9]{1,20}\\}\\}\\}",
        body in prop_oneof![Just(24u64), any::<u64>(), 0..4200u64],
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (mut mgt, _child) = sets(dir.path());
        let doc = segment(&mut mgt, "StatDoc", "d", 5, text.as_bytes());
        doc.write_bytes(8, &body.to_ne_bytes()).unwrap();
        let file = segment(&mut mgt, "Stat", "S", 5, &stat);
        file.write_bytes(8, &body.to_ne_bytes()).unwrap();
        mgt.publish().unwrap();
        let mut counters = Counters::new();
        counters.refresh(&open(dir.path()));
        prop_assert!(counters.values().len() <= 1);
    }
}
