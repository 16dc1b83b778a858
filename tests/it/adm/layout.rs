//! The table of backends, ours beside a varnishd's for backends of the same names.

use std::fmt::Write as _;

use super::done;
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok, raw};
use crate::support::varnish::{self, Varnishd};

/// Names of several lengths, so that the columns come closer.
const NAMES: [&str; 5] = [
    "a",
    "api_1",
    "a_longer_name",
    "a_name_of_twenty_five_bytes",
    "a_name_that_is_so_long_that_nothing_fits_any_more",
];

#[test]
fn the_columns_are_those_of_a_varnishd() {
    if !varnish::is_here() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    for count in 1..=NAMES.len() {
        let mut vcl = "vcl 4.1;\n".to_owned();
        let mut config =
            "threads = 1\n[log]\nsize = '16M'\n[[listen]]\nname = 'main'\naddress = '127.0.0.1:0'\n".to_owned();
        let mut uses = String::new();
        for name in &NAMES[..count] {
            let _ = writeln!(vcl, "backend {name} {{ .host = \"127.0.0.1\"; .port = \"9\"; }}");
            let _ =
                writeln!(uses, "if (req.url == \"/{name}\") {{ set req.backend_hint = {name}; }}");
            let _ = writeln!(config, "[[backend]]\nname = '{name}'\naddress = '127.0.0.1:9'");
        }
        let _ = writeln!(vcl, "sub vcl_recv {{ {uses} }}");
        let file = root.path().join(format!("{count}.vcl"));
        std::fs::write(&file, vcl).unwrap();
        let (theirs, ours) =
            (root.path().join(format!("v{count}")), root.path().join(format!("w{count}")));
        let _varnishd = Varnishd::start_with(&theirs, &["-f", file.to_str().unwrap()]);
        let _daemon = Daemon::start(&ours, &config);
        for sick in [false, true] {
            if sick {
                for workdir in [&theirs, &ours] {
                    done(workdir, &["backend.set_health", "boot.a*", "sick"]);
                }
            }
            for words in [
                &["backend.list"][..],
                &["backend.list", "-p", "boot.*"],
                &["backend.list", "nosuch"],
            ] {
                assert_eq!(
                    undated(&done(&ours, words)),
                    undated(&done(&theirs, words)),
                    "{count} {words:?}"
                );
            }
            let json = |workdir| {
                let text = done(workdir, &["backend.list", "-j"]);
                let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
                for (_, backend) in value[3].as_object_mut().unwrap() {
                    assert!(backend["last_change"].take().as_f64().unwrap() > 1e9);
                }
                value[3].take()
            };
            assert_eq!(json(&ours), json(&theirs));
        }
    }
}

/// Without the dates, which have the same length.
pub(super) fn undated(text: &str) -> String {
    text.lines()
        .map(|line| match line.strip_suffix(" GMT").map(|rest| rest.len()) {
            Some(len) => format!("{}DATE\n", &line[..len - "Sun, 22 Nov 2026 09:10:59".len()]),
            None => format!("{line}\n"),
        })
        .collect()
}

/// Digits behind a point made `#`: times.
fn masked(text: &str) -> String {
    let mut behind = false;
    let mask = |c: char| {
        behind = c == '.' || behind && c.is_ascii_digit();
        if behind && c != '.' { '#' } else { c }
    };
    text.chars().map(mask).collect()
}

/// Whether the history of a backend that is well is full, and whoever begins with `initial` has forgotten it.
fn is_settled(table: &str) -> bool {
    let rows: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.get(..64))
        .filter(|marks| marks.bytes().all(|mark| b"46UxXrRH-".contains(&mark)))
        .collect();
    let is_even = |row: &&str| row.bytes().all(|mark| mark == row.as_bytes()[0]);
    rows.iter().all(is_even) && rows.contains(&"H".repeat(64).as_str())
}

#[test]
fn the_details_of_probes_are_those_of_a_varnishd() {
    if !varnish::is_here() {
        return;
    }
    let well = Origin::start(|_| vec![ok("well"), Step::Close]);
    let sick =
        Origin::start(|_| vec![raw("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), Step::Close]);
    // A port that no other test is given.
    let nobody = "127.0.0.1:9".parse().unwrap();
    let backends = [("well", well.address()), ("sick", sick.address()), ("nobody", nobody)];
    let root = tempfile::tempdir().unwrap();
    let mut vcl = "vcl 4.1;\nprobe p { .url = \"/\"; .interval = 50ms; .timeout = 5s; .window = 9; .threshold = 3; }\n".to_owned();
    let mut config = "threads = 1\n[log]\nsize = '16M'\n[[listen]]\nname = 'main'\naddress = '127.0.0.1:0'\n[[probe]]\nname = 'p'\nurl = '/'\ninterval = '50ms'\ntimeout = '5s'\nwindow = 9\nthreshold = 3\n".to_owned();
    let mut uses = String::new();
    for (name, address) in backends {
        let port = address.port();
        let _ = writeln!(
            vcl,
            "backend {name} {{ .host = \"127.0.0.1\"; .port = \"{port}\"; .probe = p; }}"
        );
        let _ = writeln!(uses, "if (req.url == \"/{name}\") {{ set req.backend_hint = {name}; }}");
        let _ =
            writeln!(config, "[[backend]]\nname = '{name}'\naddress = '{address}'\nprobe = 'p'");
    }
    let _ = writeln!(vcl, "sub vcl_recv {{ {uses} }}");
    let file = root.path().join("probed.vcl");
    std::fs::write(&file, vcl).unwrap();
    let (theirs, ours) = (root.path().join("v"), root.path().join("w"));
    let _varnishd = Varnishd::start_with(&theirs, &["-f", file.to_str().unwrap()]);
    let _daemon = Daemon::start(&ours, &config);

    let [their_table, our_table] = [&theirs, &ours].map(|workdir| {
        let deadline = Deadline::generous();
        loop {
            let table = done(workdir, &["backend.list", "-p"]);
            if is_settled(&table) {
                break masked(&undated(&table));
            }
            assert!(deadline.left().is_some(), "the history is not full:\n{table}");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    });
    assert_eq!(our_table, their_table);
    assert_eq!(our_table.matches(" Newest\n").count(), backends.len(), "{our_table}");

    // Behind what a varnishd tells too: the same lines, the same values, unless a probe is under way just then.
    let json = |workdir| {
        let text = done(workdir, &["backend.list", "-j", "-p"]);
        let is_theirs = |line: &&str| {
            !["\"shellac\": ", "\"ipv4\": "].iter().any(|ours| line.trim_start().starts_with(ours))
        };
        let lines: Vec<&str> = text.lines().filter(is_theirs).collect();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let bits =
            backends.map(|(name, _)| value[3][format!("boot.{name}")]["probe_details"].clone());
        (super::client::timeless(lines.join("\n").as_bytes()), bits)
    };
    let deadline = Deadline::generous();
    loop {
        let (our_json, their_json) = (json(&ours), json(&theirs));
        if our_json == their_json && our_json.1[0]["bits_H"] == u64::MAX {
            break;
        }
        if deadline.left().is_none() {
            assert_eq!(our_json, their_json);
            assert_eq!(our_json.1[0]["bits_H"], u64::MAX);
        }
    }
}

#[test]
fn a_backend_that_is_never_used_is_not_called_healthy() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let _daemon = Daemon::start(
        &workdir,
        &Daemon::config(
            "127.0.0.1:9".parse().unwrap(),
            "[[backend]]\nname = \"out\"\naddress = \"127.0.0.1:9\"\ndown = true\n",
        ),
    );
    // Neither at first, nor when somebody wants it nevertheless.
    for wanted in ["auto", "healthy"] {
        done(&workdir, &["backend.set_health", "out", wanted]);
        let list = done(&workdir, &["backend.list"]);
        let words: Vec<&str> = list
            .lines()
            .find_map(|line| line.strip_prefix("boot.out "))
            .unwrap()
            .split_ascii_whitespace()
            .collect();
        assert_eq!(words[..3], ["sick", "0/0", "sick"], "{list}");
        let text = done(&workdir, &["backend.list", "-jp"]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value[3]["boot.out"]["admin_health"], "sick");
        assert_eq!(value[3]["boot.out"]["shellac"]["down"], true);
        assert_eq!(value[3]["boot.b0"]["shellac"]["down"], false);
    }
}
