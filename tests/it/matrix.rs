//! Under the name of the stock log tool we are that tool: output, messages and exit status for a matrix of
//! options over all recorded logs, and for command lines that are made up by chance (`SHELLAC_SEED` makes others).

mod made_up;

use crate::support::beside::{Beside, words};
use crate::support::dice::Dice;
use crate::support::differences::{Difference, assert_held, check, read, rows, text};
use crate::support::fixture::unpacked_file;
use crate::support::varnish;

/// What differs on purpose.
const LIST: &str = "differences.toml";

const GROUPINGS: [&str; 4] = ["raw", "vxid", "request", "session"];

/// Options that are tried with each grouping. A blank separates words, `_` stands for a blank in one.
const OPTIONS: &[&str] = &[
    "",
    "-v",
    "-b",
    "-c",
    "-E",
    "-b -c",
    "-E -b",
    "-c -E -v",
    "-i ReqURL",
    "-i ReqURL,Begin,End",
    "-i req*",
    "-i *Header -x ReqHeader",
    "-x Req*,Resp*",
    "-x * -i VCL_call",
    "-I ReqURL:^/",
    "-I ^/.",
    "-I *:[0-9]{4} -v",
    "-X ReqURL:a",
    "-X .",
    "-C -I HOST -X VCL_call:recv",
    "-I host -C",
    "-x Timestamp -I Start: -b",
    "-i Begin -X esi -c -E",
    "-k 1",
    "-k 3 -v",
    "-R 1/1h",
    "-R 1/d -k 1",
    "-L 1",
    "-L 3 -c",
    "-L 2 -b -v",
    "-T 0",
    "-T 0 -E",
    "-T 1.5 -L 0x10",
    "-u",
    "-A -a -u",
    "-w -",
    "-A -w -",
    "-A -u -w - -i Begin",
    "-b -w -",
    "-c -w -",
    "-E -w -",
    "-i ReqURL -w -",
    "-x * -w - -k 2",
    "-q RespStatus_>=_400",
    "-q ReqURL_~_\"^/\" -c",
    "-q BerespStatus -b -v",
    "-q vxid_>_0 -k 2",
    "-C -q ReqMethod_eq_\"get\" -i ReqURL",
    "-q ReqMethod -q FetchError -i Begin",
];

/// Command lines that end before anything is read, or whose input is no log.
const MISTAKES: &[&str] = &[
    "-Z",
    "-gZ",
    "-vZ",
    "--",
    "-- x",
    "x",
    "-",
    "--help",
    "--version",
    "-g",
    "-k",
    "-vq",
    "-h",
    "-hx",
    "x -h",
    "-g r",
    "-g RA",
    "-g -r",
    "-k 0",
    "-k x",
    "-k 2147483648",
    "-k 5_",
    "-k _5",
    "-L 0",
    "-L 5x",
    "-L -1",
    "-L 2147483648",
    "-T x",
    "-T -1",
    "-T 1e9",
    "-T 1s",
    "-T .",
    "-R 0",
    "-R 1/",
    "-R 1/x",
    "-R 5x",
    "-R 1/0s",
    "-R 1/5",
    "-R 99999999999",
    "-i Req",
    "-i nothing",
    "-i *a*b",
    "-i ,",
    "-x Resp,no",
    "-I (",
    "-I no:x",
    "-I :x",
    "-X ReqURL:[",
    "-X Req:x",
    "-I a*b*:x",
    "-n x",
    "-D",
    "-D -w -",
    "-D -w /dev/null -r -",
    "-w /nonexistent/x",
    "-r /nonexistent",
    "-r /",
    "-r /dev/null",
    "-r -",
    "-r Cargo.toml",
    "-P /nonexistent/x",
    "-Q /nonexistent",
    "-Q /dev/fd/x",
    "-q (",
    "-q nothing",
    "-q ReqURL_~_(",
    "-q vxid",
    "-q RespStatus_>",
    "-q \"",
    "--optstring",
    "--optstring x",
    "--synopsis",
    "-g vxid --synopsis",
    "-t x -k 1",
    "-g vxid,raw",
    "-i",
    "-iReqURL -gfoo -Z",
    "-r /nonexistent -q nothing",
    "-w - -q (",
    "-w - -u -v -r /nonexistent",
    "-w - -r synth.vsl -P /nonexistent/pid",
    "-w - -A -q (",
    "-w - -n x -r synth.vsl",
    "-n x -q nothing",
    "-w /nonexistent/x -n x -q nothing",
    "-aAbcCdDEuv",
    "-qReqURL -gs -k1",
];

#[test]
fn every_combination_does_what_the_stock_tool_does() {
    if !varnish::is_here() {
        return;
    }
    let place = Beside::new("varnishlog");
    let logs = place.logs();
    assert!(logs.len() >= 100, "{} logs", logs.len());
    let combinations: Vec<Vec<String>> = GROUPINGS
        .iter()
        .flat_map(|grouping| {
            OPTIONS.iter().map(move |options| words(&format!("-g {grouping} {options}")))
        })
        .collect();
    assert!(combinations.len() >= 150);
    // Each log meets some combinations and each combination some logs, in another way for neighbours.
    let mut cases = Vec::new();
    for (at, combination) in combinations.iter().enumerate() {
        for step in 0..LOGS_PER_COMBINATION {
            let log = &logs[(at * LOGS_PER_COMBINATION + step) % logs.len()];
            cases.push([words("-r"), vec![log.clone()], combination.clone()].concat());
        }
    }
    compare(&place, &cases, &read(LIST));
}

/// Megabytes of mixed traffic.
#[test]
fn the_corpus_of_the_stock_tool_reads_the_same() {
    if !varnish::is_here() {
        return;
    }
    let place = Beside::new("varnishlog");
    let corpus = unpacked_file("corpus/mix-7.vsl.zst");
    std::fs::write(place.path().join("mix-7.vsl"), corpus).expect("the directory is ours");
    let cases = GROUPINGS.map(|grouping| words(&format!("-r mix-7.vsl -g {grouping}")));
    compare(&place, &cases, &[]);
}

/// Compares all of them, but what the list of differences says is different.
fn compare(place: &Beside, cases: &[Vec<String>], known: &[Difference]) {
    place.compare(cases, |args| known.iter().any(|it| it.covers(args)));
}

/// With 196 combinations every log is read some ten times.
const LOGS_PER_COMBINATION: usize = 8;

#[test]
fn mistakes_are_told_in_the_same_words() {
    if !varnish::is_here() {
        return;
    }
    let place = Beside::new("varnishlog");
    let cases: Vec<Vec<String>> = MISTAKES
        .iter()
        .map(|line| {
            // The parts of the manual page are printed for a word that is alone.
            let alone = ["--optstring", "--synopsis"].contains(line);
            let start = if alone { "" } else { "-t 0 -r synth.vsl" };
            [words(start), words(line)].concat()
        })
        .collect();
    compare(&place, &cases, &read(LIST));
}

#[test]
fn who_is_not_there_is_missed_in_the_same_words() {
    if !varnish::is_here() {
        return;
    }
    let cases: Vec<Vec<String>> = ["", "-d", "-g request -q ReqURL", "-P pid"]
        .iter()
        .flat_map(|more| {
            ["-n /nonexistent -t 0", "-t 0 -n nobody/here", "-n x -t x", "-n x -t -1"]
                .map(|line| [words(line), words(more)].concat())
        })
        .collect();
    compare(&Beside::new("varnishlog"), &cases, &read(LIST));
}

#[test]
fn made_up_command_lines_do_what_the_stock_tool_does() {
    if !varnish::is_here() {
        return;
    }
    let place = Beside::new("varnishlog");
    let mut dice = Dice::new();
    eprintln!("seed {} (SHELLAC_SEED)", dice.seed());
    let logs = place.logs();
    let cases: Vec<Vec<String>> =
        (0..MADE_UP_LINES).map(|_| made_up::line(&mut dice, &logs)).collect();
    compare(&place, &cases, &read(LIST));
}

const MADE_UP_LINES: usize = 600;

#[test]
fn the_differences_are_as_they_are_described() {
    check(LIST, 12, &Beside::new("varnishlog"), &[]);
}

/// What later versions do cannot be run here.
#[test]
fn what_later_versions_do_is_held_by_the_tests_that_are_named() {
    let newer = rows(LIST, "newer");
    assert!(!newer.is_empty());
    for row in &newer {
        assert!(["recorded", "described"].contains(&text(row, "known")), "{row}");
        assert!(!text(row, "what").is_empty());
        assert_held(text(row, "held_by"));
    }
}
