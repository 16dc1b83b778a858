//! Under the stock name we are the stock tool: formats and options over all recorded logs, mistakes, and what differs on
//! purpose.

use super::made_up;
use crate::support::beside::{Beside, words};
use crate::support::dice::Dice;
use crate::support::differences::check;
use crate::support::fixture::unpacked_file;
use crate::support::varnish;

/// A blank separates words, `_` stands for a blank in one.
const OPTIONS: &[&str] = &[
    "",
    "-b",
    "-c",
    "-E",
    "-b -c",
    "-E -b",
    "-g request",
    "-g request -b",
    "-g REQ -E",
    "-j",
    "-j -b -c -E",
    "-j -g request",
    "-q RespStatus_>=_400",
    "-q ReqMethod_eq_\"get\" -C",
    "-q BerespStatus -g request",
    "-L 1",
    "-L 2 -b -c",
    "-R 1/1h",
    "-w -",
    "-a -w -",
    "-d",
];

/// Formats; the first is none.
const FORMATS: &[&str] = &[
    "",
    "%h|%l|%u|%t|%r|%s|%b|%D|%H|%I|%m|%O|%q|%T|%U",
    "%{s}T|%{ms}T|%{us}T|%{sec}t|%{msec}t|%{usec}t|%{msec_frac}t|%{usec_frac}t|%{%c %j %-d %^a %010Y %s}t",
    "%{Host}i|%{HOST}o|%{content-length}o|%{X-Varnish}o|%{a:b}i|%{}i|%{set-cookie}o|%{Accept-Encoding}i",
    "%{Varnish:hitmiss}x|%{Varnish:handling}x|%{Varnish:side}x|%{Varnish:vxid}x|%{Varnish:time_firstbyte}x",
    "%{VCL_Log:key}x|%{VCL_Log:}x|%{VCL_Log:fetch.phase}x|%{VSL:VCL_Log}x|%{VSL:VCL_call[1]}x|%{VSL:FetchError}x",
    "%{VSL:Timestamp:Resp[2]}x|%{VSL:time:start[1]}x|%{VSL:ReqHeader:host}x|%{VSL:Link}x|%{VSL:End}x|%{VSL:Begin[2]}x",
    "\\t\\n\\q\\\\%s\\",
];

/// Command lines that end before anything is read, or whose input is no log.
const MISTAKES: &[&str] = &[
    "-Z",
    "-k 1",
    "-T 1",
    "-i ReqURL",
    "-v",
    "x",
    "-h",
    "-hx",
    "-F",
    "-f",
    "-g",
    "-g raw",
    "-g session",
    "-g r",
    "-g foo",
    "-g raw -F %",
    "-F % -q (",
    "-D -F %",
    "-D",
    "-D -w -",
    "-D -w /dev/null -r -",
    "-F % -D -w -",
    "-w /nonexistent/x",
    "-w /nonexistent/x -q (",
    "-w /nonexistent/x -g raw",
    "-q (",
    "-q nothing",
    "-n x",
    "-r /nonexistent",
    "-r /",
    "-r /dev/null",
    "-r Cargo.toml",
    "-r -",
    "-P /nonexistent/x",
    "-Q /nonexistent",
    "-L 0",
    "-L x",
    "-R 0",
    "-R 1/",
    "-f /nonexistent",
    "-f /",
    "-f /dev/null",
    "-F x -F y",
    "-F x -f /dev/null",
    "-F %",
    "-F %%",
    "-F %Z",
    "-F a%{x",
    "-F %{x}",
    "-F %{x}Z",
    "-F %{x}T",
    "-F %{ms}D",
    "-F %{x}x",
    "-F %{}x",
    "-F %{VSL:}x",
    "-F %{VSL:no}x",
    "-F %{VSL:Req}x",
    "-F %{VSL::x}x",
    "-F %{VSL:[1]}x",
    "-F %{VSL:ReqURL[0]}x",
    "-F %{VSL:ReqURL[256]}x",
    "-F %{VSL:ReqURL[-1]}x",
    "-F %{VSL:ReqURL[]}x",
    "-F %{VSL:ReqURL[1x]}x",
    "-F %{VSL:ReqURL[0x1]}x",
    "-F %{VSL:ReqURL[1]x}x",
    "-F %{VSL:ReqURL[1]]}x",
    "-F %{VSL:ReqURL[1}x",
    "-F %{VSL:ReqURL[_1]}x",
    "-F %{VSL:ReqURL[+1]}x",
    "-F %{VSL:ReqURL[010]}x",
    "-F %{VSL:Req*}x",
    "-F %{VSL:Timestamp[1]:Start}x",
    "-F %{VSL:Debug}x",
    "-F %{VSL:hash}x",
    "-F %{VSL:_ReqURL}x",
    "-F %{Varnish:x}x",
    "-F %{varnish:side}x",
    "-F %{VCL_Log}x",
    "-F %{vcl_log:x}x",
    "-F %{upstream_addr}x",
    "-F %{Varnish:default_format}x",
    "-F %{Host:first}i",
    "-j -F %{VSL:Debug}x",
    "-j -F %{VSL:HttpGarbage}x",
    "--optstring",
    "--optstring x",
    "--synopsis",
    "--help",
    "-F %s -jbcE -q RespStatus",
];

fn with_format(format: &str) -> Vec<String> {
    if format.is_empty() { Vec::new() } else { vec!["-F".to_owned(), format.to_owned()] }
}

#[test]
fn every_combination_does_what_the_stock_tool_does() {
    if !varnish::is_here() {
        return;
    }
    let place = Beside::new("varnishncsa");
    let logs = place.logs();
    assert!(logs.len() >= 100, "{} logs", logs.len());
    // Each log meets some combinations and each combination some logs, in another way for neighbours.
    let mut cases = Vec::new();
    for (at, (options, format)) in OPTIONS
        .iter()
        .flat_map(|options| FORMATS.iter().map(move |format| (options, format)))
        .enumerate()
    {
        for step in 0..LOGS_PER_COMBINATION {
            let log = &logs[(at * LOGS_PER_COMBINATION + step) % logs.len()];
            cases.push(
                [words("-r"), vec![log.clone()], words(options), with_format(format)].concat(),
            );
        }
    }
    place.compare(&cases, |_| false);
}

const LOGS_PER_COMBINATION: usize = 5;

/// Megabytes of mixed traffic.
#[test]
fn the_corpus_of_the_stock_tool_reads_the_same() {
    if !varnish::is_here() {
        return;
    }
    let place = Beside::new("varnishncsa");
    let corpus = unpacked_file("corpus/mix-7.vsl.zst");
    std::fs::write(place.path().join("mix-7.vsl"), corpus).expect("the directory is ours");
    let cases: Vec<Vec<String>> = ["", "-b -c -E", "-g request -j"]
        .iter()
        .zip(FORMATS)
        .map(|(options, format)| {
            [words("-r mix-7.vsl"), words(options), with_format(format)].concat()
        })
        .collect();
    place.compare(&cases, |_| false);
}

#[test]
fn mistakes_are_told_in_the_same_words() {
    if !varnish::is_here() {
        return;
    }
    let place = Beside::new("varnishncsa");
    let cases: Vec<Vec<String>> = MISTAKES
        .iter()
        .map(|line| {
            // The parts of the manual page are printed for a word that is alone.
            let alone = ["--optstring", "--synopsis"].contains(line);
            let start = if alone { "" } else { "-t 0 -r synth.vsl" };
            [words(start), words(line)].concat()
        })
        .chain(["-n /nonexistent -t 0", "-n x -t x", "-t 0 -n nobody/here -d"].map(words))
        .collect();
    place.compare(&cases, |_| false);
}

#[test]
fn a_format_comes_from_the_first_line_of_a_file() {
    if !varnish::is_here() {
        return;
    }
    let place = Beside::new("varnishncsa");
    for (name, text) in
        [("a", "%s %m\n%h\n"), ("b", "%s"), ("c", "\n"), ("d", "%s \0 %h\n"), ("e", "%Z\n")]
    {
        std::fs::write(place.path().join(name), text).expect("the directory is ours");
    }
    let cases: Vec<_> =
        ["a", "b", "c", "d", "e"].map(|name| words(&format!("-r synth.vsl -f {name}"))).into();
    place.compare(&cases, |_| false);
}

#[test]
fn what_is_written_to_a_file_is_the_same() {
    if !varnish::is_here() {
        return;
    }
    let place = Beside::new("varnishncsa");
    for append in ["", "-a"] {
        let [ours, theirs] = [place.ours(), place.theirs().into()].map(|program| {
            let file = place.path().join("out");
            std::fs::write(&file, "before\n").expect("the directory is ours");
            let args = words(&format!("-r esi.vsl -E -w out {append}"));
            let output = place.run(&program, &args);
            assert!(output.status.success() && output.stdout.is_empty());
            std::fs::read_to_string(&file).expect("it is there")
        });
        assert!(ours.lines().count() > 1);
        assert_eq!(ours, theirs, "{append}");
    }
}

const MADE_UP: usize = 400;

#[test]
fn made_up_formats_and_logs_do_what_the_stock_tool_does() {
    if !varnish::is_here() {
        return;
    }
    let place = Beside::new("varnishncsa");
    let mut dice = Dice::new();
    eprintln!("seed {} (SHELLAC_SEED)", dice.seed());
    let mut logs = place.logs();
    for at in 0..40 {
        let name = format!("made-up-{at}.vsl");
        std::fs::write(place.path().join(&name), made_up::log(&mut dice)).expect("ours");
        // Most of the time one of them.
        logs.extend([name.clone(), name.clone(), name]);
    }
    let cases: Vec<Vec<String>> = (0..MADE_UP).map(|_| made_up::line(&mut dice, &logs)).collect();
    place.compare(&cases, |_| false);
}

#[test]
fn the_differences_are_as_they_are_described() {
    let place = Beside::new("varnishncsa");
    std::fs::write(place.path().join("high.vsl"), made_up::authorized(b"dXNl\xffxxx"))
        .expect("ours");
    check("differences-ncsa.toml", 12, &place, &[]);
}
