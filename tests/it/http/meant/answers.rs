//! Answers by chance.

use std::fmt;

use super::requests::{body, chunks};
use crate::support::dice::Dice;
use crate::support::origin::{Step, raw};

/// How much of an answer is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    /// All of it.
    Yes,
    /// Its head, but not its body.
    Head,
    /// Not even its head.
    No,
}

/// An answer, what asks for it, and what was meant by it.
pub(super) struct Made {
    pub(super) method: String,
    /// The minor version of the client, and a line with which it keeps its connection.
    pub(super) version: u8,
    pub(super) keep: &'static str,
    pub(super) steps: Vec<Step>,
    pub(super) whole: Whole,
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// The interim answers that are passed on.
    pub(super) interim: Vec<u16>,
    /// Nothing may be sent on its connection any more.
    pub(super) spoils: bool,
}

impl fmt::Debug for Made {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} {} HTTP/1.{}", self.whole, self.method, self.version)?;
        for step in &self.steps {
            match step {
                Step::Send(bytes) => {
                    let start = &bytes[..bytes.len().min(400)];
                    write!(formatter, " {:?}", String::from_utf8_lossy(start))?;
                }
                other => write!(formatter, " {other:?}")?,
            }
        }
        Ok(())
    }
}

/// Lines that are good; the last three are about one connection.
const FIELDS: &[&str] = &[
    "X-A: b",
    "X-A:b",
    "x-a:\tb ",
    "X-Empty:",
    "Set-Cookie: a=b; path=/",
    "ETag: \"x\"",
    "Vary: *",
    "Age: 1",
    "Date: Thu, 01 Jan 1970 00:00:00 GMT",
    "X-Varnish: 7",
    "Via: 1.0 x",
    "Keep-Alive: timeout=5",
    "Upgrade: h2c",
    "Connection: X-Own\r\nX-Own: 1",
];

/// Lines with which a head is none, or announces a body that nobody can read.
const BAD_FIELDS: &[&str] = &[
    "X-A : b",
    " X-A: b",
    ": b",
    "X A: b",
    "nothing",
    "X-A: b\nX-B: c",
    "X-A: b\rX-B: c",
    "X-A: \0",
    "X-A: a\r\n b",
    "Content-Length: +3",
    "Content-Length: -1",
    "Content-Length: 0x3",
    "Content-Length:",
    "Content-Length: 3, 4",
    "Content-Length: 3\r\nContent-Length: 4",
    "Content-Length: 18446744073709551616",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding:",
];

/// First lines that are none.
const BAD_LINES: &[&str] = &[
    "HTTP/1.1 99 x",
    "HTTP/1.1 1000 x",
    "HTTP/1.1 abc x",
    "HTTP/1.1 20 x",
    "HTTP/1.1  200 OK",
    "HTTP/1.1 +20 x",
    "HTTP/1.1",
    "HTTP/2 200 OK",
    "HTTP/1.2 200 OK",
    "http/1.1 200 OK",
    "HTTP/1.1\t200 OK",
    "HTTP/1.1200 OK",
    "ICY 200 OK",
    "hello",
    "\r\nHTTP/1.1 200 OK",
    "\x16\x03\x01",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x",
];

/// Chunks that are none, or none to the end; before each of them was a good one.
const BAD_CHUNKS: &[&str] = &[
    "3\nabc\r\n0\r\n\r\n",
    "3\r\nabcd\r\n0\r\n\r\n",
    "g\r\n",
    "0x3\r\nabc\r\n0\r\n\r\n",
    "-1\r\n",
    "\r\n0\r\n\r\n",
    "3 a\r\nabc\r\n0\r\n\r\n",
    "10000000000000003\r\nabc",
    "ffffffffffffffff\r\nabc",
    "0000000000000000000000\r\n\r\n",
    "0\r\nbad\r\n\r\n",
    "0\r\nX: a\n\r\n",
    "0\n\r\n",
    "0\r\n\n",
    "3\r\nab",
    "3\r\nabc\r\n",
    "0\r\n",
    "0\r\nX: y",
    "",
];

impl Made {
    /// One answer.
    pub(super) fn new(dice: &mut Dice) -> Made {
        let method = (*dice.one_of(&["GET", "GET", "GET", "HEAD", "POST"])).to_owned();
        let (version, keep) =
            *dice.one_of(&[(1, ""), (1, ""), (1, ""), (0, ""), (0, "Connection: keep-alive\r\n")]);
        let mut interim = Vec::new();
        let mut front = String::new();
        for _ in 0..dice.below(12).saturating_sub(8) {
            let status = *dice.one_of(&[100, 102, 103, 199]);
            let field = *dice.one_of(&[
                "",
                "Link: </a>\r\n",
                "Content-Length: 5\r\n",
                "Connection: X-B\r\nX-B: 1\r\n",
            ]);
            front.push_str(&format!("HTTP/1.1 {status} Early\r\n{field}\r\n"));
            // Nobody waits for the word 100.
            interim.extend((status != 100).then_some(status));
        }
        let is_old = dice.percent(15);
        let status = *dice.one_of(&[
            200, 200, 200, 201, 204, 205, 206, 301, 304, 400, 404, 418, 500, 503, 599, 999,
        ]);
        let phrase = *dice.one_of(&[" OK", " ", "", " a  b\tc", " HTTP/1.1 200 OK"]);
        let mut line = format!("HTTP/1.{} {status}{phrase}", u8::from(!is_old));
        let mut fields: Vec<String> =
            (0..dice.below(4)).map(|_| (*dice.one_of(FIELDS)).to_owned()).collect();
        let mut spoils = is_old;
        if dice.percent(15) {
            spoils = true;
            fields.push("Connection: close".to_owned());
        }
        let has_none = method == "HEAD" || matches!(status, 204 | 304);
        let mut body = body(dice);
        let mut sent = Vec::new();
        let mut is_cut = false;
        let mut whole = Whole::Yes;
        let kind = dice.below(10);
        match kind {
            0..=3 => {
                let len = body.len();
                fields.push(format!("Content-Length: {}{len}", dice.one_of(&["", "", "00"])));
                spoils |= status == 204 && len > 0;
                sent.clone_from(&body);
            }
            4..=6 => {
                fields.push("Transfer-Encoding: chunked".to_owned());
                spoils |= status == 204;
                sent = chunks(dice, &body);
                if dice.percent(15) {
                    spoils = true;
                    fields.push("Content-Length: 3".to_owned());
                }
            }
            7 if !has_none => {
                whole = Whole::Head;
                fields.push("Transfer-Encoding: chunked".to_owned());
                body = b"helloabcd".to_vec();
                sent = [b"5\r\nhello\r\n", dice.one_of(BAD_CHUNKS).as_bytes()].concat();
                is_cut = true;
            }
            8 if !has_none => {
                whole = Whole::Head;
                fields.push(format!("Content-Length: {}", body.len() + 1));
                sent.clone_from(&body);
                is_cut = true;
            }
            _ => {
                sent.clone_from(&body);
                is_cut = !has_none;
            }
        }
        if has_none {
            body.clear();
            sent.clear();
        }
        if dice.percent(25) {
            whole = Whole::No;
            match dice.below(4) {
                0 | 1 => line = (*dice.one_of(BAD_LINES)).to_owned(),
                // Behind another line, so that one that goes on has something to go on with.
                2 => fields = vec!["X-A: b".to_owned(), (*dice.one_of(BAD_FIELDS)).to_owned()],
                _ => fields.extend((0..70).map(|number| format!("X-{number}: y"))),
            }
        }
        spoils |= is_cut || whole != Whole::Yes;
        if whole == Whole::Yes && !is_cut && sent.len() < 1000 && dice.percent(20) {
            // Behind the end, and with it in one piece.
            spoils = true;
            sent.extend_from_slice(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled");
        }
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        let head = format!("{front}{line}\r\n{fields}\r\n").into_bytes();
        let cut = dice.below(head.len());
        let mut steps =
            vec![Step::ReadBody, raw(&head[..cut]), raw([&head[cut..], &sent].concat())];
        if is_cut || spoils {
            steps.push(Step::CloseCleanly);
        }
        if whole == Whole::Yes && spoils && !is_cut {
            // It stays open, so that whoever used it again would be seen.
            steps.pop();
        }
        Made { method, version, keep, steps, whole, status, body, interim, spoils }
    }
}
