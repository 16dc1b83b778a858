//! The loop in a shell that `drain --wait` replaces, with tools of the stock names.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::Scene;
use crate::support::shell_loop::shell_loop;
use crate::support::varnish;

/// Takes a backend out with `set_health` and waits with this varnishstat.
fn waits_with(stat: &Path) {
    let scene = Scene::new();
    let mut client = scene.hanging();
    assert_eq!(scene.adm(&["backend.set_health", "*.b0", "sick"]).0, Some(0));
    let mut waiting = shell_loop(&scene.workdir(), stat, "VBE.*.b0.conn");
    let mut lines = BufReader::new(waiting.stdout.take().expect("a pipe")).lines();
    let mut line = || lines.next().expect("the loop goes on").expect("text");
    let value = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        assert_eq!(words.next(), Some("VBE.boot.b0.conn"), "{line}");
        words.next().and_then(|value| value.parse::<u64>().ok()).expect("a number")
    };
    for _ in 0..2 {
        assert_eq!(value(&line()), 1);
    }
    assert_eq!(waiting.try_wait().expect("it is ours"), None, "somebody is in flight");
    assert_eq!(scene.get("/"), "second");
    scene.release.send(()).expect("the origin lives");
    assert_eq!(client.answer("GET").text(), "first");
    while value(&line()) > 0 {}
    assert!(waiting.wait().expect("it is ours").success());
}

#[test]
fn the_loop_of_the_maintenance_story_runs_on_ours_with_our_varnishstat() {
    let root = tempfile::tempdir().expect("a temporary directory");
    let link = root.path().join("varnishstat");
    symlink(env!("CARGO_BIN_EXE_shellac"), &link).expect("a link");
    waits_with(&link);
}

#[test]
fn the_loop_of_the_maintenance_story_runs_on_ours_with_the_stock_varnishstat() {
    if varnish::is_here() {
        waits_with(&PathBuf::from("varnishstat"));
    }
}
