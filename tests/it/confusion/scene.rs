//! The proxy, everybody behind it, and what goes wrong between them.

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::faults::{Fault, LIMIT, script};
use super::manner::{Met, Place};
use super::race::Racer;
use crate::support::client::Client;
use crate::support::origin::Origin;
use crate::support::proxy::Proxy;

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
        let (closed, refusing) = nobody_listens();
        let full = full_queue();
        let backends = [
            origin.address(),
            refusing,
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

    /// Asks for `target`, does what the fault is about, and says what came back; nothing to a client that has left.
    pub(super) fn inject(&self, fault: &Fault, target: &str) -> Vec<u8> {
        if fault.place.is_empty() && target.len().is_multiple_of(2) {
            // Leaves a connection for one of the requests that follow.
            let mut client = self.client();
            client.send("GET /good HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            // Where the machine is too busy for that there is none.
            client.answer("GET");
        }
        let place = Place {
            start: fault.place,
            target,
            origin: &self.origin,
            is_sent_on: true,
            until: None,
            is_kept: &|| (),
        };
        match fault.client.act(self.client(), &place) {
            Met::Answer(answer) => answer,
            Met::Left => Vec::new(),
            Met::Unread(client) => {
                self.unread.lock().expect("nobody panics with it").push(client);
                Vec::new()
            }
        }
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

/// A port that is taken, so that nobody else gets it, and on which nobody listens.
pub(super) fn nobody_listens() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("loopback has ports");
    let address = socket.local_addr().ok().and_then(|address| address.as_socket());
    (socket, address.expect("it is bound"))
}

/// A listener that nobody accepts from, with so many connections that the kernel answers no more.
pub(super) fn full_queue() -> (TcpListener, Vec<TcpStream>) {
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
