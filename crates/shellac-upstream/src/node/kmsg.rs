//! Lines of the kernel's log that tell of faults of the node.
//!
//! `/dev/kmsg` hands out one record per read, into a buffer of at least 8 KiB; [`RECORD_BYTES`] is enough.

/// Room for one record: with a smaller one the read fails.
pub const RECORD_BYTES: usize = 8192;

/// What the kernel complains of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Complaint {
    /// The neighbour table is full: packets to new neighbours are dropped.
    NeighbourTable,
    /// The connection table of netfilter is full: packets of new connections are dropped.
    ConnectionTable,
    /// There is no memory for TCP.
    TcpMemory,
    /// Too many half-open connections at a listening port.
    SynFlood,
    /// So many lines were left out, of whatever kind they were.
    Suppressed(u64),
}

impl Complaint {
    /// In a few words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Complaint::NeighbourTable => "neighbour table overflow",
            Complaint::ConnectionTable => "connection table full",
            Complaint::TcpMemory => "out of memory for TCP",
            Complaint::SynFlood => "possible SYN flooding",
            Complaint::Suppressed(_) => "lines of the kernel were left out",
        }
    }

    /// Whether it says that packets did not leave this machine.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        matches!(
            self,
            Complaint::NeighbourTable | Complaint::ConnectionTable | Complaint::TcpMemory
        )
    }
}

/// What a line of the kernel's log complains of, from `/dev/kmsg`, `dmesg` or a journal.
///
/// Older kernels write `Neighbour table overflow.`, newer ones `neighbour: arp_cache: neighbor table overflow!`.
#[must_use]
pub fn complaint(line: &str) -> Option<Complaint> {
    let line = line.to_ascii_lowercase();
    let has = |words: &str| line.contains(words);
    if has("neighbour table overflow") || has("neighbor table overflow") {
        Some(Complaint::NeighbourTable)
    } else if has("nf_conntrack") && has("table full") {
        Some(Complaint::ConnectionTable)
    } else if has("tcp: out of memory") {
        Some(Complaint::TcpMemory)
    } else if has("possible syn flooding on port") {
        Some(Complaint::SynFlood)
    } else if has("callbacks suppressed") {
        let mut words = line.split_ascii_whitespace().rev().skip(2);
        Some(Complaint::Suppressed(words.next().and_then(|word| word.parse().ok()).unwrap_or(1)))
    } else {
        None
    }
}

/// The text of a record of `/dev/kmsg`: `priority,number,microseconds,flags;text`, with further lines below.
#[must_use]
pub fn text_of(record: &[u8]) -> Option<String> {
    let at = record.iter().position(|&byte| byte == b';')?;
    let line = record[at + 1..].split(|&byte| byte == b'\n').next()?;
    Some(String::from_utf8_lossy(line).into_owned())
}
