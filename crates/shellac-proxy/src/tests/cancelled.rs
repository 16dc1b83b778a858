//! Clients that go away, requests that hang, transactions that are cut short.

use shellac_format::{Dialect, Tag};

use super::origin::Origin;
use super::rig::{Rig, get};

const DIALECT: Dialect = Dialect::V6_0;

/// Answers nothing.
fn hanging() -> Origin {
    Origin::start(|_, mut connection| {
        connection.request();
        connection.wait_for_end();
    })
}

#[test]
fn a_request_that_hangs_is_in_the_log_while_it_hangs() {
    let origin = hanging();
    let rig = Rig::start(DIALECT, origin.address, "[log]\nstall = \"200ms\"\n");
    let mut client = rig.connect();
    client.send(get("/hanging"));
    let all = rig.journal.wait(DIALECT, |all| {
        all.iter().any(|one| one.kind() == "bereq") && all.iter().any(|one| one.kind() == "req")
    });
    let bereq = all.iter().find(|one| one.kind() == "bereq").unwrap();
    assert!(!bereq.has_ended());
    assert!(bereq.texts(Tag::Timestamp).last().unwrap().starts_with("Bereq: "));
}

#[test]
fn a_client_that_resets_cancels_its_fetch() {
    let origin = hanging();
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send(get("/hanging"));
    rig.journal.wait(DIALECT, |_| !origin.seen().is_empty());
    socket2::SockRef::from(&client.stream).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(client);
    check_cancelled(&rig);
}

#[test]
fn a_client_that_closes_cancels_its_fetch() {
    let origin = hanging();
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send(get("/hanging"));
    rig.journal.wait(DIALECT, |_| !origin.seen().is_empty());
    drop(client);
    check_cancelled(&rig);
}

fn check_cancelled(rig: &Rig) {
    let all = rig.sessions(1);
    let [session, bereq, req] = &all[..] else { panic!("{all:#?}") };
    let (bereq, req) = if bereq.kind() == "bereq" { (bereq, req) } else { (req, bereq) };
    assert_eq!(bereq.texts(Tag::FetchError), ["Client closed"]);
    assert_eq!(bereq.note("fetch.class"), Some("client"));
    assert_eq!(bereq.note("fetch.phase"), Some("first_byte"));
    assert!(bereq.texts(Tag::BackendClose)[0].ends_with("close Client closed"));
    assert_eq!(req.texts(Tag::Error).len(), 1);
    assert_eq!(req.texts(Tag::RespStatus), Vec::<&str>::new());
    assert!(session.texts(Tag::SessClose)[0].starts_with("REM_CLOSE "));
}

#[test]
fn a_client_that_only_ends_its_sending_gets_its_answer() {
    let origin = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    client.half_close();
    assert!(client.rest().ends_with("answer"));
}

#[test]
fn a_client_that_only_ends_its_sending_gets_a_slow_answer_too() {
    let origin = Origin::start(|_, mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
        for _ in 0..20 {
            // The backend is slow: longer in all than a silent client would be given.
            std::thread::sleep(std::time::Duration::from_millis(100));
            connection.send("x");
        }
        connection.wait_for_end();
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    client.half_close();
    assert!(client.rest().ends_with(&"x".repeat(20)));
}

#[test]
fn a_client_that_leaves_in_the_body_ends_the_fetch() {
    let origin = Origin::start(|_, mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
        connection.wait_for_end();
    });
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send(get("/a"));
    client.until("abc");
    drop(client);
    let all = rig.sessions(1);
    let bereq = all.iter().find(|one| one.kind() == "bereq").unwrap();
    assert_eq!(bereq.texts(Tag::FetchError), ["Client closed"]);
    assert_eq!(bereq.note("fetch.phase"), Some("body"));
    assert_eq!(bereq.note("fetch.expected"), Some("100"));
    assert_eq!(bereq.note("fetch.rcvd"), Some("3"));
}

#[test]
fn an_engine_that_stops_ends_its_transactions() {
    let origin = hanging();
    let rig = Rig::start(DIALECT, origin.address, "");
    let mut client = rig.connect();
    client.send(get("/hanging"));
    rig.journal.wait(DIALECT, |_| !origin.seen().is_empty());
    let Rig { engine, journal, .. } = rig;
    engine.join();
    let all = journal.transactions(DIALECT);
    assert_eq!(all.len(), 3);
    for one in &all {
        assert!(one.has_ended(), "{one:#?}");
        assert_eq!(one.texts(Tag::Error), ["shellac: transaction cut short"]);
    }
}
