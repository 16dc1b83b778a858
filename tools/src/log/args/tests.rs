use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use shellac_format::{Dialect, Side, Tag, Vxid};
use shellac_log::{Grouping, LogRecord};

use crate::attach::Patience;

use super::super::settings::{From, Settings, To};
use super::Args;

#[derive(Parser, Debug)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

fn settings(line: &str) -> anyhow::Result<Settings> {
    let words = std::iter::once("log").chain(line.split_whitespace());
    Cli::try_parse_from(words)?.args.settings()
}

fn error(line: &str) -> String {
    format!("{:#}", settings(line).unwrap_err())
}

/// The tags among these that a command line shows.
fn shown(line: &str) -> Vec<Tag> {
    let filter = settings(line).unwrap().filter.compile(Dialect::V6_0);
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
    let it = settings("").unwrap();
    let patience = Patience::For(Duration::from_secs(5));
    assert_eq!(it.from, From::Live { instance: None, patience, dump: false });
    assert_eq!((it.to, it.grouping, it.count), (To::Text, Grouping::Vxid, None));
    assert_eq!((it.limits.timeout, it.limits.open_max), (Duration::from_secs(120), 1000));
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
        assert_eq!(settings(&format!("-g {word}")).unwrap().grouping, grouping);
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
        ("-Q /nonexistent", "-Q /nonexistent: No such file or directory"),
    ] {
        assert_eq!(error(line), expected, "{line}");
    }
    assert!(error("-q (").starts_with("Query expression error:\n"));
    assert!(error("--dialect 5").contains("unknown dialect"));
}

#[test]
fn sources() {
    let it = settings("-r x.vsl -w -").unwrap();
    assert_eq!(it.from, From::File(PathBuf::from("x.vsl")));
    assert_eq!(it.to, To::File { path: PathBuf::from("-"), append: false, text: false });
    let it = settings("-n a -d -t off").unwrap();
    assert_eq!(
        it.from,
        From::Live { instance: Some("a".into()), patience: Patience::ForEver, dump: true }
    );
}
