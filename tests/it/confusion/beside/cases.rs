//! What is met in front of both: the faults of the table, and some more.

use std::time::Duration;

use super::list::Known;
use crate::confusion::faults::{FAULTS, Fault, RARE, fault, script};
use crate::confusion::manner::Manner;
use crate::support::origin::{Asked, Step, ok, raw};

/// Who is behind a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// An origin that does what the fault is about.
    Origin,
    /// A port on which nobody listens.
    Closed,
    /// A listener whose queue is full.
    Full,
    /// A socket in the file system that has been taken away.
    Gone,
    /// One that no probe has ever found well.
    Sick,
    /// One that was taken out by hand.
    Out,
    /// An origin that does all that it may do at a time.
    Busy,
}

/// A fault and where it is met.
pub(super) struct Case {
    /// What the list calls it.
    pub(super) name: String,
    pub(super) fault: &'static Fault,
    pub(super) whom: Whom,
}

/// Faults that the table has not.
const MORE: &[Fault] = &[
    fault("eof-when-reused", "reused-closed", Manner::Again),
    fault("eof-when-reused", "reused-closed", Manner::AgainPost),
    fault("client-stops-in-chunk", "client-gone", Manner::StopsInChunk),
    fault("client-resets-in-chunk", "client-gone", Manner::ResetsInChunk),
    fault("client-says-nothing", "", Manner::SaysNothing),
    fault("client-stops-in-head", "", Manner::StopsInHead),
    fault("client-babbles", "", Manner::Babbles),
    fault("client-half-closes", "", Manner::HalfCloses),
    fault("short-status", "not-http", Manner::Get),
    fault("not-modified", "", Manner::Get),
    fault("eof-in-size", "bad-chunks", Manner::Get),
    fault("huge-size", "bad-chunks", Manner::Get),
    fault("long-size", "bad-chunks", Manner::Get),
    fault("no-end-of-chunk", "bad-chunks", Manner::Get),
    fault("no-end-of-size", "bad-chunks", Manner::Get),
    fault("reset-in-body-to-the-end", "body-cut", Manner::Get),
];

/// Something good, where no answer can be had.
const GOOD: Fault = fault("good", "", Manner::Get);

/// All that is met. What stands in the table is met, or listed as left out.
pub(super) fn all(known: &Known) -> Vec<Case> {
    let mut cases = Vec::new();
    for fault in FAULTS.iter().chain(RARE).chain(MORE) {
        let name = format!("{} {} {:?}", fault.place, fault.name, fault.client);
        let name = name.trim_start().to_owned();
        if known.leaves_out(&name) {
            continue;
        }
        let whom = match fault.place {
            "/closed" => Whom::Closed,
            "/full" => Whom::Full,
            _ => Whom::Origin,
        };
        cases.push(Case { name, fault, whom });
    }
    for whom in [Whom::Gone, Whom::Sick, Whom::Out, Whom::Busy] {
        cases.push(Case { name: format!("{whom:?}"), fault: &GOOD, whom });
    }
    cases
}

impl Case {
    /// Whether somebody is too late in it. In all others nobody may be, however slow the machine is.
    pub(super) fn is_timed(&self) -> bool {
        ["connect-timeout", "first-byte-timeout", "stalled"].contains(&self.fault.cause)
    }

    /// What has to be there before the origin breaks its answer off: varnishd answers with an error when that happens before its
    /// head has been sent on, and when that is would be chance.
    pub(super) fn until(&self) -> Option<&'static str> {
        ["body-cut", "bad-chunks"].contains(&self.fault.cause).then_some("some")
    }
}

/// What the origin does with a request for `/NAME/...`.
pub(super) fn steps(asked: &Asked) -> Vec<Step> {
    // More than is sent until somebody has seen something.
    const LENGTH: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    // A varnishd that reads some of a body with its head waits for more before it sends it on.
    let body = |head: &str, some: &'static str, more: &str| {
        vec![raw(head), Step::SendUntilTold(some), raw(more)]
    };
    let length = |end: Step| [body(LENGTH, "some", ""), vec![end]].concat();
    let chunks = |more: &str| [body(CHUNKED, "4\r\nsome\r\n", more), vec![Step::Close]].concat();
    match asked.target.split('/').nth(1).unwrap_or_default() {
        // Later than we ask whether such a client is there.
        "client-half-closes" => vec![Step::Delay(Duration::from_millis(1500)), ok("fine")],
        "eof-when-reused" if asked.on_connection == 0 => vec![Step::ReadBody, ok("fine")],
        "eof-when-reused" => vec![Step::ReadBody, Step::Close],
        "short-status" => vec![raw("HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"), Step::Close],
        "not-modified" => vec![raw("HTTP/1.1 304 Not Modified\r\n\r\n"), Step::Close],
        "eof-in-body" => length(Step::Close),
        "reset-in-body" => length(Step::Reset),
        "reset-in-body-to-the-end" => {
            vec![raw("HTTP/1.1 200 OK\r\n\r\n"), Step::SendUntilTold("some"), Step::Reset]
        }
        "eof-in-chunk" => chunks("64\r\nsome"),
        "bad-chunk" => chunks("ZZ\r\n"),
        "eof-in-size" => chunks("6"),
        "huge-size" => chunks("fffffffffffffff\r\n"),
        "long-size" => chunks(&format!("{}\r\n", "1".repeat(100))),
        "no-end-of-chunk" => chunks("4\r\nsomexx"),
        "no-end-of-size" => chunks("4 x\r\nmore\r\n"),
        _ => script(asked),
    }
}
