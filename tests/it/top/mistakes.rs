//! What is wrong with a command line is told in the words of the stock tools.

use crate::support::beside::{Beside, words};
use crate::support::differences::check;
use crate::support::varnish;

/// For varnishtop, behind `-1 -t 0 -r FILE`.
const OF_TOP: &[&str] = &[
    "-Z",
    "-gZ",
    "--",
    "-- x",
    "x",
    "-",
    "--help",
    "-g",
    "-h",
    "-hx",
    "x -h",
    "-g r",
    "-g -r",
    "-p x",
    "-p 5x",
    "-p 1e3",
    "-p",
    "-k 1",
    "-L 0",
    "-T x",
    "-i Req",
    "-i *a*b",
    "-I (",
    "-n x",
    "-r /nonexistent",
    "-r /dev/null",
    "-r Cargo.toml",
    "-r /",
    "-Q /nonexistent",
    "-q (",
    "-q nothing",
    "-t x",
    "-bcCdEf1",
    "-qReqURL -p 7",
    "-p 99999999999999",
    "-p -3",
    "-p _8",
];

/// For varnishhist, behind `-t 0 -r FILE`; each of them ends it.
const OF_HIST: &[&str] = &[
    "-Z",
    "--",
    "-- x",
    "x",
    "-h",
    "-hx",
    "-g",
    "-g r",
    "-g raw",
    "-g ses",
    "-g ALL",
    "-P foo -g raw",
    "-B 0",
    "-B -1",
    "-B x",
    "-B",
    "-p 0",
    "-p x",
    "-p",
    "-p 1e-9",
    "-p nan",
    "-P",
    "-P foo",
    "-P nosuch:x:1",
    "-P Debug::1",
    "-P ReqStatus::1",
    "-P Req*::1",
    "-P Req::1",
    "-P ReqURL,Begin::1",
    "-P :",
    "-P b:",
    "-P b:ReqURL",
    "-P ReqURL:",
    "-P ReqURL::x",
    "-P ReqURL:/:1:a:b",
    "-P ReqURL::1:1",
    "-P ReqURL::1:1e1:2",
    "-P C:ReqURL::1",
    "-P Timestamp:Process::1",
    "-P foo -q (",
    "-P foo -B 0",
    "-1",
    "-b",
    "-i ReqURL",
    "-k 1",
    "-L 0",
    "-T x",
    "-n x",
    "-r /nonexistent",
    "-Q /nonexistent",
    "-q (",
    "-q nothing",
];

#[test]
fn mistakes_are_told_in_the_same_words() {
    if !varnish::is_here() {
        return;
    }
    for (tool, lines, start) in [
        ("varnishtop", OF_TOP, "-1 -t 0 -r synth.vsl"),
        ("varnishhist", OF_HIST, "-t 0 -r synth.vsl"),
    ] {
        let place = Beside::new(tool);
        let mut cases: Vec<Vec<String>> =
            lines.iter().map(|line| [words(start), words(line)].concat()).collect();
        cases.extend(["--optstring", "--synopsis"].map(words));
        cases.extend(
            ["-n /nonexistent -t 0 -1", "-n x -t x -1"]
                .map(words)
                .into_iter()
                .filter(|_| tool == "varnishtop"),
        );
        place.compare(&cases, |_| false);
    }
}

#[test]
fn the_differences_are_as_they_are_described() {
    check("differences-top.toml", 8, &Beside::new("varnishtop"), &[]);
    check("differences-hist.toml", 9, &Beside::new("varnishhist"), &[]);
}
