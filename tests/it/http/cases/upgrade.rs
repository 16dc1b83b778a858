//! Connections that become another protocol's: what comes early, and ends that come one side at a time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use crate::support::deadline::Deadline;
use crate::support::proxy::Proxy;

const ROUTE: &str = "[[route]]\nupgrade = [\"websocket\"]\n";
/// The first bytes of the other protocol come with the head.
const AGREED: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello";

/// A server for one connection, which has read the request's head when `served` gets it.
fn server<T: Send + 'static>(
    served: impl FnOnce(BufReader<TcpStream>) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("it has an address");
    let thread = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("the proxy connects");
        stream.set_read_timeout(Deadline::generous().left()).expect("an option");
        let mut input = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(input.read_line(&mut head).expect("the proxy asks"), 0, "{head}");
        }
        let fields = head.to_ascii_lowercase();
        assert!(fields.contains("\r\nupgrade: websocket\r\n"), "{head}");
        assert!(fields.contains("\r\nconnection: upgrade\r\n"), "{head}");
        served(input)
    });
    (address, thread)
}

/// A client that has asked for the other protocol, and has said something in it already.
fn client(proxy: &Proxy) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address()).expect("the proxy listens");
    stream.set_read_timeout(Deadline::generous().left()).expect("an option");
    let head = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    stream.write_all(format!("{head}early").as_bytes()).expect("the proxy reads");
    stream
}

fn rest(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an orderly end");
    String::from_utf8(bytes).expect("text")
}

pub(super) fn what_a_client_says_early_arrives_and_its_end_is_not_the_end_of_the_other_side() {
    let (address, server) = server(|mut input| {
        input.get_mut().write_all(AGREED).expect("the proxy reads");
        let said = rest(&mut input);
        input.get_mut().write_all(format!(" {said} and bye").as_bytes()).expect("it is open");
        said
    });
    let proxy = Proxy::start(&[address], ROUTE);
    let mut client = client(&proxy);
    client.write_all(b" later").expect("the proxy reads");
    client.shutdown(Shutdown::Write).expect("it is open");
    let came = rest(&client);
    let (head, inside) = came.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert_eq!(inside, "hello early later and bye");
    assert_eq!(server.join().expect("it ends"), "early later");
}

pub(super) fn the_end_of_a_server_is_not_the_end_of_its_client() {
    let (address, server) = server(|mut input| {
        input.get_mut().write_all(AGREED).expect("the proxy reads");
        input.get_ref().shutdown(Shutdown::Write).expect("it is open");
        rest(&mut input)
    });
    let proxy = Proxy::start(&[address], ROUTE);
    let mut client = client(&proxy);
    let came = rest(&client);
    assert!(came.ends_with("\r\n\r\nhello"), "{came}");
    client.write_all(b" and on").expect("the proxy still reads");
    client.shutdown(Shutdown::Write).expect("it is open");
    assert_eq!(server.join().expect("it ends"), "early and on");
}
