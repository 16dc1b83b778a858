//! The numbers of one moment.

use super::files;
use super::signal::{Signal, Source};

/// Whatever the kernel told at one moment; a number that it did not tell is unknown, not 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    values: [Option<u64>; Signal::ALL.len()],
    unread: Vec<Source>,
}

/// What cannot be told because a file is not there, or may not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What is not known for want of it, and what that means.
    pub text: &'static str,
    /// The file.
    pub source: Source,
}

impl Default for Sample {
    /// Nothing is known.
    fn default() -> Sample {
        Sample { values: [None; Signal::ALL.len()], unread: Vec::new() }
    }
}

impl Sample {
    /// Asks `read` for each file once. It answers with the text, or `None` when the file cannot be read; for a directory
    /// it answers with one name per line.
    pub fn read(read: &mut dyn FnMut(&str) -> Option<String>) -> Sample {
        let mut sample = Sample::default();
        for &source in Source::ALL {
            let Some(text) = read(source.path()) else {
                sample.unread.push(source);
                continue;
            };
            for &signal in Signal::ALL.iter().filter(|signal| signal.source() == source) {
                sample.values[signal as usize] =
                    files::number(source.form(), &text, signal.column());
            }
        }
        sample
    }

    /// A number, if the kernel told it.
    #[must_use]
    pub fn get(&self, signal: Signal) -> Option<u64> {
        self.values[signal as usize]
    }

    /// The numbers that are known.
    pub fn known(&self) -> impl Iterator<Item = (Signal, u64)> {
        Signal::ALL.iter().filter_map(|&signal| Some((signal, self.get(signal)?)))
    }

    /// The files that could not be read.
    #[must_use]
    pub fn unread(&self) -> &[Source] {
        &self.unread
    }

    /// What cannot be told, most important first. The first one is about faults of the node as such.
    #[must_use]
    pub fn missing(&self) -> Vec<Missing> {
        CONSEQUENCES
            .iter()
            .filter(|(signal, _)| self.get(*signal).is_none())
            .map(|&(signal, text)| Missing { text, source: signal.source() })
            .collect()
    }

    /// Whether overflows of the neighbour tables would be seen. If not, a node fault cannot be excluded from here.
    #[must_use]
    pub fn sees_neighbour_tables(&self) -> bool {
        self.get(Signal::ArpTableFulls).is_some() && self.get(Signal::NdiscTableFulls).is_some()
    }
}

/// What it means that a number is not there.
const CONSEQUENCES: &[(Signal, &str)] = &[
    (
        Signal::ArpTableFulls,
        "overflows of the IPv4 neighbour table are not visible: a node fault cannot be excluded from here; run \
         `shellac metrics --node` in the host's network namespace",
    ),
    (
        Signal::NdiscTableFulls,
        "overflows of the IPv6 neighbour table are not visible: a node fault cannot be excluded from here; run \
         `shellac metrics --node` in the host's network namespace",
    ),
    (Signal::ArpThresh3, "the size of the IPv4 neighbour table is not known"),
    (Signal::NdiscThresh3, "the size of the IPv6 neighbour table is not known"),
    (
        Signal::UdpSndbufErrors,
        "datagrams that were dropped before they left are not visible: a lost DNS query looks like a slow resolver",
    ),
    (Signal::IpOutDiscards, "packets that were dropped before they left are not visible"),
    (Signal::TcpSynRetrans, "connection requests that were lost are not visible"),
    (
        Signal::ConntrackDrop,
        "drops of the connection table (conntrack) are not visible here, or it is not in use",
    ),
    (
        Signal::ConntrackMax,
        "how full the connection table (conntrack) is cannot be told, or it is not in use",
    ),
    (Signal::SoftnetDropped, "packets that the processors dropped are not visible"),
    (Signal::TcpMemMax, "how much memory TCP may use is not known"),
    (Signal::TcpMaxOrphans, "how many sockets without a process there may be is not known"),
    (Signal::LocalPorts, "how many local ports there are is not known"),
    (Signal::OpenFiles, "the open files of the process are not known"),
];
