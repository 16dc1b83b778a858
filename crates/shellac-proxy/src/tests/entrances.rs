//! Where clients come in: paths, IPv6, and behind another proxy.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use shellac_config::ListenAddress;
use shellac_format::{Dialect, Tag};
use shellac_http1::{Ends, PreambleVersion, preamble};

use super::log::{PATIENCE, Transaction};
use super::origin::{Connection, Origin};
use super::rig::{Client, Rig, get};
use crate::Listener;

const DIALECT: Dialect = Dialect::V7_3;

fn serve(_: usize, mut connection: Connection) {
    connection.serve();
}

/// A rig at `address`, which is that of `socket`.
fn rig(origin: &Origin, address: ListenAddress, socket: std::os::fd::OwnedFd, more: &str) -> Rig {
    let listener = Listener { name: "main".to_owned(), address, sockets: vec![socket] };
    Rig::listening(DIALECT, listener, more, &[origin.address], "")
}

/// A rig behind another proxy.
fn behind(origin: &Origin, settings: &str) -> Rig {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let listener =
        Listener { name: "main".to_owned(), address: address.into(), sockets: vec![socket.into()] };
    Rig::listening(DIALECT, listener, "proxy_protocol = true", &[origin.address], settings)
}

fn find(rig: &Rig, kind: &str) -> Transaction {
    rig.sessions(1).into_iter().find(|one| one.kind() == kind).unwrap()
}

/// Without what is different in every run: the time and the descriptor.
fn opened(session: &Transaction) -> String {
    let text = session.texts(Tag::SessOpen)[0];
    text.split(' ').take(5).collect::<Vec<_>>().join(" ")
}

#[test]
fn clients_come_through_a_path() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let socket = UnixListener::bind(&path).unwrap();
    let origin = Origin::start(serve);
    let rig = rig(&origin, ListenAddress::Unix(path.clone()), socket.into(), "");
    let ask = |path: &Path, header: &str| {
        let mut stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = get("/a").replace("\r\n\r\n", &format!("\r\n{header}\r\n"));
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = ask(&path, "X-Forwarded-For: 192.0.2.7\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("answer"), "{answer}");
    assert_eq!(opened(&find(&rig, "sess")), "0.0.0.0 0 main 0.0.0.0 0");
    assert_eq!(find(&rig, "req").texts(Tag::ReqStart), ["0.0.0.0 0 main"]);
    ask(&path, "");
    // Whoever is there has no address that could be added.
    let seen: Vec<_> =
        origin.seen().iter().map(|s| s.header("X-Forwarded-For").map(str::to_owned)).collect();
    assert_eq!(seen, [Some("192.0.2.7".to_owned()), None]);
}

#[test]
fn clients_and_backends_have_ipv6() {
    let Ok(socket) = TcpListener::bind("[::1]:0") else {
        eprintln!("skipped: this machine has no IPv6");
        let required = std::env::var_os("SHELLAC_INTEROP").is_some_and(|word| word == "required");
        assert!(!required && !Path::new("/proc/net/if_inet6").exists());
        return;
    };
    let address = socket.local_addr().unwrap();
    let backend = TcpListener::bind("[::1]:0").unwrap();
    let to = backend.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = backend.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            .unwrap();
        String::from_utf8(head).unwrap()
    });
    let listener =
        Listener { name: "main".to_owned(), address: address.into(), sockets: vec![socket.into()] };
    let rig = Rig::listening(DIALECT, listener, "", &[to], "");
    let mut client = Client::connect(address);
    client.send(get("/six"));
    assert!(client.rest().ends_with("ok"));
    assert!(server.join().unwrap().contains("X-Forwarded-For: ::1\r\n"));
    let session = find(&rig, "sess");
    let open = opened(&session);
    assert!(
        open.starts_with("::1 ") && open.ends_with(&format!(" main ::1 {}", address.port())),
        "{open}"
    );
    let bereq = find(&rig, "bereq");
    let open = bereq.texts(Tag::BackendOpen)[0];
    assert!(open.contains(&format!(" b0 ::1 {} ::1 ", to.port())), "{open}");
}

#[test]
fn whoever_is_behind_another_proxy_is_the_client() {
    let (client, server): (SocketAddr, SocketAddr) =
        ("[2001:db8::7]:4711".parse().unwrap(), "[2001:db8::1]:443".parse().unwrap());
    let four = "PROXY TCP4 1.2.3.4 5.6.7.8 1111 80\r\n".as_bytes().to_vec();
    let six = preamble(PreambleVersion::V2, Ends::Known { client, server });
    let cases = [
        (four, "1 1.2.3.4 1111 5.6.7.8 80", Some("1.2.3.4 1111 main"), Some("1.2.3.4")),
        (
            six,
            "2 2001:db8::7 4711 2001:db8::1 443",
            Some("2001:db8::7 4711 main"),
            Some("2001:db8::7"),
        ),
        (preamble(PreambleVersion::V2, Ends::Local), "2 local local local local", None, None),
        (
            preamble(PreambleVersion::V1, Ends::Unknown),
            "1 unknown unknown unknown unknown",
            None,
            None,
        ),
    ];
    for (wire, record, start, forwarded) in cases {
        let origin = Origin::start(serve);
        let rig = behind(&origin, "");
        let mut stream = rig.connect();
        let peer = stream.stream.local_addr().unwrap();
        // In two pieces, and the request with the second one.
        let (before, behind) = wire.split_at(wire.len() / 2);
        stream.send(before);
        stream.send([behind, get("/a").as_bytes()].concat());
        assert!(stream.rest().ends_with("answer"), "{record}");
        let session = find(&rig, "sess");
        assert_eq!(session.lines[0].text, "sess 0 PROXY");
        assert!(
            opened(&session).starts_with(&format!("127.0.0.1 {} main 127.0.0.1 ", peer.port()))
        );
        assert_eq!(session.texts(Tag::Proxy), [record]);
        assert_eq!(session.lines[2].tag, Tag::Proxy, "{session:?}");
        let own = format!("127.0.0.1 {} main", peer.port());
        assert_eq!(find(&rig, "req").texts(Tag::ReqStart), [start.unwrap_or(&own)]);
        assert_eq!(
            origin.seen()[0].header("X-Forwarded-For"),
            Some(forwarded.unwrap_or("127.0.0.1"))
        );
    }
}

#[test]
fn what_is_no_preamble_ends_the_connection() {
    let cases: [(&[u8], &str, &[&str]); 5] = [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "RX_JUNK", &[]),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1111\r\n", "RX_BAD", &["PROXY1: not six fields"]),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1111 99999\r\n", "RX_BAD", &["PROXY1: bad port"]),
        (b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0", "RX_BAD", &["PROXY2: bad version"]),
        (b"PROXY TCP4 1.2.", "REM_CLOSE", &[]),
    ];
    for (wire, end, garbage) in cases {
        let rig = behind(&Origin::start(serve), "");
        let mut client = rig.connect();
        client.send(wire);
        if end == "REM_CLOSE" {
            client.half_close();
        }
        let rest = client.rest();
        assert!(rest.is_empty() || rest == "<reset>", "{rest}");
        let session = find(&rig, "sess");
        assert_eq!(session.texts(Tag::ProxyGarbage), garbage);
        assert!(session.texts(Tag::SessClose)[0].starts_with(&format!("{end} ")), "{session:?}");
        assert!(session.texts(Tag::Link).is_empty());
    }
}

#[test]
fn a_preamble_has_a_time() {
    let rig = behind(&Origin::start(serve), "[timeouts]\nclient_head = \"300ms\"\n");
    let mut client = TcpStream::connect(rig.address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.write_all(b"PROXY TCP4 1.2.3.4 ").unwrap();
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    assert!(find(&rig, "sess").texts(Tag::SessClose)[0].starts_with("RX_TIMEOUT "));
}
