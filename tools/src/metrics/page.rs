//! What one scrape found: families of samples, in the order in which they came.

use std::collections::{HashMap, HashSet};

/// Characters of a label or of a help text that are kept; both come from shared memory.
const MOST_CHARACTERS: usize = 256;

/// What the samples of a family are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    /// A constant 1 whose labels are the news.
    Info,
}

/// One value, or a distribution of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Integer(i128),
    Float(f64),
    Histogram {
        /// Upper ends of the buckets, ascending, and how many values are not above each; the last has no end.
        cumulative: Vec<(Option<f64>, u64)>,
        /// Sum of all values.
        sum: f64,
    },
}

/// A value and what tells it from its neighbours.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) labels: Labels,
    pub(super) value: Value,
}

/// Names and texts.
pub(super) type Labels = Vec<(&'static str, String)>;

/// Samples of one name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Family {
    /// Without the `_total` of counters.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// `seconds`, `bytes`, `ratio`; the name ends with it.
    pub(super) unit: Option<&'static str>,
    pub(super) help: String,
    pub(super) samples: Vec<Sample>,
}

/// A family as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct About<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    pub(super) unit: Option<&'static str>,
    pub(super) help: &'a str,
}

/// Everything that is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    families: Vec<Family>,
    places: HashMap<String, usize>,
    seen: HashSet<(usize, Labels)>,
    /// Samples that had the name and labels of one before; they were left out.
    pub(super) repeated: u64,
}

impl Page {
    /// Adds a sample. One that is there already stays; a name that is there already stays what it is.
    pub(super) fn add(&mut self, about: &About<'_>, labels: Labels, value: Value) {
        let labels: Labels =
            labels.into_iter().map(|(name, text)| (name, shortened(&text))).collect();
        let place = self.place(about);
        if self.seen.insert((place, labels.clone())) {
            self.families[place].samples.push(Sample { labels, value });
        } else {
            self.repeated += 1;
        }
    }

    /// A gauge without labels.
    pub(super) fn gauge(
        &mut self,
        name: &str,
        unit: Option<&'static str>,
        help: &str,
        value: Value,
    ) {
        self.add(&About { name, kind: Kind::Gauge, unit, help }, Labels::new(), value);
    }

    /// A counter without labels.
    pub(super) fn counter(
        &mut self,
        name: &str,
        unit: Option<&'static str>,
        help: &str,
        value: u64,
    ) {
        let about = About { name, kind: Kind::Counter, unit, help };
        self.add(&about, Labels::new(), Value::Integer(value.into()));
    }

    /// The families, each with at least one sample.
    pub(super) fn families(&self) -> &[Family] {
        &self.families
    }

    /// How many samples there are.
    pub(super) fn samples(&self) -> usize {
        self.seen.len()
    }

    fn place(&mut self, about: &About<'_>) -> usize {
        let name = metric_name(about.name);
        if let Some(&place) = self.places.get(&name) {
            return place;
        }
        let place = self.families.len();
        self.places.insert(name.clone(), place);
        self.families.push(Family {
            name,
            kind: about.kind,
            unit: about.unit,
            help: shortened(about.help),
            samples: Vec::new(),
        });
        place
    }
}

/// The text as a name of a metric: letters, digits and underscores.
fn metric_name(text: &str) -> String {
    let fitting = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut name: String = text.chars().take(MOST_CHARACTERS).map(fitting).collect();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

fn shortened(text: &str) -> String {
    let kept = text.chars().take(MOST_CHARACTERS);
    kept.map(|c| if c.is_control() { ' ' } else { c }).collect()
}
