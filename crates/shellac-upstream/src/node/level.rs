//! How full things are, and how long until they are.

use std::time::Duration;

use super::sample::Sample;
use super::signal::Signal;

/// Something that can be full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fill {
    /// The IPv4 neighbour table.
    Arp,
    /// The IPv6 neighbour table.
    Ndisc,
    /// The connections that netfilter follows.
    Conntrack,
    /// Memory for TCP.
    TcpMemory,
    /// Sockets that no process holds.
    Orphans,
    /// Open files of the process.
    Files,
    /// Open files of the machine.
    MachineFiles,
}

/// How much of it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// In use.
    pub used: u64,
    /// There is room for so many; never 0.
    pub limit: u64,
}

impl Fill {
    /// All of them.
    pub const ALL: &'static [Fill] = &[
        Fill::Arp,
        Fill::Ndisc,
        Fill::Conntrack,
        Fill::TcpMemory,
        Fill::Orphans,
        Fill::Files,
        Fill::MachineFiles,
    ];

    /// Its name in metrics and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Fill::Arp => "arp",
            Fill::Ndisc => "ndisc",
            Fill::Conntrack => "conntrack",
            Fill::TcpMemory => "tcp_memory",
            Fill::Orphans => "tcp_orphans",
            Fill::Files => "files",
            Fill::MachineFiles => "machine_files",
        }
    }

    /// What it is, for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Fill::Arp => "IPv4 neighbour table",
            Fill::Ndisc => "IPv6 neighbour table",
            Fill::Conntrack => "connection table (conntrack)",
            Fill::TcpMemory => "memory for TCP",
            Fill::Orphans => "TCP sockets without a process",
            Fill::Files => "open files of the process",
            Fill::MachineFiles => "open files of the machine",
        }
    }

    /// What to do when it is nearly full.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Fill::Arp => {
                "raise net.ipv4.neigh.default.gc_thresh3 (and gc_thresh2) in the host's network namespace; it is one \
                 table for all containers"
            }
            Fill::Ndisc => {
                "raise net.ipv6.neigh.default.gc_thresh3 (and gc_thresh2) in the host's network namespace; it is one \
                 table for all containers"
            }
            Fill::Conntrack => {
                "raise net.netfilter.nf_conntrack_max, or keep this traffic out of the table"
            }
            Fill::TcpMemory => {
                "raise net.ipv4.tcp_mem, or look for connections whose peers do not read"
            }
            Fill::Orphans => {
                "raise net.ipv4.tcp_max_orphans, or look for peers that do not acknowledge"
            }
            Fill::Files => "raise the limit of open files (LimitNOFILE=, ulimit -n)",
            Fill::MachineFiles => "raise fs.file-max, or find who holds the files",
        }
    }

    /// The numbers that it is made from: what is used, and the limit.
    #[must_use]
    pub const fn signals(self) -> (Signal, Signal) {
        match self {
            Fill::Arp => (Signal::ArpEntries, Signal::ArpThresh3),
            Fill::Ndisc => (Signal::NdiscEntries, Signal::NdiscThresh3),
            Fill::Conntrack => (Signal::ConntrackCount, Signal::ConntrackMax),
            Fill::TcpMemory => (Signal::TcpMem, Signal::TcpMemMax),
            Fill::Orphans => (Signal::TcpOrphan, Signal::TcpMaxOrphans),
            Fill::Files => (Signal::OpenFiles, Signal::MaxOpenFiles),
            Fill::MachineFiles => (Signal::MachineFiles, Signal::MachineMaxFiles),
        }
    }

    /// How full it is; `None` when one of the two numbers is not known.
    ///
    /// Where only the neighbours of this network namespace are visible nothing is said: they share their table with others.
    #[must_use]
    pub fn level(self, sample: &Sample) -> Option<Level> {
        let (used, limit) = self.signals();
        let limit = sample.get(limit).filter(|&limit| limit > 0)?;
        Some(Level { used: sample.get(used)?, limit })
    }
}

impl Level {
    /// From this share on it is worth a warning.
    pub const WARN: f64 = 0.8;

    /// The share in use, above 1 when it is more than full.
    #[must_use]
    pub fn share(self) -> f64 {
        self.used as f64 / self.limit as f64
    }
}

/// How long until it is full if it goes on as it went between two levels; zero when it is full already, `None` when it
/// does not grow.
#[must_use]
pub fn time_to_full(before: Level, after: Level, elapsed: Duration) -> Option<Duration> {
    let room = after.limit.saturating_sub(after.used);
    if room == 0 {
        return Some(Duration::ZERO);
    }
    let growth = after.used.checked_sub(before.used).filter(|&growth| growth > 0)?;
    let seconds = room as f64 / growth as f64 * elapsed.as_secs_f64();
    // Beyond what a duration holds it is as good as never.
    Duration::try_from_secs_f64(seconds).ok().filter(|_| !elapsed.is_zero())
}
