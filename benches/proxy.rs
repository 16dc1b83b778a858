//! What a request costs, beside nginx, HAProxy and varnishd that pass the same requests on to the same server.
//!
//! Rounds are interleaved: in each, every proxy gets the same number of requests of every kind, one proxy after the other, in
//! an order that goes round. What is measured is the processor time of the proxy's processes; its ratio to nginx without a
//! log in the same round is what can be compared. Printed are medians over the rounds, and the quartiles of the ratios.
//!
//! `shellacd` has its whole log; `without its log` is the same with every tag masked, so the difference is what the log costs
//! in place. Clients and server run on the same machine and are not counted.
//!
//! `cargo bench -p shellac --bench proxy [-- ROUNDS]`; what is not installed is left out. `SHELLACD_PROFILED` names a `shellacd`
//! that `cargo xtask pgo` made, which takes part then. With `log` instead of a number only
//! the log by itself is measured.

#[path = "support/calls.rs"]
mod calls;
#[path = "support/load.rs"]
mod load;
#[path = "support/peers.rs"]
mod peers;
#[allow(dead_code, reason = "of what is shared here only the log is used")]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use load::Load;
use peers::Peer;
use shellac_format::{Dialect, TAGS, Tag};
use shellac_proxy::Rehearsal;
use shellac_ring::Publisher;

/// What all others are compared with.
const REFERENCE: &str = "nginx";
const OWN: &str = "shellacd";
const PROFILED: &str = "shellacd, profiled";
const UNLOGGED: &str = "shellacd without its log";

fn main() {
    // `cargo bench` adds `--bench`; numbers are ours.
    let rounds = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(15);
    let shm = Path::new("/dev/shm");
    let directory = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
    let directory = directory.expect("a temporary directory");
    if std::env::args().any(|text| text == "log") {
        return log_alone(directory.path());
    }
    let Some(origin) = peers::origin(directory.path()) else {
        println!("nginx is not installed, and it is the server behind everything here");
        return;
    };
    let peers = start(directory.path(), &origin);
    let loads = loads();
    println!(
        "{rounds} rounds; us of a processor per request, and the ratio to nginx in its round: median (quartiles)"
    );
    for load in &loads {
        measure(load, &peers, rounds);
    }
    count_calls(directory.path(), &peers, &loads[0]);
    let own = peers.iter().find(|peer| peer.name == OWN).expect("it is built with this");
    let (worker, clients) = (load::last_of(own.pid()), 10_000);
    let before = calls::anonymous_megabytes(worker);
    let idle = calls::idle_megabytes(worker, own.address, clients, &loads[0].request);
    println!("\n{clients} idle clients: {idle:.1} MB of RssAnon, {before:.1} MB without them");
    log_alone(directory.path());
}

/// System calls per GET, with many connections and with one.
fn count_calls(directory: &Path, peers: &[Peer], get: &Load) {
    println!("\nsystem calls per {}", get.name);
    for peer in peers {
        let mut found = Vec::new();
        for connections in [64, 1] {
            // So many that opening the connections, which is counted too, is next to nothing of it.
            let load =
                Load { name: get.name, request: get.request.clone(), requests: 8192, connections };
            // The worker, where there is a manager.
            let pid = load::last_of(peer.pid());
            load::run(&load, peer.address);
            let calls = calls::count(pid, directory, || load::run(&load, peer.address));
            found.push(calls.map_or("unknown".to_owned(), |calls| {
                format!("{:.2}", calls / load::sent(&load) as f64)
            }));
        }
        println!("{:<26} {:>8} at 64 connections, {:>8} at one", peer.name, found[0], found[1]);
    }
}

/// What the records of a GET cost without a proxy around them.
fn log_alone(directory: &Path) {
    let published = support::publish(&directory.join("log"), 80 << 20);
    let dialect = Dialect::V7_3;
    let mut rehearsal =
        Rehearsal::new(dialect, Box::new(Publisher::new(published.producer, dialect)));
    let mut rounds = Vec::new();
    for _ in 0..40 {
        let (records, start) = (rehearsal.records(), now());
        (0..20_000).for_each(|_| rehearsal.request());
        rounds.push(start.elapsed().as_secs_f64() * 1e9 / (rehearsal.records() - records) as f64);
    }
    let [low, median, _] = quartiles(rounds);
    println!(
        "\nthe log alone: {median:.1} ns per record (lower quartile {low:.1}), {:.2} us per 75",
        median * 75e-3
    );
}

#[allow(clippy::disallowed_methods, reason = "a bench: nobody hands it the time")]
fn now() -> Instant {
    Instant::now()
}

fn start(directory: &Path, origin: &Peer) -> Vec<Peer> {
    let at = origin.address;
    let log = directory.join("access.log").display().to_string();
    let profiled = std::env::var_os("SHELLACD_PROFILED").map(PathBuf::from);
    let peers = [
        peers::nginx_proxy(directory, REFERENCE, "off", at),
        peers::nginx_proxy(directory, "nginx with access_log", &log, at),
        peers::haproxy(directory, at),
        peers::varnishd(directory, at),
        peers::shellacd(directory, OWN, 1, at),
        profiled.and_then(|program| peers::shellacd_from(&program, directory, PROFILED, 1, at)),
        peers::shellacd(directory, "shellacd, two threads", 2, at),
        peers::shellacd(directory, UNLOGGED, 1, at),
    ];
    let peers: Vec<Peer> = peers.into_iter().flatten().collect();
    mask_everything(&peers::workdir(directory, UNLOGGED));
    peers
}

/// Nothing is logged any more but what groups transactions, which cannot be masked.
fn mask_everything(workdir: &Path) {
    let tags = TAGS.iter().map(|row| row.tag).filter(|&tag| {
        tag.number(Dialect::V7_3).is_some() && !matches!(tag, Tag::Begin | Tag::Link | Tag::End)
    });
    let masked: Vec<String> = tags.map(|tag| format!("-{}", tag.name())).collect();
    let status = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .arg("adm")
        .arg("-n")
        .arg(workdir)
        .args(["param.set", "vsl_mask", &masked.join(",")])
        .status();
    assert!(status.expect("shellac adm runs").success(), "tags can be masked");
}

fn loads() -> Vec<Load> {
    let get = |target| {
        format!(
            "GET /{target} HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench/1\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\
             Cookie: session=0123456789abcdef\r\n\r\n"
        )
        .into_bytes()
    };
    let mut post = b"POST /post HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench/1\r\nContent-Length: 16384\r\n\r\n".to_vec();
    post.resize(post.len() + (16 << 10), b'x');
    vec![
        Load { name: "GET 1 KB", request: get("1k"), requests: 12_800, connections: 64 },
        Load { name: "GET 16 KB", request: get("16k"), requests: 6_400, connections: 64 },
        Load { name: "GET 1 MB", request: get("1m"), requests: 320, connections: 8 },
        Load { name: "POST 16 KB", request: post, requests: 6_400, connections: 64 },
    ]
}

fn measure(load: &Load, peers: &[Peer], rounds: usize) {
    let mut costs = vec![Vec::new(); peers.len()];
    for peer in peers {
        // Connections to the server are there from here on.
        load::run(load, peer.address);
    }
    for round in 0..rounds {
        for turn in 0..peers.len() {
            let at = (round + turn) % peers.len();
            let peer = &peers[at];
            let before = load::cpu_seconds(peer.pid());
            load::run(load, peer.address);
            let spent = load::cpu_seconds(peer.pid()) - before;
            costs[at].push(spent * 1e6 / load::sent(load) as f64);
        }
    }
    println!("\n{}, {} connections", load.name, load.connections);
    let reference =
        peers.iter().position(|peer| peer.name == REFERENCE).expect("it is the server too");
    for (peer, cost) in peers.iter().zip(&costs) {
        let ratios = cost.iter().zip(&costs[reference]).map(|(own, other)| own / other).collect();
        let [low, ratio, high] = quartiles(ratios);
        let [_, cost, _] = quartiles(cost.clone());
        println!("{:<26} {cost:8.1} us  {ratio:5.2} ({low:.2} to {high:.2})", peer.name);
    }
}

fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[(values.len() - 1) * quarter / 4])
}
