//! What an error text says, over all versions and programs: in which phase a fetch failed, and how.
//!
//! A text often leaves something open (`HTC eof (-1)` is written before the first byte and inside the head
//! alike), so the answer is a *set* of phases and a set of classes. Details that the log adds narrow them.

mod foreign;
mod pattern;
mod set;
mod texts;
mod words;

pub use pattern::Pattern;
pub(crate) use set::{CLIENT, TLS};
pub use set::{Class, Classes, Phase, Phases};

use foreign::FOREIGN;
use texts::{FETCH, REMARKS};

/// Who writes a text, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `FetchError` of varnishd and of this proxy.
    FetchError,
    /// `Error` in the place of a `FetchError`.
    FailedFetch,
    /// `Error` beside a fetch.
    Error,
    /// `VCL_Error`.
    VclError,
    /// `FetchError` of versions before 6.
    Old,
    /// The error log of nginx.
    Nginx,
    /// The termination state in the log of haproxy.
    Haproxy,
    /// Response flags and details of Envoy.
    Envoy,
    /// The kernel's log.
    Linux,
    /// A traceback of Django or another WSGI application.
    Django,
    /// The message of curl.
    Curl,
}

impl Source {
    /// Whether it stands in a log of ours, where a text may be about either side.
    pub const fn is_ours(self) -> bool {
        matches!(self, Source::FetchError | Source::Old)
    }

    /// Who and where, in a few words.
    pub const fn words(self) -> &'static str {
        match self {
            Source::FetchError => "FetchError",
            Source::FailedFetch | Source::Error => "Error",
            Source::VclError => "VCL_Error",
            Source::Old => "FetchError, before 6.0",
            Source::Nginx => "nginx",
            Source::Haproxy => "haproxy",
            Source::Envoy => "envoy",
            Source::Linux => "kernel log",
            Source::Django => "WSGI application",
            Source::Curl => "curl",
        }
    }
}

/// A text that is known, and what it leaves possible.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// How it is recognised.
    pub pattern: Pattern,
    /// Who writes it.
    pub source: Source,
    phases: &'static [Phase],
    classes: &'static [Class],
}

impl Text {
    /// What it leaves possible.
    pub const fn reading(&self) -> Reading {
        Reading { phases: Phases::of(self.phases), classes: Classes::of(self.classes) }
    }
}

/// All texts that are known.
pub fn all() -> impl Iterator<Item = &'static Text> {
    FETCH.iter().chain(REMARKS).chain(FOREIGN)
}

/// The row for a text of a log of ours; the most exact one where several fit.
pub fn find(text: &str) -> Option<&'static Text> {
    best(FETCH.iter().chain(REMARKS), text)
}

/// The row for a line or flag of another program.
pub fn find_foreign(text: &str) -> Option<&'static Text> {
    best(FOREIGN.iter(), text)
}

fn best<'t>(rows: impl Iterator<Item = &'t Text>, text: &str) -> Option<&'t Text> {
    rows.filter(|row| row.pattern.matches(text)).max_by_key(|row| row.pattern.weight())
}

/// What a list of error texts says about one exchange with a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Phases that are possible.
    pub phases: Phases,
    /// Classes that are possible.
    pub classes: Classes,
}

impl Reading {
    /// Reads the error texts of one exchange, oldest first. `None` when not one is known.
    ///
    /// The last known text decides, with two exceptions: a plain system error text, or one about TLS, that goes before a
    /// complaint about a short body, or one about TLS, is the reason for it, and a failed write that has an errno is the
    /// backend's doing even when reading the client's body is blamed first.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Reading> {
        let mut reading: Option<Reading> = None;
        for text in texts {
            let Some(row) = best(FETCH.iter(), text) else { continue };
            let Reading { phases, mut classes } = row.reading();
            if let Some(before) = reading
                && classes == Classes::of(&[Class::Truncated])
                && phases.within(before.phases)
            {
                classes = before.classes;
            }
            reading = Some(Reading { phases, classes });
        }
        reading
    }

    /// The same for texts in a client's transaction: they are about what the client sends.
    pub fn of_client<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Reading> {
        Reading::of(texts).map(Reading::turned)
    }

    /// What the same text means when it is about a client's body and not about a backend's.
    #[must_use]
    pub fn turned(self) -> Reading {
        use Class::{
            Chunks, Client, ClientBad, ClientSlow, ClientTls, Coding, Eof, Reset, Timeout, Tls,
            Truncated,
        };
        if !self.phases.within(Phases::of(&[Phase::Body])) {
            return self;
        }
        let only = |classes: &[Class]| self.classes.within(Classes::of(classes));
        let class = if only(&[Eof, Reset, Truncated]) {
            Client
        } else if only(&[Timeout]) {
            ClientSlow
        } else if only(&[Chunks, Coding]) {
            ClientBad
        } else if only(&[Tls]) {
            ClientTls
        } else {
            return self;
        };
        Reading { phases: Phases::of(&[Phase::Send]), classes: Classes::of(&[class]) }
    }
}

/// The number behind `errno ` or `error: ` in a text.
pub fn errno_in(text: &str) -> Option<i32> {
    let after = ["errno ", "error: "].iter().find_map(|mark| text.split_once(mark))?.1;
    let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after[..digits].parse().ok()
}

#[cfg(test)]
mod tests;
