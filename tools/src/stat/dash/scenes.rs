//! States of an instance and its log, for tests of the screens that show both.

use std::sync::Arc;
use std::time::Duration;

use shellac_counters::live::{self, Bytes, InFlight, Phase};
use shellac_counters::vsc::{Format, Semantics};
use shellac_format::Tag;
use shellac_log::Lag;

use super::sample::{Point, Reading, Sample};
use super::snapshot::{Event, Snapshot, State};
use super::testing::{point, reading, running, second, snapshot};
use crate::watch::simulated::{Asked, BEGIN, Simulation};
use crate::watch::{self, Kept, Lost, Traffic};

/// A state with the records of its failing groups.
#[derive(Clone)]
pub(crate) struct Scenery {
    pub(crate) snapshots: Vec<Snapshot>,
    pub(crate) kept: Kept,
}

/// Makes each state once: many tests look at it.
macro_rules! once {
    ($($(#[$about:meta])* $name:ident made by $make:ident;)*) => {
        $($(#[$about])* pub(crate) fn $name() -> Scenery {
            static MADE: std::sync::LazyLock<Scenery> = std::sync::LazyLock::new($make);
            MADE.clone()
        })*
    };
}

once! {
    /// Some requests fail, whoever is asked.
    even made by make_even;
    /// One backend is bad and was ejected for it, one is sick, and one is being drained.
    troubled made by make_troubled;
    /// What a log says is what somebody else wanted it to say.
    hostile made by make_hostile;
    /// The worker was killed, records were lost, and nobody has come in its place yet.
    restarted made by make_restarted;
    /// A directory of captures: no counters, nobody runs.
    recorded made by make_recorded;
}

/// Nothing was found yet.
pub(crate) fn empty() -> Scenery {
    let instance = super::snapshot::Instance {
        name: String::new(),
        state: State::Missing("nothing runs in /run/shellac/none; waiting".to_owned()),
        manager: None,
        worker: None,
    };
    let snapshot = Snapshot { at: second(0), instance, ..Snapshot::default() };
    Scenery { snapshots: vec![snapshot], kept: Kept::default() }
}

/// Counters of a backend.
fn backend(name: &str, happy: u64, conn: u64, out: [u64; 2], rate: f64) -> Vec<(Point, Reading)> {
    let set = format!("VBE.{name}");
    let of = |own: &str| point(&format!("{set}.{own}"));
    let gauge = |own: &str| Point { semantics: Semantics::Gauge, ..of(own) };
    let happy_point = Point { semantics: Semantics::Bitmap, format: Format::Bitmap, ..of("happy") };
    vec![
        (happy_point, reading(happy)),
        (gauge("conn"), reading(conn)),
        (of("req"), Reading { change: Some(rate), ..reading(1200) }),
        (of("unhealthy"), reading(7)),
        (of("busy"), reading(0)),
        (of("fail"), reading(3)),
        (gauge("drained"), reading(out[0])),
        (gauge("ejected"), reading(out[1])),
    ]
}

fn counters() -> Vec<(Point, Reading)> {
    let all = !0;
    let mut counters = vec![(point("MAIN.client_req"), reading(40_000))];
    // An old configuration that is not used any more has the same names.
    counters.extend(backend("boot.api1", all - 1, 0, [0, 0], 0.0));
    counters.extend(backend("reload_1.api1", all - 1, 2, [0, 0], 10.0));
    counters.extend(backend("reload_1.api2", all - 1, 1, [0, 1], 10.0));
    counters.extend(backend("reload_1.api3", 0xff00, 0, [0, 0], 10.0));
    counters.extend(backend("reload_1.api4", 0, 0, [1, 0], 0.5));
    counters.extend(backend("reload_1.spare", 0, 0, [0, 0], 0.0));
    counters
}

fn in_flight(number: u64, phase: Phase, age: u64, request: &[u8]) -> InFlight {
    let now = second(60).mono;
    InFlight {
        seat: 0,
        phase,
        xid: Some(4000 + number),
        session: 3999,
        attempt_xid: Some(4001 + number),
        attempt: u32::try_from(number).unwrap_or_default(),
        started: now - age,
        since: now - age / 2,
        deadline: Some(now + 30_000_000 - age),
        client: None,
        backend: b"api2".to_vec(),
        backend_cut: false,
        request: request.to_vec(),
        request_cut: false,
        bytes: Bytes { from_client: 0, to_client: 0, to_backend: 0, from_backend: 0 },
    }
}

fn board() -> live::Snapshot {
    live::Snapshot {
        requests: vec![
            in_flight(1, Phase::FirstByte, 1_500_000, b"GET /item/7"),
            in_flight(
                2,
                Phase::Connect,
                12_300_000,
                "POST /\u{65e5}\u{672c}\x1b[2J/upload".as_bytes(),
            ),
            in_flight(0, Phase::ReadHead, 400, b""),
        ],
        ..live::Snapshot::default()
    }
}

/// The moments before and after, so that there is a speed.
fn scenery(simulation: &mut Simulation, change: impl Fn(&mut Traffic)) -> Scenery {
    let mut before = Sample::default();
    let mut snapshots = Vec::new();
    for at in [59, 60] {
        let mut traffic = simulation.traffic(at);
        traffic.reading = watch::Reading::On;
        traffic.dialect = Some(shellac_format::Dialect::V7_3);
        traffic.lag = Some(Lag { segments: 1, lost_at: 7 });
        traffic.read_bytes = 1_000_000 * at;
        change(&mut traffic);
        let mut next = snapshot(at, &counters(), &before);
        before = next.counters.clone();
        next.live = Some(Arc::new(board()));
        next.traffic = Arc::new(traffic);
        snapshots.push(next);
    }
    Scenery { snapshots, kept: simulation.kept.clone() }
}

fn make_even() -> Scenery {
    let mut simulation = Simulation::new(11);
    simulation.run(0..60, 20, |_| 0.02);
    scenery(&mut simulation, |_| {})
}

fn make_troubled() -> Scenery {
    let mut simulation = Simulation::new(12);
    simulation.run(0..30, 20, |backend| if backend == "api2" { 0.4 } else { 0.004 });
    let sick = "reload_1.api3 Went sick 4---X-r- 2 3 8 0.000000 0.000100 \"Open timeout(2.000s)\"";
    simulation.says(
        30,
        &[
            (Tag::Cli, "Rd vcl.use reload_1"),
            (Tag::BackendHealth, sick),
            (Tag::Cli, "Rd backend.set_health reload_1.api4 drain"),
            (Tag::Notice, "shellac: api2 ejected: 10 of 20 attempts failed, for 10 s"),
        ],
    );
    simulation.run(30..60, 20, |backend| if backend == "api2" { 0.4 } else { 0.004 });
    scenery(&mut simulation, |_| {})
}

fn make_hostile() -> Scenery {
    let mut simulation = Simulation::new(13);
    let long = format!("/{}", "long/".repeat(100));
    let urls = [
        "/\x1b]0;title\x07\x1b[2J",
        "/\u{65e5}\u{672c}\u{8a9e}/\u{202e}gpj.exe",
        "\u{ff}\t\r",
        &long,
    ];
    for (at, url) in urls.iter().enumerate() {
        let asked = Asked {
            backend: [
                "a\x1b[31m",
                "\u{65e5}\u{672c}",
                "b",
                "very-long-name-of-a-backend-that-does-not-fit",
            ][at],
            method: ["GET", "\x1b[1m", "VERY-LONG-METHOD", "\u{301}"][at],
            url,
            fails: true,
        };
        let second = BEGIN + 50 + at as u64;
        simulation.one(Duration::from_secs(second), asked);
    }
    simulation.says(
        55,
        &[
            (Tag::BackendHealth, "\x1b[2J\u{65e5} Went sick \u{7}"),
            (Tag::Notice, "\x1b[?1049l\u{202e}gone"),
            (Tag::Cli, "Rd param.set x \x1b[5m"),
        ],
    );
    scenery(&mut simulation, |_| {})
}

fn make_restarted() -> Scenery {
    let mut simulation = Simulation::new(14);
    simulation.run(0..55, 20, |_| 0.0);
    let mut scenery = scenery(&mut simulation, |traffic| {
        traffic.reading = watch::Reading::Gone("the worker has ended".to_owned());
        traffic.lag = None;
        traffic.lost = Lost { bytes: 123_456, inexact: true, times: 2 };
    });
    for snapshot in &mut scenery.snapshots {
        let said = |seconds, text: &str| Event { at: second(seconds), text: text.to_owned() };
        snapshot.instance.state = State::NoWorker;
        snapshot.instance.worker = None;
        snapshot.live = None;
        snapshot.events = Arc::new([
            said(10, "configuration reload_1 has come"),
            said(57, "the worker ended: process 101"),
        ]);
    }
    scenery
}

fn make_recorded() -> Scenery {
    let mut simulation = Simulation::new(15);
    simulation.run(0..60, 20, |backend| if backend == "api3" { 0.3 } else { 0.0 });
    let mut scenery = scenery(&mut simulation, |traffic| {
        traffic.reading = watch::Reading::Ended;
        traffic.lag = None;
    });
    for snapshot in &mut scenery.snapshots {
        snapshot.counters = Sample::default();
        snapshot.instance = super::snapshot::Instance { name: "2 files".to_owned(), ..running() };
        snapshot.live = None;
    }
    scenery
}
