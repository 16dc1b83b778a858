use std::collections::HashMap;
use std::path::Path;
use std::thread;

use shellac_vsm::{AttachOptions, Attachment, ChildSet, MgtSet, PublishOptions};

use super::*;
use crate::vsc::table::{Kind, Log, Main, Mgt, Vbe};
use crate::vsc::{Counters, SetDoc};

fn names(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("VBE.boot.b{at}")).collect()
}

fn sets(dir: &Path) -> (MgtSet, ChildSet) {
    let options = PublishOptions::own(1);
    let mut mgt = MgtSet::create(dir, &options).unwrap();
    mgt.add_identity("test", "7.3-8.0", "0").unwrap();
    mgt.publish().unwrap();
    (mgt, ChildSet::create(dir, &options).unwrap())
}

/// All counters that a reader sees, by name.
fn read(dir: &Path) -> HashMap<String, u64> {
    let attachment = Attachment::open(dir, AttachOptions::default()).unwrap();
    let mut counters = Counters::new();
    counters.refresh(&attachment);
    assert_eq!(counters.problems(), Vec::<String>::new());
    counters.values().into_iter().map(|counter| (counter.name, counter.value)).collect()
}

#[test]
fn a_document_says_what_the_table_says() {
    let doc = SetDoc::parse(&document::<Main>()).unwrap();
    assert_eq!((doc.name.as_str(), doc.counters.len()), ("MAIN", Main::ROWS.len()));
    for (at, (info, row)) in doc.counters.iter().zip(Main::ROWS).enumerate() {
        assert_eq!(info.name, row.name);
        assert_eq!(info.at, at as u64 * 8);
        assert_eq!(
            (info.semantics, info.format, info.level),
            (row.semantics, row.format, row.level)
        );
        assert_eq!((info.oneliner.as_str(), info.doc.as_str()), (row.oneliner, row.text));
    }
}

#[test]
fn documents_have_numbers_of_their_own() {
    let all = [document::<Main>(), document::<Mgt>(), document::<Log>(), document::<Vbe>()];
    for (at, one) in all.iter().enumerate() {
        assert!(all[..at].iter().all(|other| text::number(other) != text::number(one)));
    }
}

#[test]
fn what_is_published_is_read_and_goes_again() {
    let dir = tempfile::tempdir().unwrap();
    let (mut mgt, mut child) = sets(dir.path());
    let (life, _) = publish::<Mgt>(&mut mgt, &["MGT".to_owned()], true).unwrap();
    let (main, _) = publish::<Main>(&mut child, &["MAIN".to_owned()], true).unwrap();
    let (boot, boot_file) = publish::<Vbe>(&mut child, &names(3), true).unwrap();
    life.set(0, Mgt::Uptime, 7);
    let tally = Tally::new(main);
    tally.first().inc(Main::ClientReq);
    let backends = Tally::new(boot.clone());
    backends.of(2).add(Vbe::BerespBodybytes, 500);
    backends.of(2).now(Vbe::Conn, 1);
    assert_eq!(read(dir.path())["MAIN.client_req"], 0, "counted, and not published yet");
    assert_eq!(read(dir.path())["VBE.boot.b2.conn"], 1, "exact at once");
    assert!(tally.sweep() && backends.sweep());
    assert!(!tally.sweep() && !backends.sweep(), "nothing is added twice");
    let all = read(dir.path());
    let rows = Mgt::ROWS.len() + Main::ROWS.len() + 3 * Vbe::ROWS.len();
    assert_eq!(all.len(), rows);
    assert_eq!((all["MGT.uptime"], all["MAIN.client_req"]), (7, 1));
    assert_eq!(all["VBE.boot.b2.beresp_bodybytes"], 500);
    assert_eq!(all.values().sum::<u64>(), 7 + 1 + 500 + 1, "all else is 0");

    // A second configuration comes, cold, becomes warm, and the first one goes.
    let (other, _) = publish::<Vbe>(&mut child, &["VBE.next.b".to_owned()], false).unwrap();
    other.set(0, Vbe::Happy, 3);
    assert_eq!(read(dir.path()).len(), rows, "cold ones are not shown");
    other.show(true);
    assert_eq!(read(dir.path())["VBE.next.b.happy"], 3);
    boot_file.remove(&mut child, &boot).unwrap();
    let all = read(dir.path());
    assert!(!all.keys().any(|name| name.starts_with("VBE.boot")) && all.len() > Main::ROWS.len());
    let docs = child.entries().iter().filter(|entry| entry.class == "StatDoc").count();
    assert_eq!(docs, 2, "one document for all backends");
    let left = std::fs::read_dir(child.dir()).unwrap().count();
    assert_eq!(left, 5, "the index, two documents, two files of sets");
    // What is still counted goes nowhere, and harms nobody.
    backends.of(0).inc(Vbe::Req);
    drop(backends);
}

#[test]
fn threads_that_count_lose_nothing() {
    const THREADS: u64 = 4;
    const ROUNDS: u64 = 20_000;
    let dir = tempfile::tempdir().unwrap();
    let (_mgt, mut child) = sets(dir.path());
    let (backends, _) = publish::<Vbe>(&mut child, &names(5), true).unwrap();
    let workers: Vec<_> = (0..THREADS)
        .map(|thread| {
            let tally = Tally::new(backends.clone());
            thread::spawn(move || {
                for round in 0..ROUNDS {
                    let set = usize::try_from((round + thread) % 5).unwrap();
                    tally.of(set).now(Vbe::Conn, 1);
                    tally.of(set).inc(Vbe::Req);
                    tally.of(set).add(Vbe::BereqHdrbytes, round);
                    if round % 977 == 0 {
                        tally.sweep();
                    }
                    tally.of(set).now(Vbe::Conn, u64::MAX);
                }
                // What is left is published when the tally is dropped.
            })
        })
        .collect();
    // Meanwhile a reader sees numbers that only grow, and gauges within what is possible.
    let mut before = 0;
    while workers.iter().any(|worker| !worker.is_finished()) {
        let now: u64 = (0..5).map(|set| backends.get(set, Vbe::Req)).sum();
        assert!(now >= before && now <= THREADS * ROUNDS);
        let open: u64 = (0..5).map(|set| backends.get(set, Vbe::Conn)).max().unwrap();
        assert!(open <= THREADS, "{open}");
        before = now;
    }
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let all = read(dir.path());
    let sum = |name: &str| (0..5).map(|at| all[&format!("VBE.boot.b{at}.{name}")]).sum::<u64>();
    assert_eq!(sum("req"), THREADS * ROUNDS);
    assert_eq!(sum("bereq_hdrbytes"), THREADS * (ROUNDS * (ROUNDS - 1) / 2));
    assert_eq!(sum("conn"), 0);
}

#[test]
fn what_is_counted_late_is_published_late_and_not_lost() {
    let published = Published::<Vbe>::private(3);
    let tally = Tally::new(published.clone());
    let (first, chosen) = (tally.first(), tally.of(2));
    assert!(!tally.sweep(), "asked for, and nothing counted");
    first.inc(Vbe::Req);
    chosen.inc(Vbe::Req);
    assert!(tally.sweep());
    let shown = || (0..3).map(|set| published.get(set, Vbe::Req)).collect::<Vec<_>>();
    assert_eq!(shown(), [1, 0, 0], "the first one is always looked at");
    tally.of(2).inc(Vbe::Beresp);
    assert!(tally.sweep() && !tally.sweep());
    assert_eq!(shown(), [1, 0, 1]);
    chosen.inc(Vbe::Req);
    assert!(!tally.sweep());
    drop(tally);
    assert_eq!(shown(), [1, 0, 2], "the end publishes everything");
}

#[test]
fn private_sets_count_as_well() {
    let tally = Tally::new(Published::<Main>::private(1));
    tally.first().add(Main::SessConn, 3);
    tally.sweep();
    assert_eq!(tally.published().get(0, Main::SessConn), 3);
}

#[test]
#[should_panic(expected = "sets are named by whoever published them")]
fn a_set_that_was_not_published_is_a_broken_promise() {
    Published::<Main>::private(1).add(1, Main::SessConn, 1);
}
