use std::time::Duration;

use super::{Commands, Place, Row};
use crate::words::words;
use crate::{Answer, Status};

const ROWS: &[Row] = &[
    Row {
        name: "vcl.use",
        aliases: &["config.use"],
        syntax: "vcl.use <configname>",
        help: "Switch.",
        least: 1,
        most: Some(1),
        json: false,
        changes: false,
        place: Place::Manager,
    },
    Row {
        name: "backend.list",
        aliases: &[],
        syntax: "backend.list [-j]",
        help: "List backends.",
        least: 0,
        most: None,
        json: true,
        changes: false,
        place: Place::Worker,
    },
];

fn check(line: &str, worker_runs: bool) -> Result<(bool, Vec<String>), Answer> {
    let commands = Commands::new(&[ROWS]);
    commands.check(words(line.as_bytes()).unwrap(), worker_runs).map(|call| (call.json, call.args))
}

#[test]
fn requests_are_checked_before_they_are_run() {
    assert_eq!(check("backend.list -j a b", true), Ok((true, vec!["a".into(), "b".into()])));
    assert_eq!(check("backend.list a -j", true), Ok((false, vec!["a".into(), "-j".into()])));
    assert_eq!(check("config.use x", false), Ok((false, vec!["x".into()])));
    let cases = [
        ("nosuch", 101, "Unknown request.\nType 'help' for more info.\n"),
        (
            "Ping",
            101,
            "Unknown request.\nType 'help' for more info.\nall commands are in lower-case.\n",
        ),
        ("9x", 101, "Unknown request.\nType 'help' for more info.\n"),
        ("\"\"", 101, "Unknown request.\nType 'help' for more info.\n"),
        ("vcl.use", 104, "Too few parameters\n"),
        ("vcl.use a b", 105, "Too many parameters\n"),
        ("vcl.use -j", 102, "JSON unimplemented\n"),
        ("ping -j x y", 105, "Too many parameters\n"),
    ];
    for (line, code, text) in cases {
        assert_eq!(check(line, true), Err(Answer::new(Status::new(code).unwrap(), text)), "{line}");
    }
    for line in ["backend.list", "nosuch"] {
        let answer = check(line, false).unwrap_err();
        assert_eq!(
            (answer.status.code(), answer.text().as_str()),
            (
                101,
                "Unknown request in manager process (child not running).\nType 'help' for more info."
            )
        );
    }
}

#[test]
fn help_shows_what_there_is() {
    let commands = Commands::new(&[ROWS]);
    let help = |line: &str| {
        let call = commands.check(words(line.as_bytes()).unwrap(), true).unwrap();
        commands.help(&call, Duration::from_secs(7))
    };
    assert_eq!(
        help("help").text(),
        "auth <response>\nbackend.list [-j]\nbanner\nhelp [-j|<command>]\nping [-j] [<timestamp>]\nquit\nvcl.use <configname>\n"
    );
    assert_eq!(help("help config.use").text(), "vcl.use <configname>\nSwitch.\n");
    assert_eq!(help("help nosuch").status, Status::UNKNOWN);
    assert_eq!(help("help -x"), Answer::new(Status::UNKNOWN, "Unknown flag\n"));
    let json = help("help -j").text();
    assert!(
        json.starts_with("[ 2, [\"help\", \"-j\"], 7.000,\n  {\n    \"request\": \"auth\",\n"),
        "{json}"
    );
    assert!(json.contains(
        "    \"minarg\": 0,\n    \"maxarg\": -1,\n    \"flags\": \"\",\n    \"json\": true\n  },"
    ));
    assert!(json.ends_with("\n  }\n]\n"));
}
