//! Backends by name: a scripted name server, and the proxy that asks it.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

use crate::support::deadline::Deadline;
use crate::support::proxy::Proxy;

/// What the server says about a name.
#[derive(Clone)]
enum Say {
    /// These addresses of the network 127.0.0.0/24.
    Addresses(Vec<u8>),
    /// This code.
    Code(u8),
    /// Nothing.
    Nothing,
    /// Something that begins as an answer.
    Garbage,
    /// These addresses over a connection, and the first of them in a datagram that is said to be cut.
    Long(Vec<u8>),
    /// The wrong address under another number, and from another port, and then the right one.
    Forged(u8),
}

/// A name server.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    script: Arc<Mutex<HashMap<&'static str, Say>>>,
}

impl Server {
    fn start(script: &[(&'static str, Say)]) -> Server {
        let (socket, listener) = Deadline::generous().wait_for("a port that is free twice", || {
            let socket = UdpSocket::bind("127.0.0.1:0").ok()?;
            let listener = TcpListener::bind(socket.local_addr().ok()?).ok()?;
            Some((socket, listener))
        });
        let stranger = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let address = socket.local_addr().expect("it is bound");
        let script = Arc::new(Mutex::new(script.iter().cloned().collect()));
        let server = Server { address, script };
        let mine = server.clone();
        // It ends with the process.
        thread::spawn(move || {
            let mut bytes = [0; 512];
            while let Ok((len, from)) = socket.recv_from(&mut bytes) {
                mine.answer(&bytes[..len], from, &socket, &stranger);
            }
        });
        let mine = server.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut len = [0; 2];
                while stream.read_exact(&mut len).is_ok() {
                    let mut question = vec![0; usize::from(u16::from_be_bytes(len))];
                    stream.read_exact(&mut question).expect("a question");
                    let answer = mine.long(&question);
                    let len = u16::try_from(answer.len()).expect("it is short");
                    stream.write_all(&len.to_be_bytes()).expect("somebody listens");
                    stream.write_all(&answer).expect("somebody listens");
                }
            }
        });
        server
    }

    /// All that is said of a name that needs a connection.
    fn long(&self, question: &[u8]) -> Vec<u8> {
        let script = self.script.lock().expect("nobody panics with it");
        let list = script.values().find_map(|say| match say {
            Say::Long(list) => Some(list.clone()),
            _ => None,
        });
        let end = question.len() - 11;
        let is_v4 = question[end - 3] == 1;
        message(&question[..end], 0, if is_v4 { list.as_deref().unwrap_or(&[]) } else { &[] })
    }

    fn says(&self, name: &'static str, say: Say) {
        self.script.lock().expect("nobody panics with it").insert(name, say);
    }

    fn answer(&self, question: &[u8], from: SocketAddr, socket: &UdpSocket, stranger: &UdpSocket) {
        let mut name = String::new();
        let mut at = 12;
        while question[at] > 0 {
            let end = at + 1 + usize::from(question[at]);
            name.push_str(std::str::from_utf8(&question[at + 1..end]).expect("a name"));
            name.push('.');
            at = end;
        }
        let is_v4 = question[at + 2] == 1;
        let question = &question[..at + 5];
        let say = self.script.lock().expect("nobody panics with it").get(name.as_str()).cloned();
        let send = |socket: &UdpSocket, message: Vec<u8>| {
            // Nobody listens any more, perhaps.
            let _ = socket.send_to(&message, from);
        };
        let addresses = |list: &[u8]| message(question, 0, if is_v4 { list } else { &[] });
        match say.unwrap_or(Say::Code(3)) {
            Say::Addresses(list) => send(socket, addresses(&list)),
            Say::Code(code) => send(socket, message(question, code, &[])),
            Say::Long(list) => {
                let mut cut = addresses(&list[..1]);
                cut[2] |= 0x02;
                send(socket, cut);
            }
            Say::Nothing => {}
            Say::Garbage => {
                let mut bytes = message(question, 0, &[1]);
                bytes.truncate(bytes.len() - 3);
                send(socket, bytes);
            }
            Say::Forged(right) => {
                let mut wrong = addresses(&[66]);
                send(stranger, wrong.clone());
                wrong[0] ^= 0xff;
                send(socket, wrong);
                send(socket, addresses(&[right]));
            }
        }
    }
}

/// An answer that holds for no time.
fn message(question: &[u8], code: u8, last: &[u8]) -> Vec<u8> {
    let mut out = question[..2].to_vec();
    let count = u8::try_from(last.len()).expect("a few");
    out.extend([0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0]);
    out.extend(&question[12..]);
    for last in last {
        out.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, *last]);
    }
    out
}

/// Two web servers with one port, at 127.0.0.1 and 127.0.0.2: each says which one it is.
fn web() -> u16 {
    let both = Deadline::generous().wait_for("a port that is free twice", || {
        let one = TcpListener::bind("127.0.0.1:0").ok()?;
        let port = one.local_addr().ok()?.port();
        Some([one, TcpListener::bind(("127.0.0.2", port)).ok()?])
    });
    let port = both[0].local_addr().expect("it listens").port();
    for (listener, text) in both.into_iter().zip(["one", "two"]) {
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || serve(stream, text));
            }
        });
    }
    port
}

fn serve(mut stream: TcpStream, text: &str) {
    let mut head = Vec::new();
    let mut room = [0; 1024];
    while let Ok(len @ 1..) = stream.read(&mut room) {
        head.extend_from_slice(&room[..len]);
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{text}");
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// Status and body.
fn get(proxy: &Proxy, path: &str) -> (u16, String) {
    let mut client = proxy.client();
    client.send(format!("GET {path} HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"));
    let answer = client.answer("GET");
    let text = if answer.status == 200 { answer.text() } else { String::new() };
    (answer.status, text)
}

fn backends(proxy: &Proxy) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["adm", "-n"])
        .arg(proxy.workdir())
        .args(["backend.list", "-j", "-p"])
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A backend for each of these names, with a route of its own.
fn tables(names: &[&str], port: u16, resolver: &str) -> String {
    let mut text = String::new();
    for name in names {
        text.push_str(&format!(
            "[[backend]]\nname = \"{name}\"\naddress = \"{name}.test:{port}\"\n\
             [[pool]]\nname = \"{name}\"\nbackends = [\"{name}\"]\n[pool.health]\nfailures = 0\n\
             [[route]]\npath = \"/{name}\"\npool = \"{name}\"\n"
        ));
    }
    format!("{text}[limits]\nidle_per_backend = 4\n[resolver]\n{resolver}\n")
}

#[test]
fn traffic_follows_a_name_and_stays_when_nobody_knows_it() {
    let server = Server::start(&[("api.test.", Say::Addresses(vec![1]))]);
    let port = web();
    let resolver = format!(
        "servers = [\"{}\"]\nttl_min = \"100ms\"\nttl_max = \"200ms\"\ntimeout = \"300ms\"",
        server.address
    );
    let proxy = Proxy::start(&[], &tables(&["api"], port, &resolver));
    // The first request waits for the first answer.
    assert_eq!(get(&proxy, "/api"), (200, "one".to_owned()));
    assert_eq!(get(&proxy, "/api"), (200, "one".to_owned()));
    server.says("api.test.", Say::Addresses(vec![2]));
    Deadline::generous()
        .wait_for("the other address", || (get(&proxy, "/api").1 == "two").then_some(()));
    // The connection to the one before is kept and never used again.
    for _ in 0..20 {
        assert_eq!(get(&proxy, "/api"), (200, "two".to_owned()));
    }
    let said = |words: &str| {
        Deadline::generous().wait_for(words, || proxy.log("raw").contains(words).then_some(()));
    };
    for (say, words) in [
        (Say::Code(2), "SERVFAIL"),
        (Say::Code(3), "NXDOMAIN"),
        (Say::Garbage, "an answer that cannot be read"),
        (Say::Nothing, "no answer from a name server"),
    ] {
        server.says("api.test.", say);
        said(&format!("resolver: api.test:{port}: {words} (server {}", server.address));
        said(&format!("it stays 127.0.0.2:{port}"));
        assert_eq!(get(&proxy, "/api"), (200, "two".to_owned()));
    }
    server.says("api.test.", Say::Addresses(vec![2]));
    said(&format!("resolver: api.test:{port} is 127.0.0.2:{port} still (server"));
    let log = proxy.log("request");
    for last in [1, 2] {
        assert!(log.contains(&format!("api 127.0.0.{last} {port}")), "{log}");
    }
    let list = backends(&proxy);
    assert!(list.contains(&format!("\"ipv4\": \"127.0.0.2:{port}\"")), "{list}");
    assert!(list.contains(&format!("\"place\": \"api.test:{port}\"")), "{list}");
}

#[test]
fn names_without_an_address_say_why_and_others_are_used_in_turn() {
    let server = Server::start(&[
        ("gone.test.", Say::Code(3)),
        ("sick.test.", Say::Code(2)),
        ("mute.test.", Say::Nothing),
        ("odd.test.", Say::Garbage),
        ("none.test.", Say::Addresses(vec![])),
        ("forged.test.", Say::Forged(2)),
        ("both.test.", Say::Addresses(vec![2, 1])),
        ("half.test.", Say::Addresses(vec![3, 1])),
        ("known.test.", Say::Addresses(vec![1])),
        ("long.test.", Say::Long(vec![1, 2])),
    ]);
    let directory = TempDir::new().expect("a directory");
    let hosts = directory.path().join("hosts");
    fs::write(&hosts, "127.0.0.2 known.test\n").expect("it is written");
    let names = ["gone", "sick", "mute", "odd", "none", "forged", "both", "half", "known", "long"];
    let resolver = format!(
        "servers = [\"{}\"]\ntimeout = \"200ms\"\nattempts = 2\nhosts = {hosts:?}",
        server.address
    );
    let tables = tables(&names, web(), &resolver).replace("backend = 4", "backend = 0");
    let proxy = Proxy::start(&[], &tables);
    for (name, words) in [
        ("gone", "NXDOMAIN"),
        ("sick", "SERVFAIL"),
        ("mute", "no answer from a name server"),
        ("odd", "an answer that cannot be read"),
        ("none", "the name has no address"),
    ] {
        assert_eq!(get(&proxy, &format!("/{name}")).0, 503, "{name}");
        let words = format!("backend {name}: no address ({words})");
        let log = Deadline::generous().wait_for(&words, || {
            let log = proxy.log("request");
            log.contains(&words).then_some(log)
        });
        assert!(log.contains("fetch.phase:resolve") && log.contains("fetch.class:name"), "{log}");
    }
    assert_eq!(get(&proxy, "/forged"), (200, "two".to_owned()));
    assert_eq!(get(&proxy, "/known"), (200, "two".to_owned()));
    // The second one in all that does not fit into a datagram.
    for path in ["/both", "/long"] {
        let mut seen: Vec<String> = (0..4).map(|_| get(&proxy, path).1).collect();
        seen.sort();
        assert_eq!(seen, ["one", "one", "two", "two"], "{path}");
    }
    for _ in 0..4 {
        assert_eq!(get(&proxy, "/half"), (200, "one".to_owned()));
    }
}

#[test]
fn a_machine_that_cannot_ask_blames_no_backend() {
    // No socket may send to a whole network without having said so: an error that is this machine's, and at once.
    let port = web();
    let tables = format!(
        "[[backend]]\nname = \"api\"\naddress = \"api.test:{port}\"\n\
         [[backend]]\nname = \"web\"\naddress = \"web.test:{port}\"\n\
         [[pool]]\nname = \"both\"\nbackends = [\"api\", \"web\"]\n\
         [pool.health]\nfailures = 1\nvolume = 1\n\
         [resolver]\nservers = [\"127.255.255.255\"]\ntimeout = \"1h\"\n"
    );
    let proxy = Proxy::start(&[], &tables);
    for _ in 0..8 {
        assert_eq!(get(&proxy, "/api").0, 503);
    }
    let words = ": fail errno 13 (Permission denied)";
    let log = Deadline::generous().wait_for(words, || {
        let log = proxy.log("request");
        (log.matches(words).count() >= 8).then_some(log)
    });
    assert!(log.contains("fetch.phase:resolve") && log.contains("fetch.class:local"), "{log}");
    let list = backends(&proxy);
    assert_eq!(list.matches("\"passive\": \"open\"").count(), 2, "{list}");
    assert_eq!(list.matches("\"addresses\": []").count(), 2, "{list}");
}
