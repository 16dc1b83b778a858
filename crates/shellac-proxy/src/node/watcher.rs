//! Watching the node once a second.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use shellac_counters::vsc::table::{Kind as _, Node as Row};
use shellac_counters::vsc::write::Published;
use shellac_upstream::node::kmsg::Complaint;
use shellac_upstream::node::{Delta, Sample, Signal};

use super::Lately;
use super::files::Files;
use super::kmsg::Kmsg;

/// Samples that are compared: what happened up to five seconds ago belongs to an attempt that fails now.
const SAMPLES: usize = 6;
/// Bytes of what a record tells.
const MOST_TEXT: usize = 220;

/// Connections to backends elsewhere so far: by name, those that were made and those that were not answered in time.
pub(crate) type Connects = BTreeMap<String, (u64, u64)>;

/// What is known of one moment.
#[derive(Debug)]
struct Moment {
    sample: Sample,
    complaints: Vec<Complaint>,
    connects: Connects,
}

/// Reads the kernel's files and log, and says what they mean.
#[derive(Debug)]
pub(crate) struct Watcher {
    files: Files,
    kmsg: Option<Kmsg>,
    moments: VecDeque<Moment>,
    complaints: BTreeMap<Row, u64>,
    was_fault: bool,
    faults: u64,
}

impl Watcher {
    /// Nothing was seen yet.
    pub(crate) fn new() -> Watcher {
        Watcher {
            files: Files::default(),
            kmsg: Kmsg::open(),
            moments: VecDeque::with_capacity(SAMPLES + 1),
            complaints: BTreeMap::new(),
            was_fault: false,
            faults: 0,
        }
    }

    /// Looks once.
    pub(crate) fn look(&mut self, connects: Connects) -> Lately {
        let complaints = self.kmsg.as_ref().and_then(Kmsg::complaints);
        if complaints.is_none() {
            self.kmsg = None;
        }
        let sample = self.files.sample();
        self.take(sample, complaints.unwrap_or_default(), connects)
    }

    /// What follows from one more moment.
    pub(super) fn take(
        &mut self,
        sample: Sample,
        complaints: Vec<Complaint>,
        connects: Connects,
    ) -> Lately {
        for complaint in &complaints {
            let (row, count) = match complaint {
                Complaint::NeighbourTable => (Row::KmsgNeighbour, 1),
                Complaint::ConnectionTable => (Row::KmsgConntrack, 1),
                Complaint::TcpMemory => (Row::KmsgMemory, 1),
                Complaint::SynFlood => (Row::KmsgSynFlood, 1),
                Complaint::Suppressed(count) => (Row::KmsgSuppressed, *count),
            };
            let sum = self.complaints.entry(row).or_default();
            *sum = sum.saturating_add(count);
        }
        self.moments.push_back(Moment { sample, complaints, connects });
        if self.moments.len() > SAMPLES {
            self.moments.pop_front();
        }
        let lately = self.lately();
        self.faults += u64::from(lately.fault && !self.was_fault);
        self.was_fault = lately.fault;
        lately
    }

    fn lately(&self) -> Lately {
        let (Some(first), Some(last)) = (self.moments.front(), self.moments.back()) else {
            return Lately::default();
        };
        let delta = Delta::between(&first.sample, &last.sample);
        let mut told: BTreeMap<&'static str, u64> = BTreeMap::new();
        for complaint in self.moments.iter().skip(1).flat_map(|moment| &moment.complaints) {
            if complaint.is_fault() {
                *told.entry(word(*complaint)).or_default() += 1;
            }
        }
        let unanswered = unanswered(&first.connects, &last.connects)
            .filter(|_| delta.get(Signal::TcpSynRetrans) > 0);
        let fault = delta.is_fault() || !told.is_empty() || unanswered.is_some();
        let mut text = delta.to_string();
        let mut more = |part: String| {
            let blank = if text.is_empty() { "" } else { " " };
            if text.len() + blank.len() + part.len() <= MOST_TEXT {
                // Writing to a string cannot fail.
                let _ = write!(text, "{blank}{part}");
            }
        };
        for (word, count) in told {
            more(format!("kmsg:{word}+{count}"));
        }
        if let Some((silent, all)) = unanswered {
            more(format!("unanswered:{silent}/{all}"));
        }
        Lately { fault, moved: Some(text).filter(|text| !text.is_empty()).map(Into::into) }
    }

    /// Publishes what the last look found.
    pub(crate) fn publish(&self, published: &Published<Row>) {
        let Some(Moment { sample, .. }) = self.moments.back() else { return };
        for (&row, &signal) in Row::ALL.iter().zip(Signal::ALL) {
            if let Some(value) = sample.get(signal) {
                published.set(0, row, value);
            }
        }
        for (&row, &count) in &self.complaints {
            published.set(0, row, count);
        }
        published.set(0, Row::KmsgReadable, self.kmsg.is_some().into());
        published.set(0, Row::Unreadable, sample.unread().len() as u64);
        published.set(0, Row::TablesVisible, sample.sees_neighbour_tables().into());
        published.set(0, Row::Fault, self.was_fault.into());
        published.set(0, Row::Faults, self.faults);
    }
}

const fn word(complaint: Complaint) -> &'static str {
    match complaint {
        Complaint::NeighbourTable => "neighbour_table",
        Complaint::ConnectionTable => "connection_table",
        Complaint::TcpMemory => "tcp_memory",
        Complaint::SynFlood => "syn_flood",
        Complaint::Suppressed(_) => "suppressed",
    }
}

/// How many backends did not answer to a connection lately, of how many that were asked: if that is at least half of them, and
/// more than one, it is not them.
fn unanswered(before: &Connects, after: &Connects) -> Option<(usize, usize)> {
    let mut silent = 0;
    let mut all = 0;
    for (name, &(made, unanswered)) in after {
        let (made_before, unanswered_before) = before.get(name).copied().unwrap_or_default();
        let is_silent = unanswered > unanswered_before;
        silent += usize::from(is_silent);
        all += usize::from(is_silent || made > made_before);
    }
    (silent >= 2 && silent * 2 >= all).then_some((silent, all))
}
