//! Requests by chance.

use std::fmt;

use crate::support::dice::Dice;
use crate::support::origin::hex_digest;

/// A request, and what was meant by it.
pub(super) struct Meant {
    /// It is found by this again; the value of `X-Id`.
    pub(super) id: String,
    pub(super) method: String,
    target: String,
    host: String,
    body: Vec<u8>,
    /// What is sent.
    pub(super) bytes: Vec<u8>,
    /// Nobody may take it for a request.
    pub(super) is_bad: bool,
    /// It says that its connection ends.
    pub(super) closes: bool,
}

impl fmt::Debug for Meant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = &self.bytes[..self.bytes.len().min(600)];
        let verdict = if self.is_bad { "bad" } else { "good" };
        write!(formatter, "{} {verdict} {:?}", self.id, String::from_utf8_lossy(start))
    }
}

/// Lines that are good, and mean nothing to a proxy.
const FIELDS: &[&str] = &[
    "X-A: b",
    "X-A:b",
    "x-a:\tb \t",
    "X-Empty:",
    "X-List: a, b,,c",
    "!#$%&'*+-.^_`|~9: x",
    "X-Quoted: \"a\\\"b\"",
    "X-Colon: :x: y",
    "X-Not: HTTP/1.1",
    "Cookie: a=b; c=d",
    "X-Content-Length: 5",
    "Content_Length: 5",
    "Transfer_Encoding: chunked",
    "X-Transfer-Encoding: chunked",
    "Range: bytes=0-",
    "X-Varnish: 1",
    "Via: 1.0 x",
];

/// Lines about a connection.
const OWN: &[&str] = &[
    "Connection: X-Own, keep-alive\r\nX-Own: 1",
    "Connection: ,,x-own,\r\nX-OWN: 1",
    "Connection: TE\r\nTE: gzip",
    "Keep-Alive: timeout=5",
    "Proxy-Connection: close",
    "Upgrade: h2c",
    "Connection: host, content-length",
    "Connection: transfer-encoding",
];

/// Lines that nobody may overlook.
const BAD_FIELDS: &[&str] = &[
    "X-A : b",
    " X-A: b",
    "\tX-A: b",
    ": b",
    "X A: b",
    "X-A",
    "X(A: b",
    "X-A: b\nX-B: c",
    "X-A: b\rX-B: c",
    "X-A: b\r",
    "X-A: \0",
    "X-A: \x0b",
    "X-A: \x7f",
    "X-A: a\r\n b",
    "X-A: a\r\n\tContent-Length: 5",
    "Host: b",
    "Content-Length: +3",
    "Content-Length: -0",
    "Content-Length: 0x3",
    "Content-Length: 3 3",
    "Content-Length:",
    "Content-Length: 3,3",
    "Content-Length: 3\r\nContent-Length: 4",
    "Content-Length: 18446744073709551616",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding:",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: ,chunked",
    "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding: chunked\r\nContent-Length: 3",
    "Content-Length: 3\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding : chunked",
];

/// First lines that are none; `PATH` stands for one.
const BAD_LINES: &[&str] = &[
    "GET  PATH HTTP/1.1",
    "GET PATH  HTTP/1.1",
    "GET\tPATH HTTP/1.1",
    "GET PATH",
    "GET PATH HTTP/1.2",
    "GET PATH HTTP/2.0",
    "GET PATH http/1.1",
    "GET PATH HTTP/1.1 ",
    "GET PATH HTTP/01.1",
    "GET PATH XTTP/1.1",
    "G(T PATH HTTP/1.1",
    " GET PATH HTTP/1.1",
    "GET PATH x HTTP/1.1",
    "GET x HTTP/1.1",
    "GET PATH#x HTTP/1.1",
    "GET * HTTP/1.1",
    "GET http:PATH HTTP/1.1",
    "GET http://u@hPATH HTTP/1.1",
    "GET http://h:xPATH HTTP/1.1",
    "GET ftp://hPATH HTTP/1.1",
    "CONNECT h:80 HTTP/1.1",
    "CONNECT PATH HTTP/1.1",
    "PRI * HTTP/2.0",
    "GET PATH\0 HTTP/1.1",
    "GET PATH\x01 HTTP/1.1",
    "GET PATH HTTP/1.1\rX-A: b",
    "\rGET PATH HTTP/1.1",
    "\nGET PATH HTTP/1.1",
];

/// Bodies in chunks that are none; before each of them was a good chunk.
const BAD_CHUNKS: &[&str] = &[
    "3\nabc\r\n0\r\n\r\n",
    "3\rabc\r\n0\r\n\r\n",
    "3\r\nabc\n0\r\n\r\n",
    "3\r\nabcd\r\n0\r\n\r\n",
    "3\r\nab\r\n0\r\n\r\n",
    "g\r\n",
    "0x3\r\nabc\r\n0\r\n\r\n",
    "-3\r\nabc\r\n0\r\n\r\n",
    "+3\r\nabc\r\n0\r\n\r\n",
    " 3\r\nabc\r\n0\r\n\r\n",
    "\r\n0\r\n\r\n",
    ";a\r\n\r\n",
    "10000000000000003\r\nabc\r\n0\r\n\r\n",
    "ffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "0000000000000000000000\r\n\r\n",
    "3;a\nabc\r\n0\r\n\r\n",
    "3;a\rb\r\nabc\r\n0\r\n\r\n",
    "3 x\r\nabc\r\n0\r\n\r\n",
    "0\r\nbad\r\n\r\n",
    "0\r\nX: a\n\r\n",
    "0\r\nX : a\r\n\r\n",
    "0\r\nX: a\r\n b\r\n\r\n",
    "0\n\r\n",
    "0\r\n\n",
    "0\r\nX: \0\r\n\r\n",
    "3\r\nab",
    "3\r\nabc\r\n",
    "",
];

impl Meant {
    /// One request, called `id`.
    pub(super) fn new(dice: &mut Dice, id: &str) -> Meant {
        let methods = ["GET", "GET", "HEAD", "POST", "POST", "PUT", "OPTIONS", "M-SEARCH", "get"];
        let mut method = (*dice.one_of(&methods)).to_owned();
        let tails = [
            "",
            "",
            "?",
            "?q=1",
            "//x",
            "/../x",
            "/%00%0d%0a",
            ";p",
            "?http://x/y",
            "\"<>\\^`{|}",
            "/%2e%2e/%zz",
        ];
        let target = format!("/{id}{}", dice.one_of(&tails));
        let hosts = ["a", "a.example:80", "A.", "a:", "[::1]:80", "127.0.0.1", "a_b%41", ""];
        let mut host = (*dice.one_of(&hosts)).to_owned();
        let is_old = dice.percent(10);
        let version = if is_old { "HTTP/1.0" } else { "HTTP/1.1" };
        let mut line = format!("{method} {target} {version}");
        let mut fields = vec![format!("X-Id: {id}"), format!("Host: {host}")];
        if !is_old && dice.percent(10) {
            // The authority wins over whatever Host says.
            "other:81".clone_into(&mut host);
            line = format!("{method} http://{host}{target} {version}");
        }
        let mut closes = is_old;
        if is_old && dice.percent(50) {
            closes = false;
            fields.push("Connection: Keep-Alive".to_owned());
        } else if dice.percent(8) {
            closes = true;
            fields.push((*dice.one_of(&["Connection: close", "connection:Close, x"])).to_owned());
        } else if !is_old && dice.percent(20) {
            fields.push((*dice.one_of(OWN)).to_owned());
        }
        for _ in 0..dice.below(4) {
            fields.push((*dice.one_of(FIELDS)).to_owned());
        }
        let body = body(dice);
        let mut sent = Vec::new();
        let framing = dice.below(if is_old { 2 } else { 3 });
        let spoiled = if dice.percent(25) { dice.below(5) } else { usize::MAX };
        let (has_bad_chunks, takes_field) = (spoiled == 0 && !is_old, spoiled == 1);
        let mut is_bad = has_bad_chunks || matches!(spoiled, 1..=3);
        if has_bad_chunks {
            fields.push("Transfer-Encoding: chunked".to_owned());
            sent = [b"5\r\nhello\r\n", dice.one_of(BAD_CHUNKS).as_bytes()].concat();
        } else if takes_field {
            fields.push((*dice.one_of(BAD_FIELDS)).to_owned());
        } else if framing == 1 {
            let len = body.len();
            let lines = [format!("{len}"), format!("00{len}"), format!("\t{len} ")];
            fields.push(format!("Content-Length:{}", dice.one_of(&lines)));
            if dice.percent(10) {
                let again = fields.last().cloned().unwrap_or_default();
                fields.push(again);
            }
            sent.clone_from(&body);
        } else if framing == 2 {
            let lines = [
                "Transfer-Encoding: chunked",
                "transfer-encoding:CHUNKED ",
                "Transfer-Encoding:\tChunked",
            ];
            fields.push((*dice.one_of(&lines)).to_owned());
            sent = chunks(dice, &body);
        }
        if !sent.is_empty() && !is_bad && dice.percent(10) {
            fields.push("Expect: 100-continue".to_owned());
        }
        if spoiled == 2 {
            line = dice.one_of(BAD_LINES).replace("PATH", &target);
            "GET".clone_into(&mut method);
        } else if spoiled == 3 && dice.percent(50) && !is_old {
            fields.remove(1);
        } else if spoiled == 3 {
            fields.extend((0..70).map(|number| format!("X-{number}: y")));
        }
        // A line that goes on must not stand first, where it would belong to the first line.
        let from = 1 + dice.below(fields.len());
        if !is_bad {
            fields.rotate_left(from);
        }
        let front = *dice.one_of(&["", "", "", "\r\n", "\r\n\r\n"]);
        let mut bytes = format!("{front}{line}\r\n{}\r\n\r\n", fields.join("\r\n")).into_bytes();
        if spoiled == 4 {
            // Too many, too long.
            is_bad = true;
            let len = 40_000;
            bytes = format!("GET /{} HTTP/1.1\r\nX-Id: {id}\r\n\r\n", "y".repeat(len)).into_bytes();
        }
        bytes.extend_from_slice(&sent);
        let has_body = !sent.is_empty() && !is_bad;
        let body = if has_body { body } else { Vec::new() };
        Meant { id: id.to_owned(), method, target, host, body, bytes, is_bad, closes }
    }

    /// What an origin sees of it: method, target, Host, and the digest of its body.
    pub(super) fn seen(&self) -> [String; 4] {
        [self.method.clone(), self.target.clone(), self.host.clone(), hex_digest(&self.body)]
    }
}

/// A body, often one that looks like something else.
pub(super) fn body(dice: &mut Dice) -> Vec<u8> {
    let texts = [
        "",
        "x",
        "hello",
        "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
        "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    ];
    match dice.below(7) {
        5 => (0..300).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect(),
        6 => vec![b'y'; 70_000],
        number => texts[number].as_bytes().to_vec(),
    }
}

/// The body in chunks, written in one of the ways that are allowed.
pub(super) fn chunks(dice: &mut Dice, body: &[u8]) -> Vec<u8> {
    let mut chunks = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(
            rest.len().min(*dice.one_of(&[1, 7, 16, 255, 4096, 65536]).max(&(rest.len() / 8))),
        );
        let size = piece.len();
        let sizes = [format!("{size:x}"), format!("{size:X}"), format!("000{size:x}")];
        let extension = *dice.one_of(&["", "", ";a", ";a=b", " ;a=\"b;c\"", "\t"]);
        chunks.extend_from_slice(format!("{}{extension}\r\n", dice.one_of(&sizes)).as_bytes());
        chunks.extend_from_slice(piece);
        chunks.extend_from_slice(b"\r\n");
        rest = after;
    }
    let end =
        *dice.one_of(&["0\r\n\r\n", "000\r\n\r\n", "0;last\r\n\r\n", "0\r\nX-Sum: 1\r\n\r\n"]);
    chunks.extend_from_slice(end.as_bytes());
    chunks
}
