//! The table: its columns, from which come the schema of the file, and the values that are collected for them.

use std::fmt::Write;
use std::sync::Arc;

use parquet::data_type::ByteArray;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;

/// What a column holds. All but the first two may lack a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number that every row has.
    Number,
    /// A text that every row has.
    Word,
    OptionalNumber,
    /// A number of 32 bits.
    Small,
    /// Microseconds since 1970, in UTC.
    Moment,
    Seconds,
    Flag,
    Text,
    /// Texts, maybe none.
    Texts,
}

/// Every column, in the order of [`super::rows`].
pub(super) const COLUMNS: [(&str, Kind); 32] = [
    ("file", Kind::Word),
    ("vxid", Kind::Number),
    ("type", Kind::Word),
    ("reason", Kind::Word),
    ("parent", Kind::OptionalNumber),
    ("request", Kind::OptionalNumber),
    ("complete", Kind::Flag),
    ("time", Kind::Moment),
    ("duration", Kind::Seconds),
    ("client", Kind::Text),
    ("client_port", Kind::Small),
    ("method", Kind::Text),
    ("url", Kind::Text),
    ("protocol", Kind::Text),
    ("host", Kind::Text),
    ("status", Kind::Small),
    ("backend", Kind::Text),
    ("backend_address", Kind::Text),
    ("backend_port", Kind::Small),
    ("reused", Kind::Flag),
    ("attempt", Kind::Small),
    ("failed", Kind::Flag),
    ("class", Kind::Text),
    ("cause", Kind::Text),
    ("phase", Kind::Text),
    ("errno", Kind::Small),
    ("errors", Kind::Texts),
    ("details", Kind::Texts),
    ("request_body_bytes", Kind::OptionalNumber),
    ("response_header_bytes", Kind::OptionalNumber),
    ("response_body_bytes", Kind::OptionalNumber),
    ("traceparent", Kind::Text),
];

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Number(Option<i64>),
    Small(Option<i32>),
    Seconds(Option<f64>),
    Flag(Option<bool>),
    Text(Option<String>),
    Texts(Vec<String>),
}

/// A row, in the order of [`COLUMNS`].
pub(super) type Row = [Cell; COLUMNS.len()];

/// The schema of the file.
pub(super) fn schema() -> Arc<Type> {
    let mut text = "message shellac {\n".to_owned();
    for (name, kind) in COLUMNS {
        // Writing to a string cannot fail.
        let _ = match kind {
            Kind::Number => writeln!(text, "required int64 {name};"),
            Kind::Word => writeln!(text, "required binary {name} (UTF8);"),
            Kind::OptionalNumber => writeln!(text, "optional int64 {name};"),
            Kind::Small => writeln!(text, "optional int32 {name};"),
            Kind::Moment => writeln!(text, "optional int64 {name} (TIMESTAMP(MICROS,true));"),
            Kind::Seconds => writeln!(text, "optional double {name};"),
            Kind::Flag => writeln!(text, "optional boolean {name};"),
            Kind::Text => writeln!(text, "optional binary {name} (UTF8);"),
            Kind::Texts => writeln!(
                text,
                "required group {name} (LIST) {{ repeated group list {{ required binary element (UTF8); }} }}"
            ),
        };
    }
    text.push('}');
    Arc::new(parse_message_type(&text).expect("the table is a schema, as a test confirms"))
}

/// Values of one column that are collected, with levels as Parquet has them: 1 where there is a value, and for a list
/// also 1 where it goes on.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) values: Values,
    pub(super) present: Vec<i16>,
    pub(super) goes_on: Vec<i16>,
    pub(super) kind: Kind,
}

/// The values that are there.
#[derive(Debug)]
pub(super) enum Values {
    Number(Vec<i64>),
    Small(Vec<i32>),
    Seconds(Vec<f64>),
    Flag(Vec<bool>),
    Text(Vec<ByteArray>),
}

impl Column {
    pub(super) const fn new(kind: Kind) -> Column {
        let values = match kind {
            Kind::Number | Kind::OptionalNumber | Kind::Moment => Values::Number(Vec::new()),
            Kind::Small => Values::Small(Vec::new()),
            Kind::Seconds => Values::Seconds(Vec::new()),
            Kind::Flag => Values::Flag(Vec::new()),
            Kind::Word | Kind::Text | Kind::Texts => Values::Text(Vec::new()),
        };
        Column { values, present: Vec::new(), goes_on: Vec::new(), kind }
    }

    /// Adds a value, and says how many bytes that took.
    pub(super) fn push(&mut self, cell: Cell) -> usize {
        let level = |is_there: bool| i16::from(is_there);
        match (&mut self.values, cell) {
            (Values::Number(values), Cell::Number(value)) => {
                self.present.push(level(value.is_some()));
                values.extend(value);
            }
            (Values::Small(values), Cell::Small(value)) => {
                self.present.push(level(value.is_some()));
                values.extend(value);
            }
            (Values::Seconds(values), Cell::Seconds(value)) => {
                self.present.push(level(value.is_some()));
                values.extend(value);
            }
            (Values::Flag(values), Cell::Flag(value)) => {
                self.present.push(level(value.is_some()));
                values.extend(value);
            }
            (Values::Text(values), Cell::Text(value)) => {
                self.present.push(level(value.is_some()));
                let len_bytes = value.as_ref().map_or(0, String::len);
                values.extend(value.map(|text| ByteArray::from(text.into_bytes())));
                return TEXT_BYTES + len_bytes;
            }
            (Values::Text(values), Cell::Texts(texts)) => {
                if texts.is_empty() {
                    self.present.push(0);
                    self.goes_on.push(0);
                }
                let mut len_bytes = NUMBER_BYTES;
                for (at, text) in texts.into_iter().enumerate() {
                    self.present.push(1);
                    self.goes_on.push(level(at > 0));
                    len_bytes += TEXT_BYTES + text.len();
                    values.push(ByteArray::from(text.into_bytes()));
                }
                return len_bytes;
            }
            (values, cell) => {
                unreachable!("{cell:?} for {values:?}: a row is in the order of the table")
            }
        }
        NUMBER_BYTES
    }
}

/// What a number takes in memory, about.
const NUMBER_BYTES: usize = 16;
/// What a text takes beside its bytes, about.
const TEXT_BYTES: usize = 72;

#[cfg(test)]
mod tests;
