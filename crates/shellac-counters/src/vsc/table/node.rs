//! The counters of the node that a worker runs on, as far as the worker sees it, and of what it makes of failures.
//!
//! A long file because it is a table. The numbers of the kernel are those that `shellac-upstream` reads, in its order; a test of
//! the proxy compares.

use super::rows::kind;

kind! {
    /// Numbers of the kernel about the node, as seen from the worker's network namespace; 0 is also what cannot be read.
    ///
    /// Those that say that something is wrong are for everybody, the others for who looks for a cause.
    Node = "NODE", 50, "The node";
    ArpEntries "arp_entries" Gauge Integer Diag "IPv4 neighbours, of all network namespaces" "IPv4 neighbours, of all network namespaces. One number for the whole machine.";
    ArpTableFulls "arp_table_fulls" Counter Integer Info "Times the IPv4 neighbour table was full" "Times the IPv4 neighbour table was full. One number for the whole machine.";
    ArpForcedGc "arp_forced_gc_runs" Counter Integer Diag "Times IPv4 neighbours were forgotten for lack of room" "Times IPv4 neighbours were forgotten for lack of room. One number for the whole machine.";
    ArpResFailed "arp_res_failed" Counter Integer Diag "IPv4 neighbours that did not answer" "IPv4 neighbours that did not answer. One number for the whole machine.";
    ArpDiscards "arp_unresolved_discards" Counter Integer Diag "Packets dropped while an IPv4 neighbour was asked" "Packets dropped while an IPv4 neighbour was asked. One number for the whole machine.";
    ArpThresh1 "arp_gc_thresh1" Gauge Integer Diag "IPv4 neighbours below which none is forgotten" "IPv4 neighbours below which none is forgotten. One number for the whole machine.";
    ArpThresh2 "arp_gc_thresh2" Gauge Integer Diag "IPv4 neighbours above which they are forgotten after 5 s" "IPv4 neighbours above which they are forgotten after 5 s. One number for the whole machine.";
    ArpThresh3 "arp_gc_thresh3" Gauge Integer Diag "IPv4 neighbours that there is room for" "IPv4 neighbours that there is room for. One number for the whole machine.";
    NdiscEntries "ndisc_entries" Gauge Integer Diag "IPv6 neighbours, of all network namespaces" "IPv6 neighbours, of all network namespaces. One number for the whole machine.";
    NdiscTableFulls "ndisc_table_fulls" Counter Integer Info "Times the IPv6 neighbour table was full" "Times the IPv6 neighbour table was full. One number for the whole machine.";
    NdiscForcedGc "ndisc_forced_gc_runs" Counter Integer Diag "Times IPv6 neighbours were forgotten for lack of room" "Times IPv6 neighbours were forgotten for lack of room. One number for the whole machine.";
    NdiscResFailed "ndisc_res_failed" Counter Integer Diag "IPv6 neighbours that did not answer" "IPv6 neighbours that did not answer. One number for the whole machine.";
    NdiscDiscards "ndisc_unresolved_discards" Counter Integer Diag "Packets dropped while an IPv6 neighbour was asked" "Packets dropped while an IPv6 neighbour was asked. One number for the whole machine.";
    NdiscThresh1 "ndisc_gc_thresh1" Gauge Integer Diag "IPv6 neighbours below which none is forgotten" "IPv6 neighbours below which none is forgotten. One number for the whole machine.";
    NdiscThresh2 "ndisc_gc_thresh2" Gauge Integer Diag "IPv6 neighbours above which they are forgotten after 5 s" "IPv6 neighbours above which they are forgotten after 5 s. One number for the whole machine.";
    NdiscThresh3 "ndisc_gc_thresh3" Gauge Integer Diag "IPv6 neighbours that there is room for" "IPv6 neighbours that there is room for. One number for the whole machine.";
    ArpOwn "arp_own_entries" Gauge Integer Diag "IPv4 neighbours of this network namespace" "IPv4 neighbours of this network namespace. Of the network namespace of the worker.";
    UdpSndbufErrors "udp_sndbuf_errors" Counter Integer Info "Datagrams, such as DNS queries, dropped before they left" "Datagrams, such as DNS queries, dropped before they left. Of the network namespace of the worker.";
    IpOutDiscards "ip_out_discards" Counter Integer Info "IPv4 packets that were dropped before they left" "IPv4 packets that were dropped before they left. Of the network namespace of the worker.";
    IpOutNoRoutes "ip_out_no_routes" Counter Integer Diag "IPv4 packets without a route" "IPv4 packets without a route. Of the network namespace of the worker.";
    Udp6SndbufErrors "udp6_sndbuf_errors" Counter Integer Diag "IPv6 datagrams dropped before they left" "IPv6 datagrams dropped before they left. Of the network namespace of the worker.";
    Ip6OutDiscards "ip6_out_discards" Counter Integer Info "IPv6 packets that were dropped before they left" "IPv6 packets that were dropped before they left. Of the network namespace of the worker.";
    Ip6OutNoRoutes "ip6_out_no_routes" Counter Integer Diag "IPv6 packets without a route" "IPv6 packets without a route. Of the network namespace of the worker.";
    TcpActiveOpens "tcp_active_opens" Counter Integer Diag "Connections that were begun" "Connections that were begun. Of the network namespace of the worker.";
    TcpAttemptFails "tcp_attempt_fails" Counter Integer Diag "Connections that did not come about" "Connections that did not come about. Of the network namespace of the worker.";
    TcpSynRetrans "tcp_syn_retrans" Counter Integer Diag "Connection requests that were sent again" "Connection requests that were sent again. Of the network namespace of the worker.";
    TcpTimeouts "tcp_timeouts" Counter Integer Diag "Times nothing was acknowledged in time" "Times nothing was acknowledged in time. Of the network namespace of the worker.";
    TcpAbortOnMemory "tcp_abort_on_memory" Counter Integer Diag "Connections that were cut for lack of memory" "Connections that were cut for lack of memory. Of the network namespace of the worker.";
    ListenOverflows "tcp_listen_overflows" Counter Integer Diag "Clients for whom there was no room in an accept queue" "Clients for whom there was no room in an accept queue. Of the network namespace of the worker.";
    ListenDrops "tcp_listen_drops" Counter Integer Diag "Connection requests of clients that were dropped" "Connection requests of clients that were dropped. Of the network namespace of the worker.";
    TimeWaitOverflow "tcp_time_wait_overflow" Counter Integer Diag "Closed connections that could not be remembered" "Closed connections that could not be remembered. Of the network namespace of the worker.";
    ReqQFullDrop "tcp_req_q_full_drop" Counter Integer Diag "Connection requests that were dropped as too many were open" "Connection requests that were dropped as too many were open. Of the network namespace of the worker.";
    ReqQFullCookies "tcp_req_q_full_cookies" Counter Integer Diag "Connection requests answered with a cookie for want of room" "Connection requests answered with a cookie for want of room. Of the network namespace of the worker.";
    ConntrackCount "conntrack_entries" Gauge Integer Diag "Connections that netfilter follows" "Connections that netfilter follows. Of the network namespace of the worker.";
    ConntrackMax "conntrack_max" Gauge Integer Diag "Connections that netfilter has room for" "Connections that netfilter has room for. One number for the whole machine.";
    ConntrackDrop "conntrack_drop" Counter Integer Info "Packets dropped because no connection could be added" "Packets dropped because no connection could be added. Of the network namespace of the worker.";
    ConntrackEarlyDrop "conntrack_early_drop" Counter Integer Diag "Connections forgotten early to make room" "Connections forgotten early to make room. Of the network namespace of the worker.";
    ConntrackInsertFailed "conntrack_insert_failed" Counter Integer Diag "Connections that could not be added" "Connections that could not be added. Of the network namespace of the worker.";
    TcpInuse "tcp_inuse" Gauge Integer Diag "TCP sockets over IPv4" "TCP sockets over IPv4. Of the network namespace of the worker.";
    Tcp6Inuse "tcp6_inuse" Gauge Integer Diag "TCP sockets over IPv6" "TCP sockets over IPv6. Of the network namespace of the worker.";
    TcpOrphan "tcp_orphan" Gauge Integer Diag "TCP sockets that no process holds" "TCP sockets that no process holds. Of the network namespace of the worker.";
    TcpMaxOrphans "tcp_max_orphans" Gauge Integer Diag "TCP sockets that no process need hold" "TCP sockets that no process need hold. One number for the whole machine.";
    TcpTimeWait "tcp_tw" Gauge Integer Diag "TCP sockets that wait for late packets" "TCP sockets that wait for late packets. Of the network namespace of the worker.";
    TcpAlloc "tcp_alloc" Gauge Integer Diag "TCP sockets that have memory" "TCP sockets that have memory. One number for the whole machine.";
    TcpMem "tcp_mem_pages" Gauge Integer Diag "Pages of memory that TCP uses" "Pages of memory that TCP uses. One number for the whole machine.";
    TcpMemMax "tcp_mem_max_pages" Gauge Integer Diag "Pages of memory that TCP may use" "Pages of memory that TCP may use. One number for the whole machine.";
    SoftnetDropped "softnet_dropped" Counter Integer Diag "Packets dropped as too many waited for a processor" "Packets dropped as too many waited for a processor. One number for the whole machine.";
    SoftnetSqueezed "softnet_time_squeeze" Counter Integer Diag "Times a processor left packets for later" "Times a processor left packets for later. One number for the whole machine.";
    LocalPorts "local_ports" Gauge Integer Diag "Local ports by destination, reserved ones among them" "Local ports by destination, reserved ones among them. Of the network namespace of the worker.";
    ReservedPorts "reserved_ports" Gauge Integer Diag "Local ports that are never taken by themselves" "Local ports that are never taken by themselves. Of the network namespace of the worker.";
    OpenFiles "open_files" Gauge Integer Diag "Open files of the process" "Open files of the process. Of the worker.";
    MaxOpenFiles "max_open_files" Gauge Integer Diag "Open files that the process may have" "Open files that the process may have. Of the worker.";
    MachineFiles "machine_files" Gauge Integer Diag "Open files of the machine" "Open files of the machine. One number for the whole machine.";
    MachineMaxFiles "machine_max_files" Gauge Integer Diag "Open files that the machine may have" "Open files that the machine may have. One number for the whole machine.";
    // What the kernel writes to its own log.
    KmsgNeighbour "kmsg_neighbour_table" Counter Integer Info "Complaints of the kernel: neighbour table overflow" "Lines of the log of the kernel that say that a neighbour table is full.";
    KmsgConntrack "kmsg_connection_table" Counter Integer Info "Complaints of the kernel: connection table full" "Lines of the log of the kernel that say that the connection table is full.";
    KmsgMemory "kmsg_tcp_memory" Counter Integer Diag "Complaints of the kernel: no memory for TCP" "Lines of the log of the kernel that say that TCP has no memory.";
    KmsgSynFlood "kmsg_syn_flood" Counter Integer Diag "Complaints of the kernel: too many half-open connections" "Lines of the log of the kernel that say that too many connections are half open at a listening port.";
    KmsgSuppressed "kmsg_suppressed" Counter Integer Diag "Complaints of the kernel that it left out" "How many lines the kernel says that it left out.";
    // What follows.
    KmsgReadable "kmsg_readable" Gauge Integer Diag "1 when the log of the kernel can be read" "1 when the worker can read the log of the kernel.";
    Unreadable "unreadable_files" Gauge Integer Diag "Files of the kernel that cannot be read" "How many of the files that these numbers are from cannot be read here; they are 0 then.";
    TablesVisible "neighbour_tables_visible" Gauge Integer Diag "1 when overflows of neighbour tables can be seen" "1 when overflows of the neighbour tables can be seen here. With 0 a fault of the node cannot be excluded from here.";
    Fault "fault" Gauge Integer Info "1 while packets do not leave this node" "1 while numbers of the last 5 seconds say that packets did not leave this node: failures meanwhile are not those of backends.";
    Faults "faults" Counter Integer Info "Times that began" "How often that began.";
    PortsInUse "ports_in_use" Gauge Integer Info "Local ports in use for the busiest destination" "Connections of the worker to the one address and port of a backend that has most of them, being made, in use and kept. When they are local_ports less reserved_ports no further one can be made to that address.";
}

kind! {
    /// What the worker makes of the failures of the last minute.
    Health = "HEALTH", 60, "Whether failures concentrate";
    Concentrated "concentrated" Gauge Integer Info "On what failures concentrate: backend 1, node 2, zone 3" "Whether most failures of the last minute are those of few backends (1), nodes (2) or zones (3), which chance does not do. 0 is that they do not. The names are in the segment Health of the directory.";
    Since "since_unix" Gauge Integer Info "Since when, in seconds since 1970" "Since when that has been so, in seconds since 1970; 0 when it is not so.";
    Values "values" Gauge Integer Info "How many of these there are" "How many backends, nodes or zones failures concentrate on.";
    Share "share_percent" Gauge Integer Info "Their share of all failures in percent" "Which share of all failures of the last minute they have, in percent.";
    Attempts "attempts" Gauge Integer Info "First attempts of the last minute" "First attempts of requests within the last minute, as far as they have an outcome that is not the doing of the client.";
    Failures "failures" Gauge Integer Info "Those that failed" "How many of these failed, or got a status of the 500s.";
    Verdicts "verdicts" Counter Integer Info "Times that failures began to concentrate" "How often failures began to concentrate on something, or on something else.";
    Windows "windows" Counter Integer Diag "Times that was looked at" "How often the last minute was looked at.";
}
