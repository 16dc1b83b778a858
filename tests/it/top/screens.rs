//! The screens in a terminal, beside those of the stock tools on the same file or the same instance.

use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::support::beside::Beside;
use crate::support::client::Client;
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};
use crate::support::tmux::{self, Terminal};
use crate::support::varnish::{self, Varnishd};

/// A terminal; whether there is tmux was asked before.
fn terminal((columns, rows): (u16, u16), program: &Path, args: &str) -> Terminal {
    let command = format!("'{}' {args}", program.display());
    Terminal::start(columns, rows, &command).expect("tmux was there")
}

/// Waits until both show the same.
fn compare(what: &str, theirs: &Terminal, ours: &Terminal) {
    let deadline = Deadline::generous();
    loop {
        let (expected, found) = (theirs.screen(), ours.screen());
        if expected == found && !found.trim().is_empty() {
            return;
        }
        assert!(deadline.left().is_some(), "{what}\nexpected:\n{expected}\nfound:\n{found}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn ask(address: SocketAddr, target: &str) {
    let mut client = Client::connect(address);
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    client.answer("GET");
}

#[test]
fn a_histogram_is_the_same_picture_after_the_same_keys() {
    if !varnish::is_here() || !tmux::is_here() {
        return;
    }
    let place = Beside::new("varnishhist");
    let log = place.path().join("mixed.vsl");
    let run = |program: &Path, size, args: &str| {
        terminal(size, program, &format!("-r '{}' {args}", log.display()))
    };
    for (size, args) in [
        ((80, 24), ""),
        ((79, 23), "-P size"),
        ((120, 30), "-g request -P Beresptime -p 0.5"),
        ((80, 22), "-P RespStatus::1:0:4"),
        ((64, 17), "-B 100000 -q 'RespStatus >= 200'"),
        ((40, 10), "-P ReqURL::1"),
    ] {
        let (theirs, ours) = (run(place.theirs(), size, args), run(&place.ours(), size, args));
        for terminal in [&theirs, &ours] {
            terminal.wait_for("the end of the file", |screen| {
                screen.lines().next().is_some_and(|line| line.ends_with("EOF"))
            });
        }
        compare(&format!("{size:?} {args}"), &theirs, &ours);
        for keys in [&["5"][..], &["+", "+"], &["-"], &["0", "C-l"]] {
            theirs.press(keys);
            ours.press(keys);
            compare(&format!("{size:?} {args} {keys:?}"), &theirs, &ours);
        }
        ours.press(&["q"]);
        ours.wait_for_its_end();
    }
}

#[test]
fn the_list_of_a_file_is_that_of_the_stock_tool_in_columns() {
    if !varnish::is_here() || !tmux::is_here() {
        return;
    }
    let place = Beside::new("varnishtop");
    let args = ["-1", "-r", "mixed.vsl"].map(str::to_owned);
    let list = String::from_utf8_lossy(&place.run(place.theirs(), &args).stdout).into_owned();
    let (columns, rows) = (80, 24);
    let mut expected = vec![
        format!("{:<74}(EOF)", format!("list length {}", list.lines().count())),
        String::new(),
    ];
    // Texts of several lines are far down.
    expected.extend(list.lines().take(rows - 3).map(|line| {
        let (count, rest) = line.split_at(10);
        let (tag, text) = rest.split_once(' ').expect("TAG TEXT");
        let whole = format!("{count}{tag:<14} {text}");
        whole.chars().take(columns).collect::<String>().trim_end().to_owned()
    }));
    let size = (80, 24);
    let ours = terminal(
        size,
        &place.ours(),
        &format!("-r '{}'", place.path().join("mixed.vsl").display()),
    );
    let screen = ours.wait_for_texts(&["(EOF)"]);
    let found: Vec<&str> = screen.trim_end().lines().collect();
    // The stock tool forgets what it has counted when it draws for the first time, which may be in the middle of
    // a file: how its lines look is seen all the same.
    assert_eq!(found, expected);
    let theirs = terminal(
        size,
        place.theirs(),
        &format!("-r '{}'", place.path().join("mixed.vsl").display()),
    );
    let screen = theirs.wait_for_texts(&["(EOF)"]);
    let shape = |line: &str| -> Vec<usize> {
        // Where words begin, in the columns that all lines have.
        let begins = |at: usize| line[..at].ends_with(' ') && !line[at..].starts_with(' ');
        (10..line.len().min(26)).filter(|&at| begins(at)).collect()
    };
    let header = screen.lines().next().unwrap_or_default();
    assert_eq!(header.len(), expected[0].len(), "{screen}");
    for line in screen.lines().skip(2).filter(|line| !line.is_empty()) {
        assert_eq!(shape(line)[..2], [10, 25], "{screen}");
    }
    ours.press(&["x", "C-l", "q"]);
    ours.wait_for_its_end();
}

#[test]
fn both_follow_a_running_instance_and_say_what_it_is_called() {
    if !varnish::is_here() || !tmux::is_here() {
        return;
    }
    let origin = Origin::start(|_| vec![Step::ReadBody, ok("x")]);
    let root = tempfile::tempdir().expect("a temporary directory");
    let workdir = root.path().join("v");
    let varnishd = Varnishd::start_with(&workdir, &["-b", &origin.address().to_string()]);
    let place = Beside::new("varnishtop");
    let args = format!("-n '{}' -i ReqURL", workdir.display());
    let size = (80, 12);
    let (theirs, ours) =
        (terminal(size, place.theirs(), &args), terminal(size, &place.ours(), &args));
    for terminal in [&theirs, &ours] {
        terminal.wait_for_texts(&["list length 0", "vtest"]);
    }
    let address = varnishd.address();
    // Counts decay, so the list may be empty again when somebody looks.
    let row = |screen: &str| {
        let row = screen.lines().find(|line| line.ends_with("ReqURL         /live"));
        row.map(|row| row[10..].to_owned())
    };
    let shown = |terminal: &Terminal| {
        Deadline::generous().wait_for("the request on the screen", || {
            ask(address, "/live");
            let screen = terminal.screen();
            assert!(
                screen
                    .lines()
                    .next()
                    .is_some_and(|line| line.len() == 79 && line.ends_with("vtest")),
                "{screen}"
            );
            row(&screen)
        })
    };
    assert_eq!(shown(&theirs), shown(&ours));
    ours.press(&["q"]);
    ours.wait_for_its_end();
}

/// How many samples a histogram is of.
fn counted(screen: &str) -> Option<u64> {
    screen.split_once(", n = ")?.1.split_once(',')?.0.parse().ok()
}

#[test]
fn both_count_the_requests_of_a_shellacd() {
    if !varnish::is_here() || !tmux::is_here() {
        return;
    }
    let origin = Origin::start(|_| vec![Step::ReadBody, ok("x")]);
    let root = tempfile::tempdir().expect("a temporary directory");
    let workdir = root.path().join("w");
    // The stock tool here knows this one.
    let config = Daemon::config(origin.address(), "dialect = \"6.0-7.2\"\n");
    let daemon = Daemon::start(&workdir, &config);
    let args = format!("-n '{}'", workdir.display());
    let size = (80, 24);
    let shellac = Path::new(env!("CARGO_BIN_EXE_shellac"));
    let theirs = terminal(size, Path::new("varnishhist"), &args);
    let ours = terminal(size, shellac, &format!("hist {args}"));
    let kinds = terminal((100, 10), shellac, &format!("top --by url-pattern {args}"));
    for terminal in [&theirs, &ours] {
        terminal.wait_for_texts(&["1:1, n = 0"]);
    }
    kinds.wait_for_texts(&["q quit"]);
    // The stock tool draws before it follows the log, and misses what comes in between.
    let mut asked = 0;
    let mut item = || {
        ask(daemon.address(), &format!("/item/{asked}"));
        asked += 1;
        asked
    };
    let missed = Deadline::generous().wait_for("the stock tool", || {
        let asked = item();
        let patience = Deadline::after(Duration::from_millis(1500));
        while patience.left().is_some() {
            match counted(&theirs.screen()) {
                Some(count @ 1..) => return Some(asked - count),
                _ => thread::sleep(Duration::from_millis(20)),
            }
        }
        None
    });
    let all = (0..7).map(|_| item()).max().expect("they are seven");
    ours.wait_for(&format!("{all} requests"), |screen| counted(screen) == Some(all));
    // What it had read but not shown then was not missed.
    theirs.wait_for("as many", |screen| {
        counted(screen).is_some_and(|count| (all - missed..=all).contains(&count))
    });
    let head = format!("{all} requests, 0 with errors, by url-pattern");
    let screen = kinds.wait_for_texts(&[&head, "/item/#"]);
    let row: Vec<&str> = screen.lines().nth(2).unwrap_or_default().split_whitespace().collect();
    assert_eq!(
        (row[0], row[1], row[row.len() - 1]),
        (&*all.to_string(), "0", "/item/#"),
        "{screen}"
    );
    kinds.press(&["Space"]);
    kinds.wait_for_texts(&["PAUSED"]);
    item();
    // What is paused follows the terminal all the same.
    kinds.resize(90, 12);
    kinds.wait_for_texts(&["PAUSED", "/item/#"]);
    kinds.press(&["Space"]);
    kinds.wait_for("pictures again", |screen| {
        screen.contains(&format!("{} requests", all + 1)) && !screen.contains("PAUSED")
    });
    kinds.press(&["r"]);
    kinds.wait_for_texts(&["0 requests, 0 with errors"]);
    for terminal in [&ours, &kinds] {
        assert!(terminal.is_on_other_screen());
        terminal.press(&["q"]);
        terminal.wait_for_its_end();
        assert!(!terminal.is_on_other_screen());
    }
}

#[test]
fn why_there_is_no_log_is_shown_until_there_is_one() {
    if !tmux::is_here() {
        return;
    }
    let origin = Origin::start(|_| vec![Step::ReadBody, ok("x")]);
    let root = tempfile::tempdir().expect("a temporary directory");
    let workdir = root.path().join("w");
    let daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    daemon.tool("adm", &["stop"]);
    Deadline::generous().wait_for("the end of the worker", || {
        daemon.tool("adm", &["status"]).contains("stopped").then_some(())
    });
    let args = format!("top --by url-pattern -n '{}'", workdir.display());
    let top = terminal((100, 10), Path::new(env!("CARGO_BIN_EXE_shellac")), &args);
    top.wait_for_texts(&["no log so far", "q quit  Failed to acquire log: "]);
    daemon.tool("adm", &["start"]);
    ask(daemon.address(), "/there");
    let screen = top.wait_for_texts(&["1 requests, 0 with errors", "/there", "q quit"]);
    assert!(!screen.contains("Failed to acquire log"), "{screen}");
    top.press(&["q"]);
    // What was said is said once more when the screen is given back.
    top.wait_for_texts(&["Failed to acquire log: "]);
    top.wait_for_its_end();
}
