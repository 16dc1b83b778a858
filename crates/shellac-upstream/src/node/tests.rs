//! Files as kernels write them, whole and in part, and what is made of them.

use std::collections::HashMap;
use std::time::Duration;

use super::errno::{self, Class};
use super::kmsg::{Complaint, complaint, text_of};
use super::{Delta, Fill, Kind, Level, Reach, Sample, Signal, Source, time_to_full};

/// Files of a kernel 6.18 with two processors, as they are read in the host's network namespace.
const HOST: &[(&str, &str)] = &[
    (
        "/proc/net/stat/arp_cache",
        "entries  allocs   destroys hash_grows lookups  hits     res_failed rcv_probes_mcast rcv_probes_ucast periodic_gc_runs forced_gc_runs unresolved_discards table_fulls\n\
         00000401 00000002 00000000 00000000   00000004 00000000 00000001   00000000         00000000         00000705         00000010       00000002            0000000a\n\
         00000401 00000400 00000001 00000008   00000454 0000004f 00000002   00000000         00000000         00000000         00000004       00000001            00000003\n",
    ),
    (
        "/proc/net/stat/ndisc_cache",
        "entries  allocs   res_failed forced_gc_runs unresolved_discards table_fulls\n\
         00000004 00000002 00000006   00000000       00000000            00000000\n\
         00000004 00000000 00000002   00000000       00000000            00000001\n",
    ),
    ("/proc/sys/net/ipv4/neigh/default/gc_thresh1", "128\n"),
    ("/proc/sys/net/ipv4/neigh/default/gc_thresh2", "512\n"),
    ("/proc/sys/net/ipv4/neigh/default/gc_thresh3", "1024\n"),
    ("/proc/sys/net/ipv6/neigh/default/gc_thresh1", "128\n"),
    ("/proc/sys/net/ipv6/neigh/default/gc_thresh2", "512\n"),
    ("/proc/sys/net/ipv6/neigh/default/gc_thresh3", "1024\n"),
    (
        "/proc/net/arp",
        "IP address       HW type     Flags       HW address            Mask     Device\n\
         192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        eth0\n",
    ),
    (
        "/proc/net/snmp",
        "Ip: Forwarding DefaultTTL OutRequests OutDiscards OutNoRoutes\n\
         Ip: 2 64 11707687 5 3\n\
         Icmp: InMsgs InErrors\nIcmp: 3 0\n\
         Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails\n\
         Tcp: 1 200 120000 -1 954177 750699 202825\n\
         Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\n\
         Udp: 476 0 0 479 0 7\n\
         UdpLite: InDatagrams SndbufErrors\nUdpLite: 1 99\n",
    ),
    (
        "/proc/net/snmp6",
        "Ip6OutDiscards                  \t11\nIp6OutNoRoutes  12\nUdp6SndbufErrors\t13\n",
    ),
    (
        "/proc/net/netstat",
        "TcpExt: SyncookiesSent TCPAbortOnMemory ListenOverflows ListenDrops TCPTimeouts TCPSynRetrans TCPTimeWaitOverflow TCPReqQFullDoCookies TCPReqQFullDrop\n\
         TcpExt: 0 1 2 3 4 5 6 7 8\n\
         IpExt: InNoRoutes ListenDrops\nIpExt: 0 77\n",
    ),
    ("/proc/sys/net/netfilter/nf_conntrack_count", "900\n"),
    ("/proc/sys/net/netfilter/nf_conntrack_max", "1000\n"),
    (
        "/proc/net/stat/nf_conntrack",
        "entries  clashres found insert insert_failed drop early_drop\n\
         00000384  00000000 00000000 00000000 00000001 00000002 00000003\n\
         00000384  00000000 00000000 00000000 00000010 00000020 00000030\n",
    ),
    (
        "/proc/net/sockstat",
        "sockets: used 17\nTCP: inuse 21 orphan 2 tw 3 alloc 24 mem 5\nUDP: inuse 0 mem 0\n",
    ),
    ("/proc/net/sockstat6", "TCP6: inuse 4\nUDP6: inuse 0\n"),
    ("/proc/sys/net/ipv4/tcp_mem", "287901\t383869\t575802\n"),
    ("/proc/sys/net/ipv4/tcp_max_orphans", "131072\n"),
    (
        "/proc/net/softnet_stat",
        "005f8b8d 0000000a 00000001 00000000\n00553a0c 00000006 00000003 00000000\n",
    ),
    ("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n"),
    ("/proc/sys/net/ipv4/ip_local_reserved_ports", "40000,50000-50009\n"),
    (
        "/proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n\
         Max processes             unlimited            unlimited            processes \n\
         Max open files            1024                 20000                files     \n",
    ),
    ("/proc/self/fd", "0\n1\n2\n3\n"),
    ("/proc/sys/fs/file-nr", "616\t0\t2466183\n"),
];

/// What a container has not.
const ONLY_HOST: &[&str] = &[
    "/proc/net/stat/arp_cache",
    "/proc/net/stat/ndisc_cache",
    "/proc/sys/net/ipv4/neigh/default/gc_thresh1",
    "/proc/sys/net/ipv4/neigh/default/gc_thresh2",
    "/proc/sys/net/ipv4/neigh/default/gc_thresh3",
    "/proc/sys/net/ipv6/neigh/default/gc_thresh1",
    "/proc/sys/net/ipv6/neigh/default/gc_thresh2",
    "/proc/sys/net/ipv6/neigh/default/gc_thresh3",
    "/proc/sys/net/ipv4/tcp_mem",
    "/proc/sys/net/ipv4/tcp_max_orphans",
];

fn host() -> HashMap<&'static str, String> {
    HOST.iter().map(|&(path, text)| (path, text.to_owned())).collect()
}

fn sample(files: &HashMap<&'static str, String>) -> Sample {
    Sample::read(&mut |path| files.get(path).cloned())
}

#[test]
fn every_number_of_a_host_is_read() {
    let expected = [
        ("arp_entries", 0x401),
        ("arp_table_fulls", 13),
        ("arp_forced_gc_runs", 20),
        ("arp_res_failed", 3),
        ("arp_unresolved_discards", 3),
        ("arp_gc_thresh1", 128),
        ("arp_gc_thresh2", 512),
        ("arp_gc_thresh3", 1024),
        ("ndisc_entries", 4),
        ("ndisc_table_fulls", 1),
        ("ndisc_forced_gc_runs", 0),
        ("ndisc_res_failed", 8),
        ("ndisc_unresolved_discards", 0),
        ("ndisc_gc_thresh1", 128),
        ("ndisc_gc_thresh2", 512),
        ("ndisc_gc_thresh3", 1024),
        ("arp_own_entries", 1),
        ("udp_sndbuf_errors", 7),
        ("ip_out_discards", 5),
        ("ip_out_no_routes", 3),
        ("udp6_sndbuf_errors", 13),
        ("ip6_out_discards", 11),
        ("ip6_out_no_routes", 12),
        ("tcp_active_opens", 954_177),
        ("tcp_attempt_fails", 202_825),
        ("tcp_syn_retrans", 5),
        ("tcp_timeouts", 4),
        ("tcp_abort_on_memory", 1),
        ("tcp_listen_overflows", 2),
        ("tcp_listen_drops", 3),
        ("tcp_time_wait_overflow", 6),
        ("tcp_req_q_full_drop", 8),
        ("tcp_req_q_full_cookies", 7),
        ("conntrack_entries", 900),
        ("conntrack_max", 1000),
        ("conntrack_drop", 0x22),
        ("conntrack_early_drop", 0x33),
        ("conntrack_insert_failed", 0x11),
        ("tcp_inuse", 21),
        ("tcp6_inuse", 4),
        ("tcp_orphan", 2),
        ("tcp_max_orphans", 131_072),
        ("tcp_tw", 3),
        ("tcp_alloc", 24),
        ("tcp_mem_pages", 5),
        ("tcp_mem_max_pages", 575_802),
        ("softnet_dropped", 16),
        ("softnet_time_squeeze", 4),
        ("local_ports", 28_232),
        ("reserved_ports", 11),
        ("open_files", 4),
        ("max_open_files", 1024),
        ("machine_files", 616),
        ("machine_max_files", 2_466_183),
    ];
    let sample = sample(&host());
    let known: Vec<_> = sample.known().map(|(signal, value)| (signal.name(), value)).collect();
    assert_eq!(known, expected);
    assert_eq!((sample.missing(), sample.unread()), (vec![], &[][..]));
    assert!(sample.sees_neighbour_tables());
}

#[test]
fn names_are_unique_and_every_file_is_used() {
    let mut names: Vec<_> = Signal::ALL.iter().map(|signal| signal.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Signal::ALL.len());
    for &source in Source::ALL {
        assert!(Signal::ALL.iter().any(|signal| signal.source() == source), "{source:?}");
        assert!(HOST.iter().any(|&(path, _)| path == source.path()), "{source:?}");
    }
}

#[test]
fn in_a_container_it_says_what_cannot_be_told() {
    let mut files = host();
    files.retain(|path, _| !ONLY_HOST.contains(path));
    let sample = sample(&files);
    assert!(!sample.sees_neighbour_tables());
    assert_eq!(sample.unread().len(), ONLY_HOST.len());
    assert_eq!(sample.get(Signal::ArpTableFulls), None, "unknown is not 0");
    assert_eq!(sample.get(Signal::UdpSndbufErrors), Some(7));
    let missing = sample.missing();
    assert!(missing[0].text.contains("a node fault cannot be excluded from here"));
    assert_eq!(missing[0].source.path(), "/proc/net/stat/arp_cache");
    assert_eq!(missing.len(), 6, "{missing:?}");
    assert_eq!(Fill::Arp.level(&sample), None, "one's own entries say nothing about the table");
    assert_eq!(Fill::Conntrack.level(&sample), Some(Level { used: 900, limit: 1000 }));
}

#[test]
fn columns_are_found_by_name_and_older_kernels_lack_some() {
    let mut files = host();
    // Linux before 4.3 has no table_fulls; columns in another order.
    files.insert(
        "/proc/net/stat/arp_cache",
        "res_failed entries\n00000003 0000000a\n00000004 0000000a\n".to_owned(),
    );
    let sample = sample(&files);
    assert_eq!(sample.get(Signal::ArpEntries), Some(10));
    assert_eq!(sample.get(Signal::ArpResFailed), Some(7));
    assert_eq!(sample.get(Signal::ArpTableFulls), None);
    assert!(sample.missing()[0].text.contains("cannot be excluded"));
}

#[test]
fn nonsense_gives_no_number() {
    let texts = [
        "",
        "\n",
        "entries",
        "entries\nzz\n",
        "Ip: OutDiscards\nIp:\n",
        "Ip: OutDiscards\n",
        "TCP:",
        "TCP: inuse",
        "9 1",
        "9-1",
        "99999999999999999999999",
        "Max open files",
        "\u{0}\u{fffd}",
    ];
    for text in texts {
        let sample = Sample::read(&mut |_| Some(text.to_owned()));
        for (signal, value) in sample.known() {
            // Counts of lines are always numbers, and so is the 9 at the start of a line.
            let plain = matches!(
                signal,
                Signal::ArpOwn | Signal::OpenFiles | Signal::ReservedPorts | Signal::MachineFiles
            );
            assert!(plain || (text == "9 1" && value <= 9), "{text:?}: {signal:?} is {value}");
        }
    }
    let nothing = sample(&HashMap::new());
    assert_eq!((nothing.known().count(), nothing.unread()), (0, Source::ALL));
}

#[test]
fn growth_is_told_as_the_kernel_names_it() {
    let before = sample(&host());
    let mut files = host();
    for (path, from, to) in [
        ("/proc/net/stat/arp_cache", "0000000a\n", "00000011\n"),
        ("/proc/net/snmp", "479 0 7", "479 0 12"),
        ("/proc/net/netstat", "4 5 6", "4 9 6"),
        // A counter that went back, and a gauge that grew, are no growth.
        ("/proc/net/stat/ndisc_cache", "00000001\n", "00000000\n"),
        ("/proc/sys/net/netfilter/nf_conntrack_count", "900", "950"),
    ] {
        let text = files[path].replace(from, to);
        assert_ne!(text, files[path], "{path}");
        files.insert(path, text);
    }
    let delta = Delta::between(&before, &sample(&files));
    assert_eq!(delta.to_string(), "table_fulls+7 SndbufErrors+5 TCPSynRetrans+4");
    assert!(delta.is_fault());
    let moved: Vec<_> = delta.moved().map(|(signal, growth)| (signal.name(), growth)).collect();
    assert_eq!(moved, [("arp_table_fulls", 7), ("udp_sndbuf_errors", 5), ("tcp_syn_retrans", 4)]);
    // What was unknown before did not grow.
    let delta = Delta::between(&Sample::default(), &before);
    assert_eq!((delta, delta.to_string()), (Delta::default(), String::new()));
    assert!(!delta.is_fault());
}

#[test]
fn a_lost_connection_request_is_no_proof() {
    let before = sample(&host());
    let mut files = host();
    files.insert("/proc/net/netstat", files["/proc/net/netstat"].replace("4 5 6", "4 6 6"));
    let delta = Delta::between(&before, &sample(&files));
    assert_eq!(delta.to_string(), "TCPSynRetrans+1");
    assert!(!delta.is_fault());
}

#[test]
fn every_growth_at_once_fits_into_a_record() {
    let mut files = host();
    for text in files.values_mut() {
        *text = text.replace(|digit: char| digit.is_ascii_digit(), "9");
    }
    let text = Delta::between(&sample(&host()), &sample(&files)).to_string();
    assert!(text.len() < 230 && !text.is_empty(), "{}: {text}", text.len());
}

#[test]
fn the_time_until_it_is_full_follows_the_growth() {
    let level = |used| Level { used, limit: 1024 };
    let minute = Duration::from_secs(60);
    assert_eq!(time_to_full(level(524), level(624), minute), Some(Duration::from_secs(240)));
    assert_eq!(time_to_full(level(624), level(624), minute), None);
    assert_eq!(time_to_full(level(624), level(524), minute), None);
    assert_eq!(time_to_full(level(624), level(1024), minute), Some(Duration::ZERO));
    assert_eq!(time_to_full(level(1100), level(1100), minute), Some(Duration::ZERO));
    assert_eq!(time_to_full(level(1), level(2), Duration::ZERO), None);
    let never = Level { used: 1, limit: u64::MAX };
    assert_eq!(
        time_to_full(Level { used: 0, ..never }, never, Duration::from_secs(u64::MAX)),
        None
    );
    let sample = sample(&host());
    let fills: Vec<_> = Fill::ALL
        .iter()
        .filter_map(|&fill| Some((fill.name(), fill.level(&sample)?.share() >= Level::WARN)))
        .collect();
    let expected = [
        ("arp", true),
        ("ndisc", false),
        ("conntrack", true),
        ("tcp_memory", false),
        ("tcp_orphans", false),
        ("files", false),
        ("machine_files", false),
    ];
    assert_eq!(fills, expected);
}

#[test]
fn the_kernel_complains_in_both_spellings() {
    let cases = [
        ("Neighbour table overflow.", Some(Complaint::NeighbourTable)),
        ("neighbour: arp_cache: neighbor table overflow!", Some(Complaint::NeighbourTable)),
        ("neighbour: ndisc_cache: neighbor table overflow!", Some(Complaint::NeighbourTable)),
        (
            "nf_conntrack: nf_conntrack: table full, dropping packet",
            Some(Complaint::ConnectionTable),
        ),
        (
            "nf_conntrack: table full in netns 4026532001, dropping packet",
            Some(Complaint::ConnectionTable),
        ),
        ("TCP: out of memory -- consider tuning tcp_mem", Some(Complaint::TcpMemory)),
        (
            "TCP: request_sock_TCP: Possible SYN flooding on port 0.0.0.0:80. Sending cookies.",
            Some(Complaint::SynFlood),
        ),
        ("net_ratelimit: 37 callbacks suppressed", Some(Complaint::Suppressed(37))),
        ("callbacks suppressed", Some(Complaint::Suppressed(1))),
        ("EXT4-fs: table full of eggs", None),
        ("", None),
    ];
    for (line, expected) in cases {
        assert_eq!(complaint(line), expected, "{line}");
        let record = format!("4,812,27316305403,-;{line}\n SUBSYSTEM=net\n");
        assert_eq!(text_of(record.as_bytes()).as_deref(), Some(line));
    }
    assert_eq!(text_of(b"4,812,27316305403,-"), None);
    assert_eq!(text_of(b";"), Some(String::new()));
}

#[test]
fn errors_of_calls_have_the_classes_of_the_table() {
    use rustix::io::Errno;
    let cases = [
        (Class::Remote, &[Errno::CONNREFUSED, Errno::CONNRESET, Errno::PIPE][..]),
        (Class::Path, &[Errno::HOSTUNREACH, Errno::NETUNREACH]),
        (
            Class::Local,
            &[
                Errno::ADDRNOTAVAIL,
                Errno::MFILE,
                Errno::NFILE,
                Errno::NOBUFS,
                Errno::NOMEM,
                Errno::PERM,
                Errno::ACCESS,
                Errno::INVAL,
                Errno::NETDOWN,
            ],
        ),
        (Class::Timeout, &[Errno::TIMEDOUT]),
    ];
    for (class, errors) in cases {
        for error in errors {
            let errno = error.raw_os_error();
            assert_eq!(errno::class(errno), class, "{error}");
            assert!(errno::name(errno).starts_with('E'), "{error}");
        }
    }
    let blamed = |class: Class| (class.blames_backend(false), class.blames_backend(true));
    assert_eq!(blamed(Class::Remote), (true, true));
    assert_eq!(blamed(Class::Path), (true, false));
    assert_eq!(blamed(Class::Timeout), (true, false));
    assert_eq!(blamed(Class::Local), (false, false));
    assert_eq!(errno::name(0), "0");
}

#[test]
fn this_machine_can_be_read() {
    let sample = Sample::read(&mut |path| std::fs::read_to_string(path).ok());
    // These are there in every container.
    for signal in [Signal::UdpSndbufErrors, Signal::TcpSynRetrans, Signal::MaxOpenFiles] {
        assert!(sample.get(signal).is_some(), "{signal:?} in {}", signal.source().path());
    }
    for &signal in Signal::ALL {
        // A file that is there has the number: this is how a typo in a name would show.
        let unread = sample.unread().contains(&signal.source());
        let optional = signal == Signal::OpenFiles || signal.source() == Source::Snmp6;
        assert!(unread || optional || sample.get(signal).is_some(), "{signal:?}");
        assert!(
            signal.kind() == Kind::Limit || signal.reach() != Reach::Process || unread || optional
        );
    }
}
