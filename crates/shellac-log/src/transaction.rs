//! What comes out of grouping: records, transactions, groups.

use shellac_format::layout::WORD;
use shellac_format::{Dialect, Layout, Record, RecordError, Records, Side, Tag, Vxid};

use crate::begin::Relation;

/// How records are put together before they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grouping {
    /// Every record by itself.
    Raw,
    /// One transaction by itself.
    Vxid,
    /// A client request with everything it caused.
    Request,
    /// A client connection with all its requests.
    Session,
}

impl Grouping {
    /// All groupings with the words that users write for them.
    pub const WORDS: [(&'static str, Grouping); 4] = [
        ("raw", Grouping::Raw),
        ("vxid", Grouping::Vxid),
        ("request", Grouping::Request),
        ("session", Grouping::Session),
    ];
}

/// What a transaction is, from its `Begin` or from the `Link` that announced it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing known, or a word that is none of the three.
    #[default]
    Unknown,
    /// `sess`: a client connection.
    Session,
    /// `req`: a client request.
    Request,
    /// `bereq`: one attempt at a backend.
    Backend,
    /// A single record in raw grouping.
    Raw,
}

impl Kind {
    /// The kind that the first word of a `Begin` or `Link` names.
    pub fn from_word(word: &[u8]) -> Kind {
        match word {
            b"sess" => Kind::Session,
            b"req" => Kind::Request,
            b"bereq" => Kind::Backend,
            _ => Kind::Unknown,
        }
    }

    /// The word used in `Begin` and `Link`; `unknown` and `raw` for the two that have none.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Unknown => "unknown",
            Kind::Session => "sess",
            Kind::Request => "req",
            Kind::Backend => "bereq",
            Kind::Raw => "raw",
        }
    }

    /// The side that records of such a transaction have when a reader makes them up.
    pub const fn side(self) -> Side {
        match self {
            Kind::Request => Side::Client,
            Kind::Backend => Side::Backend,
            Kind::Unknown | Kind::Session | Kind::Raw => Side::None,
        }
    }
}

/// Why a transaction was started: the third word of `Begin` and `Link`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No `Begin` seen, or a word that is not in this list.
    #[default]
    Unknown,
    /// `HTTP/1`: a session on an HTTP listener.
    Http1,
    /// `PROXY`: a session on a PROXY listener.
    Proxy,
    /// `rxreq`: a request received from a client.
    Rxreq,
    /// `esi`: a request made by an include.
    Esi,
    /// `restart`: the same request once more.
    Restart,
    /// `pass`: a fetch that is not stored.
    Pass,
    /// `fetch`: a fetch for a miss.
    Fetch,
    /// `bgfetch`: a fetch that nobody waits for.
    Bgfetch,
    /// `pipe`: bytes both ways.
    Pipe,
    /// `retry`: another attempt of a fetch.
    Retry,
    /// `synth`: made up by a reader.
    Synth,
}

impl Reason {
    /// The reason that `word` names.
    pub fn from_word(word: &[u8]) -> Reason {
        // Every transaction has several of these words, hence a match, which looks at the length first.
        match word {
            b"HTTP/1" => Reason::Http1,
            b"PROXY" => Reason::Proxy,
            b"rxreq" => Reason::Rxreq,
            b"esi" => Reason::Esi,
            b"restart" => Reason::Restart,
            b"pass" => Reason::Pass,
            b"fetch" => Reason::Fetch,
            b"bgfetch" => Reason::Bgfetch,
            b"pipe" => Reason::Pipe,
            b"retry" => Reason::Retry,
            b"synth" => Reason::Synth,
            _ => Reason::Unknown,
        }
    }

    /// The word used in `Begin` and `Link`, or `unknown`.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::Unknown => "unknown",
            Reason::Http1 => "HTTP/1",
            Reason::Proxy => "PROXY",
            Reason::Rxreq => "rxreq",
            Reason::Esi => "esi",
            Reason::Restart => "restart",
            Reason::Pass => "pass",
            Reason::Fetch => "fetch",
            Reason::Bgfetch => "bgfetch",
            Reason::Pipe => "pipe",
            Reason::Retry => "retry",
            Reason::Synth => "synth",
        }
    }
}

/// One record, its tag translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRecord<'a> {
    /// The tag's number in the writer's table.
    pub number: u8,
    /// The tag, or `None` for a number without a name in this dialect.
    pub tag: Option<Tag>,
    /// The transaction; 0 for none.
    pub vxid: Vxid,
    /// The side.
    pub side: Side,
    /// The payload with the NUL of a text.
    pub payload: &'a [u8],
}

impl<'a> LogRecord<'a> {
    /// Translates the tag of `record`.
    #[inline]
    pub fn new(dialect: Dialect, record: Record<'a>) -> LogRecord<'a> {
        LogRecord {
            number: record.number,
            tag: record.tag(dialect),
            vxid: record.vxid,
            side: record.side,
            payload: record.payload,
        }
    }

    /// Bytes of the whole record as it was written: header, payload, padding.
    pub const fn len_bytes(&self, layout: Layout) -> usize {
        layout.head_bytes() + self.payload.len().next_multiple_of(WORD)
    }

    /// The payload up to the first NUL: what a text tag says.
    #[inline]
    pub fn text(&self) -> &'a [u8] {
        match memchr::memchr(0, self.payload) {
            Some(end) => &self.payload[..end],
            None => self.payload,
        }
    }
}

/// Walks records that lie one after the other and are known to be whole.
#[derive(Clone, Debug)]
pub struct LogRecords<'a> {
    dialect: Dialect,
    bytes: &'a [u8],
    records: Records<'a>,
}

impl<'a> LogRecords<'a> {
    /// Walks `bytes`, which start with a record. The walk ends at the first byte that is no record.
    pub const fn new(dialect: Dialect, bytes: &'a [u8]) -> LogRecords<'a> {
        LogRecords { dialect, bytes, records: Records::new(dialect.layout(), bytes) }
    }

    /// Walks on, with the bytes of each record as they were written: header, payload, padding.
    #[inline]
    pub fn with_bytes(mut self) -> impl Iterator<Item = (LogRecord<'a>, &'a [u8])> {
        std::iter::from_fn(move || {
            let record = self.next()?;
            // Heads of batches may lie before a record, nothing lies behind it.
            let end = self.records.position();
            let start = end - record.len_bytes(self.dialect.layout());
            Some((record, &self.bytes[start..end]))
        })
    }
}

impl<'a> Iterator for LogRecords<'a> {
    type Item = LogRecord<'a>;

    #[inline]
    fn next(&mut self) -> Option<LogRecord<'a>> {
        Some(LogRecord::new(self.dialect, self.records.next()?.ok()?))
    }
}

/// The records of one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// How deep it lies in its group: 1 for the top, 0 in raw grouping.
    pub level: u32,
    /// Its number.
    pub vxid: Vxid,
    /// The number of the transaction that started it; 0 when unknown, or none, or not looked at.
    pub parent: Vxid,
    /// What it is.
    pub kind: Kind,
    /// Why it was started.
    pub reason: Reason,
    /// Whether its `End` was seen. A transaction that a reader gave up on has an `End` that the reader
    /// made, and is not complete.
    pub complete: bool,
    dialect: Dialect,
    /// Whole records, one after the other.
    bytes: Vec<u8>,
}

impl Transaction {
    /// Makes a transaction of whole records that lie one after the other.
    ///
    /// What it is comes from the first record with a number and the first `Begin`; `level` is the
    /// caller's.
    ///
    /// # Errors
    ///
    /// [`RecordError`] with the first place in `bytes` that is no record.
    pub fn from_records(
        dialect: Dialect,
        level: u32,
        bytes: Vec<u8>,
    ) -> Result<Transaction, RecordError> {
        let mut vxid = Vxid(0);
        let mut begin = None;
        let mut complete = false;
        for record in Records::new(dialect.layout(), &bytes) {
            let record = LogRecord::new(dialect, record?);
            if vxid == Vxid(0) {
                vxid = record.vxid;
            }
            match record.tag {
                Some(Tag::Begin) if begin.is_none() => begin = Relation::parse(record.text()),
                Some(Tag::End) => complete = true,
                _ => {}
            }
        }
        let (kind, parent, reason) = match begin {
            Some(begin) => (begin.kind, begin.vxid, begin.reason),
            None => Default::default(),
        };
        Ok(Transaction { level, vxid, parent, kind, reason, complete, dialect, bytes })
    }

    /// Wraps what the grouper knows; `bytes` are whole records.
    pub(crate) const fn from_parts(dialect: Dialect, vxid: Vxid, bytes: Vec<u8>) -> Transaction {
        Transaction {
            level: 0,
            vxid,
            parent: Vxid(0),
            kind: Kind::Unknown,
            reason: Reason::Unknown,
            complete: false,
            dialect,
            bytes,
        }
    }

    /// The records in the order in which they are shown.
    pub fn records(&self) -> LogRecords<'_> {
        LogRecords::new(self.dialect, &self.bytes)
    }

    /// The first record with this tag.
    pub fn first(&self, tag: Tag) -> Option<LogRecord<'_>> {
        self.records().find(|record| record.tag == Some(tag))
    }

    /// The records as they were written, one after the other, headers included.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The dialect of the records.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Takes the buffer back to be filled again.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Transactions that belong together, in output order: breadth first from the top.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// At least one.
    pub transactions: Vec<Transaction>,
}

impl Group {
    /// Whether any transaction of the group has this number.
    pub fn contains(&self, vxid: Vxid) -> bool {
        self.transactions.iter().any(|transaction| transaction.vxid == vxid)
    }
}

#[cfg(test)]
mod tests;
