//! Backends that are asked whether they are well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Instant;

use shellac_config::{Config, ParseOptions};
use shellac_format::{Dialect, Tag};

use super::generations::settle;
use super::log::{Line, PATIENCE};
use super::origin::{Connection, Origin};
use super::rig::{Rig, body, get};
use crate::Temperature;

const DIALECT: Dialect = Dialect::V7_3;

/// One backend `NAME` at `origin`, probed often.
fn probed(rig: &Rig, name: &str, origin: &Origin, probe: &str) -> Arc<Config> {
    let text = format!(
        "[[listen]]\naddress = \"{}\"\n[[probe]]\nname = \"p\"\ninterval = \"100ms\"\n{probe}\n\
        [[backend]]\nname = \"{name}\"\naddress = \"{}\"\nprobe = \"p\"\n",
        rig.address, origin.address
    );
    let options = ParseOptions { allow_small: true };
    Arc::new(Config::parse_with(&text, "test", options).unwrap_or_else(|e| panic!("{e}")))
}

fn health(rig: &Rig, name: &str) -> Vec<String> {
    let begin = format!("{name} ");
    let lines = rig.journal.lines(DIALECT).into_iter();
    let records = lines.filter(|line| line.tag == Tag::BackendHealth);
    records.filter(|line| line.text.starts_with(&begin)).map(|line| line.text).collect()
}

/// A record without its two times.
fn timeless(record: &str) -> String {
    let words: Vec<&str> = record.splitn(10, ' ').collect();
    [&words[..7], &words[9..]].concat().join(" ")
}

fn wait(rig: &Rig, part: &str) {
    rig.journal.wait_loose(DIALECT, |line: &Line| {
        line.tag == Tag::BackendHealth && line.text.contains(part)
    });
}

/// Answers probes with a status that can be changed, and everything else with 200.
fn doctor(status: &Arc<AtomicU16>) -> Origin {
    let status = Arc::clone(status);
    Origin::start(move |_, mut connection: Connection| {
        while let Some(seen) = connection.request() {
            let probe = seen.head.starts_with("GET /health ");
            let status = if probe { status.load(Ordering::SeqCst) } else { 200 };
            connection.respond(status, "answer");
        }
    })
}

#[test]
fn a_backend_goes_and_comes_with_what_its_probes_find() {
    let status = Arc::new(AtomicU16::new(200));
    let origin = doctor(&status);
    let rig = Rig::start(DIALECT, Origin::refusing(), "");
    let control = rig.engine.control();
    let probe = "url = \"/health\"\nwindow = 4\nthreshold = 2\ninitial = 1";
    control.load("next", probed(&rig, "d0", &origin, probe)).unwrap();
    control.activate("next").unwrap();
    settle(&control);
    wait(&rig, "d0 Still healthy 4---X-RH 4 2 4 ");
    let begin: Vec<String> = health(&rig, "d0")[..4].iter().map(|one| timeless(one)).collect();
    let answered = "\"HTTP/1.1 200 Text\"";
    let expected = [
        "d0 Went sick -------H 1 2 4 \"\"".to_owned(),
        format!("d0 Went healthy 4---X-RH 2 2 4 {answered}"),
        format!("d0 Still healthy 4---X-RH 3 2 4 {answered}"),
        format!("d0 Still healthy 4---X-RH 4 2 4 {answered}"),
    ];
    assert_eq!(begin, expected);
    let asked = &origin.seen()[0];
    assert!(asked.head.starts_with("GET /health HTTP/1.1\r\n"), "{}", asked.head);
    assert_eq!(asked.header("Host"), Some(&*origin.address.to_string()));
    assert_eq!(asked.header("Connection"), Some("close"));
    assert_eq!(body(&rig.exchange(get("/a"))), "answer");

    status.store(500, Ordering::SeqCst);
    wait(&rig, "d0 Went sick 4---X-R- 1 2 4 ");
    let answer = rig.exchange(get("/b"));
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let all = rig.sessions(2);
    let attempt = all.iter().rfind(|one| one.kind() == "bereq").unwrap();
    assert_eq!(attempt.texts(Tag::FetchError), ["backend d0: unhealthy"]);
    let [found] = &control.backends(|subject| subject.name == "d0")[..] else { panic!() };
    let view = found.probe.as_ref().unwrap();
    assert!(!view.healthy && view.threshold == 2 && !found.healthy, "{found:?}");

    status.store(200, Ordering::SeqCst);
    let came = |line: &Line| line.text.starts_with("d0 Went healthy 4---X-RH 2 2 4 ");
    rig.journal.wait_loose_times(DIALECT, 2, came);
    assert_eq!(body(&rig.exchange(get("/c"))), "answer");
}

#[test]
fn an_ejected_backend_is_probed_at_once_and_tested_when_that_goes_well() {
    // Its probes find it well, its requests do not.
    let origin = Origin::start(|_, mut connection: Connection| {
        if connection.head().is_some_and(|head| head.starts_with("GET /health ")) {
            connection.respond(200, "well");
        }
    });
    let good = Origin::start(|_, mut connection| connection.serve());
    let rig = Rig::start(DIALECT, Origin::refusing(), "");
    let text = format!(
        "[[listen]]\naddress = \"{}\"\n[[probe]]\nname = \"p\"\nurl = \"/health\"\ninterval = \"1h\"\nwindow = 2\nthreshold = 1\ninitial = 1\n\
         [[backend]]\nname = \"e0\"\naddress = \"{}\"\nprobe = \"p\"\n[[backend]]\nname = \"e1\"\naddress = \"{}\"\n\
         [[pool]]\nname = \"e\"\nbackends = [\"e0\", \"e1\"]\n\
         [pool.health]\nfailures = 1\nvolume = 1\npercent = 1\neject = \"1h\"\neject_max = \"2h\"\n",
        rig.address, origin.address, good.address
    );
    let options = shellac_config::ParseOptions { allow_small: true };
    let config = shellac_config::Config::parse_with(&text, "test", options).unwrap();
    let control = rig.engine.control();
    control.load("next", Arc::new(config)).unwrap();
    control.activate("next").unwrap();
    settle(&control);
    wait(&rig, "e0 Still healthy 4---X-RH 2 1 2 ");
    let ask = || (0..2).for_each(|_| drop(rig.exchange(get("/a"))));
    ask();
    let notice =
        |text: &str| rig.journal.wait_loose_times(DIALECT, 1, |line| line.text.starts_with(text));
    notice("backend: next.e0 ejected for 3");
    notice("backend: next.e0 a probe was answered: the next request tests it");
    ask();
    wait(&rig, "e0 Went sick 4---X-RH 2 1 2 ");
    rig.journal.wait_loose_times(DIALECT, 2, |line| {
        line.text.starts_with("backend: next.e0 ejected for ")
    });
}

#[test]
fn what_goes_wrong_is_said_in_the_words_of_varnishd() {
    let rig = Rig::start(DIALECT, Origin::refusing(), "");
    let control = rig.engine.control();
    let script = |run: fn(Connection)| {
        Origin::start(move |_, mut connection: Connection| {
            if connection.head().is_some() {
                run(connection);
            }
        })
    };
    let origins = [
        ("empty", script(drop), "4---X--- ", "\"Empty response\""),
        (
            "reset",
            script(Connection::reset),
            "4---Xr-- ",
            "\"Read error 104 (Connection reset by peer)\"",
        ),
        (
            "mute",
            script(|mut one| one.wait_for_end()),
            "4---Xr-- ",
            "\"Poll error 110 (Connection timed out)\"",
        ),
        (
            "junk",
            script(|mut one| one.send("SSH-2.0-x \"y\"\r\n\r\n")),
            "4---X-R- ",
            "\"SSH-2.0-x 'y'\"",
        ),
        (
            "kept",
            script(|mut one| {
                one.respond(200, "ok");
                one.wait_for_end();
            }),
            "4---X-RH ",
            "\"HTTP/1.1 200 Text\"",
        ),
    ];
    for (name, origin, ..) in &origins {
        let config = probed(&rig, name, origin, "timeout = \"300ms\"\n");
        control.load(name, config).unwrap();
    }
    for (name, _, bits, text) in &origins {
        rig.journal.wait_loose(DIALECT, |line| {
            line.tag == Tag::BackendHealth
                && line.text.starts_with(&format!("{name} "))
                && line.text.contains(bits)
                && line.text.ends_with(text)
        });
    }
    // Nobody listens there.
    let gone = Origin::refusing();
    let text = format!(
        "[[listen]]\naddress = \"{}\"\n[[probe]]\nname = \"p\"\nrequest = [\"HEAD / HTTP/1.0\"]\ninterval = \"100ms\"\n\
        [[backend]]\nname = \"gone\"\naddress = \"{gone}\"\nprobe = \"p\"\n",
        rig.address
    );
    control.load("gone", Arc::new(Config::parse(&text, "test").unwrap())).unwrap();
    wait(
        &rig,
        "gone Still sick -------- 2 3 8 0.000000 0.000000 \"Open error 111 (Connection refused)\"",
    );
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test is a program: nobody hands it the time")]
fn a_reload_goes_on_where_the_one_before_was_and_a_cold_one_is_left_alone() {
    let status = Arc::new(AtomicU16::new(200));
    let origin = doctor(&status);
    let other = doctor(&status);
    let rig = Rig::start(DIALECT, Origin::refusing(), "");
    let control = rig.engine.control();
    let probe = "url = \"/health\"\nwindow = 4\nthreshold = 2\ninitial = 0";
    control.load("one", probed(&rig, "d0", &origin, probe)).unwrap();
    control.activate("one").unwrap();
    wait(&rig, "d0 Still healthy 4---X-RH 4 2 4 ");
    // The same backend with another threshold is healthy from its first moment; another address is another backend.
    let stricter = probe.replace("threshold = 2", "threshold = 4");
    control.load("two", probed(&rig, "d0", &origin, &stricter)).unwrap();
    control.load("three", probed(&rig, "d0", &other, probe)).unwrap();
    control.activate("two").unwrap();
    wait(&rig, "d0 Still healthy 4---X-RH 4 4 4 ");
    let went: Vec<String> =
        health(&rig, "d0").into_iter().filter(|one| one.contains(" Went sick ")).collect();
    // Once for each address.
    assert_eq!(went.len(), 2, "{went:#?}");
    control.set_temperature("three", Temperature::Cold).unwrap();
    let probes = |config: &str| {
        let found = control.backends(|subject| subject.config == config);
        found[0].probe.is_some()
    };
    let start = Instant::now();
    while probes("three") {
        assert!(start.elapsed() < PATIENCE, "it is still probed");
        std::thread::yield_now();
    }
    assert!(probes("one") && probes("two"));
    // One may have been on its way.
    let asked = other.seen().len();
    let more = origin.seen().len() + 5;
    rig.journal.wait(DIALECT, |_| origin.seen().len() >= more);
    assert!(other.seen().len() <= asked + 1, "a cold configuration is not probed");
}
