//! What was collected, written as a format says.

use std::ops::Range;

use shellac_log::{Compat, Kind, Transaction};

use super::collect::{Collected, Collector, Slot, slot};
use super::field::{decimal, trimmed};
use super::moment::{Clock, Moment};
use super::parse::{Own, Part, Upstream};
use super::quote::{Quote, Quoting};
use super::{Format, user};
use crate::lines::Text;

/// Bytes of what is short in a format.
const SHORT_BYTES: usize = 16;

/// One piece of a line.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Plain(Box<[u8]>),
    /// The same where it is short, with anything behind it.
    Short([u8; SHORT_BYTES], usize),
    /// What a record says, or something else where there is none.
    Value(Slot, &'static [u8]),
    /// The same for what is a number.
    Number(Slot),
    /// The same for a text that may be absent.
    Header(Slot),
    Path,
    Query,
    Uri,
    RequestLine,
    User,
    /// By its place among the moments.
    Moment(usize),
    /// Units of time since 1970.
    Since(f64),
    /// Digits of the fraction of a second.
    Fraction(u32),
    /// Units of time from start to end.
    Took(f64),
    RequestTime,
    TimeIso(usize),
    HitMiss,
    Handling,
    Side,
    Vxid,
    Upstream(Upstream),
}

/// What the default format has for `%t`.
const TIME: &[u8] = b"[%d/%b/%Y:%T %z]";
/// As `time_iso8601` has it, up to the colon in the offset.
const ISO: &[u8] = b"%Y-%m-%dT%H:%M:%S%z";

/// What lines of a format are made of; whatever has to be looked for is told to the collector.
pub(super) fn items_of(
    format: &Format,
    collector: &mut Collector,
    moments: &mut Vec<Moment>,
) -> Vec<Item> {
    format.parts.iter().map(|part| item(part, collector, moments)).collect()
}

fn plain(text: &[u8]) -> Item {
    let mut window = [0; SHORT_BYTES];
    match window.get_mut(..text.len()) {
        Some(start) => {
            start.copy_from_slice(text);
            Item::Short(window, text.len())
        }
        None => Item::Plain(text.into()),
    }
}

fn moment(moments: &mut Vec<Moment>, format: &[u8]) -> usize {
    moments.push(Moment::new(format));
    moments.len() - 1
}

fn item(part: &Part, collector: &mut Collector, moments: &mut Vec<Moment>) -> Item {
    match part {
        Part::Plain(text) => plain(text),
        Part::Letter(letter) => match letter {
            b'b' => Item::Number(slot::BODY),
            b'D' => Item::Took(1e6),
            b'h' => Item::Header(slot::ADDRESS),
            b'H' => Item::Value(slot::PROTOCOL, b"HTTP/1.0"),
            b'I' => Item::Number(slot::RECEIVED),
            b'l' => plain(b"-"),
            b'm' => Item::Header(slot::METHOD),
            b'O' => Item::Number(slot::SENT),
            b'q' => Item::Query,
            b'r' => Item::RequestLine,
            b's' => Item::Number(slot::STATUS),
            b't' => Item::Moment(moment(moments, TIME)),
            b'T' => Item::Took(1.0),
            b'u' => Item::User,
            _ => Item::Path,
        },
        Part::Header { response, name, rule } => {
            Item::Header(collector.header(*response, name, *rule))
        }
        Part::Time(format) => match &format[..] {
            b"sec" => Item::Since(1.0),
            b"msec" => Item::Since(1e3),
            b"usec" => Item::Since(1e6),
            b"msec_frac" => Item::Fraction(3),
            b"usec_frac" => Item::Fraction(6),
            format => Item::Moment(moment(moments, format)),
        },
        Part::Took(per_second) => Item::Took(f64::from(*per_second)),
        Part::HitMiss => Item::HitMiss,
        Part::Handling => Item::Handling,
        Part::Side => Item::Side,
        Part::Vxid => Item::Vxid,
        Part::FirstByte => Item::Number(slot::FIRST_BYTE),
        Part::VclLog(key) => Item::Value(collector.key(key), b""),
        Part::Record { tag, prefix, word } => Item::Header(collector.record(*tag, prefix, *word)),
        Part::Own(Own::RequestTime) => Item::RequestTime,
        Part::Own(Own::TimeIso) => Item::TimeIso(moment(moments, ISO)),
        Part::Own(Own::Uri) => Item::Uri,
        Part::Own(Own::Upstream(column)) => Item::Upstream(*column),
    }
}

/// Writes lines of a format.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    items: Vec<Item>,
    moments: Vec<Moment>,
    clock: Clock,
    quote: Quote,
    /// Texts have quotation marks around them, and what is missing is `null`.
    strict: bool,
    /// The newer generation knows other schemes than `http`.
    is_new: bool,
    missing_text: &'static [u8],
    missing_number: &'static [u8],
}

/// A transaction at hand.
struct Of<'a> {
    transaction: &'a Transaction,
    found: &'a Collected,
}

impl<'a> Of<'a> {
    fn bytes(&self, slot: Slot) -> Option<&'a [u8]> {
        Some(&self.transaction.bytes()[self.found.get(slot)?])
    }

    /// Path and query: what stands before the first question mark, and it with the rest.
    fn url(&self) -> Option<(Range<usize>, Range<usize>)> {
        let bytes = self.all();
        let Range { start, end } = self.found.get(slot::URL)?;
        let mark = memchr::memchr(b'?', &bytes[start..end]).map_or(end, |at| start + at);
        Some((trimmed(bytes, start..mark), trimmed(bytes, mark..end)))
    }

    /// The bytes that places are in.
    fn all(&self) -> &'a [u8] {
        self.transaction.bytes()
    }

    fn start(&self) -> Option<f64> {
        self.bytes(slot::START).and_then(decimal)
    }

    fn took(&self, start: f64) -> f64 {
        self.bytes(slot::END).and_then(decimal).unwrap_or(start) - start
    }
}

impl Writer {
    pub(super) fn new(items: Vec<Item>, moments: Vec<Moment>, format: &Format) -> Writer {
        let (quoting, options) = (format.quoting, format.options);
        let (missing_text, missing_number): (&[u8], &[u8]) = match quoting {
            Quoting::Plain | Quoting::Ltsv => (b"-", b"-"),
            Quoting::Json => (b"", b"0"),
            Quoting::StrictJson => (b"null", b"null"),
        };
        let strict = quoting == Quoting::StrictJson;
        let is_new = options.compat == Compat::V9;
        Writer {
            items,
            moments,
            clock: Clock::new(options.zone),
            quote: Quote::new(quoting, !is_new),
            strict,
            is_new,
            missing_text,
            missing_number,
        }
    }

    /// Appends a line. False: there is none, as it would have a moment that was not recorded, and what was written of it is
    /// to be taken back.
    pub(super) fn write(
        &mut self,
        transaction: &Transaction,
        found: &Collected,
        upstream: &mut dyn FnMut(Upstream, &mut Text) -> bool,
        out: &mut Text,
    ) -> bool {
        let of = Of { transaction, found };
        let Writer { items, moments, clock, .. } = self;
        let shape = Shape {
            quote: &self.quote,
            strict: self.strict,
            is_new: self.is_new,
            missing_text: self.missing_text,
            missing_number: self.missing_number,
        };
        for item in items.iter() {
            match item {
                Item::Plain(text) => out.push(text),
                Item::Short(window, len) => out.push_piece(window, *len),
                Item::Value(slot, missing) => shape.part(&of, found.get(*slot), missing, out),
                Item::Header(slot) => {
                    shape.part(&of, found.get(*slot), shape.missing_text, out);
                }
                Item::Number(slot) => shape.number(&of, found.get(*slot), out),
                Item::Path => shape.part(&of, of.url().map(|it| it.0), shape.missing_text, out),
                Item::Query => shape.part(&of, of.url().map(|it| it.1), b"", out),
                Item::Uri => {
                    let url = found.get(slot::URL).map(|url| trimmed(of.all(), url));
                    shape.part(&of, url, shape.missing_text, out);
                }
                Item::RequestLine => shape.request_line(&of, out),
                Item::User => {
                    let mut room = user::EMPTY;
                    let user = of.bytes(slot::USER).and_then(|text| user::user(text, &mut room));
                    shape.text(user, b"-", out);
                }
                Item::Moment(_)
                | Item::TimeIso(_)
                | Item::Since(_)
                | Item::Fraction(_)
                | Item::Took(_)
                | Item::RequestTime => {
                    let Some(start) = of.start() else {
                        if !shape.strict {
                            return false;
                        }
                        out.push(shape.missing_text);
                        continue;
                    };
                    match item {
                        Item::Moment(at) => {
                            shape.plain(moments[*at].text(whole(start), clock), out)
                        }
                        Item::TimeIso(at) => shape.iso(moments[*at].text(whole(start), clock), out),
                        Item::Since(scale) => push_number(whole(start * scale), 0, out),
                        Item::Fraction(digits) => {
                            let scale = 10_f64.powi(i32::try_from(*digits).unwrap_or(0));
                            push_number(whole(start.fract() * scale), *digits as usize, out);
                        }
                        Item::RequestTime => {
                            let millis = whole((of.took(start) * 1e3).round());
                            push_millis(millis, out);
                        }
                        Item::Took(scale) => push_number(whole(of.took(start) * scale), 0, out),
                        _ => {}
                    }
                }
                Item::HitMiss => shape.plain(found.handled.hitmiss.as_bytes(), out),
                Item::Handling => shape.plain(found.handled.handling.as_bytes(), out),
                Item::Side => {
                    let is_backend = transaction.kind == Kind::Backend;
                    shape.plain(if is_backend { b"b" } else { b"c" }, out);
                }
                Item::Vxid => push_unsigned(transaction.vxid.0, 0, out),
                Item::Upstream(column) => {
                    let start = out.len();
                    if shape.strict {
                        out.push(b"\"");
                    }
                    if !upstream(*column, out) {
                        out.truncate(start);
                        out.push(shape.missing_text);
                    } else if shape.strict {
                        out.push(b"\"");
                    }
                }
            }
        }
        true
    }
}

/// How values look.
struct Shape<'a> {
    quote: &'a Quote,
    strict: bool,
    /// The newer generation knows other schemes than `http`.
    is_new: bool,
    missing_text: &'static [u8],
    missing_number: &'static [u8],
}

impl Shape<'_> {
    /// A part of what a transaction says.
    #[inline]
    fn part(&self, of: &Of<'_>, part: Option<Range<usize>>, missing: &[u8], out: &mut Text) {
        match part {
            Some(part) if self.strict => self.text(Some(&of.all()[part]), missing, out),
            Some(part) => self.quote.write_part(of.all(), part, out),
            None => self.text(None, missing, out),
        }
    }

    fn text(&self, value: Option<&[u8]>, missing: &[u8], out: &mut Text) {
        match value {
            Some(value) if self.strict => {
                out.push(b"\"");
                self.quote.write(value, out);
                out.push(b"\"");
            }
            Some(value) => self.quote.write(value, out),
            None if self.strict => out.push(b"null"),
            None => out.push(missing),
        }
    }

    /// What needs no escapes.
    fn plain(&self, value: &[u8], out: &mut Text) {
        if self.strict {
            out.push(b"\"");
        }
        out.push(value);
        if self.strict {
            out.push(b"\"");
        }
    }

    /// With a colon in the offset.
    fn iso(&self, value: &[u8], out: &mut Text) {
        let (time, minutes) = value.split_at(value.len().saturating_sub(2));
        if self.strict {
            out.push(b"\"");
        }
        out.push(time);
        out.push(b":");
        self.strict_end(minutes, out);
    }

    fn strict_end(&self, value: &[u8], out: &mut Text) {
        out.push(value);
        if self.strict {
            out.push(b"\"");
        }
    }

    fn number(&self, of: &Of<'_>, value: Option<Range<usize>>, out: &mut Text) {
        match value {
            Some(value) if self.strict => {
                let value = &of.all()[value];
                out.push(if is_json_number(value) { value } else { b"null" });
            }
            Some(value) => self.quote.write_part(of.all(), value, out),
            None => out.push(self.missing_number),
        }
    }

    fn has_scheme(&self, host: &[u8]) -> bool {
        host.starts_with(b"http://") || (self.is_new && host.starts_with(b"https://"))
    }

    fn request_line(&self, of: &Of<'_>, out: &mut Text) {
        let part = |value: Option<Range<usize>>, missing: &[u8], out: &mut Text| match value {
            Some(value) => self.quote.write_part(of.all(), value, out),
            None => out.push(missing),
        };
        if self.strict {
            out.push(b"\"");
        }
        part(of.found.get(slot::METHOD), b"-", out);
        out.push(b" ");
        match of.found.get(slot::HOST) {
            Some(host) if self.has_scheme(&of.all()[host.clone()]) => part(Some(host), b"", out),
            host => {
                let scheme = of.found.get(slot::SCHEME).filter(|_| self.is_new);
                part(scheme, b"http", out);
                out.push(b"://");
                part(host, b"localhost", out);
            }
        }
        if let Some((path, query)) = of.url() {
            part(Some(path), b"", out);
            part(Some(query), b"", out);
        }
        out.push(b" ");
        part(of.found.get(slot::PROTOCOL), b"HTTP/1.0", out);
        if self.strict {
            out.push(b"\"");
        }
    }
}

/// Digits without a zero before others.
fn is_json_number(value: &[u8]) -> bool {
    matches!(value, [b'0'] | [b'1'..=b'9', ..]) && value.iter().all(u8::is_ascii_digit)
}

/// Cut to an integer, as C does it.
#[allow(clippy::cast_possible_truncation, reason = "what does not fit is the nearest that does")]
const fn whole(value: f64) -> i64 {
    value as i64
}

/// Seconds with three decimals.
pub(super) fn push_millis(millis: i64, out: &mut Text) {
    push_number(millis / 1000, 0, out);
    out.push(b".");
    push_unsigned(millis.unsigned_abs() % 1000, 3, out);
}

fn push_number(value: i64, digits: usize, out: &mut Text) {
    if value < 0 {
        out.push(b"-");
    }
    push_unsigned(value.unsigned_abs(), digits, out);
}

fn push_unsigned(mut value: u64, at_least: usize, out: &mut Text) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10).to_le_bytes()[0];
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.push(&digits[at.min(digits.len() - at_least.min(digits.len()))..]);
}
