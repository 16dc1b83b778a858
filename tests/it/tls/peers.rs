//! The other sides: a client and a backend that speak TLS.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;

/// Longest wait for a peer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client.
pub(super) struct Client {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
}

impl Client {
    /// Connects and agrees; the error is that of the handshake.
    pub(super) fn connect(
        address: SocketAddr,
        config: &Arc<ClientConfig>,
        name: &str,
    ) -> io::Result<Client> {
        Client::behind(address, &[], config, name)
    }

    /// The same with something in front.
    pub(super) fn behind(
        address: SocketAddr,
        preamble: &[u8],
        config: &Arc<ClientConfig>,
        name: &str,
    ) -> io::Result<Client> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.write_all(preamble)?;
        let name = ServerName::try_from(name.to_owned()).expect("a name of a host");
        let connection = ClientConnection::new(Arc::clone(config), name).expect("it can begin");
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Client { stream: BufReader::new(stream) })
    }

    /// The certificate that was shown.
    pub(super) fn shown(&self) -> Vec<u8> {
        let shown = self.stream.get_ref().conn.peer_certificates();
        shown.expect("a proxy shows something")[0].to_vec()
    }

    /// The protocol that was agreed on.
    pub(super) fn protocol(&self) -> Option<&[u8]> {
        self.stream.get_ref().conn.alpn_protocol()
    }

    pub(super) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let stream = self.stream.get_mut();
        stream.write_all(bytes.as_ref()).expect("the proxy reads");
        stream.flush().expect("the proxy reads");
    }

    /// Sends bytes beside TLS.
    pub(super) fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.get_mut().sock.write_all(bytes).expect("the proxy reads");
    }

    /// Sends a request and reads an answer with a length; its head and body.
    pub(super) fn get(&mut self, target: &str) -> (String, String) {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n"));
        let head = self.head();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let length: usize = length.and_then(|text| text.parse().ok()).unwrap_or(0);
        let body = self.exactly(length);
        (head, String::from_utf8(body).expect("these bodies are text"))
    }

    /// A head with its empty line.
    pub(super) fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.stream.read_line(&mut head).expect("the proxy answers");
            assert!(read > 0, "the connection ended in {head:?}");
        }
        head
    }

    /// The next bytes.
    pub(super) fn exactly(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).expect("the proxy goes on");
        bytes
    }

    /// Says that nothing more comes.
    pub(super) fn say_end(&mut self) {
        let stream = self.stream.get_mut();
        stream.conn.send_close_notify();
        stream.conn.complete_io(&mut stream.sock).expect("the proxy reads");
    }

    /// What comes up to an end that is said; one that is not is an error here.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).expect("the end is said");
        rest
    }
}

/// A server that does something with each connection; dropping it ends them all.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    listener: TcpListener,
    open: Arc<Mutex<Vec<TcpStream>>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts one on a port of the kernel's choice.
    pub(super) fn start(script: impl Fn(TcpStream) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let accepting = listener.try_clone().expect("descriptors are left");
        let open: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let all = Arc::clone(&open);
        let script = Arc::new(script);
        let thread = thread::spawn(move || {
            let mut serving = Vec::new();
            while let Ok((socket, _)) = accepting.accept() {
                let other = socket.try_clone().expect("descriptors are left");
                all.lock().expect("nobody panics with it").push(other);
                let script = Arc::clone(&script);
                serving.push(thread::spawn(move || {
                    script(socket.try_clone().expect("descriptors are left"));
                    // The one that is kept for the end of the test must not keep it open; it may be closed already.
                    let _ = socket.shutdown(Shutdown::Both);
                }));
            }
            for thread in serving {
                thread.join().expect("it does not panic");
            }
        });
        Server { address, listener, open, thread: Some(thread) }
    }

    /// One that speaks TLS, and answers every request with `answer`.
    pub(super) fn secure(config: ServerConfig, answer: &'static str) -> Server {
        let config = Arc::new(config);
        Server::start(move |socket| {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("it can begin");
            let mut stream = BufReader::new(StreamOwned::new(connection, socket));
            // A proxy that does not agree, or leaves, is what these tests are about.
            let _ = serve(&mut stream, answer);
        })
    }

    /// One that knows nothing but HTTP, and says so.
    pub(super) fn plain() -> Server {
        Server::start(|mut socket| {
            let _ = socket.read(&mut [0; 16]);
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
            // Until the proxy has read it: closing with bytes unread would be a reset.
            let _ = io::copy(&mut socket, &mut io::sink());
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ends the wait for the next connection.
        let _ = SockRef::from(&self.listener).shutdown(Shutdown::Both);
        for socket in self.open.lock().expect("nobody panics with it").drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("a thread of a server panicked");
        }
    }
}

fn serve(
    stream: &mut BufReader<StreamOwned<ServerConnection, TcpStream>>,
    answer: &str,
) -> io::Result<()> {
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let length = answer.len();
        let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{answer}");
        stream.get_mut().write_all(text.as_bytes())?;
        stream.get_mut().flush()?;
    }
}
