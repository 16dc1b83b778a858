//! What the dashboard costs on an instance with many counters, all of which move: `cargo bench -p shellac --bench dash [-- SECONDS]`.
//!
//! The instance is made here; the dashboard runs in tmux and is asked what it used by the kernel. One line per case.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use shellac_counters::vsc::table::{Kind, Main, Mgt, Vbe};
use shellac_counters::vsc::write::publish;
use shellac_vsm::{ChildSet, MgtSet, PublishOptions};

const SECONDS: u64 = 20;
/// Counters move so often.
const EVERY: Duration = Duration::from_millis(100);
const CASES: [(usize, &str, u16, u16); 6] = [
    (1_000, "4", 80, 24),
    (1_000, "4", 200, 60),
    (1_000, "1", 200, 60),
    (10_000, "4", 80, 24),
    (10_000, "4", 200, 60),
    (10_000, "2", 200, 60),
];

fn main() {
    let seconds = std::env::args().skip(1).find_map(|it| it.parse().ok()).unwrap_or(SECONDS);
    println!("counters  screen  terminal  of a core  resident");
    for (counters, key, columns, rows) in CASES {
        let (share, resident) = run(counters, key, columns, rows, seconds);
        println!("{counters:8}  {key:>6}  {columns:4}x{rows:<3}  {share:8.2} %  {resident:5} MB");
    }
}

/// The share of a core in percent, and megabytes.
#[allow(clippy::disallowed_methods, reason = "a bench is where time is measured")]
fn run(counters: usize, key: &str, columns: u16, rows: u16, seconds: u64) -> (f64, u64) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let workdir = directory.path().join("w");
    std::fs::create_dir(&workdir).expect("a directory");
    let options = PublishOptions::own(1);
    let mut mgt = MgtSet::create(&workdir, &options).expect("a directory");
    mgt.add_identity("bench", "7.3-8.0", "0").expect("a name");
    mgt.publish().expect("an index");
    let mut child = ChildSet::create(&workdir, &options).expect("a directory");
    let (_life, _) = publish::<Mgt>(&mut mgt, &["MGT".to_owned()], true).expect("counters");
    let (main, _) = publish::<Main>(&mut child, &["MAIN".to_owned()], true).expect("counters");
    let count = (counters - Main::ROWS.len() - Mgt::ROWS.len()) / Vbe::ROWS.len();
    let names: Vec<String> = (0..count).map(|at| format!("VBE.boot.backend-{at}")).collect();
    let (backends, _) = publish::<Vbe>(&mut child, &names, true).expect("counters");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                main.add(0, Main::Uptime, 1);
                main.add(0, Main::ClientReq, 17);
                for backend in 0..backends.count() {
                    for counter in [Vbe::Req, Vbe::Conn, Vbe::BereqHdrbytes, Vbe::BerespHdrbytes] {
                        backends.add(backend, counter, 3);
                    }
                }
                thread::sleep(EVERY);
            }
        });
        let terminal = Tmux::start(directory.path(), &workdir, columns, rows);
        thread::sleep(Duration::from_secs(2));
        // What never moved as well, of all levels.
        terminal.ask(&["send-keys", "4", "d", "v", "v"]);
        thread::sleep(Duration::from_secs(2));
        let all = Main::ROWS.len() + Mgt::ROWS.len() + count * Vbe::ROWS.len();
        let screen = terminal.ask(&["capture-pane", "-p"]);
        assert!(screen.contains(&format!("/{all}\n")), "{all} counters are not in\n{screen}");
        terminal.ask(&["send-keys", key]);
        let (before, start) = (terminal.nanoseconds(), Instant::now());
        thread::sleep(Duration::from_secs(seconds));
        let used = terminal.nanoseconds().saturating_sub(before);
        let share = Duration::from_nanos(used).as_secs_f64() / start.elapsed().as_secs_f64();
        let resident = terminal.resident();
        stop.store(true, Ordering::Relaxed);
        (share * 100.0, resident)
    })
}

/// A terminal with the dashboard in it.
struct Tmux {
    socket: std::path::PathBuf,
    pid: String,
}

impl Tmux {
    fn start(directory: &Path, workdir: &Path, columns: u16, rows: u16) -> Tmux {
        let command =
            format!("exec '{}' stat -n '{}'", env!("CARGO_BIN_EXE_shellac"), workdir.display());
        let mut terminal = Tmux { socket: directory.join("tmux"), pid: String::new() };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        terminal.ask(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &columns,
            "-y",
            &rows,
            &command,
        ]);
        terminal.pid = terminal.ask(&["display-message", "-p", "#{pane_pid}"]).trim().to_owned();
        terminal
    }

    fn ask(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux")
            .arg("-S")
            .arg(&self.socket)
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .expect("tmux is installed");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What all its threads have used so far.
    fn nanoseconds(&self) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid)).expect("it runs");
        let used = tasks.map(|task| {
            let text = std::fs::read_to_string(task.expect("a thread").path().join("schedstat"));
            let text = text.expect("the kernel counts");
            let number = text.split_ascii_whitespace().next().map(str::parse::<u64>);
            number.expect("a number").expect("a number")
        });
        used.sum()
    }

    /// Megabytes in memory.
    fn resident(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).expect("it runs");
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kilobytes = line.and_then(|line| line.split_ascii_whitespace().next());
        kilobytes.and_then(|it| it.parse::<u64>().ok()).expect("a number") / 1024
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.ask(&["kill-server"]);
    }
}
