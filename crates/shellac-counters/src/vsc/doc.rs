//! The description of a set of counters.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

/// What a value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Semantics {
    /// It only grows.
    Counter,
    /// It goes up and down. Values above 2^63 are negative.
    Gauge,
    /// Its bits are a history.
    Bitmap,
    /// A word that this program does not know.
    Unknown,
}

impl Semantics {
    /// The letter that stands for it.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Semantics::Counter => 'c',
            Semantics::Gauge => 'g',
            Semantics::Bitmap => 'b',
            Semantics::Unknown => '?',
        }
    }

    /// The word for it in descriptions.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Semantics::Counter => "counter",
            Semantics::Gauge => "gauge",
            Semantics::Bitmap => "bitmap",
            Semantics::Unknown => "unknown",
        }
    }

    fn of(word: &str) -> Semantics {
        match word {
            "counter" => Semantics::Counter,
            "gauge" => Semantics::Gauge,
            "bitmap" => Semantics::Bitmap,
            _ => Semantics::Unknown,
        }
    }
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A number.
    Integer,
    /// A number of bytes.
    Bytes,
    /// Bits.
    Bitmap,
    /// Seconds.
    Duration,
    /// A word that this program does not know; shown as a number.
    Unknown,
}

impl Format {
    /// The letter that stands for it.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Format::Integer => 'i',
            Format::Bytes => 'B',
            Format::Bitmap => 'b',
            Format::Duration => 'd',
            Format::Unknown => '?',
        }
    }

    /// The word for it in descriptions.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Format::Integer => "integer",
            Format::Bytes => "bytes",
            Format::Bitmap => "bitmap",
            Format::Duration => "duration",
            Format::Unknown => "unknown",
        }
    }

    fn of(word: &str) -> Format {
        match word {
            "integer" => Format::Integer,
            "bytes" => Format::Bytes,
            "bitmap" => Format::Bitmap,
            "duration" => Format::Duration,
            _ => Format::Unknown,
        }
    }
}

/// For whom a counter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For everybody; also what a word that this program does not know is taken for.
    Info,
    /// For those who look for a cause.
    Diag,
    /// For those who know the source.
    Debug,
}

impl Level {
    /// The word for it in descriptions.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Diag => "diag",
            Level::Debug => "debug",
        }
    }

    fn of(word: &str) -> Level {
        match word {
            "diag" => Level::Diag,
            "debug" => Level::Debug,
            _ => Level::Info,
        }
    }
}

/// What is known of a counter beside its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Its name in the set.
    pub name: String,
    /// What its value means.
    pub semantics: Semantics,
    /// How it is written.
    pub format: Format,
    /// For whom it is.
    pub level: Level,
    /// What it counts, in a line.
    pub oneliner: String,
    /// What it counts, at length.
    pub doc: String,
    /// Where it is in the body, in bytes.
    pub at: u64,
}

/// A description as it was parsed: counters in the order in which they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetDoc {
    /// Name of the kind of set.
    pub name: String,
    /// What the set is, in a line.
    pub oneliner: String,
    /// Its counters.
    pub counters: Vec<Info>,
}

/// Why a description cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the description of the counters is not what it should be")]
pub struct DocError(#[from] serde_json::Error);

impl SetDoc {
    /// Parses a description. What it says beyond what is known is skipped.
    ///
    /// # Errors
    ///
    /// [`DocError`] with line and column.
    pub fn parse(text: &str) -> Result<SetDoc, DocError> {
        let raw: RawSet = serde_json::from_str(text)?;
        let info = |(name, raw): (String, RawElement)| Info {
            name,
            semantics: Semantics::of(&raw.kind),
            format: Format::of(&raw.format),
            level: Level::of(&raw.level),
            oneliner: raw.oneliner,
            doc: raw.docs,
            at: raw.index,
        };
        let counters = raw.elem.0.into_iter().map(info).collect();
        Ok(SetDoc { name: raw.name, oneliner: raw.oneliner, counters })
    }
}

#[derive(Deserialize)]
struct RawSet {
    #[serde(default)]
    name: String,
    #[serde(default)]
    oneliner: String,
    elem: Elements,
}

#[derive(Deserialize)]
struct RawElement {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    oneliner: String,
    #[serde(default)]
    format: String,
    #[serde(default)]
    docs: String,
    #[serde(deserialize_with = "number")]
    index: u64,
}

/// The members of an object in the order in which they are written.
struct Elements(Vec<(String, RawElement)>);

impl<'de> Deserialize<'de> for Elements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Elements, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Elements;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of counters")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Elements, A::Error> {
                let mut elements = Vec::new();
                while let Some(member) = map.next_entry()? {
                    elements.push(member);
                }
                Ok(Elements(elements))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A number, or the text of one.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
        Other(IgnoredAny),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.trim().parse().map_err(D::Error::custom),
        Either::Other(_) => Err(D::Error::custom("a place is a number that is not negative")),
    }
}
