//! As a service: beside varnishncsa on our proxy, files that are moved away, and files that are begun anew.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};
use crate::support::varnish;

/// A proxy with an origin.
struct Place {
    directory: tempfile::TempDir,
    daemon: Daemon,
    _origin: Origin,
}

/// Ends a reader whatever becomes of the test.
struct Reader(Child);

impl Reader {
    fn signal(&self, signal: Signal) {
        signal_process(self.0.id(), signal);
    }

    fn end(mut self) {
        self.signal(Signal::TERM);
        let status = Deadline::generous().wait_for("its end", || self.0.try_wait().expect("ours"));
        assert!(status.success(), "{status}");
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Place {
    fn new() -> Place {
        let directory = tempfile::tempdir().expect("a directory");
        let origin = Origin::start(|_| vec![ok("hello")]);
        let config = Daemon::config(origin.address(), "dialect = \"6.0-7.2\"\n");
        let daemon = Daemon::start(&directory.path().join("workdir"), &config);
        symlink(env!("CARGO_BIN_EXE_shellac"), directory.path().join("varnishncsa"))
            .expect("a link");
        Place { directory, daemon, _origin: origin }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn ask(&self, target: &str) {
        let mut client = Client::connect(self.daemon.address());
        client.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        client.answer("GET");
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.arg0_of_stock(program);
        if program == env!("CARGO_BIN_EXE_shellac") {
            command.arg("ncsa");
        }
        command.args(args).arg("-n").arg(self.file("workdir")).current_dir(self.directory.path());
        command.stdin(Stdio::null());
        command
    }

    fn start(&self, args: &[&str]) -> Reader {
        Reader(self.command(env!("CARGO_BIN_EXE_shellac"), args).spawn().expect("it starts"))
    }

    /// Asks until the file tells of it, and says how often: nobody says when a tool has begun to read.
    fn ask_until(&self, file: &str, target: &str) -> usize {
        let mut asked = 0;
        Deadline::generous().wait_for(&format!("{target} in {file}"), || {
            self.ask(target);
            asked += 1;
            self.text(file).contains(target).then_some(asked)
        })
    }

    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.file(file)).unwrap_or_default()
    }
}

trait StockName {
    fn arg0_of_stock(&mut self, program: &str);
}

impl StockName for Command {
    /// Under a link the name is that of the stock tool.
    fn arg0_of_stock(&mut self, program: &str) {
        if program.ends_with("varnishncsa") {
            std::os::unix::process::CommandExt::arg0(self, "varnishncsa");
        }
    }
}

#[test]
fn our_proxy_has_the_same_lines_in_both() {
    if !varnish::is_here() {
        return;
    }
    let place = Place::new();
    (0..20).for_each(|at| place.ask(&format!("/a/{at}?q={at}")));
    let link = place.file("varnishncsa");
    let programs = [link.to_str().expect("text"), "varnishncsa"];
    for args in [
        &["-d", "-b", "-c"][..],
        &["-d", "-F", "%h %r %s %b %D %{Host}i %{Varnish:handling}x", "-g", "request"],
    ] {
        let mut outputs = programs.map(|program| {
            // The last transactions get into the log when they end, which is after the client has its answer.
            Deadline::generous().wait_for("all lines", || {
                let output = place.command(program, args).output().expect("it starts");
                let text = String::from_utf8(output.stdout).expect("text");
                (text.lines().count() == 40).then(|| {
                    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                    lines.sort();
                    lines
                })
            })
        });
        let [ours, theirs] = outputs.each_mut().map(std::mem::take);
        assert_eq!(ours, theirs, "{args:?}");
    }
}

#[test]
fn a_file_that_is_moved_away_is_followed_by_a_new_one() {
    let place = Place::new();
    let reader = place.start(&["-w", "log"]);
    place.ask_until("log", "/first");
    std::fs::rename(place.file("log"), place.file("old")).expect("it is there");
    reader.signal(Signal::HUP);
    let asked = place.ask_until("log", "/second");
    let all = Deadline::generous().wait_for("every line", || {
        let all = place.text("old") + &place.text("log");
        (all.matches("/second").count() == asked).then_some(all)
    });
    assert!(place.text("old").contains("/first") && all.ends_with('\n'));
    reader.end();
}

#[test]
fn files_have_no_more_than_they_may_and_no_more_of_them_are_kept() {
    let captures = crate::support::fixture::unpacked_archive("captures/captures.tar.zst");
    let corpus = captures.path().join("mix.vsl");
    std::fs::write(&corpus, crate::support::fixture::unpacked_file("corpus/mix-7.vsl.zst"))
        .expect("ours");
    let all = super::lines(&["-r", corpus.to_str().expect("text")]);
    let log = captures.path().join("log");
    let args = [
        "-r",
        corpus.to_str().expect("text"),
        "-w",
        log.to_str().expect("text"),
        "--rotate",
        "100K",
        "--keep",
        "3",
    ];
    assert_eq!(super::lines(&args), "");
    let mut parts = String::new();
    for name in ["log.3", "log.2", "log.1", "log"] {
        let part = std::fs::read_to_string(captures.path().join(name)).expect(name);
        assert!(part.ends_with('\n') && part.len() <= 100 << 10, "{name}: {}", part.len());
        assert!(name == "log" || part.len() > 90 << 10, "{name} is nearly full: {}", part.len());
        parts.push_str(&part);
    }
    assert!(!captures.path().join("log.4").exists());
    assert!(all.ends_with(&parts), "nothing is lost between two files");
}
