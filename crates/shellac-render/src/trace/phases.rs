//! The phases of a transaction: what happens between two of its timestamps, in words and with a letter.

use super::attempt::{Attempt, Step};

/// What was done between two timestamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// In words; an unknown label has none.
    pub word: &'static str,
    /// In one letter, for bars.
    pub letter: char,
}

impl Phase {
    /// Reading the body of the answer.
    pub const READ_BODY: Phase = Phase::new("read body", 'r');
    /// What a label stands for that is not known.
    pub const OTHER: Phase = Phase::new("other", 'o');

    const fn new(word: &'static str, letter: char) -> Phase {
        Phase { word, letter }
    }
}

/// The phase of a client request that ends with `step`.
pub(super) fn client_phase(step: &Step) -> Phase {
    match step.stamp.label.as_str() {
        "Req" => Phase::new("receive head", 'h'),
        "ReqBody" => Phase::new("receive body", 'u'),
        "Waitinglist" => Phase::new("wait for another fetch", 'q'),
        "Fetch" => Phase::new("backend", 'b'),
        "Process" => Phase::new("process", 'p'),
        "Resp" => Phase::new("send answer", 'a'),
        "Restart" => Phase::new("restart", 'x'),
        "Pipe" => Phase::new("open pipe", 'c'),
        "PipeSess" => Phase::new("pipe", 'i'),
        "Reset" => Phase::new("reset", 'x'),
        _ => Phase::OTHER,
    }
}

/// The phase of an attempt at a backend that ends with `step`.
pub(super) fn backend_phase(step: &Step, attempt: &Attempt) -> Phase {
    let connecting = attempt.last().is_some_and(|last| last.open.is_none());
    match (step.stamp.label.as_str(), step.failed) {
        ("Connected", true) => Phase::new("wait and connect anew", 'c'),
        ("Beresp", true) if connecting => Phase::new("connect", 'c'),
        ("Fetch", _) => Phase::new("prepare", 'f'),
        ("Connected", _) => Phase::new("connect", 'c'),
        ("Bereq", _) => Phase::new("send", 's'),
        ("Beresp", _) => Phase::new("wait", 'w'),
        ("Process", _) => Phase::new("process", 'p'),
        ("BerespBody", _) => Phase::READ_BODY,
        ("Error", _) => Phase::new("make error", 'e'),
        ("Retry", _) => Phase::new("retry", 'x'),
        _ => Phase::OTHER,
    }
}

impl Step {
    /// Whether it is worth showing: it took time, or it failed.
    pub fn is_shown(&self) -> bool {
        self.stamp.label != "Start" && (self.failed || self.stamp.took.0 != 0)
    }
}
