use std::time::Duration;

use shellac_upstream::node::Sample;

use super::super::finding::Level;
use super::examine;
use crate::kernel::sample;

/// A machine whose IPv4 neighbour table holds so many and has been full so often.
fn machine(entries: u32, fulls: u32, discards: u32) -> Sample {
    Sample::read(&mut |path| match path {
        "/proc/net/stat/arp_cache" => Some(format!(
            "entries  allocs   destroys hash_grows lookups  hits     res_failed rcv_probes_mcast rcv_probes_ucast periodic_gc_runs forced_gc_runs unresolved_discards table_fulls\n\
             {entries:08x} 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 {fulls:08x}\n"
        )),
        "/proc/sys/net/ipv4/neigh/default/gc_thresh3" => Some("1024\n".to_owned()),
        "/proc/net/snmp" => Some(format!("Ip: OutRequests OutDiscards\nIp: 5 {discards}\n")),
        _ => None,
    })
}

fn level_of(before: &Sample, after: &Sample, about: &str) -> Option<(Level, String)> {
    let section = examine("node".to_owned(), before, after, Duration::from_secs(1));
    let found = section.findings.iter().find(|it| it.about == about)?;
    assert_eq!(found.advice.is_some(), found.level >= Level::Warning, "{found:?}");
    Some((found.level, found.text.clone()))
}

#[test]
fn a_table_is_judged_by_how_full_it_is_and_how_fast_it_fills() {
    let level =
        |before, after| level_of(&machine(before, 0, 0), &machine(after, 0, 0), "arp").unwrap();
    let text = "IPv4 neighbour table: 100 of 1024 (10 %)";
    assert_eq!(level(100, 100), (Level::Good, text.to_owned()));
    assert_eq!(level(900, 900).0, Level::Warning);
    assert_eq!(level(1024, 1024).0, Level::Wrong);
    // Four hundred left and one more each second.
    let (level, text) = level(623, 624);
    assert!(
        level == Level::Warning && text.ends_with("full in 400 s if it goes on like this"),
        "{text}"
    );
}

#[test]
fn losses_are_told_and_so_is_what_cannot_be_seen() {
    let quiet = machine(1, 0, 7);
    assert_eq!(level_of(&quiet, &quiet, "faults").unwrap().0, Level::Good);
    assert_eq!(level_of(&quiet, &quiet, "neighbours"), None);
    let (level, text) = level_of(&quiet, &machine(1, 0, 9), "faults").unwrap();
    assert!(level == Level::Wrong && text.contains("OutDiscards+2"), "{text}");
    let full = machine(1, 3, 7);
    let (level, text) = level_of(&full, &full, "neighbours").unwrap();
    assert!(level == Level::Warning && text.contains("full 3 times"), "{text}");
    let blind = Sample::default();
    let (level, text) = level_of(&blind, &blind, "unseen").unwrap();
    assert!(
        level == Level::Note && text.contains("a node fault cannot be excluded from here"),
        "{text}"
    );
}

#[test]
fn this_machine_can_be_looked_at() {
    let own = sample(None);
    assert_eq!(sample(Some(std::process::id())).unread(), own.unread());
    let section = examine("node".to_owned(), &own, &own, Duration::from_secs(1));
    assert!(section.findings.iter().any(|it| it.about == "machine_files"), "{section:?}");
    assert!(own.known().count() > 10, "{own:?}");
}
