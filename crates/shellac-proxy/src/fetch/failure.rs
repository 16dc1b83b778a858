//! Why an attempt failed: its text, its details, and whether another attempt makes sense.

mod unsecured;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shellac_counters::vsc::table::{Main, Vbe};
use shellac_counters::vsc::write::Counts;
use shellac_http1::{FramingError, HeadError, Limits, culprit};
use shellac_upstream::resolve::Trouble;
use shellac_upstream::{Fault, NoEndpoint, Outcome, Pool};

use super::limit::{Limit, Wait};
use crate::client::BodyFault;
use crate::clock::{Micros, micros};
use crate::log::{CloseReason, Details, Grammar, HeadTags, Phase, Txn};
use crate::node::Lately;
use crate::stats::Stats;
use crate::tls::fault;
pub(super) use unsecured::Unsecured;

/// What a retry policy distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// No connection came about: nothing was sent.
    Connect,
    /// The connection ended before the first byte of a response.
    Eof,
    /// The connection was reset before the first byte of a response.
    Reset,
    /// The first byte did not come in time.
    FirstByteTimeout,
    /// A response had begun, or the client is at fault: another attempt would not be safe, or not help.
    Final,
}

/// A failed attempt, as long as no response has begun towards the client.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) phase: Phase,
    class: &'static str,
    errno: Option<i32>,
    /// The lines of `FetchError`.
    texts: Vec<Vec<u8>>,
    /// Why the connection is closed, if there is one.
    pub(crate) close: Option<CloseReason>,
    /// Start of what could not be parsed.
    garbage: Option<Garbage>,
    /// Why the head of the response is of no use, where the texts do not tell.
    refused: Option<String>,
    /// The line of `Error` where there is no `FetchError`.
    error: Option<&'static str>,
    /// What went wrong with the client's body.
    pub(crate) fault: Option<BodyFault>,
    /// Bytes of the response that came.
    pub(crate) received: Option<u64>,
    /// How long nothing had moved, in microseconds.
    waited: Option<u64>,
    /// How long that is allowed, where it was too long.
    limit: Option<Duration>,
    /// Which limit that was.
    timeout: Option<Limit>,
    /// What the kernel of this machine counted lately.
    node: Option<Arc<str>>,
    /// Where no connection came about.
    pub(super) address: Option<SocketAddr>,
    /// Why the backend's name has no address.
    trouble: Option<Trouble>,
    /// The word for why TLS was not agreed on, and the words.
    tls: Option<&'static str>,
    unsecured: Option<String>,
}

impl Failure {
    fn new(cause: Cause, phase: Phase, class: &'static str, text: Vec<u8>) -> Box<Failure> {
        Box::new(Failure {
            cause,
            phase,
            class,
            errno: None,
            texts: vec![text],
            close: None,
            garbage: None,
            refused: None,
            error: None,
            fault: None,
            received: None,
            waited: None,
            limit: None,
            timeout: None,
            node: None,
            address: None,
            trouble: None,
            tls: None,
            unsecured: None,
        })
    }

    /// What it says about the backend. `stale` is that the connection had been kept, and nothing else can have gone wrong with it.
    pub(super) fn outcome(&self, stale: bool) -> Outcome {
        // A wait that was cut was not too long for the backend.
        if self.is_cut() || self.fault.is_some() || self.class == "client" || self.class == "admin"
        {
            return Outcome::Client;
        }
        if stale && matches!(self.cause, Cause::Eof | Cause::Reset) {
            return Outcome::Stale;
        }
        if self.tls == Some(unsecured::NO_NAME) {
            return Outcome::Client;
        }
        let connecting = matches!(self.phase, Phase::Connect | Phase::Resolve | Phase::Tls);
        if self.errno == Some(rustix::io::Errno::NETDOWN.raw_os_error()) {
            return Outcome::Local { connecting };
        }
        let fault = match self.class {
            "local" | "body_file" => return Outcome::Local { connecting },
            "timeout" if connecting => Fault::ConnectTimeout,
            "timeout" => Fault::HeadTimeout,
            _ if connecting => Fault::Connect,
            "eof" => Fault::Eof,
            "reset" => Fault::Reset,
            "unreachable" => Fault::Connect,
            _ => Fault::Garbage,
        };
        Outcome::Failed(fault)
    }

    /// Whether it ran into a limit of more than one wait.
    pub(super) fn is_cut(&self) -> bool {
        self.timeout.is_some_and(Limit::is_cut)
    }

    /// Adds what the node was up to, which may be whose fault it is: no backend is to blame for packets that did not leave.
    pub(super) fn on(mut self: Box<Self>, node: Lately) -> Box<Failure> {
        let unanswered = matches!(self.class, "timeout" | "unreachable");
        let silent = self.trouble == Some(Trouble::Timeout);
        if node.fault && (silent || unanswered && self.phase == Phase::Connect) {
            self.class = "local";
        }
        self.node = node.moved;
        self
    }

    /// Adds how long nothing had moved by `now`, and how long that is allowed.
    pub(super) fn after(mut self: Box<Self>, now: Micros, wait: &Wait) -> Box<Failure> {
        self.waited = Some(now.since(wait.since));
        if self.is_timeout() {
            if wait.limit.is_cut() {
                self.class = "cut";
            }
            self.limit = wait.time;
            self.timeout = Some(wait.limit);
        }
        self
    }

    fn is_timeout(&self) -> bool {
        self.class == "timeout" || matches!(self.fault, Some(BodyFault::Timeout(_)))
    }

    /// No backend of a pool takes an attempt.
    pub(crate) fn no_backend(pool: &Pool, why: NoEndpoint) -> Box<Failure> {
        let name = match pool.endpoints() {
            [only] => only.name(),
            _ => pool.name(),
        };
        let (class, text) = match why {
            NoEndpoint::Full => ("busy", format!("backend {name}: busy")),
            _ if pool.endpoints().len() == 1 => ("sick", format!("backend {name}: unhealthy")),
            _ => ("sick", format!("Director {name} returned no backend")),
        };
        Failure::new(Cause::Final, Phase::Choose, class, text.into_bytes())
    }

    /// No connection to the backend `name`.
    pub(crate) fn connect(name: &str, errno: i32) -> Box<Failure> {
        let text = format!("backend {name}: fail errno {errno} ({})", errno_text(errno));
        let mut failure =
            Failure::new(Cause::Connect, Phase::Connect, errno_class(errno), text.into_bytes());
        failure.errno = Some(errno);
        failure
    }

    /// No connection to the backend `name`, which is a path.
    pub(crate) fn connect_path(name: &str, error: &io::Error) -> Box<Failure> {
        use rustix::io::Errno;
        let errno = error.raw_os_error().unwrap_or(0);
        let mut failure = Failure::connect(name, errno);
        // Nobody has made it, nobody listens, or more wait than whoever listens has room for: all of that is the backend's doing.
        if [Errno::NOENT, Errno::CONNREFUSED, Errno::AGAIN]
            .map(Errno::raw_os_error)
            .contains(&errno)
        {
            failure.class = "refused";
        }
        failure
    }

    /// The backend `name` did not take who the client is.
    pub(crate) fn introduction(name: &str, error: &io::Error) -> Box<Failure> {
        let errno = error.raw_os_error().unwrap_or(0);
        let mut failure = Failure::connect(name, errno);
        let text = format!("backend {name}: proxy write errno {errno} ({})", errno_text(errno));
        failure.texts = vec![text.into_bytes()];
        failure
    }

    /// The name of the backend `name` has no address. The words are those of a connection if it is for a fault of this machine.
    pub(crate) fn unresolved(name: &str, trouble: Trouble) -> Box<Failure> {
        let mut failure = match trouble {
            Trouble::Local(errno) => Failure {
                // Whatever the number is: a server that was not asked says nothing about the backend.
                class: "local",
                ..*Failure::connect(name, errno)
            },
            trouble => {
                let text = format!("backend {name}: no address ({trouble})");
                *Failure::new(Cause::Connect, Phase::Resolve, "name", text.into_bytes())
            }
        };
        failure.phase = Phase::Resolve;
        failure.trouble = Some(trouble);
        Box::new(failure)
    }

    /// Where the connection would have gone to; for a name without an address anywhere but to this machine.
    pub(super) fn asked(&self) -> SocketAddr {
        self.address.unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    /// Sending failed, and no response came instead.
    pub(crate) fn send(grammar: &Grammar, error: &io::Error) -> Box<Failure> {
        let errno = error.raw_os_error().unwrap_or(0);
        let class = errno_class(errno);
        // A backend that stopped reading resets, or lets us run into a broken pipe: the same to us.
        let cause = if class == "reset" { Cause::Reset } else { Cause::Final };
        let mut failure = Failure::new(cause, Phase::Send, class, write_error(grammar, errno));
        failure.errno = Some(errno);
        failure.close = Some(CloseReason::TxError);
        failure
    }

    /// The backend did not take the request in time.
    pub(crate) fn send_timeout(grammar: &Grammar) -> Box<Failure> {
        let errno = rustix::io::Errno::AGAIN.raw_os_error();
        let mut failure =
            Failure::new(Cause::Final, Phase::Send, "timeout", write_error(grammar, errno));
        failure.errno = Some(errno);
        failure.close = Some(CloseReason::TxError);
        failure
    }

    /// Where the request's body was on its way, varnish's words come twice: it takes the error of its writing for one of reading too.
    pub(super) fn in_body(mut self: Box<Self>) -> Box<Failure> {
        let errno = self.errno.unwrap_or(0);
        let text = format!("req.body read error: {errno} ({})", errno_text(errno));
        self.texts.insert(0, text.into_bytes());
        self
    }

    /// The client's body cannot be sent.
    pub(crate) fn body(grammar: &Grammar, fault: BodyFault) -> Box<Failure> {
        let errno = match fault {
            BodyFault::Ended(_, errno) => errno.unwrap_or(0),
            BodyFault::Timeout(_) => rustix::io::Errno::AGAIN.raw_os_error(),
            BodyFault::Insecure(_) | BodyFault::Malformed(_) | BodyFault::TooLarge => 0,
        };
        let text = format!("req.body read error: {errno} ({})", errno_text(errno));
        let mut failure = Failure::new(Cause::Final, Phase::Send, "client", text.into_bytes());
        failure.texts.push(write_error(grammar, errno));
        failure.errno = (errno != 0).then_some(errno);
        failure.close = Some(CloseReason::TxError);
        failure.fault = Some(fault);
        failure
    }

    /// What was kept of the body cannot be read again.
    pub(crate) fn body_file(grammar: &Grammar, error: &io::Error) -> Box<Failure> {
        let errno = error.raw_os_error().unwrap_or(0);
        let text = format!("req.body read error: {errno} ({})", errno_text(errno));
        let mut failure = Failure::new(Cause::Final, Phase::Send, "body_file", text.into_bytes());
        failure.texts.push(write_error(grammar, errno));
        failure.errno = (errno != 0).then_some(errno);
        failure.close = Some(CloseReason::TxError);
        failure
    }

    /// The connection ended, or was reset, before the response head was complete.
    pub(crate) fn ended(
        grammar: &Grammar,
        received: usize,
        error: Option<&io::Error>,
    ) -> Box<Failure> {
        if let Some(fault) = error.and_then(fault) {
            return Failure::unsecured_later(fault, received);
        }
        let class = if error.is_some() { "reset" } else { "eof" };
        let (cause, phase) = match (received, error) {
            (0, None) => (Cause::Eof, Phase::FirstByte),
            (0, Some(_)) => (Cause::Reset, Phase::FirstByte),
            _ => (Cause::Final, Phase::Head),
        };
        let mut failure = Failure::new(cause, phase, class, grammar.eof_text().to_vec());
        failure.errno = error.and_then(io::Error::raw_os_error);
        failure.close = Some(CloseReason::RxBad);
        failure.received = Some(received as u64);
        failure
    }

    /// Nothing came in time.
    pub(crate) fn first_byte_timeout(reused: bool) -> Box<Failure> {
        let text: &[u8] =
            if reused { b"first byte timeout (reused connection)" } else { b"first byte timeout" };
        let mut failure =
            Failure::new(Cause::FirstByteTimeout, Phase::FirstByte, "timeout", text.to_vec());
        failure.close = Some(CloseReason::RxTimeout);
        failure.received = Some(0);
        failure
    }

    /// The head began and did not go on in time.
    pub(crate) fn head_timeout(received: usize) -> Box<Failure> {
        let mut failure = Failure::new(Cause::Final, Phase::Head, "timeout", b"timeout".to_vec());
        failure.close = Some(CloseReason::RxTimeout);
        failure.received = Some(received as u64);
        failure
    }

    /// The head at the start of `input` is refused.
    pub(crate) fn bad_head(error: HeadError, input: &[u8], limits: &Limits) -> Box<Failure> {
        let overflow = error.is_overflow();
        let (text, close): (&[u8], _) = if overflow {
            (b"overflow", CloseReason::RxOverflow)
        } else {
            (b"http format error", CloseReason::RxJunk)
        };
        // More lines than are taken are too much of something good, whatever the text is.
        let too_much = overflow || error == HeadError::TooManyHeaders;
        let class = if too_much { "overflow" } else { "junk" };
        let mut failure = Failure::new(Cause::Final, Phase::Head, class, text.to_vec());
        failure.close = Some(close);
        failure.received = Some(input.len() as u64);
        failure.garbage = (!overflow).then(|| {
            let cut = |line: &[u8]| line[..line.len().min(GARBAGE)].to_vec();
            let first = input.split_inclusive(|&byte| byte == b'\n').next().unwrap_or_default();
            Garbage { first: cut(first), culprit: culprit(input, error, limits).map(cut) }
        });
        failure.refused = (!overflow).then(|| error.to_string());
        failure
    }

    /// The head is fine and says nothing usable about its body.
    pub(crate) fn no_body(error: FramingError) -> Box<Failure> {
        let mut failure = Failure::new(Cause::Final, Phase::Head, "junk", Vec::new());
        failure.texts.clear();
        failure.error = Some("Body cannot be fetched");
        failure.refused = Some(error.to_string());
        failure.close = Some(CloseReason::RxBody);
        failure
    }

    /// The client is gone.
    pub(crate) fn client_gone(phase: Phase) -> Box<Failure> {
        let mut failure = Failure::new(Cause::Final, phase, "client", b"Client closed".to_vec());
        failure.close = Some(CloseReason::RemClose);
        failure
    }

    /// Counts it, among the backend's too.
    pub(super) fn count(&self, stats: &Stats, backend: Counts<'_, Vbe>) {
        if self.error.is_some() {
            stats.main().inc(Main::FetchBad);
        }
        if self.unsecured.is_some() {
            backend.inc(Vbe::TlsFail);
        }
        if self.cause == Cause::Connect {
            stats.connect_failed(backend, self.errno.unwrap_or(0));
        }
        stats.attempt_failed(backend, self.class);
    }

    /// Somebody has ended the request.
    pub(crate) fn killed(phase: Phase, reason: &str) -> Box<Failure> {
        let text = format!("{KILLED}: {reason}");
        let mut failure = Failure::new(Cause::Final, phase, "admin", text.into_bytes());
        failure.close = Some(CloseReason::RespClose);
        failure
    }

    /// Whether no response head was logged: it was not complete, or not there.
    pub(crate) fn has_no_head(&self) -> bool {
        self.error.is_none()
    }

    /// Writes what comes before `BackendClose` (or in its place): the garbage, the texts and the details.
    pub(crate) fn log(&self, txn: &Txn, details: Details<'_>) {
        if let Some(garbage) = &self.garbage {
            if let (Some(line), Some(reason)) = (&garbage.culprit, &self.refused) {
                txn.bogo_header(reason, line);
            }
            txn.http_garbage(&garbage.first);
            txn.status_only(HeadTags::BERESP, 503, "Service Unavailable");
        }
        for text in &self.texts {
            txn.fetch_error(text);
        }
        if !self.texts.is_empty() {
            txn.fetch_details(&Details {
                phase: Some(self.phase),
                class: Some(self.class),
                head: self.refused.as_deref(),
                errno: self.errno,
                tls: self.tls,
                waited: self.waited,
                limit: self.limit.map(micros),
                timeout: self.timeout.map(Limit::name),
                client: self.fault.map(BodyFault::word).or(details.client),
                received: self.received,
                node: self.node.as_deref(),
                ..details
            });
        }
    }

    /// Writes what comes after `BackendClose`.
    pub(crate) fn log_after_close(&self, txn: &Txn) {
        if let Some(error) = self.error {
            txn.error(error);
            if let Some(reason) = &self.refused {
                txn.note("fetch.head", reason);
            }
        }
    }
}

/// Where a `FetchError` of a request that somebody has ended begins; the reason follows.
pub(super) const KILLED: &str = "shellac: ended by an administrator";

/// What is kept for the log of a head that is refused.
#[derive(Debug)]
struct Garbage {
    /// The start of its first line.
    first: Vec<u8>,
    /// The start of the line that it is refused for, if that is another one.
    culprit: Option<Vec<u8>>,
}

/// Bytes of a garbage line that are kept for the log.
const GARBAGE: usize = 1024;

fn write_error(grammar: &Grammar, errno: i32) -> Vec<u8> {
    let reason = CloseReason::TxError.sentence();
    // The oldest dialect forgets the last parenthesis.
    let end = if grammar.is_classic() { "" } else { ")" };
    format!("backend write error: {errno} ({}) ({reason}{end}", errno_text(errno)).into_bytes()
}

/// The system's text for an error number, as C programs print it.
pub(crate) fn errno_text(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    match text.rfind(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The class that an error number belongs to.
fn errno_class(errno: i32) -> &'static str {
    use rustix::io::Errno;
    // What is not from the system is from here.
    let Some(errno) = crate::stats::known(errno) else { return "local" };
    match errno {
        Errno::CONNREFUSED => "refused",
        Errno::TIMEDOUT => "timeout",
        Errno::HOSTUNREACH | Errno::NETUNREACH | Errno::HOSTDOWN | Errno::NETDOWN => "unreachable",
        Errno::CONNRESET | Errno::PIPE | Errno::CONNABORTED => "reset",
        _ => "local",
    }
}
