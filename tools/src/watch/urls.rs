//! The URLs that are asked for most in the last minute.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use shellac_measure::Top;
use shellac_render::dimensions::url_pattern;
use shellac_render::visible;

use super::seconds::{is_past, part};
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
    parts: VecDeque<Part>,
    /// Paths as they are with requests and errors: many requests ask for the same one.
    waiting: HashMap<Box<[u8]>, (u64, u64)>,
}

#[derive(Debug)]
struct Part {
    number: u64,
    requests: Top,
    errors: Top,
}

impl Urls {
    /// Counts a request.
    pub(super) fn add(&mut self, url: &[u8], is_error: bool) {
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
        let number = part(now);
        if self.parts.back().is_none_or(|last| last.number < number) {
            self.parts.push_back(Part::new(number));
        }
        let newest = self.parts.back().map_or(0, |last| last.number);
        while self.parts.front().is_some_and(|first| is_past(first.number, newest)) {
            self.parts.pop_front();
        }
    }

    /// Looks at the paths that wait.
    fn settle(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        if self.parts.is_empty() {
            self.parts.push_back(Part::new(0));
        }
        let Some(last) = self.parts.back_mut() else { return };
        for (path, (requests, errors)) in self.waiting.drain() {
            let pattern = url_pattern(&visible(&path));
            last.requests.add(&pattern, requests);
            if errors > 0 {
                last.errors.add(&pattern, errors);
            }
        }
    }

    /// The most frequent ones.
    pub(super) fn top(&self) -> Vec<UrlTraffic> {
        let mut found: HashMap<String, (u64, u64)> = HashMap::new();
        for part in &self.parts {
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

impl Part {
    fn new(number: u64) -> Part {
        Part { number, requests: Top::new(COUNTED), errors: Top::new(COUNTED) }
    }
}
