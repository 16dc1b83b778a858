//! Formats, options and logs by chance.

use shellac_format::record::encode_text;
use shellac_format::{Dialect, Side, Tag, Vxid};

use crate::support::dice::Dice;

const DIALECT: Dialect = Dialect::V6_0;

/// A file of records.
struct Log(Vec<u8>);

impl Log {
    fn new() -> Log {
        Log(DIALECT.layout().file_magic().to_vec())
    }

    fn record(&mut self, tag: Tag, vxid: u64, side: Side, text: &[u8]) {
        let number = tag.number(DIALECT).expect("a tag of this dialect");
        encode_text(&mut self.0, DIALECT.layout(), number, Vxid(vxid), side, text, 4096);
    }
}

/// A log with one request whose user is this.
pub(super) fn authorized(user: &[u8]) -> Vec<u8> {
    let mut log = Log::new();
    for (tag, text) in [
        (Tag::Begin, &b"req 1 rxreq"[..]),
        (Tag::Timestamp, b"Start: 1795304833.557394 0.000000 0.000000"),
        (Tag::ReqHeader, &[b"Authorization: Basic ", user].concat()),
        (Tag::End, b""),
    ] {
        log.record(tag, 2, Side::Client, text);
    }
    log.0
}

/// Pieces that texts are made of.
const PIECES: &[&[u8]] = &[
    b"a",
    b"Z",
    b"7",
    b" ",
    b"  ",
    b"\t",
    b"\"",
    b"\\",
    b"\n",
    b"\r",
    b"\x0b",
    b"\x01",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xc3\xa9",
    b"?",
    b"?x=1",
    b"/",
    b":",
    b"%",
    b"http://",
    b"HTTP://",
    b"https://",
    b"example.com",
    b"127.0.0.1",
    b"\x1f",
    b"'",
    b"{",
    b"}",
];

fn text(dice: &mut Dice, most: usize) -> Vec<u8> {
    (0..dice.below(most + 1)).flat_map(|_| dice.one_of::<&[u8]>(PIECES).to_vec()).collect()
}

const HEADERS: &[&[u8]] = &[
    b"Host:",
    b"host: ",
    b"Host : ",
    b"User-Agent: ",
    b"Referer:",
    b"X-A:\t",
    b"X-A: ",
    b"x-a:",
    b"X",
    b"",
    b":",
    b"Content-Length: ",
    b"Set-Cookie: ",
];

const USERS: &[&[u8]] = &[
    b"dXNlcjpwYXNz", b"dXNlcg==", b"dXNlcg", b"dXNl", b"d", b"====", b"!!", b"", b"dX Nl", b"ZA==ZA==",
    b"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh",
];

fn request_header(dice: &mut Dice) -> Vec<u8> {
    if dice.percent(15) {
        let scheme = dice.one_of(&["Basic ", "basic ", "BASIC   ", "Basic\t", "Bearer ", "Basic"]);
        return [b"Authorization: ", scheme.as_bytes(), &dice.one_of::<&[u8]>(USERS)[..]].concat();
    }
    [dice.one_of::<&[u8]>(HEADERS).to_vec(), text(dice, 4)].concat()
}

fn stamp(dice: &mut Dice) -> Vec<u8> {
    let label = dice.one_of(&[
        "Start:",
        "start: ",
        "Resp:",
        "PipeSess:",
        "BerespBody:",
        "Process:",
        "Pipe:",
        "Beresp:",
        "Beresp: ",
        "Fetch:",
        "Start",
        "Resp",
        ":",
    ]);
    let moment = match dice.below(12) {
        0 => "x".to_owned(),
        1 => "1795304833".to_owned(),
        2 => "1.5e9".to_owned(),
        3 => "0.000001".to_owned(),
        4 => String::new(),
        5 => "1795304833.5x".to_owned(),
        _ => format!("{}.{:06}", 1_795_304_000 + dice.below(3000), dice.below(1_000_000)),
    };
    let first = format!("0.{:06}", dice.below(1_000_000));
    format!("{label} {moment} {first} 0.000000").into_bytes()
}

fn numbers(dice: &mut Dice) -> Vec<u8> {
    let many = dice.below(8);
    let words: Vec<String> = (0..many).map(|_| dice.below(100_000).to_string()).collect();
    words.join(if dice.percent(20) { "  " } else { " " }).into_bytes()
}

fn call(dice: &mut Dice) -> Vec<u8> {
    let words = [
        "RECV",
        "HIT",
        "MISS",
        "PASS",
        "SYNTH",
        "PIPE",
        "DELIVER",
        "HASH",
        "recv",
        "hit",
        "BACKEND_FETCH",
        "BACKEND_RESPONSE",
        "BACKEND_ERROR",
    ];
    dice.one_of(&words).as_bytes().to_vec()
}

fn returned(dice: &mut Dice) -> Vec<u8> {
    let words = [
        "hash", "lookup", "fetch", "deliver", "pass", "pipe", "synth", "Pipe", "fetch", "deliver",
        "hash",
    ];
    let word = if dice.percent(8) { "restart" } else { *dice.one_of(&words) };
    word.as_bytes().to_vec()
}

fn record(dice: &mut Dice) -> (Tag, Vec<u8>) {
    match dice.below(24) {
        0 => (*dice.one_of(&[Tag::ReqMethod, Tag::BereqMethod]), text(dice, 2)),
        1 => (*dice.one_of(&[Tag::ReqUrl, Tag::BereqUrl]), text(dice, 6)),
        2 => (*dice.one_of(&[Tag::ReqProtocol, Tag::BereqProtocol]), text(dice, 2)),
        3 => (*dice.one_of(&[Tag::RespStatus, Tag::BerespStatus]), numbers(dice)),
        4..=7 => (*dice.one_of(&[Tag::ReqHeader, Tag::BereqHeader]), request_header(dice)),
        8 | 9 => {
            let header = [dice.one_of::<&[u8]>(HEADERS).to_vec(), text(dice, 4)].concat();
            (*dice.one_of(&[Tag::RespHeader, Tag::BerespHeader]), header)
        }
        10 => (*dice.one_of(&[Tag::ReqUnset, Tag::RespUnset]), b"X-A: a".to_vec()),
        11 => (*dice.one_of(&[Tag::ReqAcct, Tag::BereqAcct, Tag::PipeAcct]), numbers(dice)),
        12 => (Tag::ReqStart, text(dice, 5)),
        13 => (Tag::BackendOpen, text(dice, 8)),
        14..=17 => (Tag::Timestamp, stamp(dice)),
        18 => (Tag::VclCall, call(dice)),
        19 => (Tag::VclReturn, returned(dice)),
        20 | 21 => {
            let key = *dice.one_of(&["key:", "key: ", "Key:", "key", ":", ""]);
            (Tag::VclLog, [key.as_bytes(), &text(dice, 4)].concat())
        }
        22 => (*dice.one_of(&[Tag::HttpGarbage, Tag::Debug, Tag::Hash]), text(dice, 4)),
        _ => (Tag::Error, text(dice, 4)),
    }
}

/// A file with a few dozen transactions.
pub(super) fn log(dice: &mut Dice) -> Vec<u8> {
    let mut log = Log::new();
    for at in 0..40 {
        let vxid = 100 + 2 * at;
        let (side, begin) = if dice.percent(70) {
            (
                Side::Client,
                format!("req {} {}", vxid - 1, dice.one_of(&["rxreq", "esi", "restart"])),
            )
        } else {
            (Side::Backend, format!("bereq {} fetch", vxid - 1))
        };
        log.record(Tag::Begin, vxid, side, begin.as_bytes());
        if dice.percent(80) {
            let start = format!(
                "Start: 1795304{:03}.{:06} 0.0 0.0",
                dice.below(1000),
                dice.below(1_000_000)
            );
            log.record(Tag::Timestamp, vxid, side, start.as_bytes());
        }
        for _ in 0..dice.below(30) {
            let (tag, text) = record(dice);
            // Records end where a text of C does.
            let text: Vec<u8> = text.into_iter().filter(|&byte| byte != 0).collect();
            log.record(tag, vxid, side, &text);
        }
        log.record(Tag::End, vxid, side, b"");
    }
    log.0
}

/// Parts of formats; now and then one is wrong.
const PARTS: &[&str] = &[
    "%b",
    "%D",
    "%h",
    "%H",
    "%I",
    "%l",
    "%m",
    "%O",
    "%q",
    "%r",
    "%s",
    "%t",
    "%T",
    "%u",
    "%U",
    "%{s}T",
    "%{ms}T",
    "%{us}T",
    "%{sec}t",
    "%{msec}t",
    "%{usec}t",
    "%{msec_frac}t",
    "%{usec_frac}t",
    "%{x%Y-%m-%d}t",
    "%{x%c}t",
    "%{Host}i",
    "%{x-a}i",
    "%{X-A}o",
    "%{set-cookie}o",
    "%{}i",
    "%{X}i",
    "%{Referer}i",
    "%{Varnish:hitmiss}x",
    "%{Varnish:handling}x",
    "%{Varnish:side}x",
    "%{Varnish:vxid}x",
    "%{Varnish:time_firstbyte}x",
    "%{VCL_Log:key}x",
    "%{VCL_Log:}x",
    "%{VCL_Log:Key}x",
    "%{VSL:ReqURL}x",
    "%{VSL:ReqHeader:host}x",
    "%{VSL:ReqHeader:X-A[2]}x",
    "%{VSL:Timestamp:Start[1]}x",
    "%{VSL:VCL_Log[3]}x",
    "%{VSL:Error}x",
    "%{VSL:BerespHeader}x",
    "%{VSL:ReqStart[2]}x",
    "%{VSL:Begin[3]}x",
    "%{VSL:VCL_call}x",
    "%{VSL:RespStatus[1]}x",
    "\\t",
    "\\n",
    "\\\\",
    "\\\"",
    " ",
    "|",
    "a",
    "é",
];

const WRONG: &[&str] =
    &["%", "%x", "%{x}T", "%{VSL:x}x", "%{x", "%{VSL:Debug}x", "%{VSL:ReqURL[999]}x", "%{no}x"];

fn strftime(dice: &mut Dice) -> String {
    // What would be longer than theirs takes, or empty, ends theirs.
    let mut format = "%{<".to_owned();
    for _ in 0..1 + dice.below(3) {
        let flag = dice
            .one_of(&["", "", "", "_", "-", "0", "^", "#", "5", "_4", "E", "O", "03", "-4", "_9"]);
        let letter = dice.one_of(b"aAbBcCdDeFgGhHIjklmMpPrRsSTuUVwWxXyYzzZ%q+QLN");
        format.push_str(&format!("%{flag}{}", char::from(*letter)));
    }
    format + "}t"
}

/// A command line.
pub(super) fn line(dice: &mut Dice, logs: &[String]) -> Vec<String> {
    let mut words = vec!["-r".to_owned(), dice.one_of(logs).clone()];
    if dice.percent(90) {
        let mut format = String::new();
        for _ in 0..1 + dice.below(12) {
            match dice.below(100) {
                0 => format.push_str(dice.one_of::<&str>(WRONG)),
                1..=9 => format.push_str(&strftime(dice)),
                _ => format.push_str(dice.one_of::<&str>(PARTS)),
            }
        }
        words.extend(["-F".to_owned(), format]);
    }
    for option in ["-b", "-c", "-E", "-j"] {
        if dice.percent(30) {
            words.push(option.to_owned());
        }
    }
    if dice.percent(30) {
        words
            .extend(["-g".to_owned(), (*dice.one_of(&["vxid", "request", "v", "req"])).to_owned()]);
    }
    if dice.percent(15) {
        let query = dice.one_of(&["RespStatus", "ReqURL ~ a", "not VCL_call", "ReqHeader:host"]);
        words.extend(["-q".to_owned(), (*query).to_owned()]);
    }
    words
}
