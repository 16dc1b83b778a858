//! Causes that lie with the client.

use super::{Cause, When};
use crate::error_text::{Class, Classes, Phase, Phases};

use Class::{Client, ClientBad, ClientLeft, ClientSlow, ClientTls, TooLarge};
use Phase::{Body, Choose, Connect, FirstByte, Head, Send};

/// The rows.
pub(super) const CLIENT: &[Cause] = &[
    Cause {
        id: "client-gone",
        title: "The client went away before it had sent its whole request",
        phases: Phases::ANY,
        classes: Classes::of(&[Client]),
        when: When::Always,
        means: "The rest of the request's body never came from the client, so the attempt had to be \
                given up. The backend is not to blame.",
        todo: &[
            "Nothing at the backend. If it is frequent: look at time-outs of the client or of a \
             load balancer in front of this proxy.",
        ],
        proof: "ReqAcct's bytes of body against the Content-Length of the request.",
        sign: "The request's own FetchError or a body shorter than its Content-Length.",
    },
    Cause {
        id: "client-left",
        title: "The client went away before it had its answer",
        phases: Phases::ANY,
        classes: Classes::of(&[ClientLeft]),
        when: When::Always,
        means: "The request was complete, and while the answer was awaited or delivered the client \
                closed the connection: impatience, a closed tab, a time-out of its own.",
        todo: &[
            "How long had it waited? A round number is a time-out of the client or of a load \
                    balancer.",
            "If it waited long: why is the backend slow for this URL?",
        ],
        proof: "From the request's Start to its last Timestamp: the client's patience.",
        sign: "SessClose REM_CLOSE, and nothing wrong on the backend's side.",
    },
    Cause {
        id: "client-slow",
        title: "The client took too long to send its request",
        phases: Phases::of(&[Choose, Connect, Send, FirstByte, Head]),
        classes: Classes::of(&[ClientSlow]),
        when: When::Always,
        means: "Between two pieces of the client's body more time passed than is allowed: a bad \
                connection, or a client that waits for something itself.",
        todo: &[
            "Does it come from one network or kind of client?",
            "Raise the limit that `fetch.timeout` names (`timeouts.client_body`, or \
                    `limits.client_body_rate` for bodies that trickle; varnish: timeout_idle) if such \
                    clients are wanted.",
        ],
        proof: "fetch.waited equals the limit (fetch.limit); ReqAcct's bytes of body below \
                Content-Length.",
        sign: "Status 408, or RX_TIMEOUT at the end of the session.",
    },
    Cause {
        id: "client-slow-reader",
        title: "The client took too long to take its answer",
        phases: Phases::of(&[Body]),
        classes: Classes::of(&[ClientSlow]),
        when: When::Always,
        means: "The answer was there, and the client's kernel took nothing of it for too long, or less \
                than the least rate: a bad connection, a download that was paused, or somebody who \
                holds connections open on purpose.",
        todo: &[
            "Does it come from one network or kind of client?",
            "Raise the limit that `fetch.timeout` names (`timeouts.send`, `limits.delivery_rate`; \
                    varnish: idle_send_timeout, send_timeout) if such clients are wanted.",
        ],
        proof: "fetch.waited and fetch.limit; ReqAcct's bytes of body below the Content-Length of the \
                answer.",
        sign: "TX_ERROR at the end of the session, and other clients get the same answer quickly.",
    },
    Cause {
        id: "client-bad",
        title: "The client's request breaks the rules",
        phases: Phases::ANY,
        classes: Classes::of(&[ClientBad]),
        when: When::Always,
        means: "Chunks, a range or frames of the request are not what the standard says. The backend \
                is not to blame.",
        todo: &["Which client is it (User-Agent)? A home-made one, or somebody who tries things."],
        proof: "The status 400, and the request's own FetchError or Error.",
        sign: "It is always the same client.",
    },
    Cause {
        id: "client-tls",
        title: "TLS with the client broke",
        phases: Phases::ANY,
        classes: Classes::of(&[ClientTls]),
        when: When::Always,
        means: "What came from the client after its head cannot be decrypted, is no TLS at all, or is \
                its word that it cannot go on: something between the two changes bytes, or the client \
                has lost count of its own. The backend is not to blame.",
        todo: &[
            "Which client is it (User-Agent), and does it come through a box that looks into TLS or \
             changes packets?",
            "Several clients behind one network: capture there, and look for what differs.",
        ],
        proof: "The Tls record of its session (`tls.failed` where the log has no such tag).",
        sign: "A FetchError of the request that begins with `TLS: `, if it broke inside its body.",
    },
    Cause {
        id: "request-too-large",
        title: "The client's body is larger than this proxy accepts",
        phases: Phases::ANY,
        classes: Classes::of(&[TooLarge]),
        when: When::Always,
        means: "The body is kept for a retry or limited by the configuration, and it is longer than \
                that.",
        todo: &["Raise the limit (`body.limit`; varnish: the argument of std.cache_req_body, \
                    nginx: client_max_body_size), or let bodies through without keeping them."],
        proof: "Content-Length of the request against the limit.",
        sign: "It never happens to small bodies.",
    },
];
