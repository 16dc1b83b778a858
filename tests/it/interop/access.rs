//! Both ncsa tools beside a running varnishd: the same lines for the same requests, also from one file to the next.

use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::live::Follower;
use super::their_ring::Varnish;
use super::traffic;
use crate::support::client::Client;
use crate::support::daemon::signal_process;
use crate::support::deadline::Deadline;
use crate::support::text::assert_same;
use crate::support::varnish;

/// What both are asked for; the target is in each of them.
const CASES: &[&[&str]] = &[
    &[],
    &["-b", "-c", "-E"],
    &[
        "-g",
        "request",
        "-F",
        "%{Varnish:vxid}x %{Varnish:side}x %r %s %b %D %{Varnish:handling}x %{Host}i",
    ],
    &["-j", "-F", "%U %{Age}o %{VSL:Timestamp:Resp[2]}x %{VCL_Log:x}x %{%s %F %T}t %O %I"],
    &[
        "-b",
        "-F",
        "%h %{VSL:BackendOpen[2]}x %r %s %{X}o %{VSL:FetchError}x",
        "-q",
        "not BereqURL ~ part",
    ],
];

/// A varnishd whose ring no reader falls behind in, however slow the machine is.
fn varnish_with_room() -> Varnish {
    Varnish::start_with(&["-p", "vsl_space=16m"])
}

/// Asks for something in a way that also asks the backend each time.
fn ask(varnish: &Varnish, target: &str) {
    let mut client = Client::connect(varnish.varnishd.address());
    client.send(format!(
        "POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ));
    client.until_closed();
}

/// Lines behind the last one with `/first` up to the first one with `/last`.
fn between(text: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let first = lines.iter().rposition(|line| line.contains("/first")).expect("the first");
    let last = lines.iter().position(|line| line.contains("/last")).expect("the last");
    lines[first + 1..last].concat()
}

#[test]
fn following_a_varnishd_has_the_lines_of_varnishncsa() {
    if !varnish::is_here() {
        return;
    }
    let varnish = varnish_with_room();
    let directory = tempfile::tempdir().unwrap();
    let workdir = varnish.workdir();
    let workdir = workdir.to_str().unwrap();
    let followers: Vec<[Follower; 2]> = CASES
        .iter()
        .enumerate()
        .map(|(at, case)| {
            let args = [&["-n", workdir], *case].concat();
            let theirs =
                Follower::start("varnishncsa", &args, directory.path(), &format!("theirs{at}"));
            let args = [&["ncsa"], &args[..]].concat();
            let program = env!("CARGO_BIN_EXE_shellac");
            [theirs, Follower::start(program, &args, directory.path(), &format!("ours{at}"))]
        })
        .collect();
    let until_shown = |target: &str| {
        Deadline::generous().wait_for(target, || {
            ask(&varnish, target);
            let mut all = followers.iter().flatten();
            all.all(|follower| follower.end_of_text().contains(target)).then_some(())
        });
    };
    until_shown("/first");
    traffic(varnish.varnishd.address(), 3);
    until_shown("/last");
    for (case, [theirs, ours]) in CASES.iter().zip(&followers) {
        let (expected, got) = (between(&theirs.text()), between(&ours.text()));
        assert!(expected.lines().count() > 15, "{case:?}: {expected}");
        assert_same(&format!("{case:?}"), got.as_bytes(), expected.as_bytes());
        assert_eq!(ours.complaints(), "");
    }
}

/// A tool that has gone to the background, with its files.
struct Service {
    directory: PathBuf,
    name: &'static str,
}

impl Service {
    /// Starts a program under the name of the stock tool.
    fn start(program: &Path, varnish: &Varnish, directory: &Path, name: &'static str) -> Service {
        let service = Service { directory: directory.to_owned(), name };
        let mut command = Command::new(program);
        command.arg0("varnishncsa").args(["-D", "-b", "-c", "-n"]).arg(varnish.workdir());
        command.arg("-w").arg(service.file("log")).arg("-P").arg(service.file("pid"));
        let output = command.stdin(Stdio::null()).output().expect("it starts");
        assert!(output.status.success(), "{name}: {output:?}");
        Deadline::generous().wait_for("its number", || service.pid());
        service
    }

    fn file(&self, kind: &str) -> PathBuf {
        self.directory.join(format!("{}.{kind}", self.name))
    }

    fn pid(&self) -> Option<u32> {
        std::fs::read_to_string(self.file("pid")).ok()?.trim().parse().ok()
    }

    fn text(&self, kind: &str) -> String {
        String::from_utf8_lossy(&std::fs::read(self.file(kind)).unwrap_or_default()).into_owned()
    }

    fn signal(&self, signal: Signal) {
        signal_process(self.pid().expect("it runs"), signal);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Whoever ends in order removes the file.
        if let Some(pid) = self.pid() {
            signal_process(pid, Signal::KILL);
        }
    }
}

#[test]
fn both_go_on_in_a_new_file_when_theirs_is_moved_away() {
    if !varnish::is_here() {
        return;
    }
    let varnish = varnish_with_room();
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("varnishncsa");
    symlink(env!("CARGO_BIN_EXE_shellac"), &link).expect("a link");
    let services = [
        Service::start(Path::new("varnishncsa"), &varnish, directory.path(), "theirs"),
        Service::start(&link, &varnish, directory.path(), "ours"),
    ];
    let until = |target: &str| {
        Deadline::generous().wait_for(target, || {
            ask(&varnish, target);
            services.iter().all(|it| it.text("log").contains(target)).then_some(())
        });
    };
    until("/first");
    traffic(varnish.varnishd.address(), 1);
    until("/moved");
    for service in &services {
        std::fs::rename(service.file("log"), service.file("old")).expect("it is there");
        service.signal(Signal::HUP);
    }
    // The file is there again when the signal was seen.
    until("/anew");
    traffic(varnish.varnishd.address(), 1);
    until("/last");
    let [theirs, ours] = services.each_ref().map(|it| between(&(it.text("old") + &it.text("log"))));
    assert!(theirs.lines().count() > 50, "{theirs}");
    assert_same("what both files hold", ours.as_bytes(), theirs.as_bytes());
    for service in &services {
        assert!(service.text("old").contains("/first") && !service.text("log").contains("/first"));
        service.signal(Signal::TERM);
        Deadline::generous().wait_for("its end", || (!service.file("pid").exists()).then_some(()));
    }
}

#[test]
fn files_that_are_begun_anew_hold_every_line_of_a_varnishd() {
    const REQUESTS: usize = 150;
    if !varnish::is_here() {
        return;
    }
    let varnish = varnish_with_room();
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let (workdir, path) = (varnish.workdir(), log.to_str().unwrap());
    let args = ["ncsa", "-F", "%U %s", "-w", path, "--rotate", "500", "--keep", "20"];
    let args = [&args[..], &["-n", workdir.to_str().unwrap()]].concat();
    let mut ours =
        Follower::start(env!("CARGO_BIN_EXE_shellac"), &args, directory.path(), "console");
    let all = || -> String {
        let old = (1..=20).rev().map(|at| directory.path().join(format!("log.{at}")));
        let texts = old.chain([log.clone()]).map(std::fs::read_to_string);
        texts.map(Result::unwrap_or_default).collect()
    };
    Deadline::generous().wait_for("the first line", || {
        ask(&varnish, "/first");
        all().contains("/first").then_some(())
    });
    (0..REQUESTS).for_each(|at| ask(&varnish, &format!("/item/{at}")));
    // Whoever has read the first reads this one too; more of them would push the first files out.
    ask(&varnish, "/last");
    Deadline::generous().wait_for("the last line", || all().contains("/last").then_some(()));
    signal_process(ours.child.id(), Signal::TERM);
    Deadline::generous().wait_for("its end", || ours.child.try_wait().expect("ours"));
    let expected: String = (0..REQUESTS).map(|at| format!("/item/{at} 200\n")).collect();
    assert_same("the lines", between(&all()).as_bytes(), expected.as_bytes());
    for at in 1..4 {
        let file = directory.path().join(format!("log.{at}"));
        let len = std::fs::metadata(&file).expect("several were begun").len();
        assert!((1..=500).contains(&len), "{len}");
    }
}
