//! The other sides: a client and a backend that speak TLS.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};

use crate::tests::log::PATIENCE;

/// A client.
pub(super) struct Client {
    pub(super) stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Client {
    /// Connects and agrees; the error is that of the handshake.
    pub(super) fn connect(
        address: SocketAddr,
        config: &Arc<ClientConfig>,
        name: &str,
    ) -> io::Result<Client> {
        let socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let connection = ClientConnection::new(Arc::clone(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Client { stream })
    }

    /// The certificate that was shown.
    pub(super) fn shown(&self) -> Vec<u8> {
        self.stream.conn.peer_certificates().unwrap()[0].to_vec()
    }

    /// Sends a request and reads an answer with a length; its head and body.
    pub(super) fn get(&mut self, target: &str, host: &str) -> (String, Vec<u8>) {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        self.send(request.as_bytes());
        self.answer()
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
        self.stream.flush().unwrap();
    }

    /// Reads an answer with a length; its head and body.
    pub(super) fn answer(&mut self) -> (String, Vec<u8>) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
        });
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body).unwrap();
        (head, body)
    }

    /// Everything up to an orderly end; the error of one that is not.
    pub(super) fn rest(&mut self) -> io::Result<String> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes)?;
        Ok(String::from_utf8(bytes).unwrap())
    }
}

/// A connection as a backend has it.
pub(super) struct Served {
    pub(super) stream: BufReader<StreamOwned<ServerConnection, TcpStream>>,
    /// Its number, from 1.
    pub(super) number: usize,
}

impl Served {
    /// Reads a request: its head, and as much of a body as it announces. `None` at the end.
    pub(super) fn request(&mut self) -> Option<(String, Vec<u8>)> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
        });
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body).ok()?;
        Some((head, body))
    }

    pub(super) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A proxy that has left needs no answer.
        let _ = self.stream.get_mut().write_all(bytes.as_ref());
        let _ = self.stream.get_mut().flush();
    }

    /// Answers whatever comes with the number of the connection.
    pub(super) fn serve(&mut self) {
        while self.request().is_some() {
            let body = self.number.to_string();
            self.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        }
    }

    /// Says that nothing more comes.
    pub(super) fn say_end(&mut self) {
        let stream = self.stream.get_mut();
        stream.conn.send_close_notify();
        let _ = stream.conn.complete_io(&mut stream.sock);
    }
}

/// Starts a backend; what it does with a connection is `script`, if the handshake goes well.
pub(super) fn backend(
    config: ServerConfig,
    script: impl Fn(&mut Served) + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (config, script) = (Arc::new(config), Arc::new(script));
    let count = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(socket) = socket else { return };
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            let number = count.fetch_add(1, Ordering::Relaxed) + 1;
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let script = Arc::clone(&script);
            thread::spawn(move || {
                let stream = BufReader::new(StreamOwned::new(connection, socket));
                script(&mut Served { stream, number });
            });
        }
    });
    address
}
