//! The URLs that are asked for most in the last minute.

use std::collections::HashMap;
use std::time::Duration;

use shellac_measure::Top;
use shellac_render::dimensions::url_pattern;
use shellac_render::visible;

use super::parts::{Parts, part};
use super::traffic::UrlTraffic;

/// Kinds of URLs that are counted in a part of the minute.
const COUNTED: usize = 256;
/// Paths that are put together before they are looked at.
const WAITING: usize = 2048;
/// A longer path is cut, in bytes.
const MAX_PATH: usize = 256;
/// Kinds that are told.
const TOLD: usize = 100;

/// Counts by kind of URL.
#[derive(Debug, Default)]
pub(super) struct Urls {
    parts: Parts<Part>,
    /// The part of the minute that these are of.
    at: Duration,
    /// Paths as they are with requests and errors: many requests ask for the same one.
    waiting: HashMap<Box<[u8]>, (u64, u64)>,
}

#[derive(Debug)]
struct Part {
    requests: Top,
    errors: Top,
}

impl Urls {
    /// Counts a request.
    pub(super) fn add(&mut self, at: Duration, url: &[u8], is_error: bool) {
        if part(at) != part(self.at) {
            self.settle();
            self.at = at;
        }
        let path = match memchr::memchr(b'?', url) {
            // The question mark says that there is a query.
            Some(at) => &url[..=at],
            None => url,
        };
        let path = &path[..path.len().min(MAX_PATH)];
        let count = match self.waiting.get_mut(path) {
            Some(count) => count,
            None => self.waiting.entry(path.into()).or_default(),
        };
        count.0 += 1;
        count.1 += u64::from(is_error);
        if self.waiting.len() >= WAITING {
            self.settle();
        }
    }

    /// Time has come as far as this.
    pub(super) fn advance(&mut self, now: Duration) {
        self.settle();
        self.parts.advance(now);
    }

    /// Looks at the paths that wait.
    fn settle(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let Some(last) = self.parts.at(self.at, |_| Part::default()) else {
            self.waiting.clear();
            return;
        };
        for (path, (requests, errors)) in self.waiting.drain() {
            // Collapsed first: the digits of an escape are no number of a request.
            let pattern = visible(url_pattern(&String::from_utf8_lossy(&path)).as_bytes());
            last.requests.add(&pattern, requests);
            if errors > 0 {
                last.errors.add(&pattern, errors);
            }
        }
    }

    /// The most frequent ones.
    pub(super) fn top(&self) -> Vec<UrlTraffic> {
        let mut found: HashMap<String, (u64, u64)> = HashMap::new();
        for part in self.parts.iter() {
            for entry in part.requests.entries(COUNTED) {
                found.entry(entry.key).or_default().0 += entry.count;
            }
            for entry in part.errors.entries(COUNTED) {
                found.entry(entry.key).or_default().1 += entry.count;
            }
        }
        let mut all: Vec<UrlTraffic> = found
            .into_iter()
            .map(|(pattern, (requests, errors))| UrlTraffic {
                pattern,
                requests: requests.max(errors),
                errors,
            })
            .collect();
        all.sort_by(|a, b| b.requests.cmp(&a.requests).then_with(|| a.pattern.cmp(&b.pattern)));
        all.truncate(TOLD);
        all
    }
}

impl Default for Part {
    fn default() -> Part {
        Part { requests: Top::new(COUNTED), errors: Top::new(COUNTED) }
    }
}
