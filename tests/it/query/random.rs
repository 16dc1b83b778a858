//! Queries made up from the grammar, some of them damaged, asked of both log tools over recorded logs.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{compare, named_as_stock, run};
use crate::support::dice::Dice;
use crate::support::fixture::unpacked_archive;
use crate::support::varnish;

/// How many are asked.
const QUERIES: usize = 400;

const TAGS: [&str; 24] = [
    "ReqURL",
    "RespStatus",
    "BerespStatus",
    "Timestamp",
    "RespHeader",
    "ReqHeader",
    "Resp*",
    "*Header",
    "BereqURL",
    "fetche",
    "Begin",
    "Link",
    "End",
    "VCL_call",
    "VCL_ret",
    "ReqM",
    "\"ReqURL\"",
    "*",
    "Hit",
    "ReqAcct",
    "Length",
    "FetchError",
    "xx",
    "Req",
];
const TEXTS: [&str; 25] = [
    "a",
    "/",
    "200",
    "503",
    "\"GET\"",
    "esi",
    "client",
    "Process",
    "fetch",
    "GET",
    "\"\"",
    "'a b'",
    "HTTP",
    "\"\\\"x\"",
    "rxreq",
    "0",
    "req",
    "\"(\"",
    "\"^/\"",
    "\"[0-9]+$\"",
    "\"a|e\"",
    ".",
    "\"e.*e\"",
    "*",
    "\"\\\\d{3}\"",
];
const NUMBERS: [&str; 21] = [
    "0", "1", "200", "503", "0x10", "010", "1.5", "0.", ".001", "-1", "+2", "\"2 \"", "1e3",
    "1.2.3", "abc", "08", "\"\"", "100", "2.", "0.0001", "-0.5",
];
const PREFIXES: [&str; 9] = [
    "host",
    "Server",
    "x",
    "Process",
    "Start",
    "\"Content-Length\"",
    "Content-Length",
    "age",
    "User-Agent",
];
const LEVELS: [&str; 11] = ["1", "2", "0", "1+", "2-", "3+", "0x1", "x", "\"1+\"", "-1", "1 "];
const FIELDS: [&str; 8] = ["1", "2", "3", "4", "0x2", "0", "x", "\" 1\""];
const ORDERS: [&str; 6] = ["==", "!=", "<", ">", "<=", ">="];
const DAMAGE: &[u8] = b"()[]{}\"'\\\n\t :,~!=<>*.#%x1 ";

impl Dice {
    fn comparison(&mut self) -> String {
        if self.percent(8) {
            let order = self.one_of(&["==", "!=", "<", ">", "<=", ">=", "eq", "~"]);
            return format!(
                "vxid {order} {}",
                self.one_of(&["2", "3", "1.0", "0x2", "x", "-1", "32770"])
            );
        }
        let mut text = String::new();
        if self.percent(25) {
            text += &format!("{{{}}}", self.one_of(&LEVELS));
        }
        text += *self.one_of(&TAGS);
        while self.percent(20) {
            text += &format!(",{}", self.one_of(&TAGS));
        }
        if self.percent(30) {
            text += &format!(":{}", self.one_of(&PREFIXES));
        }
        if self.percent(35) {
            text += &format!("[{}]", self.one_of(&FIELDS));
        }
        match self.below(10) {
            0 | 1 => text,
            2 | 3 => format!("{text}{}{}", self.one_of(&ORDERS), self.one_of(&NUMBERS)),
            4 => format!("{text} {} {}", self.one_of(&ORDERS), self.one_of(&NUMBERS)),
            5 | 6 => format!("{text} {} {}", self.one_of(&["eq", "ne"]), self.one_of(&TEXTS)),
            _ => format!("{text} {} {}", self.one_of(&["~", "!~"]), self.one_of(&TEXTS)),
        }
    }

    fn expression(&mut self, depth: usize) -> String {
        match self.below(20) {
            10..=12 if depth < 4 => self.two("and", depth),
            13..=15 if depth < 4 => self.two("or", depth),
            16 if depth < 4 => format!("not {}", self.expression(depth + 1)),
            17 if depth < 4 => format!("not ({})", self.expression(depth + 1)),
            18 | 19 if depth < 4 => format!("({})", self.expression(depth + 1)),
            _ => self.comparison(),
        }
    }

    fn two(&mut self, word: &str, depth: usize) -> String {
        format!("{} {word} {}", self.expression(depth + 1), self.expression(depth + 1))
    }

    fn query(&mut self) -> String {
        let mut text = self.expression(0);
        if self.percent(20) {
            text += &format!(" # or\n{}", self.expression(0));
        }
        let mut bytes = text.into_bytes();
        while self.percent(25) {
            let at = self.below(bytes.len() + 1);
            if self.percent(50) && at < bytes.len() {
                bytes.remove(at);
            } else {
                bytes.insert(at, DAMAGE[self.below(DAMAGE.len())]);
            }
        }
        // An argument that starts like an option is none that asks something.
        let text = String::from_utf8(bytes).expect("everything is ASCII");
        if text.starts_with('-') { format!(" {text}") } else { text }
    }
}

#[test]
fn random_queries_have_the_same_answers() {
    if !varnish::is_here() {
        return;
    }
    let directory = unpacked_archive("captures/captures.tar.zst");
    let program = named_as_stock(directory.path());
    let entries = std::fs::read_dir(directory.path()).expect("the directory is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "vsl"));
    files.sort();
    let dice = Dice::new();
    eprintln!("seed {} (SHELLAC_SEED)", dice.seed());
    let dice = Mutex::new(dice);
    let (asked, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while asked.fetch_add(1, Ordering::Relaxed) < QUERIES {
                    let (query, file, grouping) = {
                        let mut dice = dice.lock().unwrap_or_else(|it| it.into_inner());
                        let file = files[dice.below(files.len())].clone();
                        (dice.query(), file, *dice.one_of(&["raw", "vxid", "request", "session"]))
                    };
                    let file = file.to_str().expect("a path of text");
                    let args = ["-r", file, "-g", grouping, "-q", query.as_str()];
                    // The stock tool stops with an assertion on a word in quotes that is empty.
                    let stock = run("varnishlog", &args);
                    if String::from_utf8_lossy(&stock.stderr).contains("Assert error") {
                        continue;
                    }
                    if compare(&program, &args).status.success() {
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let answered = answered.into_inner();
    assert!(answered > QUERIES / 10, "only {answered} of {QUERIES} were queries");
}
