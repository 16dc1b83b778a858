//! Small pictures of how a counter went.

use std::sync::Arc;

use shellac_counters::vsc::Semantics;

use super::sample::{Point, Reading};
use super::screen::{Look, Scene};

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const LETTERS: [char; 8] = ['_', '.', '.', '-', '-', '=', '=', '#'];
/// Counters came or went so often at most in one history; what lies behind is not looked up.
const LISTS_MOST: usize = 4;

/// A number for each moment, the latest last; `None` where nothing is known.
pub(crate) type History = Vec<Option<f64>>;

/// What is drawn of a counter: of a gauge its value, else its change.
fn drawn((point, reading): (&Point, &Reading)) -> Option<f64> {
    match point.semantics {
        Semantics::Gauge => Some(super::sampler::as_f64(reading.shown(Semantics::Gauge, false))),
        Semantics::Counter => reading.change,
        Semantics::Bitmap | Semantics::Unknown => None,
    }
}

/// The last `moments` of these counters.
pub(crate) fn histories(scene: &Scene<'_>, counters: &[usize], moments: usize) -> Vec<History> {
    let mut found: Vec<History> = vec![Vec::with_capacity(moments); counters.len()];
    let mut list = Arc::clone(scene.now.counters.points());
    let names =
        counters.iter().map(|&at| scene.now.counters.get(at).map(|(point, _)| &*point.name));
    let names: Vec<Option<&str>> = names.collect();
    let mut places: Vec<Option<usize>> = counters.iter().map(|&at| Some(at)).collect();
    let mut lists = 1;
    for snapshot in scene.back().take(moments) {
        let sample = &snapshot.counters;
        if !Arc::ptr_eq(sample.points(), &list) {
            lists += 1;
            if lists > LISTS_MOST {
                break;
            }
            list = Arc::clone(sample.points());
            places = names.iter().map(|name| sample.position((*name)?)).collect();
        }
        for (history, place) in found.iter_mut().zip(&places) {
            history.push(place.and_then(|place| sample.get(place)).and_then(drawn));
        }
    }
    found.iter_mut().for_each(|history| history.reverse());
    found
}

/// The least and the most of a history.
pub(crate) fn range(history: &History) -> (Option<f64>, Option<f64>) {
    let known = || history.iter().flatten().copied();
    (known().reduce(f64::min), known().reduce(f64::max))
}

/// A history in so many columns, the latest at the right.
pub(crate) fn spark(history: &History, columns: usize, look: Look) -> String {
    let letters = if look.unicode { BLOCKS } else { LETTERS };
    let most = range(history).1.unwrap_or_default();
    let shown = history.iter().skip(history.len().saturating_sub(columns));
    let picture: String = shown
        .map(|value| match value {
            None => ' ',
            Some(value) => letters[level(*value, most)],
        })
        .collect();
    let missing = columns.saturating_sub(picture.chars().count());
    format!("{}{picture}", " ".repeat(missing))
}

/// Which of eight levels a value has, of `most`.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and 7, and what is not a number becomes 0"
)]
fn level(value: f64, most: f64) -> usize {
    if most <= 0.0 || value <= 0.0 {
        return 0;
    }
    // Whatever is not zero is seen as such.
    ((value / most * 7.0).ceil() as usize).clamp(1, 7)
}

#[cfg(test)]
mod tests;
