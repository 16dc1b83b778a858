//! The faults, each with what it is: what the origin does, and what the client.

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
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
    /// Asks for something good before on the same connection.
    Again,
    /// The same with a body that is longer than what is kept in memory.
    PostFile,
    /// Takes nothing of its answer.
    StopsReading,
}

use Gets::{Cut, Nothing, Page};
use Manner::{
    Again, BreaksFraming, Get, LeavesInBody, LeavesWaiting, Post, PostFile, PostLarge,
    ResetsHalfWay, StallsHalfWay, StopsHalfWay, StopsReading,
};

const fn fault(name: &'static str, cause: &'static str, client: Manner) -> Fault {
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
fn script(asked: &Asked) -> Vec<Step> {
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
    /// Clients that take nothing.
    unread: Mutex<Vec<Client>>,
}

impl Scene {
    /// A proxy whose log is in `dialect`.
    pub(super) fn set(dialect: &str) -> Scene {
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
        let names = names();
        let (here, kept) = (origin.address(), "[[backend]]\nname");
        let mut tables = format!(
            "{kept} = \"b4\"\naddress = \"gone.test:80\"\n{kept} = \"b5\"\naddress = \"mute.test:80\"\n\
             {kept} = \"b6\"\naddress = \"{here}\"\n{kept} = \"b7\"\naddress = \"{here}\"\n\
             [resolver]\nservers = [\"{names}\"]\nhosts = \"/dev/null\"\n\
             [body]\nmemory = \"4K\"\nlimit = \"1M\"\ndir = \"/dev/null\"\n",
        );
        tables += &format!(
            "[log]\nsize = \"64M\"\ndialect = \"{dialect}\"\n[limits]\nhead_bytes = \"8K\"\n\
             response_rate = 50\nrate_grace = \"2s\"\n[timeouts]\n\
             connect = \"{0}ms\"\nfirst_byte = \"{0}ms\"\nbetween_bytes = \"{0}ms\"\n\
             client_body = \"{0}ms\"\nsend = \"{0}ms\"\n",
            LIMIT.as_millis()
        );
        let paths = ["/", "/closed", "/full", "/race", "/gone", "/mute", "/kept", "/held"];
        for (number, path) in paths.iter().enumerate() {
            tables += &format!(
                "[[pool]]\nname = \"p{number}\"\nbackends = [\"b{number}\"]\n\
                 [[route]]\npath = \"{path}\"\npool = \"p{number}\"\n[route.retry]\nmax = 0\n"
            );
        }
        let route = |path: &str| format!("[[route]]\npath = \"{path}\"\npool = \"p0\"\n");
        tables += &(route("/again") + "[route.retry]\nmethods = [\"POST\"]\n");
        tables += &(route("/total") + "[route.retry]\nmax = 0\n[route.timeouts]\n");
        tables += "first_byte = \"1h\"\nbetween_bytes = \"1h\"\ntotal = \"1s\"\n";
        tables += &(route("/rate") + "[route.retry]\nmax = 0\n");
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
            unread: Mutex::default(),
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

    /// Asks for `target`, does what the fault is about, and says what came back; nothing to a client that has left.
    pub(super) fn inject(&self, fault: &Fault, target: &str) -> Vec<u8> {
        if fault.place.is_empty() && target.len().is_multiple_of(2) {
            // Leaves a connection for one of the requests that follow.
            let mut client = self.client();
            client.send("GET /good HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            // Where the machine is too busy for that there is none.
            client.answer("GET");
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
                return Vec::new();
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
                return Vec::new();
            }
            LeavesInBody => {
                client.send(head("GET", ""));
                client.head();
                client.reset();
                return Vec::new();
            }
            Again => {
                let place = fault.place;
                Deadline::generous().wait_for("an answer that leaves a connection", || {
                    client.send(format!("GET {place}/good HTTP/1.1\r\nHost: x\r\n\r\n"));
                    (client.answer("GET").status == 200).then_some(())
                });
                client.send(head("GET", ""));
            }
            PostFile => client.send(post(40_000) + &"b".repeat(40_000)),
            StopsReading => {
                client.send(head("GET", ""));
                // Its end is what the log says.
                self.wait_at_origin(target);
                self.unread.lock().expect("nobody panics with it").push(client);
                return Vec::new();
            }
        }
        client.until_closed()
    }
}

/// A name server that knows no name that begins with `gone`, and says nothing about others. It ends with the process.
fn names() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let mut bytes = [0; 512];
        while let Ok((len, from)) = socket.recv_from(&mut bytes) {
            let message = &mut bytes[..len];
            if message.get(13..17) == Some(b"gone") {
                message[2..4].copy_from_slice(&[0x81, 0x83]);
                // Nobody listens any more, perhaps.
                let _ = socket.send_to(message, from);
            }
        }
    });
    address
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
