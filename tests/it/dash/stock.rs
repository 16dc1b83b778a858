//! Line by line as varnishstat, key by key.

use std::os::unix::fs::symlink;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::terminal;
use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};
use crate::support::tmux::{self, Terminal};
use crate::support::varnish::{self, Varnishd};

/// Both screens are the same at some moment: they look at the instance at moments of their own.
fn compare(after: &str, theirs: &Terminal, ours: &Terminal) -> String {
    compare_columns(after, theirs, ours, usize::MAX)
}

/// The same for so many columns: what follows depends on the moments of the looks while things change.
fn compare_columns(after: &str, theirs: &Terminal, ours: &Terminal, columns: usize) -> String {
    let cut = |screen: String| -> String {
        let line = |line: &str| line.chars().take(columns).chain(['\n']).collect::<String>();
        screen.lines().map(line).collect()
    };
    let deadline = Deadline::generous();
    for round in 1_u32.. {
        let (expected, found) = (cut(theirs.screen()), cut(ours.screen()));
        if expected == found && !found.trim().is_empty() {
            return found;
        }
        assert!(deadline.left().is_some(), "after {after}\nexpected:\n{expected}\nfound:\n{found}");
        // Two clocks tick on the screen. Who looks between their ticks and who does not may do so for ever.
        if round.is_multiple_of(40) {
            theirs.press(&["C-t"]);
            ours.press(&["C-t"]);
        }
        thread::sleep(Duration::from_millis(50));
    }
    unreachable!("the deadline is reached before")
}

#[test]
fn the_same_keys_show_the_same_lines() {
    if !varnish::is_here() || !tmux::is_here() {
        return;
    }
    let origin = Origin::start(|_| vec![ok("x")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("v");
    let backend = origin.address().to_string();
    let varnishd = Varnishd::start_with(&workdir, &["-b", &backend]);
    let mut client = Client::connect(varnishd.address());
    client.send(
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    assert_eq!((client.answer("GET").status, client.answer("GET").status), (200, 200));
    let link = root.path().join("varnishstat");
    symlink(env!("CARGO_BIN_EXE_shellac"), &link).unwrap();

    // Its threads are there and its pools are filled, so that no mean depends on when it was first looked.
    Deadline::generous().wait_for("threads and pools", || {
        let mut command = Command::new("varnishstat");
        let filters = ["-1", "-f", "MEMPOOL.*.pool", "-f", "MAIN.threads"];
        let output = command.arg("-n").arg(&workdir).args(filters).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let filled = |line: &str| {
            let mut words = line.split_ascii_whitespace();
            let wanted = if words.next() == Some("MAIN.threads") { "200" } else { "10" };
            words.next() == Some(wanted)
        };
        (text.lines().count() > 4 && text.lines().all(filled)).then_some(())
    });

    let workdir = workdir.display();
    let run =
        |program: &str, args: &str| terminal((80, 24), &format!("{program} -n '{workdir}' {args}"));
    let link = format!("'{}'", link.display());
    let theirs = run("varnishstat", "");
    let ours = run(&link, "");
    // Which counters come before the first one is a matter of when it was first looked.
    theirs.press(&["g"]);
    ours.press(&["g"]);
    let screen = compare("the start", &theirs, &ours);
    assert!(screen.contains("MAIN.client_req"), "{screen}");
    let steps: &[&[&str]] = &[
        &["Down", "j"],
        &["d"],
        &["NPage", "C-f"],
        &["k", "Up", "Up"],
        &["PPage", "b"],
        &["End"],
        &["v", "v", "PPage"],
        &["V", "Home", "Space"],
        &["e", "r"],
        &["+", "+"],
        &["G", "C-b", "g"],
        &["v", "v", "v", "G", "k"],
    ];
    for keys in steps {
        theirs.press(keys);
        ours.press(keys);
        compare(&format!("{keys:?}"), &theirs, &ours);
    }
    for size in [(140, 40), (108, 30), (109, 30), (70, 20), (52, 15), (80, 11), (80, 24)] {
        theirs.resize(size.0, size.1);
        ours.resize(size.0, size.1);
        for keys in [&["g"], &["NPage"]] {
            theirs.press(keys);
            ours.press(keys);
            compare(&format!("{size:?} {keys:?}"), &theirs, &ours);
        }
    }
    // The worker ends, and comes again.
    for keys in ["stop", "start"] {
        varnishd.admin(keys).unwrap();
        theirs.press(&["g"]);
        ours.press(&["g"]);
        compare_columns(keys, &theirs, &ours, 37);
    }

    // Filters raise the level, and do not do without what uptimes and hit rates come from.
    for args in ["-f 'LCK.sma.*'", "-X '*'", "-I 'MAIN.c*' -I '*.happy'"] {
        let theirs = run("varnishstat", args);
        let ours = run(&link, args);
        theirs.press(&["g"]);
        ours.press(&["g"]);
        compare(args, &theirs, &ours);
        theirs.press(&["d", "G", "k"]);
        ours.press(&["d", "G", "k"]);
        compare(&format!("d with {args}"), &theirs, &ours);
    }
}
