//! The table of numbers about a node: where each stands, what it means, and how it behaves.

use super::files::Form;

/// How a number behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Grows; what it grew by is the news.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A limit that somebody configured.
    Limit,
}

/// Whose number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// One for the whole machine, for all of its network namespaces.
    Machine,
    /// Of the network namespace in which the file is read.
    Namespace,
    /// Of the process that reads it.
    Process,
}

macro_rules! sources {
    ($( $(#[doc = $doc:literal])* $name:ident: $path:literal, $form:ident; )*) => {
        /// A file of the kernel.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Source { $( $(#[doc = $doc])* $name, )* }

        impl Source {
            /// All of them, in the order in which they are read.
            pub const ALL: &'static [Source] = &[ $( Source::$name, )* ];

            /// Where it is. What is below `/proc/net` and `/proc/self` can be read for another process, below
            /// `/proc/PID`.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self { $( Source::$name => $path, )* }
            }

            pub(super) const fn form(self) -> Form {
                match self { $( Source::$name => Form::$form, )* }
            }
        }
    };
}

sources! {
    /// IPv4 neighbours (ARP): one table for the machine, seen only in its first network namespace.
    ArpStat: "/proc/net/stat/arp_cache", Rows;
    /// IPv6 neighbours.
    NdiscStat: "/proc/net/stat/ndisc_cache", Rows;
    /// Below it nothing is forgotten.
    ArpThresh1: "/proc/sys/net/ipv4/neigh/default/gc_thresh1", Number;
    /// Above it entries are forgotten after five seconds.
    ArpThresh2: "/proc/sys/net/ipv4/neigh/default/gc_thresh2", Number;
    /// The size of the table.
    ArpThresh3: "/proc/sys/net/ipv4/neigh/default/gc_thresh3", Number;
    /// As for IPv4.
    NdiscThresh1: "/proc/sys/net/ipv6/neigh/default/gc_thresh1", Number;
    /// As for IPv4.
    NdiscThresh2: "/proc/sys/net/ipv6/neigh/default/gc_thresh2", Number;
    /// As for IPv4.
    NdiscThresh3: "/proc/sys/net/ipv6/neigh/default/gc_thresh3", Number;
    /// IPv4 neighbours of this network namespace.
    Arp: "/proc/net/arp", Lines;
    /// IP, UDP and TCP.
    Snmp: "/proc/net/snmp", Pairs;
    /// IPv6.
    Snmp6: "/proc/net/snmp6", Words;
    /// More of TCP.
    Netstat: "/proc/net/netstat", Pairs;
    /// Connections that netfilter follows.
    ConntrackCount: "/proc/sys/net/netfilter/nf_conntrack_count", Number;
    /// How many it may follow.
    ConntrackMax: "/proc/sys/net/netfilter/nf_conntrack_max", Number;
    /// What it dropped.
    ConntrackStat: "/proc/net/stat/nf_conntrack", Rows;
    /// Sockets.
    Sockstat: "/proc/net/sockstat", Sockets;
    /// Sockets of IPv6.
    Sockstat6: "/proc/net/sockstat6", Sockets;
    /// Pages that TCP may use: low, pressure, high.
    TcpMem: "/proc/sys/net/ipv4/tcp_mem", Third;
    /// Sockets that no process holds.
    TcpMaxOrphans: "/proc/sys/net/ipv4/tcp_max_orphans", Number;
    /// Packets between the card and the protocols; a row per processor without names.
    Softnet: "/proc/net/softnet_stat", Softnet;
    /// Ports for connections to elsewhere: first and last.
    PortRange: "/proc/sys/net/ipv4/ip_local_port_range", Range;
    /// Ports that are kept out of that: numbers and ranges.
    PortsReserved: "/proc/sys/net/ipv4/ip_local_reserved_ports", Ports;
    /// Limits of the process.
    Limits: "/proc/self/limits", Limits;
    /// Open files of the process: a directory, handed in as one name per line.
    Files: "/proc/self/fd", Names;
    /// Open files of the machine: open, free, most.
    FileNr: "/proc/sys/fs/file-nr", FileNr;
}

macro_rules! signals {
    ($( $name:ident: $text:literal, $short:literal, $kind:ident, $reach:ident, $source:ident $column:literal, $doc:literal; )*) => {
        /// A number about the node.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Signal { $( #[doc = $doc] $name, )* }

        impl Signal {
            /// All of them.
            pub const ALL: &'static [Signal] = &[ $( Signal::$name, )* ];

            /// Its name among counters and metrics: lower case, unique.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Signal::$name => $text, )* }
            }

            /// Its name in a record, as the kernel's own file has it.
            #[must_use]
            pub const fn short(self) -> &'static str {
                match self { $( Signal::$name => $short, )* }
            }

            /// How it behaves.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $( Signal::$name => Kind::$kind, )* }
            }

            /// Whose number it is.
            #[must_use]
            pub const fn reach(self) -> Reach {
                match self { $( Signal::$name => Reach::$reach, )* }
            }

            /// Where it stands.
            #[must_use]
            pub const fn source(self) -> Source {
                match self { $( Signal::$name => Source::$source, )* }
            }

            /// What it is, in a few words.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $( Signal::$name => $doc, )* }
            }

            /// Its name within the file.
            pub(super) const fn column(self) -> &'static str {
                match self { $( Signal::$name => $column, )* }
            }
        }
    };
}

signals! {
    ArpEntries: "arp_entries", "arp_entries", Gauge, Machine, ArpStat "entries", "IPv4 neighbours, of all network namespaces";
    ArpTableFulls: "arp_table_fulls", "table_fulls", Counter, Machine, ArpStat "table_fulls", "Times the IPv4 neighbour table was full";
    ArpForcedGc: "arp_forced_gc_runs", "forced_gc_runs", Counter, Machine, ArpStat "forced_gc_runs", "Times IPv4 neighbours were forgotten for lack of room";
    ArpResFailed: "arp_res_failed", "res_failed", Counter, Machine, ArpStat "res_failed", "IPv4 neighbours that did not answer";
    ArpDiscards: "arp_unresolved_discards", "unresolved_discards", Counter, Machine, ArpStat "unresolved_discards", "Packets dropped while an IPv4 neighbour was asked";
    ArpThresh1: "arp_gc_thresh1", "gc_thresh1", Limit, Machine, ArpThresh1 "", "IPv4 neighbours below which none is forgotten";
    ArpThresh2: "arp_gc_thresh2", "gc_thresh2", Limit, Machine, ArpThresh2 "", "IPv4 neighbours above which they are forgotten after 5 s";
    ArpThresh3: "arp_gc_thresh3", "gc_thresh3", Limit, Machine, ArpThresh3 "", "IPv4 neighbours that there is room for";
    NdiscEntries: "ndisc_entries", "ndisc_entries", Gauge, Machine, NdiscStat "entries", "IPv6 neighbours, of all network namespaces";
    NdiscTableFulls: "ndisc_table_fulls", "table_fulls6", Counter, Machine, NdiscStat "table_fulls", "Times the IPv6 neighbour table was full";
    NdiscForcedGc: "ndisc_forced_gc_runs", "forced_gc_runs6", Counter, Machine, NdiscStat "forced_gc_runs", "Times IPv6 neighbours were forgotten for lack of room";
    NdiscResFailed: "ndisc_res_failed", "res_failed6", Counter, Machine, NdiscStat "res_failed", "IPv6 neighbours that did not answer";
    NdiscDiscards: "ndisc_unresolved_discards", "unresolved_discards6", Counter, Machine, NdiscStat "unresolved_discards", "Packets dropped while an IPv6 neighbour was asked";
    NdiscThresh1: "ndisc_gc_thresh1", "gc_thresh1", Limit, Machine, NdiscThresh1 "", "IPv6 neighbours below which none is forgotten";
    NdiscThresh2: "ndisc_gc_thresh2", "gc_thresh2", Limit, Machine, NdiscThresh2 "", "IPv6 neighbours above which they are forgotten after 5 s";
    NdiscThresh3: "ndisc_gc_thresh3", "gc_thresh3", Limit, Machine, NdiscThresh3 "", "IPv6 neighbours that there is room for";
    ArpOwn: "arp_own_entries", "arp", Gauge, Namespace, Arp "", "IPv4 neighbours of this network namespace";
    UdpSndbufErrors: "udp_sndbuf_errors", "SndbufErrors", Counter, Namespace, Snmp "Udp.SndbufErrors", "Datagrams, such as DNS queries, dropped before they left";
    IpOutDiscards: "ip_out_discards", "OutDiscards", Counter, Namespace, Snmp "Ip.OutDiscards", "IPv4 packets that were dropped before they left";
    IpOutNoRoutes: "ip_out_no_routes", "OutNoRoutes", Counter, Namespace, Snmp "Ip.OutNoRoutes", "IPv4 packets without a route";
    Udp6SndbufErrors: "udp6_sndbuf_errors", "Udp6SndbufErrors", Counter, Namespace, Snmp6 "Udp6SndbufErrors", "IPv6 datagrams dropped before they left";
    Ip6OutDiscards: "ip6_out_discards", "Ip6OutDiscards", Counter, Namespace, Snmp6 "Ip6OutDiscards", "IPv6 packets that were dropped before they left";
    Ip6OutNoRoutes: "ip6_out_no_routes", "Ip6OutNoRoutes", Counter, Namespace, Snmp6 "Ip6OutNoRoutes", "IPv6 packets without a route";
    TcpActiveOpens: "tcp_active_opens", "ActiveOpens", Counter, Namespace, Snmp "Tcp.ActiveOpens", "Connections that were begun";
    TcpAttemptFails: "tcp_attempt_fails", "AttemptFails", Counter, Namespace, Snmp "Tcp.AttemptFails", "Connections that did not come about";
    TcpSynRetrans: "tcp_syn_retrans", "TCPSynRetrans", Counter, Namespace, Netstat "TcpExt.TCPSynRetrans", "Connection requests that were sent again";
    TcpTimeouts: "tcp_timeouts", "TCPTimeouts", Counter, Namespace, Netstat "TcpExt.TCPTimeouts", "Times nothing was acknowledged in time";
    TcpAbortOnMemory: "tcp_abort_on_memory", "TCPAbortOnMemory", Counter, Namespace, Netstat "TcpExt.TCPAbortOnMemory", "Connections that were cut for lack of memory";
    ListenOverflows: "tcp_listen_overflows", "ListenOverflows", Counter, Namespace, Netstat "TcpExt.ListenOverflows", "Clients for whom there was no room in an accept queue";
    ListenDrops: "tcp_listen_drops", "ListenDrops", Counter, Namespace, Netstat "TcpExt.ListenDrops", "Connection requests of clients that were dropped";
    TimeWaitOverflow: "tcp_time_wait_overflow", "TCPTimeWaitOverflow", Counter, Namespace, Netstat "TcpExt.TCPTimeWaitOverflow", "Closed connections that could not be remembered";
    ReqQFullDrop: "tcp_req_q_full_drop", "TCPReqQFullDrop", Counter, Namespace, Netstat "TcpExt.TCPReqQFullDrop", "Connection requests that were dropped as too many were open";
    ReqQFullCookies: "tcp_req_q_full_cookies", "TCPReqQFullDoCookies", Counter, Namespace, Netstat "TcpExt.TCPReqQFullDoCookies", "Connection requests answered with a cookie for want of room";
    ConntrackCount: "conntrack_entries", "nf_conntrack_count", Gauge, Namespace, ConntrackCount "", "Connections that netfilter follows";
    ConntrackMax: "conntrack_max", "nf_conntrack_max", Limit, Machine, ConntrackMax "", "Connections that netfilter has room for";
    ConntrackDrop: "conntrack_drop", "conntrack_drop", Counter, Namespace, ConntrackStat "drop", "Packets dropped because no connection could be added";
    ConntrackEarlyDrop: "conntrack_early_drop", "conntrack_early_drop", Counter, Namespace, ConntrackStat "early_drop", "Connections forgotten early to make room";
    ConntrackInsertFailed: "conntrack_insert_failed", "conntrack_insert_failed", Counter, Namespace, ConntrackStat "insert_failed", "Connections that could not be added";
    TcpInuse: "tcp_inuse", "inuse", Gauge, Namespace, Sockstat "TCP.inuse", "TCP sockets over IPv4";
    Tcp6Inuse: "tcp6_inuse", "inuse6", Gauge, Namespace, Sockstat6 "TCP6.inuse", "TCP sockets over IPv6";
    TcpOrphan: "tcp_orphan", "orphan", Gauge, Namespace, Sockstat "TCP.orphan", "TCP sockets that no process holds";
    TcpMaxOrphans: "tcp_max_orphans", "tcp_max_orphans", Limit, Machine, TcpMaxOrphans "", "TCP sockets that no process need hold";
    TcpTimeWait: "tcp_tw", "tw", Gauge, Namespace, Sockstat "TCP.tw", "TCP sockets that wait for late packets";
    TcpAlloc: "tcp_alloc", "alloc", Gauge, Machine, Sockstat "TCP.alloc", "TCP sockets that have memory";
    TcpMem: "tcp_mem_pages", "mem", Gauge, Machine, Sockstat "TCP.mem", "Pages of memory that TCP uses";
    TcpMemMax: "tcp_mem_max_pages", "tcp_mem", Limit, Machine, TcpMem "", "Pages of memory that TCP may use";
    SoftnetDropped: "softnet_dropped", "softnet_dropped", Counter, Machine, Softnet "dropped", "Packets dropped as too many waited for a processor";
    SoftnetSqueezed: "softnet_time_squeeze", "softnet_time_squeeze", Counter, Machine, Softnet "time_squeeze", "Times a processor left packets for later";
    LocalPorts: "local_ports", "local_ports", Limit, Namespace, PortRange "", "Local ports by destination, reserved ones among them";
    ReservedPorts: "reserved_ports", "reserved_ports", Limit, Namespace, PortsReserved "", "Local ports that are never taken by themselves";
    OpenFiles: "open_files", "fd", Gauge, Process, Files "", "Open files of the process";
    MaxOpenFiles: "max_open_files", "max_fd", Limit, Process, Limits "Max open files", "Open files that the process may have";
    MachineFiles: "machine_files", "file_nr", Gauge, Machine, FileNr "open", "Open files of the machine";
    MachineMaxFiles: "machine_max_files", "file_max", Limit, Machine, FileNr "max", "Open files that the machine may have";
}
