//! The log tool as a service: to the background, pid file, rotation, signals, and links to it.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::Signal;

use crate::support::client::Client;
use crate::support::daemon::{Daemon, signal_process};
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};
use crate::support::varnish;

/// A proxy with an origin, and both log tools.
struct Place {
    directory: tempfile::TempDir,
    daemon: Daemon,
    _origin: Origin,
}

impl Place {
    fn new() -> Place {
        let directory = tempfile::tempdir().expect("a directory");
        symlink(env!("CARGO_BIN_EXE_shellac"), directory.path().join("varnishlog"))
            .expect("a link");
        let origin = Origin::start(|asked| match asked.target.as_str() {
            "/hangs" => vec![Step::Hang],
            _ => vec![ok("hello")],
        });
        let workdir = directory.path().join("workdir");
        let config = Daemon::config(origin.address(), "dialect = \"6.0-7.2\"\n");
        let daemon = Daemon::start(&workdir, &config);
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

    /// A log tool on this proxy.
    fn command(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .arg("-n")
            .arg(self.file("workdir"))
            .args(args)
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        command
    }

    /// Ours under the name of the stock tool, and that if it is here.
    fn programs(&self) -> Vec<PathBuf> {
        let mut programs = vec![self.file("varnishlog")];
        if varnish::is_here() {
            programs.push("varnishlog".into());
        }
        programs
    }

    /// Asks until the file tells of it: nobody says when a tool has begun to read.
    fn ask_until(&self, file: &str, target: &str) {
        Deadline::generous().wait_for(&format!("{target} in {file}"), || {
            self.ask(target);
            std::fs::read_to_string(self.file(file)).ok().filter(|it| it.contains(target))
        });
    }
}

/// Ends a process that went to the background, whatever becomes of the test.
struct Background(u32);

impl Background {
    fn runs(&self) -> bool {
        // Whoever takes over orphans here may be slow to bury them.
        std::fs::read_to_string(format!("/proc/{}/stat", self.0))
            .is_ok_and(|stat| !stat.contains(") Z "))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if self.runs() {
            signal_process(self.0, Signal::KILL);
        }
    }
}

fn read_pid(path: &Path) -> Option<u32> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[test]
fn a_daemon_has_a_pid_file_rotates_and_ends() {
    let place = Place::new();
    for program in place.programs() {
        let args = ["-D", "-A", "-a", "-u", "-w", "log", "-P", "pid", "-g", "request"];
        let file = |name| place.file(name);
        // The stock tool does not find a relative path again once it is in the background.
        let absolute = |name| file(name).to_str().expect("text").to_owned();
        let (log, pid_file) = (absolute("log"), absolute("pid"));
        let args = args.map(|arg| match arg {
            "log" => log.as_str(),
            "pid" => pid_file.as_str(),
            other => other,
        });
        let output: Output = place.command(&program, &args).output().expect("it starts");
        assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &b""[..]), "{program:?}");
        let pid = Deadline::generous().wait_for("a pid file", || read_pid(&file("pid")));
        let daemon = Background(pid);
        // Its own session, and no way back to the terminal.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
        let stdout = std::fs::read_link(format!("/proc/{pid}/fd/1")).expect("it runs");
        assert_eq!(stdout, Path::new("/dev/null"));
        assert_ne!(fields[3], session_of_this_process(), "{program:?}");
        place.ask_until("log", "/one");
        std::fs::rename(file("log"), file("old")).expect("it is there");
        signal_process(pid, Signal::HUP);
        place.ask_until("log", "/two");
        assert!(daemon.runs());
        // The lock holds off a second one.
        let second = place.command(&program, &args).output().expect("it starts");
        assert_eq!(second.status.code(), Some(1));
        let complaint = String::from_utf8_lossy(&second.stderr).into_owned();
        assert_eq!(
            complaint,
            format!(
                "{pid_file}: Resource temporarily unavailable
"
            )
        );
        signal_process(pid, Signal::TERM);
        Deadline::generous().wait_for("its end", || (!daemon.runs()).then_some(()));
        assert!(!file("pid").exists(), "{program:?}");
        for name in ["log", "old"] {
            std::fs::remove_file(file(name)).expect("it is there");
        }
    }
}

fn session_of_this_process() -> String {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("we run");
    stat.rsplit(") ").next().expect("fields").split(' ').nth(3).expect("a session").to_owned()
}

#[test]
fn a_daemon_that_cannot_start_says_so_in_front() {
    let place = Place::new();
    for program in place.programs() {
        for (args, status, complaint) in [
            (
                &["-D", "-w", "/nonexistent/x"][..],
                2,
                "Cannot open output file (No such file or directory)\n",
            ),
            (
                &["-D", "-w", "x", "-P", "/nonexistent/x"],
                1,
                "/nonexistent/x: No such file or directory\n",
            ),
            (&["-D", "-w", "x", "-q", "("], 1, "Query expression error:\n"),
        ] {
            let output = place.command(&program, args).output().expect("it starts");
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(status), "{program:?} {args:?}: {said}");
            assert!(said.starts_with(complaint), "{program:?} {args:?}: {said}");
        }
    }
}

/// Stops it with a signal and gives what it said.
fn end(child: Child, signal: Signal) -> Output {
    signal_process(child.id(), signal);
    child.wait_with_output().expect("it is our child")
}

#[test]
fn in_front_signals_end_it_and_one_gives_up_what_is_open() {
    let place = Place::new();
    for program in place.programs() {
        for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
            let child = place
                .command(&program, &["-g", "request", "-u", "-A", "-w", "out"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it starts");
            // Before it reads, a signal would just end it.
            place.ask_until("out", "/first");
            // Its answer does not come, so what is known of it is published meanwhile, without an end.
            let mut client = Client::connect(place.daemon.address());
            client.send("GET /hangs HTTP/1.1\r\nHost: x\r\n\r\n");
            let found = Deadline::generous().wait_for("a request that was given up", || {
                signal_process(child.id(), Signal::USR1);
                let text = std::fs::read_to_string(place.file("out")).ok()?;
                text.contains("/hangs").then_some(text)
            });
            assert!(found.contains("VSL            flush\n"), "{program:?}: {found}");
            assert!(found.contains("End            synth\n"), "{program:?}: {found}");
            let output = end(child, signal);
            assert_eq!(output.status.code(), Some(0), "{program:?} {signal:?}");
            assert!(output.stderr.is_empty() && output.stdout.is_empty(), "{program:?} {signal:?}");
            std::fs::remove_file(place.file("out")).expect("it is there");
        }
    }
}

#[test]
fn links_are_made_once_and_never_over_something_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let links = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
        command.arg("links").arg(directory.path()).output().expect("it starts")
    };
    assert!(links().status.success());
    for name in ["varnishlog", "vinyllog"] {
        let link = directory.path().join(name);
        let output = Command::new(&link).arg("-h").output().expect("a tool");
        let usage = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(usage.starts_with(&format!("Usage: {} <options>\n", link.display())), "{usage}");
    }
    assert!(links().status.success(), "what is there already stays");
    let taken = directory.path().join("vinyllog");
    std::fs::remove_file(&taken).expect("a link");
    std::fs::write(&taken, "mine").expect("a file");
    let output = links();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && complaint.contains("is not this program"), "{complaint}");
    assert_eq!(std::fs::read_to_string(taken).expect("a file"), "mine");
}
