//! Causes on the way to a connection.

use super::{Cause, When};
use crate::error_text::{Class, Classes, Phase, Phases};

use Class::{
    Busy, Denied, Eof, HeldDown, Name, NoFile, NoPort, Refused, Reset, Sick, Timeout, Tls, TlsDate,
    TlsIssuer, TlsName, TlsOurs, TlsPlain, TlsVersion, Unreachable, Unset,
};
use Phase::{Choose, Connect};

/// The rows.
pub(super) const CONNECT: &[Cause] = &[
    Cause {
        id: "sick",
        title: "No healthy backend was left to send it to",
        phases: Phases::of(&[Choose]),
        classes: Classes::of(&[Sick]),
        when: When::Always,
        means: "Health checks or an administrator had taken every backend of the pool out, or the \
                pool is empty.",
        todo: &[
            "Look at the Backend_health records before this moment: `shellac log -g raw -i \
             Backend_health -d`.",
            "If the probe is wrong and the service is right: fix URL, status or window of the \
                    probe.",
        ],
        proof: "No BackendOpen, and 0 s between Fetch and Beresp.",
        sign: "Backend_health says \"Went sick\" before this moment.",
    },
    Cause {
        id: "no-backend",
        title: "No backend is configured for this request",
        phases: Phases::of(&[Choose]),
        classes: Classes::of(&[Unset]),
        when: When::Always,
        means: "No rule of the configuration chose a backend, or the one it chose has none behind \
                it.",
        todo: &[
            "Which route or VCL branch takes this host and URL? `shellac trace XID` shows what \
                    was asked.",
            "Give the default a backend, or answer such requests at once.",
        ],
        proof: "No BackendOpen, and 0 s between Fetch and Beresp.",
        sign: "It happens to some hosts or paths and always to them.",
    },
    Cause {
        id: "no-name",
        title: "The backend's name could not be resolved",
        phases: Phases::of(&[Choose]),
        classes: Classes::of(&[Name]),
        when: When::Always,
        means: "The name of the backend has no address now: a wrong name, or a name server that does \
                not answer.",
        todo: &[
            "`getent ahosts NAME` on this machine.",
            "In a cluster: does the service have end points at all?",
        ],
        proof: "The time of a look-up: seconds mean that the name server is silent, none that the \
                name is wrong.",
        sign: "`getent ahosts NAME` fails too.",
    },
    Cause {
        id: "busy",
        title: "The backend's connection limit was reached",
        phases: Phases::of(&[Choose]),
        classes: Classes::of(&[Busy]),
        when: When::Always,
        means: "All connections that the configuration allows for this backend were in use: either \
                the limit is low or the backend has become slow.",
        todo: &[
            "How long do requests to this backend take now, and before? Slower: look at the \
                    backend.",
            "Not slower: raise the limit (`max_connections`).",
        ],
        proof: "Connections in use: VBE.*.conn on varnishd, `shellac ps` on shellacd, equal to \
                max_connections.",
        sign: "Many requests to the same backend in flight at that moment.",
    },
    Cause {
        id: "refused",
        title: "Nobody listens at the backend's port",
        phases: Phases::of(&[Connect]),
        classes: Classes::of(&[Refused, Reset]),
        when: When::Always,
        means: "The backend's machine answered that the port is closed: the service is down, \
                restarting, or listens on another port or address. A firewall may also refuse.",
        todo: &[
            "On the backend: is the service up, and does `ss -ltn` show this port on this address?",
            "If this happens around deployments: drain the backend before it is stopped.",
        ],
        proof: "errno 111 after less than a round trip.",
        sign: "`nc -vz ADDRESS PORT` from here says \"refused\" at once.",
    },
    Cause {
        id: "connect-timeout",
        title: "The backend did not take the connection in time",
        phases: Phases::of(&[Connect]),
        classes: Classes::of(&[Timeout]),
        when: When::Always,
        means: "No answer to the SYN: the accept queue of the backend is full, packets are dropped \
                by a firewall or a full table, or the machine is gone.",
        todo: &[
            "On the backend: `nstat -az TcpExtListenOverflows TcpExtListenDrops` and the queue in \
             `ss -ltn`; raise the backlog or add workers.",
            "On the way: `dmesg | grep -E 'conntrack: table full|SYN flooding|table overflow'`.",
            "Is `connect_timeout` sensible for this distance?",
        ],
        proof: "The wait (fetch.waited, or Fetch to Beresp) equals connect_timeout.",
        sign: "The wait equals connect_timeout, and a capture shows SYNs repeated without an \
                answer.",
    },
    Cause {
        id: "unreachable",
        title: "The network has no way to the backend",
        phases: Phases::of(&[Connect]),
        classes: Classes::of(&[Unreachable]),
        when: When::Always,
        means: "This machine or a router said that host or network cannot be reached: the machine is \
                gone, a route is missing, or the neighbour table is full.",
        todo: &[
            "`ip route get ADDRESS` and `ip neigh show ADDRESS` from here.",
            "`dmesg | grep -i 'neighbo[u]*r.*overflow'`: if it is there, raise gc_thresh3.",
        ],
        proof: "errno 113 or 101; the neighbour table's size against gc_thresh3.",
        sign: "`ip neigh show ADDRESS` says FAILED or INCOMPLETE.",
    },
    Cause {
        id: "held-down",
        title: "Not tried: connecting to this backend had failed a moment before",
        phases: Phases::of(&[Connect]),
        classes: Classes::of(&[HeldDown]),
        when: When::Always,
        means: "After a failed connect the proxy refuses to try the same address again for a short \
                time. The real error is in an earlier transaction.",
        todo: &["Find the first failure of this backend before this one: it has the errno."],
        proof: "errno 0, and the errno of the failure before it.",
        sign: "An earlier FetchError of the same backend with an errno that is not 0.",
    },
    Cause {
        id: "no-port",
        title: "This machine had no free local port for another connection",
        phases: Phases::of(&[Connect]),
        classes: Classes::of(&[NoPort]),
        when: When::Always,
        means: "Every connection to one address and port takes a local port, and keeps it for a \
                minute after it is closed by this side. All were taken.",
        todo: &[
            "Keep backend connections alive: a connection per request is what uses them up.",
            "Widen net.ipv4.ip_local_port_range, or give the backend more addresses.",
        ],
        proof: "errno 99; `ss -tan state time-wait | wc -l` near the size of ip_local_port_range.",
        sign: "It comes with load, and to one backend first.",
    },
    Cause {
        id: "no-file",
        title: "This proxy had no free file descriptor",
        phases: Phases::of(&[Connect]),
        classes: Classes::of(&[NoFile]),
        when: When::Always,
        means: "The process (errno 24) or the machine (errno 23) had as many files and sockets open \
                as it may.",
        todo: &[
            "Raise LimitNOFILE of the service.",
            "Are there more clients than usual, or connections that are never closed?",
        ],
        proof: "errno 24 or 23; the entries in /proc/PID/fd against /proc/PID/limits.",
        sign: "New clients are not accepted either.",
    },
    Cause {
        id: "denied",
        title: "The system does not allow connections to this backend",
        phases: Phases::of(&[Connect]),
        classes: Classes::of(&[Denied]),
        when: When::Always,
        means: "A security module, a local firewall rule or the permissions of a UNIX socket forbid \
                it.",
        todo: &[
            "`ausearch -m avc -ts recent` or `dmesg | grep -i denied`.",
            "For a UNIX socket: may the proxy's user write to it?",
        ],
        proof: "errno 13 or 1, every time.",
        sign: "It fails for this user and works for root.",
    },
    Cause {
        id: "tls-date",
        title: "The backend's certificate is not valid at this time",
        phases: Phases::ANY,
        classes: Classes::of(&[TlsDate]),
        when: When::Always,
        means: "It has expired or begins later: it was not renewed, the backend did not load the new \
                one, or a clock is wrong.",
        todo: &[
            "`openssl s_client -connect ADDRESS:PORT -servername NAME </dev/null | openssl x509 \
             -noout -dates` from here; compare with `date` on both machines.",
            "Renew the certificate and make the backend load it.",
        ],
        proof: "fetch.tls is expired or not_yet_valid; BackendSSL or VCL_Log has the words.",
        sign: "Every backend with this certificate fails from the same moment on.",
    },
    Cause {
        id: "tls-name",
        title: "The backend's certificate is for another name",
        phases: Phases::ANY,
        classes: Classes::of(&[TlsName]),
        when: When::Always,
        means: "The name that was asked for (server_name; by default the host of the address) is not \
                among those of the certificate.",
        todo: &[
            "Set `server_name` in [backend.tls] to a name that the certificate has.",
            "`openssl s_client -connect ADDRESS:PORT -servername NAME </dev/null | openssl x509 \
             -noout -ext subjectAltName` shows which it has.",
        ],
        proof: "fetch.tls is wrong_name; the text has the name that was expected.",
        sign: "Backends given as an address fail, the same given by name do not.",
    },
    Cause {
        id: "tls-issuer",
        title: "The backend's certificate is from nobody who is believed",
        phases: Phases::ANY,
        classes: Classes::of(&[TlsIssuer]),
        when: When::Always,
        means: "It is signed by itself or by an authority of one's own, or the backend does not send \
                the certificates between it and its root.",
        todo: &[
            "Name the authority's certificate with `ca` in [backend.tls].",
            "Make the backend send its whole chain.",
            "One that is signed by itself must not say CA:TRUE: `openssl req -x509 -addext \
             basicConstraints=critical,CA:FALSE`.",
        ],
        proof: "fetch.tls is unknown_ca.",
        sign: "openssl s_client says \"unable to get local issuer certificate\" or \"self-signed\".",
    },
    Cause {
        id: "tls-version",
        title: "The two sides have no version or cipher of TLS in common",
        phases: Phases::ANY,
        classes: Classes::of(&[TlsVersion]),
        when: When::Always,
        means: "The backend speaks only TLS 1.1 or older, only ciphers that are weak, or not the \
                protocol http/1.1.",
        todo: &["Update the backend's TLS settings: 1.2 with ECDHE and AES-GCM is enough."],
        proof: "fetch.tls is protocol; the text has the alert.",
        sign: "`openssl s_client -tls1_2` fails too.",
    },
    Cause {
        id: "tls-plain",
        title: "The backend does not speak TLS at this port",
        phases: Phases::ANY,
        classes: Classes::of(&[TlsPlain]),
        when: When::Always,
        means: "Something else came in answer to the greeting, mostly a 400 of plain HTTP.",
        todo: &[
            "Correct the port, or take [backend.tls] away.",
            "`curl -v http://ADDRESS:PORT/` from here: does it answer?",
        ],
        proof: "fetch.tls is not_tls.",
        sign: "Every attempt fails at once, from the first one on.",
    },
    Cause {
        id: "tls-ours",
        title: "The backend does not accept the certificate that it was shown",
        phases: Phases::ANY,
        classes: Classes::of(&[TlsOurs]),
        when: When::Always,
        means: "It wants one and got none, or ours has expired or is from somebody whom it does not \
                know.",
        todo: &[
            "Set `cert` and `key` in [backend.tls], or renew them.",
            "The backend's own log says what it did not like.",
        ],
        proof: "fetch.tls is refused_ours; the text has the alert.",
        sign: "openssl s_client with -cert and -key fails with the same alert.",
    },
    Cause {
        id: "tls-cut",
        title: "The backend closed before TLS was agreed on",
        phases: Phases::of(&[Phase::Tls]),
        classes: Classes::of(&[Eof, Reset]),
        when: When::Always,
        means: "A load balancer without a backend, a server that does not know the name, or one that \
                does not expect TLS at this port.",
        todo: &["`openssl s_client -connect ADDRESS:PORT -servername NAME` from here."],
        proof: "fetch.phase is tls and fetch.class eof or reset.",
        sign: "openssl s_client ends without a certificate.",
    },
    Cause {
        id: "tls-timeout",
        title: "TLS was not agreed on within the time allowed",
        phases: Phases::of(&[Phase::Tls]),
        classes: Classes::of(&[Timeout]),
        when: When::Always,
        means: "The backend accepts connections and then says nothing, or does not speak TLS and waits \
                for a request.",
        todo: &[
            "`openssl s_client -connect ADDRESS:PORT -servername NAME` from here: does it hang too?",
            "A backend that is only slow needs a longer connect_timeout.",
        ],
        proof: "fetch.phase is tls and fetch.class timeout, with fetch.limit.",
        sign: "The port answers a plain request.",
    },
    Cause {
        id: "tls",
        title: "The two sides did not agree on TLS",
        phases: Phases::of(&[Phase::Choose, Phase::Connect, Phase::Tls]),
        classes: Classes::of(&[Tls]),
        when: When::Always,
        means: "The certificate was not accepted, or protocol version, cipher or server name do not \
                fit.",
        todo: &["`openssl s_client -connect ADDRESS:PORT -servername NAME` from here."],
        proof: "Nothing in the log; the alert number in a packet capture.",
        sign: "openssl s_client fails too.",
    },
    Cause {
        id: "tls-broken",
        title: "What came over TLS cannot be read",
        phases: Phases::of(&[Phase::Send, Phase::FirstByte, Phase::Head, Phase::Body]),
        classes: Classes::of(&[Tls]),
        when: When::Always,
        means: "TLS had been agreed on, and then bytes came that nobody has encrypted for this \
                connection, or the backend gave it up with an alert: its TLS is broken, or something \
                between changes or mixes up connections.",
        todo: &[
            "Look at what stands between the two (load balancer, NAT, a proxy that inspects TLS), and \
             at the backend's own log.",
            "Capture the packets of such a connection on both machines and compare them.",
        ],
        proof: "The text behind `TLS:` in FetchError, with a fetch.phase behind tls.",
        sign: "The handshake goes well (BackendSSL agreed), and it fails later.",
    },
];
