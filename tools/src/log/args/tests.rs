use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use shellac_format::{Dialect, Side, Tag, Vxid};
use shellac_log::{Grouping, Limits, LogRecord};

use crate::attach::Patience;
use crate::when::Zone;

use super::super::settings::{Builder, Settings, To};
use super::{Args, settings as checked};
use crate::reading::queue::OnFull;
use crate::reading::settings::{From, Manner};
use crate::stock::getopt::Given;

#[derive(Parser, Debug)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

fn settings(line: &str) -> anyhow::Result<Settings> {
    let words = std::iter::once("log").chain(line.split_whitespace());
    checked(&Cli::try_parse_from(words)?.args)
}

fn error(line: &str) -> String {
    format!("{:#}", settings(line).unwrap_err())
}

/// The tags among these that a command line shows.
fn shown(line: &str) -> Vec<Tag> {
    let filter = settings(line).unwrap().reading.filter.compile(Dialect::V6_0);
    [Tag::Begin, Tag::Link, Tag::End, Tag::ReqUrl, Tag::ReqMethod]
        .into_iter()
        .filter(|tag| {
            let number = tag.number(Dialect::V6_0).unwrap();
            filter.shows(&LogRecord {
                number,
                tag: Some(*tag),
                vxid: Vxid(1),
                side: Side::None,
                payload: b"",
            })
        })
        .collect()
}

#[test]
fn defaults() {
    let Settings { reading: it, to, .. } = settings("").unwrap();
    let patience = Patience::For(Duration::from_secs(5));
    assert_eq!(it.from, From::Live { instance: None, patience, dump: false });
    assert_eq!((to, it.grouping, it.count), (To::Text { color: false }, Grouping::Vxid, None));
    assert!(it.window.is_open() && !it.orphans && !it.fail_on_loss);
    assert_eq!((it.zone, it.on_full, it.dialect), (Zone::Local, OnFull::Block, None));
}

#[test]
fn limits_are_of_bytes_unless_others_are_asked_for() {
    let limits = |line| {
        let limits = settings(line).unwrap().reading.limits;
        (limits.timeout, limits.open_max, limits.open_max_bytes)
    };
    let (two_minutes, many) = (Duration::from_secs(120), usize::MAX);
    for (line, expected) in [
        ("", (two_minutes, many, 256 << 20)),
        ("-g session", (Duration::MAX, many, 256 << 20)),
        ("-g session -T 60 -L 50", (Duration::from_secs(60), 50, 256 << 20)),
        ("--limit-bytes 1.5K", (two_minutes, many, 1536)),
        ("--limit-bytes 1G --limit-bytes 100", (two_minutes, many, 100)),
    ] {
        assert_eq!(limits(line), expected, "{line}");
    }
    let mut stock = Builder::new(Manner::Stock);
    stock.take(&Given { letter: 'g', value: "session".into() }).unwrap();
    assert_eq!(stock.finish().unwrap().reading.limits, Limits::default());
}

#[test]
fn a_range_of_time_decides_what_is_read_of_a_live_log() {
    let from = |line: &str| match settings(line).unwrap().reading.from {
        From::Live { dump, .. } => dump,
        From::File(_) => panic!("{line} is live"),
    };
    assert!(!from("--since -10m") && !from("--until +10m"));
    assert!(from("--until -1s"), "all of it has come");
    let window =
        settings("--tz +02:00 --since 2026-11-22 --until 1800000000.5").unwrap().reading.window;
    assert_eq!(window.since, Some(Duration::from_secs(1_795_298_400)));
    assert_eq!(window.until, Some(Duration::from_millis(1_800_000_000_500)));
}

#[test]
fn colour_is_for_standard_output_only() {
    for (line, color) in [("--color always", true), ("--color never", false)] {
        assert_eq!(settings(line).unwrap().to, To::Text { color });
    }
    let to = settings("--color always -A -w x").unwrap().to;
    assert_eq!(to, To::File { path: PathBuf::from("x"), append: false, text: true });
}

#[test]
fn groupings_by_prefix() {
    for (word, grouping) in [
        ("raw", Grouping::Raw),
        ("ra", Grouping::Raw),
        ("V", Grouping::Vxid),
        ("REQ", Grouping::Request),
        ("s", Grouping::Session),
    ] {
        assert_eq!(settings(&format!("-g {word}")).unwrap().reading.grouping, grouping);
    }
    assert_eq!(error("-g r"), "Ambiguous grouping type: r");
    assert_eq!(error("-g requests"), "Unknown grouping type: requests");
}

#[test]
fn include_and_exclude_work_in_the_order_given() {
    use Tag::{Begin, End, Link, ReqMethod, ReqUrl};
    assert_eq!(shown("-i ReqURL"), [ReqUrl]);
    assert_eq!(shown("-i ReqURL -i begin"), [Begin, ReqUrl]);
    assert_eq!(shown("-x Req* -i ReqURL"), [Begin, Link, End, ReqUrl]);
    assert_eq!(shown("-i ReqURL,ReqMethod -x ReqURL"), [ReqMethod]);
    assert_eq!(shown("-x ReqURL"), [Begin, Link, End, ReqMethod]);
}

#[test]
fn a_file_of_records_always_has_what_grouping_needs() {
    use Tag::{Begin, End, Link, ReqMethod, ReqUrl};
    assert_eq!(shown("-w x"), [Begin, Link, End, ReqUrl, ReqMethod]);
    assert_eq!(shown("-w x -i ReqURL"), [Begin, Link, End, ReqUrl]);
    assert_eq!(shown("-w x -x *"), [Begin, Link, End]);
}

#[test]
fn mistakes_are_named() {
    for (line, expected) in [
        ("-i Nonsense", "-i: \"Nonsense\" matches zero tags"),
        ("-x Req", "-x: \"Req\" is ambiguous"),
        ("-i *e*", "-i: Syntax error in \"*e*\""),
        ("-n x -r y", "Only one of -n and -r options may be used"),
        ("-k 0", "-k: Invalid number '0'"),
        ("-k x", "-k: Invalid number 'x'"),
        ("-t x", "-t: Invalid argument: x"),
        ("-T x", "-T: Syntax error"),
        ("-T -1", "-T: Range error"),
        ("-L 0", "-L: Range error"),
        ("-L x", "-L: Syntax error"),
        ("-R 0", "-R: Range error"),
        ("-I ReqURL:(", "-I: Regex error at position 1 (missing closing parenthesis)"),
        ("-X nothing:x", "-X: \"nothing\" matches zero tags"),
        ("-D", "Missing -w option"),
        ("-D -w -", "Daemon cannot write to stdout"),
        (
            "--since 25:00",
            "--since: \"25:00\" is no moment; write a time of day such as 13:29 or 13:29:05, -10m (s, m, h or d before now), a date such as 2026-11-22, date and time, or seconds since 1970",
        ),
        ("--since -10m --until -20m", "--until: -20m is before the beginning"),
        ("--tz CET", "--tz: \"CET\" is no time zone; write utc, local or an offset such as +02:00"),
        (
            "--limit-bytes 0",
            "--limit-bytes: \"0\" is no size; write bytes, or a number with K, M or G",
        ),
        (
            "--limit-bytes 12X",
            "--limit-bytes: \"12X\" is no size; write bytes, or a number with K, M or G",
        ),
        ("-Q /nonexistent", "-Q /nonexistent: No such file or directory"),
    ] {
        assert_eq!(error(line), expected, "{line}");
    }
    assert!(error("-q (").starts_with("Query expression error:\n"));
    assert!(error("--dialect 5").contains("unknown dialect"));
    assert!(error("--color sometimes").contains("[possible values: auto, always, never]"));
}

#[test]
fn sources() {
    let it = settings("-r x.vsl -w -").unwrap();
    assert_eq!(it.reading.from, From::File(PathBuf::from("x.vsl")));
    assert_eq!(it.to, To::File { path: PathBuf::from("-"), append: false, text: false });
    let it = settings("-n a -d -t off").unwrap();
    assert_eq!(
        it.reading.from,
        From::Live { instance: Some("a".into()), patience: Patience::ForEver, dump: true }
    );
}
