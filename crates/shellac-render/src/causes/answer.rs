//! Causes between the first byte sent and the last byte received.

use super::{Cause, When};
use crate::error_text::{Class, Classes, Phase, Phases};

use Class::{
    Chunks, Coding, Eof, Framing, Junk, Overflow, Reset, Timeout, Truncated, Unasked, Vary,
};
use Phase::{Body, FirstByte, Head, Send};

const RETRY: &str = "Retry it where sending such a request twice is safe: in the route, `on = \
                     [\"eof_before_byte\"]` and the method in `methods` (varnish: \
                     std.cache_req_body() and return(retry)).";
const RETRY_FRESH: &str =
    "Retry on a fresh connection: `on = [\"reused\"]` and the method in `methods`.";
/// The steps that advise retries.
pub(super) const RETRIES: [&str; 2] = [RETRY, RETRY_FRESH];

/// The rows.
pub(super) const ANSWER: &[Cause] = &[
    Cause {
        id: "closed-unanswered",
        title: "The backend closed the connection without answering the request",
        phases: Phases::of(&[FirstByte]),
        classes: Classes::of(&[Eof, Reset]),
        when: When::NotUntaken,
        means: "The connection was there and the request was on its way or delivered. The \
                application, or what stands in front of it, gave up: a worker crashed, was restarted or was out of memory, or it closed after reading \
                the head because it did not want the body.",
        todo: &[
            "Look for this X-Varnish number and second in the backend's own log and its \
             supervisor's: restart, crash, out of memory, worker recycled.",
            "If it happens to requests with a body: does the application read the whole body \
             before it answers or closes? \"error during read(N)\" in its log means it did not. \
             Acknowledged bytes are only those that its kernel took.",
            "If it happens on kept connections only, look at the backend's keep-alive: a limit of \
             requests per connection, or closing without reading what is on its way.",
            RETRY,
        ],
        proof: "rcvd=0, and taken or acked: what the backend's kernel had of the request when the \
                end came (shellacd).",
        sign: "A packet capture shows the request acknowledged, and no data from the backend before \
                its FIN or RST. The backend's log may know the X-Varnish number.",
    },
    Cause {
        id: "reused-closed",
        title: "The backend closed an idle connection just as it was used again",
        phases: Phases::of(&[FirstByte, Send]),
        classes: Classes::of(&[Eof, Reset]),
        when: When::ReusedUntaken,
        means: "The connection came from the pool. The backend's keep-alive time-out, request limit \
                or restart closed it while the next request was on its way.",
        todo: &[
            "Make the backend's keep-alive time-out longer than `timeouts.backend_idle` here \
             (varnish: `backend_idle_timeout`), or this one shorter.",
            RETRY_FRESH,
            "If the age of the connection is far below that time-out, look for a request limit \
             per connection or a restart of the backend.",
        ],
        proof: "reused=1 and taken=0: not a byte of the request was acknowledged (shellacd).",
        sign: "A packet capture shows no SYN for this port just before, and an RST in answer to the \
                request or a FIN ahead of it. The backend's log has no line for the X-Varnish \
                number.",
    },
    Cause {
        id: "first-byte-timeout",
        title: "The backend took longer to answer than first_byte_timeout allows",
        phases: Phases::of(&[FirstByte]),
        classes: Classes::of(&[Timeout]),
        when: When::Always,
        means: "The request was sent and the backend kept the connection open without a byte: a slow \
                query, a lock, all workers busy, or it waits for a body that it will not get.",
        todo: &[
            "Look at the backend for this URL and second: slow log, worker queue, locks.",
            "If such answers may take that long, raise `first_byte_timeout` for this backend.",
            "If it is a request with a body: compare the bytes sent and acknowledged with what \
             was promised.",
        ],
        proof: "The wait from Bereq to Beresp equals first_byte_timeout (fetch.limit).",
        sign: "The wait equals first_byte_timeout to a few milliseconds.",
    },
    Cause {
        id: "head-cut",
        title: "The backend began to answer and closed inside the head",
        phases: Phases::of(&[Head]),
        classes: Classes::of(&[Eof, Reset]),
        when: When::Always,
        means: "Some bytes of the answer had come. The application died while it wrote its headers, \
                or something between cut the connection.",
        todo: &[
            "Look for a crash or an uncaught exception in the backend's log at this second.",
            "If there is a load balancer between, look at its log for the same moment.",
        ],
        proof: "BereqAcct or fetch.rcvd: some bytes of a head, not the whole.",
        sign: "A packet capture shows data from the backend before its FIN or RST.",
    },
    Cause {
        id: "stalled",
        title: "The backend began to answer and then sent nothing for too long",
        phases: Phases::of(&[Head, Body]),
        classes: Classes::of(&[Timeout]),
        when: When::Always,
        means: "between_bytes_timeout ran off in the middle of an answer: the application blocks \
                while it writes, or the network between loses packets of a certain size.",
        todo: &[
            "Look at what the backend does while it writes this answer (database cursor, disk, \
             another service).",
            "If large answers stall and small ones do not: test the path MTU \
             (`ping -M do -s 1472 ADDRESS`).",
            "Raise `between_bytes_timeout` if pauses of that length are normal.",
        ],
        proof: "fetch.waited equals between_bytes_timeout (fetch.limit); bytes that had come: \
                fetch.rcvd.",
        sign: "The last wait equals between_bytes_timeout.",
    },
    Cause {
        id: "head-too-large",
        title: "The head of the answer is larger than this proxy accepts",
        phases: Phases::of(&[Head]),
        classes: Classes::of(&[Overflow]),
        when: When::Always,
        means: "Too many headers, or too long ones: usually cookies, a security policy or debug \
                headers.",
        todo: &[
            "`curl -sI` straight to the backend and count the bytes.",
            "Shorten them, or raise the limit (`limits.head_bytes` and `limits.headers`; varnish: \
                    http_resp_size and http_max_hdr).",
        ],
        proof: "fetch.rcvd, or BereqAcct's bytes of head: at the limit.",
        sign: "curl straight to the backend shows a head of that size.",
    },
    Cause {
        id: "not-http",
        title: "What the backend answered is not acceptable HTTP",
        phases: Phases::of(&[Head]),
        classes: Classes::of(&[Junk]),
        when: When::Always,
        means: "Wrong port (TLS or another protocol), output of the application before its headers, \
                or a header line that breaks the rules.",
        todo: &[
            "`shellac trace` shows the line that was at fault, or the first one, as junk (in the log: \
             BogoHeader, HttpGarbage).",
            "Look at the answer itself: `curl -v --raw` straight to the backend.",
        ],
        proof: "fetch.rcvd and the first line in HttpGarbage.",
        sign: "curl straight to the backend complains too.",
    },
    Cause {
        id: "bad-framing",
        title: "The head of the answer does not say how long its body is",
        phases: Phases::of(&[Head, Body]),
        classes: Classes::of(&[Framing]),
        when: When::Always,
        means: "Content-Length is no number, stands twice with different values, contradicts \
                Transfer-Encoding, or the range in the answer does not fit it.",
        todo: &[
            "`curl -v` straight to the backend: look at Content-Length, Transfer-Encoding and \
                    Content-Range.",
            "Often two programs (application and a proxy in front of it) both set the header.",
        ],
        proof: "The values of Content-Length in BerespHeader.",
        sign: "The same URL fails every time.",
    },
    Cause {
        id: "unasked",
        title: "The backend answered something that was not asked for",
        phases: Phases::of(&[Head]),
        classes: Classes::of(&[Unasked]),
        when: When::Always,
        means: "A 304 to a request without a condition, or a part of a body to a request for the \
                whole.",
        todo: &[
            "Does something between remove or add If-None-Match, If-Modified-Since or Range?",
            "Does the application answer 304 from a cache of its own?",
        ],
        proof: "BerespStatus 304 or 206, and no condition or Range among the BereqHeader records.",
        sign: "curl without conditions gets a 304 or 206 too.",
    },
    Cause {
        id: "body-cut",
        title: "The body of the answer ended before its announced length",
        phases: Phases::of(&[Body]),
        classes: Classes::of(&[Eof, Reset, Truncated]),
        when: When::Always,
        means: "The head was fine and part of the body came, then the backend closed: it crashed, \
                was killed, computed a wrong Content-Length, or a time-out of its own ran off.",
        todo: &[
            "Compare bytes received with bytes expected: always the same number means a wrong \
             Content-Length, a varying one a crash or a time-out at the backend.",
            "Look in the backend's log for this URL and second.",
        ],
        proof: "Bytes that came (fetch.rcvd) against bytes announced (fetch.expected, or \
                Content-Length).",
        sign: "`curl -v` straight to the backend ends with \"transfer closed with N bytes \
                remaining\".",
    },
    Cause {
        id: "bad-chunks",
        title: "The chunks of the answer's body are not framed as they should be",
        phases: Phases::of(&[Body]),
        classes: Classes::of(&[Chunks]),
        when: When::Always,
        means: "Where the length of a chunk should stand there is something else: the application \
                writes its own framing, or writes after the end.",
        todo: &[
            "`curl -v --raw` straight to the backend and look at where the numbers should be.",
            "Which part of the application writes to the connection past its framework?",
        ],
        proof: "fetch.rcvd: how far the body was good.",
        sign: "curl --raw shows the broken framing.",
    },
    Cause {
        id: "bad-coding",
        title: "The compressed body of the answer is broken",
        phases: Phases::of(&[Body]),
        classes: Classes::of(&[Coding]),
        when: When::Always,
        means: "Content-Encoding says gzip and the bytes are something else, are cut, or have \
                something behind them.",
        todo: &[
            "`curl -s -H 'Accept-Encoding: gzip' URL | gzip -t` straight to the backend.",
            "Is it compressed twice, or is output added behind the end (warnings, debug text)?",
        ],
        proof: "Fetch_Body and Length against the backend's Content-Length; what gzip -t says.",
        sign: "gzip -t complains about the backend's own answer.",
    },
    Cause {
        id: "send-failed",
        title: "The backend closed while the request was still being sent to it",
        phases: Phases::of(&[Send]),
        classes: Classes::of(&[Eof, Reset]),
        when: When::NotUntaken,
        means: "It stopped reading: the body is larger than it accepts, it answered early and closed, \
                or it died. What it answered, if anything, was lost with the reset.",
        todo: &[
            "Compare bytes acknowledged with bytes expected: a constant number is a limit of the \
             backend (body size), a varying one a crash.",
            "Send the same request to the backend with curl: an early 413 or 401 shows there.",
        ],
        proof: "acked against expected: how much of the body the backend's kernel took (shellacd).",
        sign: "It happens with large bodies and not with small ones.",
    },
    Cause {
        id: "send-stalled",
        title: "The backend stopped taking the request",
        phases: Phases::of(&[Send]),
        classes: Classes::of(&[Timeout]),
        when: When::Always,
        means: "It keeps the connection open and does not read: its workers are busy, or it waits \
                for something before it goes on.",
        todo: &[
            "Look at the backend's workers at this second: what do they wait for?",
            "Is there a device between that holds large requests back?",
        ],
        proof: "acked below expected, and fetch.waited equal to the limit for sending (fetch.limit).",
        sign: "`ss -tn` on the backend shows a full receive queue.",
    },
    Cause {
        id: "bad-vary",
        title: "The answer's Vary header is unusable",
        phases: Phases::ANY,
        classes: Classes::of(&[Vary]),
        when: When::Always,
        means: "The header is malformed or too long to be kept, so the answer is passed on and not \
                cached.",
        todo: &["Look at the BerespHeader record of Vary and mend it in the application."],
        proof: "The Vary header itself, in BerespHeader.",
        sign: "curl straight to the backend shows the header.",
    },
];
