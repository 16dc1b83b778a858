//! What an error text means, for somebody who has nothing but the text, or the line that it stands in.
//!
//! [`explain`] takes what people paste: the text of a `FetchError`, a line of `varnishlog` or of
//! `shellac errors`, a line of another program's log, a flag of one, or a transaction number.

mod line;
mod screen;

use crate::causes::{Diagnosis, Evidence, Missing, diagnose};
use crate::error_text::{self, Reading, Text};
use line::Pasted;
pub use screen::{catalogue, screen, texts_of};

/// Longest text that is looked at, in bytes; what is behind that is left out.
const MAX_TEXT: usize = 4096;

/// What can be said about a text.
#[derive(Clone, Debug)]
pub enum Explained {
    /// It is known.
    Known(Box<Known>),
    /// It is a transaction number: the transaction itself says more.
    Xid(u64),
    /// It is not known; these are the texts that look most like it, the nearest first.
    Unknown(Vec<&'static Text>),
}

/// A text that is known.
#[derive(Clone, Debug)]
pub struct Known {
    /// The part of what was given that is the error text.
    pub text: String,
    /// Its row in the table.
    pub row: &'static Text,
    /// What it leaves possible, with what else the line says.
    pub reading: Reading,
    /// The causes that fit, and what would decide between them.
    pub diagnosis: Diagnosis,
}

/// Explains `text`.
pub fn explain(text: &str) -> Explained {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text[..end].trim();
    if let Some(xid) = line::transaction_number(text) {
        return Explained::Xid(xid);
    }
    let pasted = Pasted::of(text);
    match pasted.find() {
        Some((text, row)) => Explained::Known(Box::new(known(&pasted, text, row))),
        None => Explained::Unknown(nearest(&pasted.text)),
    }
}

fn known(pasted: &Pasted, text: String, row: &'static Text) -> Known {
    let mut reading = row.reading();
    if pasted.of_client == Some(true) {
        reading = reading.turned();
    }
    let Pasted { phases, classes, reused, taken, .. } = *pasted;
    reading.phases = phases.map_or(reading.phases, |phases| phases.narrowed(reading.phases));
    reading.classes = classes.map_or(reading.classes, |classes| classes.narrowed(reading.classes));
    let reused = reused.or(text.contains("(reused connection)").then_some(true));
    let of = |reading: Reading| {
        let Reading { phases, classes } = reading;
        diagnose(&Evidence { phases, classes, reused, taken })
    };
    let mut diagnosis = of(reading);
    let turned = row.reading().turned();
    let both_sides = row.source.is_ours() && turned != row.reading();
    if both_sides && pasted.of_client.is_none() && phases.is_none() {
        let others = of(turned).candidates;
        if others.iter().any(|other| !diagnosis.candidates.contains(other)) {
            diagnosis.missing.insert(0, Missing::Side);
        }
        for other in others {
            if !diagnosis.candidates.contains(&other) {
                diagnosis.candidates.push(other);
            }
        }
    }
    Known { text, row, reading, diagnosis }
}

/// How many texts are offered in the place of one that is not known.
const NEAREST: usize = 3;

/// The known texts that share most of their words with `text`.
fn nearest(text: &str) -> Vec<&'static Text> {
    let words = |text: &str| -> Vec<String> {
        let text = text.to_ascii_lowercase();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 1);
        let mut words: Vec<String> = words.map(str::to_owned).collect();
        words.sort_unstable();
        words.dedup();
        words
    };
    let asked = words(text);
    let mut rows: Vec<(usize, &'static Text)> = error_text::all()
        .filter_map(|row| {
            let known = words(&row.pattern.shown());
            let shared = known.iter().filter(|word| asked.binary_search(word).is_ok()).count();
            // In thousandths of all words of the two.
            let all = asked.len() + known.len() - shared;
            (shared > 0).then(|| (1000 * shared / all.max(1), row))
        })
        .collect();
    rows.sort_by_key(|(likeness, _)| std::cmp::Reverse(*likeness));
    rows.into_iter()
        .filter(|(likeness, _)| *likeness >= 200)
        .take(NEAREST)
        .map(|(_, row)| row)
        .collect()
}

#[cfg(test)]
mod tests;
