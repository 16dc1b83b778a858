//! The faults, each with what it is: what the origin does, and what the client.

use std::time::Duration;

use super::manner::Manner;
use crate::support::origin::{Asked, Step, ok, raw};

/// Something that goes wrong.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) name: &'static str,
    /// What it is, in the words of the catalogue.
    pub(super) cause: &'static str,
    /// The route that it is met on: the start of its URLs.
    pub(super) place: &'static str,
    pub(super) client: Manner,
    /// What the client gets.
    pub(super) gets: Gets,
    /// The texts of `FetchError`, or that of `Error` where there is none, as varnish 7.1 writes them.
    pub(super) says: &'static [&'static str],
    /// Where varnish's own texts for it were recorded.
    pub(super) recorded: Option<&'static str>,
}

/// What a client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gets {
    /// A whole answer with this status.
    Page(u16),
    /// An answer that ends before its end, and shows it.
    Cut,
    /// Nothing: it has left.
    Nothing,
}

impl Fault {
    /// One that nobody can inject at will.
    pub(super) const fn met_by_chance(
        name: &'static str,
        cause: &'static str,
        place: &'static str,
    ) -> Fault {
        fault(name, cause, Get).at(place)
    }

    const fn at(self, place: &'static str) -> Fault {
        Fault { place, ..self }
    }

    /// The client gets no error page.
    const fn gets(self, gets: Gets) -> Fault {
        Fault { gets, ..self }
    }

    const fn says(self, says: &'static [&'static str]) -> Fault {
        Fault { says, ..self }
    }

    const fn recorded_in(self, recording: &'static str) -> Fault {
        Fault { recorded: Some(recording), ..self }
    }
}

use Gets::{Cut, Nothing, Page};
use Manner::{
    Again, BreaksFraming, Get, LeavesInBody, LeavesWaiting, Post, PostFile, PostLarge,
    ResetsHalfWay, StallsHalfWay, StopsHalfWay, StopsReading,
};

pub(super) const fn fault(name: &'static str, cause: &'static str, client: Manner) -> Fault {
    Fault { name, cause, place: "", client, gets: Page(503), says: &[], recorded: None }
}

const EOF: &[&str] = &["HTC eof (-1)"];
const FORMAT: &[&str] = &["http format error"];
const STALLED: &[&str] = &["Resource temporarily unavailable", "straight insufficient bytes"];
const SEND_RESET: &[&str] = &[
    "req.body read error: 104 (Connection reset by peer)",
    "backend write error: 104 (Connection reset by peer) (Error transaction",
];
const SEND_LATE: &[&str] = &[
    "req.body read error: 11 (Resource temporarily unavailable)",
    "backend write error: 11 (Resource temporarily unavailable) (Error transaction",
];
const SEND_NOTHING: &[&str] =
    &["req.body read error: 0 (Success)", "backend write error: 0 (Success) (Error transaction"];

/// What the proxy can meet.
pub(super) const FAULTS: &[Fault] = &[
    fault("refused", "refused", Get)
        .at("/closed")
        .says(&["backend b1: fail errno 111 (Connection refused)"])
        .recorded_in("connect-refused"),
    fault("queue-full", "connect-timeout", Get)
        .at("/full")
        .says(&["backend b2: fail errno 110 (Connection timed out)"])
        .recorded_in("connect-timeout"),
    fault("eof", "closed-unanswered", Get).says(EOF).recorded_in("eof-before-first-byte-new"),
    fault("eof-after-body", "closed-unanswered", Post).says(EOF),
    fault("eof-with-body-unread", "closed-unanswered", Post).says(EOF),
    fault("reset", "closed-unanswered", Get).says(EOF).recorded_in("rst-before-first-byte"),
    fault("eof-in-head", "head-cut", Get).says(EOF).recorded_in("eof-in-headers"),
    fault("reset-in-head", "head-cut", Get).says(EOF),
    fault("tls", "not-http", Get).says(FORMAT).recorded_in("http-junk"),
    fault("ssh", "not-http", Post).says(FORMAT).recorded_in("http-bad-proto"),
    fault("bad-header", "not-http", Get).says(FORMAT).recorded_in("http-bad-header"),
    fault("long-header", "head-too-large", Get)
        .says(&["overflow"])
        .recorded_in("http-header-overflow"),
    // The text is that of a bad head; what else is logged tells that it is a good one of which there is too much.
    fault("many-headers", "head-too-large", Get).says(FORMAT).recorded_in("http-too-many-headers"),
    fault("bad-length", "bad-framing", Get)
        .says(&["Body cannot be fetched"])
        .recorded_in("http-bad-content-length"),
    fault("silence", "first-byte-timeout", Get)
        .says(&["first byte timeout"])
        .recorded_in("first-byte-timeout"),
    fault("silence-after-body", "first-byte-timeout", Post).says(&["first byte timeout"]),
    fault("stall-in-head", "stalled", Get)
        .says(&["timeout"])
        .recorded_in("between-bytes-timeout-headers"),
    fault("stall-in-body", "stalled", Get).gets(Cut).says(STALLED).recorded_in("body-stall-length"),
    fault("stall-in-chunk", "stalled", Get)
        .gets(Cut)
        .says(&["Resource temporarily unavailable", "chunked insufficient bytes"])
        .recorded_in("body-stall-chunked"),
    fault("eof-in-body", "body-cut", Get)
        .gets(Cut)
        .says(&["straight insufficient bytes"])
        .recorded_in("body-truncated-length"),
    fault("eof-in-chunk", "body-cut", Get)
        .gets(Cut)
        .says(&["chunked insufficient bytes"])
        .recorded_in("body-truncated-chunk"),
    fault("reset-in-body", "body-cut", Get)
        .gets(Cut)
        .says(&["Connection reset by peer", "straight insufficient bytes"])
        .recorded_in("body-reset"),
    fault("bad-chunk", "bad-chunks", Get)
        .gets(Cut)
        .says(&["chunked header non-hex"])
        .recorded_in("body-bad-chunk-header"),
    fault("reset-while-sending", "send-failed", PostLarge)
        .says(SEND_RESET)
        .recorded_in("pass-post-backend-reset"),
    fault("stops-reading", "send-stalled", PostLarge).says(SEND_LATE),
    fault("client-stops", "client-gone", StopsHalfWay)
        .says(SEND_NOTHING)
        .recorded_in("pass-post-client-abort"),
    fault("client-resets", "client-gone", ResetsHalfWay).gets(Nothing).says(SEND_RESET),
    fault("client-stalls", "client-slow", StallsHalfWay).gets(Page(408)).says(SEND_LATE),
    fault("client-bad-chunk", "client-bad", BreaksFraming).gets(Page(400)).says(SEND_NOTHING),
    fault("client-leaves", "client-left", LeavesWaiting).gets(Nothing).says(&["Client closed"]),
    fault("client-leaves-in-body", "client-left", LeavesInBody)
        .gets(Nothing)
        .says(&["Client closed"]),
];

/// What takes longer than the others, or needs a connection of its own: not met again and again.
pub(super) const RARE: &[Fault] = &[
    fault("eof", "closed-unanswered", Again)
        .at("/kept")
        .says(EOF)
        .recorded_in("eof-before-first-byte-reused"),
    fault("silence", "first-byte-timeout", Again)
        .at("/held")
        .says(&["first byte timeout (reused connection)"])
        .recorded_in("first-byte-timeout-reused"),
    fault("no-such-name", "no-name", Get).at("/gone").says(&["backend b4: no address (NXDOMAIN)"]),
    fault("name-not-answered", "no-name", Get)
        .at("/mute")
        .says(&["backend b5: no address (no answer from a name server)"]),
    fault("eof", "closed-unanswered", PostFile).at("/again").says(EOF),
    fault("silence", "cut", Get).at("/total").says(&["first byte timeout"]),
    fault("stall-in-body", "cut", Get).at("/total").gets(Cut).says(STALLED),
    fault("drip", "stalled", Get).at("/rate").gets(Cut).says(STALLED),
    fault("flood", "client-slow-reader", StopsReading)
        .gets(Nothing)
        .says(&["shellac: the client takes its answer too slowly"]),
];

/// What the origin does with a request for `/NAME/NUMBER/MILLISECONDS/BYTES`.
pub(super) fn script(asked: &Asked) -> Vec<Step> {
    let places = RARE.iter().map(|fault| fault.place).filter(|place| !place.is_empty());
    let at = places.clone().find(|place| asked.target.starts_with(*place)).map_or(0, str::len);
    let mut parts = asked.target[at..].split('/').skip(1);
    let name = parts.next().unwrap_or_default();
    let mut number = || parts.next().and_then(|part| part.parse::<u64>().ok()).unwrap_or(0);
    let (_, delay, bytes) = (number(), number(), number());
    let delay = Step::Delay(Duration::from_millis(delay));
    let head = || raw("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 1000\r\n\r\n");
    let chunked = || raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    let all = |steps: Vec<Step>| [vec![Step::ReadBody, delay.clone()], steps].concat();
    match name {
        "good" => vec![ok("fine")],
        "eof" | "eof-after-body" => all(vec![Step::Close]),
        "eof-with-body-unread" => vec![delay, Step::Close],
        "reset" => all(vec![Step::Reset]),
        "eof-in-head" => all(vec![raw("HTTP/1.1 200 OK\r\nServ"), Step::Close]),
        "reset-in-head" => all(vec![raw("HTTP/1.1 200 OK\r\nServ"), delay.clone(), Step::Reset]),
        "tls" => all(vec![raw(b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n"), Step::Close]),
        "ssh" => all(vec![raw("SSH-2.0-OpenSSH_9.2p1\r\n\r\n"), Step::Close]),
        "bad-header" => all(vec![raw("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), Step::Close]),
        "long-header" => {
            let line = format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\n", "x".repeat(20_000));
            all(vec![raw(line), Step::Hang])
        }
        "many-headers" => {
            let lines = "X-Many: x\r\n".repeat(200);
            all(vec![raw(format!("HTTP/1.1 200 OK\r\n{lines}\r\n")), Step::Hang])
        }
        "bad-length" => {
            all(vec![raw("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nx"), Step::Close])
        }
        "silence" | "silence-after-body" => vec![Step::ReadBody, Step::Hang],
        "stall-in-head" => all(vec![raw("HTTP/1.1 200 OK\r\nServ"), Step::Hang]),
        "stall-in-body" => all(vec![head(), delay.clone(), raw("some"), Step::Hang]),
        "stall-in-chunk" => all(vec![chunked(), raw("64\r\nsome"), Step::Hang]),
        "eof-in-body" => all(vec![head(), raw("some"), delay.clone(), Step::Close]),
        "eof-in-chunk" => all(vec![chunked(), raw("64\r\nsome"), delay.clone(), Step::Close]),
        "reset-in-body" => all(vec![head(), raw("some"), delay.clone(), Step::Reset]),
        "bad-chunk" => {
            all(vec![chunked(), raw("4\r\nsome\r\n"), delay.clone(), raw("ZZ\r\n"), Step::Hang])
        }
        "reset-while-sending" => vec![Step::ReadBodyBytes(bytes), delay, Step::Reset],
        // Until the proxy has given up, and longer.
        "stops-reading" => vec![Step::Delay(2 * LIMIT), Step::Reset],
        "client-leaves" => vec![Step::ReadBody, Step::Hang],
        "client-leaves-in-body" => vec![Step::ReadBody, head(), raw("some"), Step::Hang],
        // Each byte comes in time, and all together they do not.
        "drip" => {
            let bytes = std::iter::repeat_n([raw("x"), Step::Delay(LIMIT / 20)], 500).flatten();
            std::iter::once(head()).chain(bytes).collect()
        }
        "flood" => vec![
            raw(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 64 << 20)),
            raw(vec![b'x'; 64 << 20]),
        ],
        // The client's doing: here somebody reads as long as something comes.
        _ => vec![Step::ReadBody, Step::Hang],
    }
}

/// How long the proxy waits for anybody. Longer than a busy machine is away.
pub(super) const LIMIT: Duration = Duration::from_secs(1);

/// More than the buffers of both sides together.
pub(super) const LARGE: usize = 8 << 20;
