//! The faults, each with what it is: what the origin does, and what the client.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::race::Racer;
use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::origin::{Asked, Origin, Step, ok, raw};
use crate::support::proxy::Proxy;

/// Something that goes wrong.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) name: &'static str,
    /// What it is, in the words of the catalogue.
    pub(super) cause: &'static str,
    /// The route that it is met on: the start of its URLs.
    pub(super) place: &'static str,
    client: Manner,
}

impl Fault {
    /// One that nobody can inject at will.
    pub(super) const fn met_by_chance(
        name: &'static str,
        cause: &'static str,
        place: &'static str,
    ) -> Fault {
        Fault { name, cause, place, client: Get }
    }
}

/// What a client does.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// Asks and waits for what comes.
    Get,
    /// The same with a small body.
    Post,
    /// The same with a body that fits into no buffer.
    PostLarge,
    /// Sends half of its body and says that this is all.
    StopsHalfWay,
    /// Sends half of its body and resets the connection.
    ResetsHalfWay,
    /// Sends half of its body and waits.
    StallsHalfWay,
    /// Sends a chunk whose length is none.
    BreaksFraming,
    /// Resets the connection while it waits for an answer.
    LeavesWaiting,
    /// Resets the connection when the head of the answer has come.
    LeavesInBody,
}

use Manner::{
    BreaksFraming, Get, LeavesInBody, LeavesWaiting, Post, PostLarge, ResetsHalfWay, StallsHalfWay,
    StopsHalfWay,
};

const fn fault(name: &'static str, cause: &'static str, client: Manner) -> Fault {
    Fault { name, cause, place: "", client }
}

/// What the proxy can meet.
pub(super) const FAULTS: &[Fault] = &[
    Fault { name: "refused", cause: "refused", place: "/closed", client: Get },
    Fault { name: "queue-full", cause: "connect-timeout", place: "/full", client: Get },
    fault("eof", "closed-unanswered", Get),
    fault("eof-after-body", "closed-unanswered", Post),
    fault("eof-with-body-unread", "closed-unanswered", Post),
    fault("reset", "closed-unanswered", Get),
    fault("eof-in-head", "head-cut", Get),
    fault("reset-in-head", "head-cut", Get),
    fault("tls", "not-http", Get),
    fault("ssh", "not-http", Post),
    fault("bad-header", "not-http", Get),
    fault("long-header", "head-too-large", Get),
    // The text is that of a bad head, and so is the cause, which names this one too.
    fault("many-headers", "not-http", Get),
    fault("bad-length", "bad-framing", Get),
    fault("silence", "first-byte-timeout", Get),
    fault("silence-after-body", "first-byte-timeout", Post),
    fault("stall-in-head", "stalled", Get),
    fault("stall-in-body", "stalled", Get),
    fault("stall-in-chunk", "stalled", Get),
    fault("eof-in-body", "body-cut", Get),
    fault("eof-in-chunk", "body-cut", Get),
    fault("reset-in-body", "body-cut", Get),
    fault("bad-chunk", "bad-chunks", Get),
    fault("reset-while-sending", "send-failed", PostLarge),
    fault("stops-reading", "send-stalled", PostLarge),
    fault("client-stops", "client-gone", StopsHalfWay),
    fault("client-resets", "client-gone", ResetsHalfWay),
    fault("client-stalls", "client-slow", StallsHalfWay),
    fault("client-bad-chunk", "client-bad", BreaksFraming),
    fault("client-leaves", "client-left", LeavesWaiting),
    fault("client-leaves-in-body", "client-left", LeavesInBody),
];

/// What the origin does with a request for `/NAME/NUMBER/MILLISECONDS/BYTES`.
fn script(asked: &Asked) -> Vec<Step> {
    let mut parts = asked.target.split('/').skip(1);
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
        // The client's doing: here somebody reads as long as something comes.
        _ => vec![Step::ReadBody, Step::Hang],
    }
}

/// How long the proxy waits for anybody. Longer than a busy machine is away.
const LIMIT: Duration = Duration::from_secs(1);

/// The proxy and everybody behind it.
pub(super) struct Scene {
    proxy: Mutex<Proxy>,
    address: SocketAddr,
    workdir: PathBuf,
    origin: Origin,
    pub(super) racer: Racer,
    /// A port that is taken and on which nobody listens.
    _closed: Socket,
    /// A listener whose queue is full, and what fills it.
    _full: (TcpListener, Vec<TcpStream>),
}

impl Scene {
    pub(super) fn set() -> Scene {
        let origin = Origin::start(script);
        let racer = Racer::start();
        let closed = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        closed.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("loopback has ports");
        let refusing = closed.local_addr().ok().and_then(|address| address.as_socket());
        let full = full_queue();
        let backends = [
            origin.address(),
            refusing.expect("it is bound"),
            full.0.local_addr().expect("it is bound"),
            racer.address(),
        ];
        let mut tables = format!(
            "[log]\nsize = \"64M\"\ndialect = \"9.0-vs\"\n[limits]\nhead_bytes = \"8K\"\n[timeouts]\n\
             connect = \"{0}ms\"\nfirst_byte = \"{0}ms\"\nbetween_bytes = \"{0}ms\"\n\
             client_body = \"{0}ms\"\nsend = \"{0}ms\"\n",
            LIMIT.as_millis()
        );
        for (number, path) in ["/", "/closed", "/full", "/race"].iter().enumerate() {
            tables += &format!(
                "[[pool]]\nname = \"p{number}\"\nbackends = [\"b{number}\"]\n\
                 [[route]]\npath = \"{path}\"\npool = \"p{number}\"\n[route.retry]\nmax = 0\n"
            );
        }
        let proxy = Proxy::start_with("threads = 2", &backends, &tables);
        let (address, workdir) = (proxy.address(), proxy.workdir());
        Scene {
            proxy: Mutex::new(proxy),
            address,
            workdir,
            origin,
            racer,
            _closed: closed,
            _full: full,
        }
    }

    pub(super) fn workdir(&self) -> PathBuf {
        self.workdir.clone()
    }

    pub(super) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// Somebody waits for `target` in the log: the proxy has to be there for that.
    pub(super) fn still_waited_for(&self, target: &str) {
        let running = self.proxy.lock().expect("nobody panics with it").is_running();
        assert!(running, "the proxy has ended before {target} was in its log");
    }

    fn wait_at_origin(&self, target: &str) {
        Deadline::generous().wait_for("the request at the origin", || {
            let received = self.origin.received();
            received.iter().any(|one| one.asked.target == target).then_some(())
        });
    }

    /// Asks for `target` and does what the fault is about.
    pub(super) fn inject(&self, fault: &Fault, target: &str) {
        if fault.place.is_empty() && target.len().is_multiple_of(2) {
            // Leaves a connection for one of the requests that follow.
            let mut client = self.client();
            client.send("GET /good HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            assert_eq!(client.answer("GET").status, 200);
        }
        let mut client = self.client();
        let head = |method: &str, more: &str| {
            format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n")
        };
        let post = |len: usize| head("POST", &format!("Content-Length: {len}\r\n"));
        match fault.client {
            Get => client.send(head("GET", "")),
            Post => client.send(post(1000) + &"b".repeat(1000)),
            PostLarge => {
                client.send(post(LARGE));
                // It is told to stop before it is through.
                let _ = client.try_send(vec![b'b'; LARGE]);
            }
            StopsHalfWay => {
                client.send(post(1000) + &"b".repeat(500));
                self.wait_at_origin(target);
                client.half_close();
            }
            ResetsHalfWay => {
                client.send(post(1000) + &"b".repeat(500));
                self.wait_at_origin(target);
                client.reset();
                return;
            }
            StallsHalfWay => client.send(post(1000) + &"b".repeat(500)),
            BreaksFraming => {
                let head = head("POST", "Transfer-Encoding: chunked\r\n");
                client.send(head + "4\r\nsome\r\n");
                self.wait_at_origin(target);
                client.send("ZZ\r\n");
            }
            LeavesWaiting => {
                client.send(head("GET", ""));
                self.wait_at_origin(target);
                client.reset();
                return;
            }
            LeavesInBody => {
                client.send(head("GET", ""));
                client.head();
                client.reset();
                return;
            }
        }
        client.until_closed();
    }
}

/// More than the buffers of both sides together.
const LARGE: usize = 8 << 20;

/// A listener that nobody accepts from, with so many connections that the kernel answers no more.
fn full_queue() -> (TcpListener, Vec<TcpStream>) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("loopback has ports");
    socket.listen(0).expect("it listens");
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().expect("it is bound");
    let mut filling = Vec::new();
    // Refused by silence: from then on so is everybody.
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        filling.push(stream);
        assert!(filling.len() < 64, "the queue does not get full");
    }
    (listener, filling)
}
