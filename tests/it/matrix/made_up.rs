//! Command lines by chance, from the letters that the tool itself says it has.

use std::process::Command;
use std::sync::OnceLock;

use crate::support::dice::Dice;

/// Arguments for an option, good and bad. Options that are not here reach for processes or files.
fn values(letter: char) -> &'static [&'static str] {
    match letter {
        'g' => &["raw", "vxid", "request", "session", "RE", "s", "V", "r", ""],
        'i' | 'x' => &[
            "ReqURL",
            "Begin,End",
            "*",
            "*Header",
            "Req*",
            "vcl_c*",
            "ReqU",
            "req",
            "a*b*",
            "",
            "Nothing",
        ],
        'I' | 'X' => &[
            "/",
            "^",
            "ReqURL:a",
            "*:1",
            "Req*:^/",
            "[0-9]+$",
            "HOST",
            "VCL_call:recv|hash",
            "(",
            "Req:a",
            ":",
        ],
        'k' => &["1", "2", "7", "1000", "0", "x"],
        'L' => &["1", "2", "3", "50", "0x10", "0", "9x"],
        'T' => &["0", "120", "3.5", "x", "-1"],
        'R' => &["1/1h", "1/d", "1/w", "0", "1/x"],
        'q' => &[
            "ReqURL",
            "RespStatus >= 300",
            "not RespStatus == 200",
            "ReqURL ~ \"a\"",
            "BerespStatus or FetchError",
            "vxid > 3",
            "{1}Begin",
            "ReqHeader:host",
            "Timestamp[3] >= 0.0",
            "VCL_call eq \"RECV\" and Resp* ~ \"1\"",
            "ReqURL ~",
            "(",
        ],
        't' => &["0", "off", "x"],
        'w' => &["-"],
        _ => &[],
    }
}

/// What the program says its options are: our one table.
fn optstring() -> &'static str {
    static OPTSTRING: OnceLock<String> = OnceLock::new();
    OPTSTRING.get_or_init(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
        std::os::unix::process::CommandExt::arg0(&mut command, "varnishlog");
        let output = command.arg("--optstring").output().expect("it starts");
        String::from_utf8(output.stdout).expect("letters").trim_end().to_owned()
    })
}

/// A few options and a log to read.
pub(super) fn line(dice: &mut Dice, logs: &[String]) -> Vec<String> {
    let letters: Vec<(char, bool)> = optstring()
        .char_indices()
        .filter(|&(_, letter)| letter != ':')
        .map(|(at, letter)| (letter, optstring()[at + 1..].starts_with(':')))
        // Their own tests; they end the tool or reach outside.
        .filter(|(letter, _)| !"hVDnPQrd".contains(*letter))
        .collect();
    let mut line = Vec::new();
    for _ in 0..dice.below(6) {
        let &(letter, has_value) = dice.one_of(&letters);
        if !has_value {
            line.push(format!("-{letter}"));
            continue;
        }
        let values = values(letter);
        assert!(!values.is_empty(), "no arguments for -{letter}");
        // Rarely a bad one: those are at the end, and end everything.
        let good = values.len() - usize::from(dice.below(8) > 0) * (values.len() / 3);
        let value = values[dice.below(good.max(1))];
        if dice.below(2) == 0 && !value.is_empty() {
            line.push(format!("-{letter}{value}"));
        } else {
            line.extend([format!("-{letter}"), value.to_owned()]);
        }
    }
    let log = dice.one_of(logs).clone();
    let at = dice.below(2) * line.len();
    line.splice(at..at, ["-r".to_owned(), log]);
    line
}
