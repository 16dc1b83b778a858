//! What counting costs, and what it costs to read: our tools and Debian's varnishstat on directories that our writer has made.
//!
//! An increment is compared with a plain add in a cache line of its own. Directories lie in `/dev/shm`: one of 1,100 sets in files of
//! their own, one of 10,000 backends of one configuration. What both programs print with `-1` is compared first, then they take turns, and
//! medians of wall time are printed.
//!
//! `cargo bench -p shellac --bench counters [-- ROUNDS]`

use std::cell::Cell;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use shellac_counters::vsc::Counters;
use shellac_counters::vsc::table::{Kind, Main, Mgt, Vbe};
use shellac_counters::vsc::write::{Cluster, Published, Tally, publish};
use shellac_vsm::{AttachOptions, Attachment, ChildSet, MgtSet, PublishOptions};

/// Increments that are timed at a time.
const ADDS: u64 = 50_000_000;

#[allow(clippy::disallowed_methods, reason = "a bench: nobody hands it the time")]
fn now() -> Instant {
    Instant::now()
}

fn main() -> ExitCode {
    // `cargo bench` adds `--bench`; numbers are ours.
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<usize>().ok());
    let rounds = numbers.next().unwrap_or(15);
    increments(rounds);
    sweeps(rounds);
    let stock = Command::new("varnishstat").arg("-V").output().is_ok();
    if !stock {
        println!("skipped: varnish is not installed");
    }
    directory(
        "1,100 files",
        &|child| (0..1100).map(|at| backends(child, &format!("c{at}"), 1)).collect(),
        rounds,
        stock,
    );
    directory("10,000 backends", &|child| vec![backends(child, "boot", 10_000)], rounds, stock);
    ExitCode::SUCCESS
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Nanoseconds of each of `count` times `what`.
fn nanos(count: u64, mut what: impl FnMut(u64)) -> f64 {
    let start = now();
    (0..count).for_each(&mut what);
    #[allow(clippy::cast_precision_loss, reason = "a few million")]
    let count = count as f64;
    start.elapsed().as_secs_f64() * 1e9 / count
}

/// A counter with its cache line to itself.
#[repr(align(64))]
struct Line(Cell<u64>);

fn increments(rounds: usize) {
    let line = Line(Cell::new(0));
    let main = Tally::new(Published::<Main>::private(1));
    let backends = Tally::new(Published::<Vbe>::private(1000));
    let backend = backends.of(700);
    let mut rows: [Vec<f64>; 6] = Default::default();
    for _ in 0..rounds {
        let plain = nanos(ADDS, |_| {
            let cell = black_box(&line);
            cell.0.set(cell.0.get().wrapping_add(1));
        });
        rows[0].push(plain);
        rows[1].push(nanos(ADDS, |_| black_box(&main).first().inc(Main::ClientReq)));
        rows[2].push(nanos(ADDS, |_| black_box(&backends).of(700).inc(Vbe::Req)));
        rows[3].push(nanos(ADDS, |_| black_box(&backend).inc(Vbe::Req)));
        rows[4].push(nanos(ADDS / 4, |_| black_box(&backends).of(700).now(Vbe::Conn, 1)));
        rows[5].push(contended(backends.published()));
        main.sweep();
        backends.sweep();
    }
    let [plain, rest @ ..] = rows.map(median);
    println!("a plain add in a line of its own     {plain:6.2} ns");
    for (name, nanos) in [
        "a count of the worker",
        "a count of one of 1,000 backends",
        "the same, once it is chosen",
        "an exact gauge, alone",
        "an exact gauge, two threads at it",
    ]
    .iter()
    .zip(rest)
    {
        println!("{name:36} {nanos:6.2} ns   {:5.2} of that", nanos / plain);
    }
}

/// Nanoseconds of an add to a published word that two threads add to.
fn contended(published: &Published<Vbe>) -> f64 {
    let run = || nanos(ADDS / 20, |_| black_box(published).add(700, Vbe::Conn, 1));
    thread::scope(|scope| {
        let other = scope.spawn(run);
        let own = run();
        f64::midpoint(own, other.join().expect("it only adds"))
    })
}

fn sweeps(rounds: usize) {
    let backends = Tally::new(Published::<Vbe>::private(10_000));
    let (mut idle, mut busy) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        idle.push(nanos(100, |_| {
            black_box(&backends).sweep();
        }));
        busy.push(nanos(10, |_| {
            (0..10_000).for_each(|at| backends.of(at).inc(Vbe::Req));
            backends.sweep();
        }));
    }
    println!(
        "a sweep of 10,000 backends: untouched {:.1} us, all touched {:.1} us",
        median(idle) / 1e3,
        median(busy) / 1e3
    );
}

type Sets = (Published<Vbe>, Cluster);

/// Publishes the backends of a configuration.
fn backends(child: &mut ChildSet, configuration: &str, count: usize) -> Sets {
    let names: Vec<String> = (0..count).map(|at| format!("VBE.{configuration}.b{at}")).collect();
    publish::<Vbe>(child, &names, true).expect("there is room")
}

fn directory(name: &str, fill: &dyn Fn(&mut ChildSet) -> Vec<Sets>, rounds: usize, stock: bool) {
    let place = tempfile::Builder::new().prefix("shellac-bench").tempdir_in("/dev/shm");
    let place = place.or_else(|_| tempfile::tempdir()).expect("a directory");
    let workdir = place.path();
    let options = PublishOptions::own(1);
    let mut mgt = MgtSet::create(workdir, &options).expect("a directory");
    mgt.add_identity("bench", "7.3-8.0", "0").expect("there is room");
    publish::<Mgt>(&mut mgt, &["MGT".to_owned()], true).expect("there is room");
    let mut child = ChildSet::create(workdir, &options).expect("a directory");
    publish::<Main>(&mut child, &["MAIN".to_owned()], true).expect("there is room");
    let start = now();
    let sets = fill(&mut child);
    let made = start.elapsed();
    for (number, (published, _)) in (1..).zip(&sets) {
        (0..published.count()).for_each(|at| published.add(at, Vbe::Req, number + at as u64));
    }
    let counters =
        sets.iter().map(|(published, _)| published.count()).sum::<usize>() * Vbe::ROWS.len();
    println!("{name}: {counters} counters, published in {:.1} ms", millis(made));
    reader(workdir);
    let ours = || time(Command::new(env!("CARGO_BIN_EXE_shellac")).arg("stat"), workdir);
    let theirs = || time(&mut Command::new("varnishstat"), workdir);
    if stock {
        assert!(ours().1 == theirs().1, "both print the same");
    }
    let (mut our, mut their) = (Times::default(), Times::default());
    for _ in 0..rounds {
        our.add(&ours);
        if stock {
            their.add(&theirs);
        }
    }
    our.print("shellac stat -1");
    if stock {
        their.print("varnishstat -1");
    }
    let start = now();
    for (published, file) in &sets {
        file.remove(&mut child, published).expect("it is there");
    }
    println!("    taken away in {:.1} ms", millis(start.elapsed()));
}

/// What a screen pays: once to attach, then for every look.
fn reader(workdir: &Path) {
    let start = now();
    let mut attachment = Attachment::open(workdir, AttachOptions::default()).expect("it runs");
    let mut counters = Counters::new();
    counters.refresh(&attachment);
    let attached = start.elapsed();
    let mut values = Vec::new();
    let look = nanos(50, |_| {
        attachment.refresh();
        counters.refresh(&attachment);
        counters.sample(&mut values);
    });
    println!(
        "    in one process: attached in {:.1} ms, each look at all {} counters {:.2} ms",
        millis(attached),
        values.len(),
        look / 1e6
    );
}

/// Milliseconds of runs: from start to end, and of a processor.
#[derive(Default)]
struct Times {
    wall: Vec<f64>,
    processor: Vec<f64>,
}

impl Times {
    fn add(&mut self, run: &dyn Fn() -> (f64, Vec<u8>)) {
        let before = processor_of_children();
        self.wall.push(run().0);
        self.processor.push(processor_of_children() - before);
    }

    fn print(self, name: &str) {
        // The system counts in steps that are no shorter than what is measured: only a mean says something.
        #[allow(clippy::cast_precision_loss, reason = "a few rounds")]
        let mean = self.processor.iter().sum::<f64>() / self.processor.len() as f64;
        println!("    {name:16} {:7.1} ms, of a processor {mean:7.1} ms", median(self.wall));
    }
}

/// Milliseconds of user and system time that all children took that have ended.
fn processor_of_children() -> f64 {
    const STEP: f64 = 10.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name is in brackets and may hold anything; those of children are the 14th and 15th word behind it.
    let words = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace();
    words.skip(13).take(2).filter_map(|word| word.parse::<f64>().ok()).sum::<f64>() * STEP
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Milliseconds of a program from start to end, and what it printed.
fn time(command: &mut Command, workdir: &Path) -> (f64, Vec<u8>) {
    command.arg("-n").arg(workdir).arg("-1").stdin(Stdio::null()).stderr(Stdio::inherit());
    let start = now();
    let output = command.output().expect("it starts");
    let time = millis(start.elapsed());
    assert!(output.status.success(), "{:?}", output.status);
    (time, output.stdout)
}
