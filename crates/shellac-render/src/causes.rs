//! The causes of failed attempts: one table, and what it takes to be sure of a row.
//!
//! A row holds for certain only when everything that it asks for is in the log. Where something is not
//! recorded, every row that remains possible is a candidate, and the answer names the facts that would
//! decide. Nothing here guesses.

use crate::error_text::{Class, Classes, Phase, Phases};

use Class::{
    Busy, Client, Eof, HeldDown, Junk, Local, Overflow, Refused, Reset, Sick, Timeout, Truncated,
    Unreachable,
};
use Phase::{Body, Choose, Connect, FirstByte, Head, Send};

/// One row: a cause, how it is recognised and what to do about it.
#[derive(Debug)]
pub struct Cause {
    /// A short name that does not change.
    pub id: &'static str,
    /// What it is, in plain words.
    pub title: &'static str,
    /// Phases in which it shows.
    phases: Phases,
    /// Ways in which it shows.
    classes: Classes,
    /// Whether the connection must have come from the pool; `None` where that is no matter.
    reused: Option<bool>,
    /// How it comes about.
    pub means: &'static str,
    /// What to do, the most likely remedy first.
    pub todo: &'static [&'static str],
    /// What is seen elsewhere when it is this one: tells candidates apart.
    pub sign: &'static str,
}

impl PartialEq for Cause {
    fn eq(&self, other: &Cause) -> bool {
        self.id == other.id
    }
}

const ALL_PHASES: Phases = Phases::ANY;

/// All causes that are known by name.
pub const CAUSES: &[Cause] = &[
    Cause {
        id: "new-closed",
        title: "The backend took a new connection and closed it without answering",
        phases: Phases::of(&[FirstByte]),
        classes: Classes::of(&[Eof, Reset]),
        reused: Some(false),
        means: "The application, or what stands in front of it, accepted the connection and gave \
                up: a worker crashed, was restarted or was out of memory, or it closed after reading \
                the head because it did not want the body.",
        todo: &[
            "Look for this X-Varnish number and second in the backend's own log and its \
             supervisor's: restart, crash, out of memory, worker recycled.",
            "If it happens to requests with a body: does the application read the whole body \
             before it answers or closes? \"error during read(N)\" in its log means it did not. \
             Acknowledged bytes are only those that its kernel took.",
            "Retry it where sending such a request twice is safe: in the route, `on = \
             [\"eof_before_byte\"]` and the method in `methods` (varnish: std.cache_req_body() and \
             return(retry)).",
        ],
        sign: "A packet capture shows a SYN for this port just before the request, and no data from \
               the backend before its FIN or RST. The backend's log may know the X-Varnish number.",
    },
    Cause {
        id: "reused-closed",
        title: "The backend closed an idle connection just as it was used again",
        phases: Phases::of(&[FirstByte, Send]),
        classes: Classes::of(&[Eof, Reset]),
        reused: Some(true),
        means: "The connection came from the pool. The backend's keep-alive time-out, request limit \
                or restart closed it while the next request was on its way.",
        todo: &[
            "Make the backend's keep-alive time-out longer than `timeouts.backend_idle` here \
             (varnish: `backend_idle_timeout`), or this one shorter.",
            "Retry on a fresh connection: `on = [\"reused\"]` and the method in `methods`.",
            "If the age of the connection is far below that time-out, look for a request limit \
             per connection or a restart of the backend.",
        ],
        sign: "A packet capture shows no SYN for this port just before the request. The backend's log \
               has no line for the X-Varnish number.",
    },
    Cause {
        id: "head-cut",
        title: "The backend began to answer and closed inside the head",
        phases: Phases::of(&[Head]),
        classes: Classes::of(&[Eof, Reset]),
        reused: None,
        means: "Some bytes of the answer had come. The application died while it wrote its headers, \
                or something between cut the connection.",
        todo: &[
            "Look for a crash or an uncaught exception in the backend's log at this second.",
            "If there is a load balancer between, look at its log for the same moment.",
        ],
        sign: "A packet capture shows data from the backend before its FIN or RST.",
    },
    Cause {
        id: "refused",
        title: "Nobody listens at the backend's port",
        phases: Phases::of(&[Connect]),
        classes: Classes::of(&[Refused, Reset]),
        reused: None,
        means: "The backend's machine answered that the port is closed: the service is down, \
                restarting, or listens on another port or address. A firewall may also refuse.",
        todo: &[
            "On the backend: is the service up, and does `ss -ltn` show this port on this address?",
            "If this happens around deployments: drain the backend before it is stopped.",
        ],
        sign: "`nc -vz ADDRESS PORT` from here says \"refused\" at once.",
    },
    Cause {
        id: "connect-timeout",
        title: "The backend did not take the connection in time",
        phases: Phases::of(&[Connect]),
        classes: Classes::of(&[Timeout]),
        reused: None,
        means: "No answer to the SYN: the accept queue of the backend is full, packets are dropped \
                by a firewall or a full table, or the machine is gone.",
        todo: &[
            "On the backend: `nstat -az TcpExtListenOverflows TcpExtListenDrops` and the queue in \
             `ss -ltn`; raise the backlog or add workers.",
            "On the way: `dmesg | grep -E 'conntrack: table full|SYN flooding|table overflow'`.",
            "Is `connect_timeout` sensible for this distance?",
        ],
        sign: "The wait equals connect_timeout, and a capture shows SYNs repeated without an answer.",
    },
    Cause {
        id: "unreachable",
        title: "The network has no way to the backend",
        phases: Phases::of(&[Connect]),
        classes: Classes::of(&[Unreachable]),
        reused: None,
        means: "This machine or a router said that host or network cannot be reached: the machine is \
                gone, a route is missing, or the neighbour table is full.",
        todo: &[
            "`ip route get ADDRESS` and `ip neigh show ADDRESS` from here.",
            "`dmesg | grep -i 'neighbo[u]*r.*overflow'`: if it is there, raise gc_thresh3.",
        ],
        sign: "`ip neigh show ADDRESS` says FAILED or INCOMPLETE.",
    },
    Cause {
        id: "held-down",
        title: "Not tried: connecting to this backend had failed a moment before",
        phases: Phases::of(&[Connect]),
        classes: Classes::of(&[HeldDown]),
        reused: None,
        means: "After a failed connect the proxy refuses to try the same address again for a short \
                time. The real error is in an earlier transaction.",
        todo: &["Find the first failure of this backend before this one: it has the errno."],
        sign: "An earlier FetchError of the same backend with an errno that is not 0.",
    },
    Cause {
        id: "first-byte-timeout",
        title: "The backend took longer to answer than first_byte_timeout allows",
        phases: Phases::of(&[FirstByte]),
        classes: Classes::of(&[Timeout]),
        reused: None,
        means: "The request was sent and the backend kept the connection open without a byte: a slow \
                query, a lock, all workers busy, or it waits for a body that it will not get.",
        todo: &[
            "Look at the backend for this URL and second: slow log, worker queue, locks.",
            "If such answers may take that long, raise `first_byte_timeout` for this backend.",
            "If it is a request with a body: compare the bytes sent and acknowledged with what \
             was promised.",
        ],
        sign: "The wait equals first_byte_timeout to a few milliseconds.",
    },
    Cause {
        id: "stalled",
        title: "The backend began to answer and then sent nothing for too long",
        phases: Phases::of(&[Head, Body]),
        classes: Classes::of(&[Timeout]),
        reused: None,
        means: "between_bytes_timeout ran off in the middle of an answer: the application blocks \
                while it writes, or the network between loses packets of a certain size.",
        todo: &[
            "Look at what the backend does while it writes this answer (database cursor, disk, \
             another service).",
            "If large answers stall and small ones do not: test the path MTU \
             (`ping -M do -s 1472 ADDRESS`).",
            "Raise `between_bytes_timeout` if pauses of that length are normal.",
        ],
        sign: "The last wait equals between_bytes_timeout.",
    },
    Cause {
        id: "body-cut",
        title: "The body of the answer ended before its announced length",
        phases: Phases::of(&[Body]),
        classes: Classes::of(&[Eof, Reset, Truncated]),
        reused: None,
        means: "The head was fine and part of the body came, then the backend closed: it crashed, \
                was killed, computed a wrong Content-Length, or a time-out of its own ran off.",
        todo: &[
            "Compare bytes received with bytes expected: always the same number means a wrong \
             Content-Length, a varying one a crash or a time-out at the backend.",
            "Look in the backend's log for this URL and second.",
        ],
        sign: "`curl -v` straight to the backend ends with \"transfer closed with N bytes remaining\".",
    },
    Cause {
        id: "client-gone",
        title: "The client went away before it had sent its whole request",
        phases: ALL_PHASES,
        classes: Classes::of(&[Client]),
        reused: None,
        means: "The rest of the request's body never came from the client, so the attempt had to be \
                given up. The backend is not to blame.",
        todo: &[
            "Nothing at the backend. If it is frequent: look at time-outs of the client or of a \
             load balancer in front of this proxy.",
        ],
        sign: "The request's own FetchError or a body shorter than its Content-Length.",
    },
    Cause {
        id: "sick",
        title: "No healthy backend was left to send it to",
        phases: Phases::of(&[Choose]),
        classes: Classes::of(&[Sick]),
        reused: None,
        means: "Health checks or an administrator had taken every backend of the pool out, or the \
                pool is empty.",
        todo: &[
            "Look at the Backend_health records before this moment: `shellac log -g raw -i \
             Backend_health -d`.",
            "If the probe is wrong and the service is right: fix URL, status or window of the probe.",
        ],
        sign: "Backend_health says \"Went sick\" before this moment.",
    },
    Cause {
        id: "busy",
        title: "The backend's connection limit was reached",
        phases: Phases::of(&[Choose]),
        classes: Classes::of(&[Busy]),
        reused: None,
        means: "All connections that the configuration allows for this backend were in use: either \
                the limit is low or the backend has become slow.",
        todo: &[
            "How long do requests to this backend take now, and before? Slower: look at the backend.",
            "Not slower: raise the limit (`max_connections`).",
        ],
        sign: "Many requests to the same backend in flight at that moment.",
    },
    Cause {
        id: "send-failed",
        title: "The backend closed while the request was still being sent to it",
        phases: Phases::of(&[Send]),
        classes: Classes::of(&[Eof, Reset, Timeout]),
        reused: None,
        means: "It stopped reading: the body is larger than it accepts, it answered early and closed, \
                or it died. What it answered, if anything, was lost with the reset.",
        todo: &[
            "Compare bytes acknowledged with bytes expected: a constant number is a limit of the \
             backend (body size), a varying one a crash.",
            "Send the same request to the backend with curl: an early 413 or 401 shows there.",
        ],
        sign: "It happens with large bodies and not with small ones.",
    },
    Cause {
        id: "not-http",
        title: "What the backend answered is not acceptable HTTP",
        phases: Phases::of(&[Head, Body]),
        classes: Classes::of(&[Junk, Overflow]),
        reused: None,
        means: "Wrong port (TLS or another protocol), a broken header, a header that is too large or \
                too many of them, or a body that does not fit its framing or encoding.",
        todo: &[
            "Look at the answer itself: `curl -v --raw` straight to the backend, and the \
             HttpGarbage or BogoHeader record of this transaction.",
            "If only the size is the matter: raise the limit for heads.",
        ],
        sign: "curl straight to the backend complains too.",
    },
    Cause {
        id: "local",
        title: "This machine or this proxy had no means left",
        phases: ALL_PHASES,
        classes: Classes::of(&[Local]),
        reused: None,
        means: "No free local port (errno 99), no file descriptor (24, 23), no memory or storage (12, \
                105), or no permission (13). The backend never saw it.",
        todo: &[
            "errno 99: too many connections in TIME_WAIT: keep backend connections alive, or widen \
             net.ipv4.ip_local_port_range.",
            "errno 24: raise LimitNOFILE. errno 13: SELinux or a namespace.",
            "Storage: is the storage full, and is the transient one limited?",
        ],
        sign: "`ss -s`, /proc/PID/limits and the errno in the text.",
    },
];

/// What is known about a failed exchange, as far as the log records it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Phases that are possible.
    pub phases: Phases,
    /// Classes that are possible.
    pub classes: Classes,
    /// Whether the connection came from the pool.
    pub reused: Option<bool>,
}

/// A fact that the log does not contain and that would decide between candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Whether the connection was new or reused.
    Reuse,
    /// In which phase it failed.
    Phase,
    /// How it failed.
    Class,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// The causes that fit, in the order of the table. One means: this is it. None: not in the table.
    pub candidates: Vec<&'static Cause>,
    /// The facts that would decide between several.
    pub missing: Vec<Missing>,
}

/// The causes that fit `evidence`.
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    let mut diagnosis = Diagnosis { candidates: Vec::new(), missing: Vec::new() };
    for cause in CAUSES {
        let excluded = evidence.phases.disjoint(cause.phases)
            || evidence.classes.disjoint(cause.classes)
            || cause.reused.zip(evidence.reused).is_some_and(|(asked, is)| asked != is);
        if !excluded {
            diagnosis.candidates.push(cause);
        }
    }
    if diagnosis.candidates.len() > 1 {
        let mut need = |missing, decides: bool| {
            if decides {
                diagnosis.missing.push(missing);
            }
        };
        let candidates = &diagnosis.candidates;
        need(
            Missing::Reuse,
            evidence.reused.is_none() && candidates.iter().any(|cause| cause.reused.is_some()),
        );
        need(Missing::Phase, candidates.iter().any(|cause| !evidence.phases.within(cause.phases)));
        need(
            Missing::Class,
            candidates.iter().any(|cause| !evidence.classes.within(cause.classes)),
        );
    }
    diagnosis
}

#[cfg(test)]
mod tests;
