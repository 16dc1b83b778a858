//! Logs that are made up: requests with one attempt each.

use std::fs;
use std::path::{Path, PathBuf};

use shellac_format::{Dialect, Side, Tag, Vxid, record};

const DIALECT: Dialect = Dialect::V7_3;

/// A request and its attempt.
pub(super) struct Made<'a> {
    pub(super) method: &'a [u8],
    pub(super) url: &'a [u8],
    pub(super) headers: &'a [&'a [u8]],
    pub(super) client: &'a str,
    pub(super) backend: &'a [u8],
    pub(super) reused: bool,
    pub(super) failed: bool,
}

/// A log in the making.
pub(super) struct Log {
    bytes: Vec<u8>,
    next: u64,
}

impl Log {
    pub(super) fn new() -> Log {
        Log { bytes: DIALECT.layout().file_magic().to_vec(), next: 1 }
    }

    fn record(&mut self, vxid: u64, side: Side, tag: Tag, text: &[u8]) {
        let number = tag.number(DIALECT).expect("a tag of this dialect");
        let layout = DIALECT.layout();
        record::encode_text(&mut self.bytes, layout, number, Vxid(vxid), side, text, 4096);
    }

    /// Adds a request.
    pub(super) fn add(&mut self, made: &Made<'_>) {
        let (req, bereq) = (self.next, self.next + 1);
        self.next += 2;
        let line = |parts: &[&[u8]]| parts.concat();
        let moment = 1_700_000_000 + req / 100;
        let stamp =
            |label: &str| format!("{label}: {moment}.000000 0.000000 0.000000").into_bytes();
        let status: &[u8] = if made.failed { b"503" } else { b"200" };
        let client: Vec<(Tag, Vec<u8>)> = vec![
            (Tag::Begin, b"req 0 rxreq".to_vec()),
            (Tag::Timestamp, stamp("Start")),
            (Tag::ReqStart, format!("{} 4000 http", made.client).into_bytes()),
            (Tag::ReqMethod, made.method.to_vec()),
            (Tag::ReqUrl, made.url.to_vec()),
            (Tag::ReqProtocol, b"HTTP/1.1".to_vec()),
        ];
        let link = format!("bereq {bereq} pass").into_bytes();
        for (tag, text) in client {
            self.record(req, Side::Client, tag, &text);
        }
        for header in made.headers {
            self.record(req, Side::Client, Tag::ReqHeader, header);
        }
        for (tag, text) in
            [(Tag::VclCall, &b"PASS"[..]), (Tag::Link, &link), (Tag::RespStatus, status)]
        {
            self.record(req, Side::Client, tag, text);
        }
        self.record(req, Side::Client, Tag::End, b"");
        let how: &[u8] = if made.reused { b"reuse" } else { b"connect" };
        let open = line(&[b"27 boot.", made.backend, b" 127.0.0.1 8080 127.0.0.1 4444 ", how]);
        let begin = format!("bereq {req} pass").into_bytes();
        let mut backend: Vec<(Tag, Vec<u8>)> = vec![
            (Tag::Begin, begin),
            (Tag::Timestamp, stamp("Start")),
            (Tag::BereqMethod, made.method.to_vec()),
            (Tag::BereqUrl, made.url.to_vec()),
            (Tag::BackendOpen, open),
        ];
        if made.failed {
            backend.push((Tag::FetchError, b"HTC eof (-1)".to_vec()));
        }
        backend.push((Tag::End, Vec::new()));
        for (tag, text) in backend {
            self.record(bereq, Side::Backend, tag, &text);
        }
    }

    /// Writes it to a file called `name`.
    pub(super) fn write(&self, directory: &Path, name: &str) -> PathBuf {
        let path = directory.join(name);
        fs::write(&path, &self.bytes).expect("the log is written");
        path
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
