//! Both log tools while things happen: traffic, and a worker that is replaced.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::their_ring::Varnish;
use super::traffic;
use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::text::assert_same;
use crate::support::varnish;

/// A log tool at work, its output in files.
pub(super) struct Follower {
    pub(super) child: Child,
    output: PathBuf,
    complaints: PathBuf,
}

impl Follower {
    pub(super) fn start(program: &str, args: &[&str], directory: &Path, name: &str) -> Follower {
        let output = directory.join(format!("{name}.txt"));
        let complaints = directory.join(format!("{name}.err"));
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(File::create(&output).expect("a file"))
            .stderr(File::create(&complaints).expect("a file"))
            .spawn()
            .expect("it starts");
        Follower { child, output, complaints }
    }

    /// The last part of its output.
    pub(super) fn end_of_text(&self) -> String {
        let mut file = File::open(&self.output).expect("its output");
        let len = file.metadata().expect("its output").len();
        file.seek(SeekFrom::Start(len.saturating_sub(1 << 20))).expect("it is a file");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("its output");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.output).expect("its output")).into_owned()
    }

    pub(super) fn complaints(&self) -> String {
        std::fs::read_to_string(&self.complaints).expect("its complaints")
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends requests for this target until every follower shows it.
pub(super) fn until_shown(varnish: &Varnish, target: &str, followers: &[&Follower]) {
    Deadline::generous().wait_for(target, || {
        let address = varnish.varnishd.address();
        let mut client = Client::connect(address);
        client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        client.until_closed();
        followers.iter().all(|follower| follower.end_of_text().contains(target)).then_some(())
    });
}

/// The groups from behind the last one with `/first` up to the first one with `/last`.
fn between(text: &str) -> String {
    let groups: Vec<&str> = text.split_inclusive("\n\n").collect();
    let shows = |group: &str, target: &str| group.contains(&format!("ReqURL         {target}\n"));
    let first = groups.iter().rposition(|group| shows(group, "/first")).expect("the first");
    let last = groups.iter().position(|group| shows(group, "/last")).expect("the last");
    groups[first + 1..last].concat()
}

#[test]
fn following_a_varnishd_shows_what_varnishlog_shows() {
    if !varnish::is_here() {
        return;
    }
    let varnish = Varnish::start();
    let directory = tempfile::tempdir().unwrap();
    let workdir = varnish.workdir();
    let args = ["-n", workdir.to_str().unwrap(), "-g", "request"];
    let theirs = Follower::start("varnishlog", &args, directory.path(), "theirs");
    let args = [&["log"], &args[..]].concat();
    let ours = Follower::start(env!("CARGO_BIN_EXE_shellac"), &args, directory.path(), "ours");
    until_shown(&varnish, "/first", &[&theirs, &ours]);
    traffic(varnish.varnishd.address(), 3);
    until_shown(&varnish, "/last", &[&theirs, &ours]);
    let (theirs, got) = (between(&theirs.text()), between(&ours.text()));
    assert!(theirs.matches("<< Request  >>").count() > 50, "{theirs}");
    assert_same("what was followed", got.as_bytes(), theirs.as_bytes());
    assert_eq!(ours.complaints(), "");
}

#[test]
fn a_worker_that_is_replaced_is_followed_to_the_next_one() {
    if !varnish::is_here() {
        return;
    }
    let varnish = Varnish::start();
    let directory = tempfile::tempdir().unwrap();
    let workdir = varnish.workdir();
    let args = ["log", "-n", workdir.to_str().unwrap(), "-g", "request"];
    let ours = Follower::start(env!("CARGO_BIN_EXE_shellac"), &args, directory.path(), "ours");
    until_shown(&varnish, "/before", &[&ours]);
    varnish.varnishd.admin("stop").unwrap();
    Deadline::generous().wait_for("the loss to be noticed", || {
        ours.complaints().contains("Log abandoned").then_some(())
    });
    varnish.varnishd.admin("start").unwrap();
    until_shown(&varnish, "/after", &[&ours]);
    let complaints = ours.complaints();
    assert!(complaints.contains("Log reacquired"), "{complaints}");
}
