//! Keys that go to the backends that they go to with nginx.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Instant;

use shellac_format::Dialect;

use super::generations::settle;
use super::log::PATIENCE;
use super::origin::Origin;
use super::rig::{Client, Rig};

const DIALECT: Dialect = Dialect::V7_3;
/// The ring is made of the addresses' texts, so the port is part of it.
const PORT: u16 = 10080;
const KEYS: usize = 10_000;

/// A listening socket on a port that another test may have for a moment.
#[allow(clippy::disallowed_methods, reason = "a test is a program: nobody hands it the time")]
fn listen(address: SocketAddr) -> TcpListener {
    let start = Instant::now();
    loop {
        match TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(error) => assert!(start.elapsed() < 3 * PATIENCE, "{address}: {error}"),
        }
        std::thread::yield_now();
    }
}

/// Which backend each key goes to: 1 to 4.
fn assign(proxy: SocketAddr) -> Vec<u8> {
    let part = move |part: usize| {
        let mut client = Client::connect(proxy);
        let mut answers = Vec::new();
        for key in (part * KEYS / 4)..((part + 1) * KEYS / 4) {
            client.send(format!("GET /{key:04} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"));
            let mut answer = Vec::new();
            while !answer.ends_with(b"}") {
                let mut room = [0; 1024];
                let len = client.stream.read(&mut room).unwrap();
                assert!(len > 0, "{}", String::from_utf8_lossy(&answer));
                answer.extend_from_slice(&room[..len]);
            }
            answers.push(answer[answer.len() - 2] - b'0');
        }
        answers
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..4).map(|at| scope.spawn(move || part(at))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

fn counts(assigned: &[u8]) -> Vec<usize> {
    let mut counts = BTreeMap::new();
    assigned.iter().for_each(|server| *counts.entry(*server).or_default() += 1);
    counts.into_values().collect()
}

#[test]
fn ten_thousand_keys_go_where_nginx_sends_them() {
    let addresses: Vec<SocketAddr> =
        (1..=4).map(|last| SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), PORT))).collect();
    let _origins: Vec<Origin> = (1..=4)
        .map(|number| {
            let listener = listen(addresses[number - 1]);
            Origin::on(listener, move |_, mut connection| {
                while connection.request().is_some() {
                    connection.respond(200, &format!("{{{number}}}"));
                }
            })
        })
        .collect();
    let settings = "[[pool]]\nname = \"p\"\nbackends = [\"b0\", \"b1\", \"b2\", \"b3\"]\n\
        policy = \"consistent_hash\"\nkey = \"$host$uri\"\n";
    let rig = Rig::with_backends(DIALECT, &addresses, settings);
    let all_up = assign(rig.address);
    assert_eq!(counts(&all_up), [2295, 2302, 2977, 2426]);

    let control = rig.engine.control();
    let named: Vec<_> =
        addresses.iter().enumerate().map(|(at, a)| (format!("b{at}"), *a)).collect();
    control.load("without", rig.config(&named, settings)).unwrap();
    let meant = control.set_health(
        |subject| subject.config == "without" && subject.name == "b2",
        shellac_upstream::admin::Mode::Sick,
    );
    assert_eq!(meant, 1);
    control.activate("without").unwrap();
    settle(&control);
    let without = assign(rig.address);
    assert_eq!(counts(&without), [3259, 3574, 3167]);
    let foreign =
        all_up.iter().zip(&without).filter(|&(before, after)| *before != 3 && before != after);
    assert_eq!(foreign.count(), 0, "only keys of the third one move");
}
