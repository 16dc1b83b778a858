//! The table of backends, ours beside a varnishd's for backends of the same names.

use std::fmt::Write as _;

use super::done;
use crate::support::daemon::Daemon;
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
