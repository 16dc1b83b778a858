//! `-1`: byte for byte as varnishtop, over all recorded logs and for command lines by chance.

use crate::support::beside::{Beside, words};
use crate::support::dice::Dice;
use crate::support::fixture::unpacked_file;
use crate::support::varnish;

const GROUPINGS: [&str; 4] = ["raw", "vxid", "request", "session"];

/// Options that are tried with each grouping.
const OPTIONS: &[&str] = &[
    "",
    "-f",
    "-b",
    "-c",
    "-E",
    "-b -c",
    "-E -b -f",
    "-i ReqURL",
    "-i *Header -x ReqHeader -f",
    "-x Req*,Resp*",
    "-I ReqURL:^/",
    "-I *:[0-9]{4}",
    "-X .",
    "-C -I HOST -X VCL_call:recv",
    "-L 1",
    "-L 3 -c",
    "-T 0 -E",
    "-d",
    "-p 10",
    "-q RespStatus_>=_400",
    "-q ReqURL_~_\"^/\" -c",
    "-C -q ReqMethod_eq_\"get\" -i ReqURL",
];

/// With 88 combinations every log is read some five times.
const LOGS_PER_COMBINATION: usize = 8;
const MADE_UP_LINES: usize = 250;

#[test]
fn every_combination_lists_what_the_stock_tool_lists() {
    if !varnish::is_here() {
        return;
    }
    let place = Beside::new("varnishtop");
    let logs = place.logs();
    let combinations: Vec<Vec<String>> = GROUPINGS
        .iter()
        .flat_map(|grouping| {
            OPTIONS.iter().map(move |options| words(&format!("-1 -g {grouping} {options}")))
        })
        .collect();
    let mut cases = Vec::new();
    for (at, combination) in combinations.iter().enumerate() {
        for step in 0..LOGS_PER_COMBINATION {
            let log = &logs[(at * LOGS_PER_COMBINATION + step) % logs.len()];
            cases.push([words("-r"), vec![log.clone()], combination.clone()].concat());
        }
    }
    // And each log as it is.
    cases.extend(logs.iter().map(|log| words(&format!("-1 -r {log}"))));
    place.compare(&cases, |_| false);
}

#[test]
fn a_corpus_is_listed_in_the_same_order() {
    if !varnish::is_here() {
        return;
    }
    let place = Beside::new("varnishtop");
    let corpus = unpacked_file("corpus/mix-7.vsl.zst");
    std::fs::write(place.path().join("mix-7.vsl"), corpus).expect("the directory is ours");
    let cases = ["-g raw -f", "-g vxid", "-g request -i Req*", "-g session -b"]
        .map(|options| words(&format!("-1 -r mix-7.vsl {options}")));
    place.compare(&cases, |_| false);
}

#[test]
fn made_up_command_lines_list_what_the_stock_tool_lists() {
    if !varnish::is_here() {
        return;
    }
    let place = Beside::new("varnishtop");
    let logs = place.logs();
    let mut dice = Dice::new();
    eprintln!("seed {} (SHELLAC_SEED)", dice.seed());
    let lines: Vec<Vec<String>> = (0..MADE_UP_LINES).map(|_| made_up(&mut dice, &logs)).collect();
    place.compare(&lines, |_| false);
}

/// A few options, some of them wrong, and a log to read.
fn made_up(dice: &mut Dice, logs: &[String]) -> Vec<String> {
    const MORE: &[&str] = &[
        "-b",
        "-c",
        "-C",
        "-d",
        "-E",
        "-f",
        "-1",
        "-bf",
        "-cC",
        "-i Begin,End",
        "-i *",
        "-i req*",
        "-iReqURL",
        "-x vcl_c*",
        "-xRespHeader",
        "-i Nothing",
        "-x a*b*",
        "-I /",
        "-I HOST",
        "-I Req*:^/",
        "-X [0-9]+$",
        "-X (",
        "-L 1",
        "-L 2",
        "-L 50",
        "-L 0",
        "-T 0",
        "-T 3.5",
        "-T x",
        "-p 5",
        "-p 0x10",
        "-p 1.5",
        "-p _7",
        "-p",
        "-q ReqURL",
        "-q RespStatus_>=_300",
        "-q vxid_>_3",
        "-q (",
        "-q not_RespStatus_==_200",
        "-t 0",
        "-t x",
        "-Z",
        "-k 1",
        "-v",
        "x",
    ];
    let mut line = words(&format!("-1 -g {}", dice.one_of(&GROUPINGS)));
    for _ in 0..dice.below(5) {
        let more: &str = MORE[dice.below(MORE.len())];
        line.extend(words(more));
    }
    let log = dice.one_of(logs).clone();
    let at = dice.below(2) * line.len();
    line.splice(at..at, ["-r".to_owned(), log]);
    line
}
