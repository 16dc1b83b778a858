//! What moments mean, without a kernel; and that the tables of numbers agree.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use shellac_counters::vsc::Semantics;
use shellac_counters::vsc::table::{Kind as _, Node as Row};
use shellac_counters::vsc::write::Published;
use shellac_upstream::node::kmsg::Complaint;
use shellac_upstream::node::{Kind, Sample, Signal, Source};

use super::{Connects, Lately, Node, Watcher};

#[test]
fn counters_of_the_node_are_its_numbers() {
    for (row, &signal) in Row::ROWS.iter().zip(Signal::ALL) {
        assert_eq!((row.name, row.oneliner), (signal.name(), signal.text()));
        let is_counter = row.semantics == Semantics::Counter;
        assert_eq!(is_counter, signal.kind() == Kind::Counter, "{}", row.name);
    }
    assert_eq!(Row::ALL[Signal::ALL.len()], Row::KmsgNeighbour);
}

/// A sample in which these are so.
fn sample(fulls: u64, retransmits: u64) -> Sample {
    Sample::read(&mut |path| match path {
        _ if path == Source::ArpStat.path() => {
            Some(format!("entries table_fulls\n00000400 {fulls:08x}\n"))
        }
        _ if path == Source::NdiscStat.path() => {
            Some("entries table_fulls\n00000001 00000000\n".to_owned())
        }
        _ if path == Source::Netstat.path() => {
            Some(format!("TcpExt: TCPSynRetrans\nTcpExt: {retransmits}\n"))
        }
        _ => None,
    })
}

fn connects(counts: &[(u64, u64)]) -> Connects {
    counts.iter().enumerate().map(|(at, &counts)| (format!("b{at}"), counts)).collect()
}

fn quiet() -> Connects {
    BTreeMap::new()
}

fn moved(lately: &Lately) -> &str {
    lately.moved.as_deref().unwrap_or_default()
}

#[test]
fn a_full_table_is_a_fault_for_five_seconds() {
    let mut watcher = Watcher::new();
    assert_eq!(
        watcher.take(sample(5, 0), vec![], quiet()),
        Lately::default(),
        "what was before is no news"
    );
    assert_eq!(watcher.take(sample(5, 0), vec![], quiet()), Lately::default());
    for _ in 0..5 {
        let lately = watcher.take(sample(12, 1), vec![], quiet());
        assert!(lately.fault, "{lately:?}");
        assert_eq!(moved(&lately), "table_fulls+7 TCPSynRetrans+1");
    }
    assert_eq!(watcher.take(sample(12, 1), vec![], quiet()), Lately::default());
    let published = Published::<Row>::private(1);
    watcher.publish(&published);
    let value = |row| published.get(0, row);
    assert_eq!((value(Row::ArpTableFulls), value(Row::ArpEntries)), (12, 0x400));
    assert_eq!((value(Row::Fault), value(Row::Faults), value(Row::TablesVisible)), (0, 1, 1));
    assert!(value(Row::Unreadable) > 10);
}

#[test]
fn the_kernels_complaints_are_a_fault_where_its_tables_cannot_be_seen() {
    let mut watcher = Watcher::new();
    // Read with the first moment: nobody knows how old they are.
    assert!(!watcher.take(Sample::default(), vec![Complaint::NeighbourTable], quiet()).fault);
    let complaints = vec![
        Complaint::NeighbourTable,
        Complaint::NeighbourTable,
        Complaint::Suppressed(9),
        Complaint::SynFlood,
    ];
    let lately = watcher.take(Sample::default(), complaints, quiet());
    assert!(lately.fault);
    assert_eq!(moved(&lately), "kmsg:neighbour_table+2");
    let published = Published::<Row>::private(1);
    watcher.publish(&published);
    let value = |row| published.get(0, row);
    assert_eq!(
        (value(Row::KmsgNeighbour), value(Row::KmsgSuppressed), value(Row::KmsgSynFlood)),
        (3, 9, 1)
    );
    assert_eq!((value(Row::Fault), value(Row::TablesVisible)), (1, 0));
    // Half-open connections at our own ports are no reason for an attempt to fail.
    let mut watcher = Watcher::new();
    watcher.take(Sample::default(), vec![], quiet());
    assert!(!watcher.take(Sample::default(), vec![Complaint::SynFlood], quiet()).fault);
}

#[test]
fn several_silent_backends_are_a_fault_and_one_is_not() {
    let look = |retransmits, after: &[(u64, u64)]| {
        let mut watcher = Watcher::new();
        watcher.take(sample(0, 0), vec![], connects(&[(10, 2), (10, 0), (10, 0)]));
        watcher.take(sample(0, retransmits), vec![], connects(after))
    };
    let both = look(4, &[(10, 3), (10, 1), (11, 0)]);
    assert!(both.fault);
    assert_eq!(moved(&both), "TCPSynRetrans+4 unanswered:2/3");
    assert!(!look(4, &[(10, 3), (11, 0), (10, 0)]).fault, "one of two");
    assert!(!look(0, &[(10, 3), (10, 1), (11, 0)]).fault, "nothing was sent again");
    let five = [(10, 3), (10, 1), (11, 0), (1, 0), (1, 0)];
    assert!(!look(4, &five).fault, "two of five");
}

#[test]
fn loopback_has_nothing_to_do_with_it() {
    let node = Node::default();
    let fault = Lately { fault: true, moved: Some("table_fulls+1".into()) };
    node.tell(fault.clone());
    let address = |text: &str| text.parse::<SocketAddr>().unwrap();
    assert_eq!(node.lately(address("10.0.0.1:80")), fault);
    assert_eq!(node.lately(address("127.0.0.3:80")), Lately::default());
    assert_eq!(node.lately(address("[::1]:80")), Lately::default());
}

#[test]
fn this_machine_can_be_watched() {
    let mut watcher = Watcher::new();
    watcher.look(quiet());
    let published = Published::<Row>::private(1);
    watcher.publish(&published);
    assert!(published.get(0, Row::LocalPorts) > 0 && published.get(0, Row::OpenFiles) > 0);
}
