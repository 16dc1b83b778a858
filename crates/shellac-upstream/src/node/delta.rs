//! What the numbers did between two samples.

use std::fmt;

use super::sample::Sample;
use super::signal::{Kind, Signal};

/// Growth that says that packets did not leave this machine, whichever backend they were for.
const FAULTS: &[Signal] = &[
    Signal::ArpTableFulls,
    Signal::NdiscTableFulls,
    Signal::UdpSndbufErrors,
    Signal::Udp6SndbufErrors,
    Signal::IpOutDiscards,
    Signal::Ip6OutDiscards,
    Signal::ConntrackDrop,
];

/// What is told beside those of a failed attempt: lost connection requests are no proof, but they belong to it.
const HINTS: &[Signal] =
    &[Signal::TcpSynRetrans, Signal::ArpDiscards, Signal::NdiscDiscards, Signal::SoftnetDropped];

/// By how much counters grew. One that is unknown in either sample, or that is less than before, did not grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delta {
    grown: [u64; Signal::ALL.len()],
}

impl Default for Delta {
    /// Nothing moved.
    fn default() -> Delta {
        Delta { grown: [0; Signal::ALL.len()] }
    }
}

impl Delta {
    /// What happened between the samples.
    #[must_use]
    pub fn between(before: &Sample, after: &Sample) -> Delta {
        let mut delta = Delta::default();
        for &signal in Signal::ALL.iter().filter(|signal| signal.kind() == Kind::Counter) {
            if let (Some(before), Some(after)) = (before.get(signal), after.get(signal)) {
                delta.grown[signal as usize] = after.saturating_sub(before);
            }
        }
        delta
    }

    /// Growth of one counter.
    #[must_use]
    pub fn get(&self, signal: Signal) -> u64 {
        self.grown[signal as usize]
    }

    /// The counters that grew, in the order of the table.
    pub fn moved(&self) -> impl Iterator<Item = (Signal, u64)> {
        Signal::ALL
            .iter()
            .map(|&signal| (signal, self.get(signal)))
            .filter(|&(_, growth)| growth > 0)
    }

    /// Whether packets did not leave this machine: a time-out meanwhile is not a backend's fault.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        FAULTS.iter().any(|&signal| self.get(signal) > 0)
    }
}

impl fmt::Display for Delta {
    /// `table_fulls+7 SndbufErrors+5`: what says something about failed attempts; nothing when nothing of that moved.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut blank = "";
        for &signal in FAULTS.iter().chain(HINTS) {
            let growth = self.get(signal);
            if growth > 0 {
                write!(f, "{blank}{}+{growth}", signal.short())?;
                blank = " ";
            }
        }
        Ok(())
    }
}
