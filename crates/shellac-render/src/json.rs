//! A group as one line of JSON, in one of two schemas.
//!
//! Ours keeps every record, its fields apart and numbers as numbers, attempts below their request; LOG-JSON.md beside
//! the sources and `log.schema.json` describe it. [`varnishlog_json`] is that of the stock tool of this name. Either
//! is written record by record, without a tree of values, and always parses, whatever the log holds.

mod facts;
mod masks;
mod moment;
mod number;
mod ours;
mod records;
mod shape;
mod string;
#[cfg(test)]
mod tests;
mod tree;
mod usual;
pub mod varnishlog_json;

pub use ours::{JsonWriter, SCHEMA, SCHEMA_FILE};
pub use string::bytes_of;
