//! The most frequent of very many, in constant memory.

use std::collections::{BTreeSet, HashMap};

/// Counts the most frequent keys with so many counters (space saving).
///
/// With `capacity` counters, every key that makes up more than one in `capacity` of all is among them. A count is
/// never too low, and too high by at most its [`Entry::over`].
#[derive(Clone, Debug)]
pub struct Top {
    capacity: usize,
    counts: HashMap<Box<str>, Counter>,
    /// By count, then by age, for the one that makes room.
    order: BTreeSet<(u64, u64, Box<str>)>,
    age: u64,
    total: u64,
}

#[derive(Clone, Copy, Debug)]
struct Counter {
    count: u64,
    over: u64,
    age: u64,
}

/// A key and its count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// How often it came, at most.
    pub count: u64,
    /// By how much that may be too high.
    pub over: u64,
}

impl Top {
    /// With so many counters, at least one.
    pub fn new(capacity: usize) -> Top {
        let capacity = capacity.max(1);
        Top { capacity, counts: HashMap::new(), order: BTreeSet::new(), age: 0, total: 0 }
    }

    /// Counts `key` so many times.
    pub fn add(&mut self, key: &str, times: u64) {
        self.total = self.total.saturating_add(times);
        let (key, before) = match self.counts.remove_entry(key) {
            Some((key, counter)) => {
                let gone = (counter.count, counter.age, key);
                self.order.remove(&gone);
                (gone.2, counter)
            }
            None => {
                self.age += 1;
                let over = if self.counts.len() < self.capacity {
                    0
                } else {
                    // Whoever comes takes over the smallest counter with what it has.
                    self.order.pop_first().map_or(0, |(count, _, key)| {
                        self.counts.remove(&key);
                        count
                    })
                };
                (key.into(), Counter { count: over, over, age: self.age })
            }
        };
        let count = before.count.saturating_add(times);
        self.order.insert((count, before.age, key.clone()));
        self.counts.insert(key, Counter { count, ..before });
    }

    /// Everything that was counted, whether or not its key has a counter.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The most frequent keys, at most `most`; of the same count the older ones first.
    pub fn entries(&self, most: usize) -> Vec<Entry> {
        let mut entries: Vec<(&Box<str>, &Counter)> = self.counts.iter().collect();
        entries.sort_by_key(|(_, counter)| (std::cmp::Reverse(counter.count), counter.age));
        entries.truncate(most);
        let entries = entries.into_iter().map(|(key, counter)| Entry {
            key: key.to_string(),
            count: counter.count,
            over: counter.over,
        });
        entries.collect()
    }
}

#[cfg(test)]
mod tests;
