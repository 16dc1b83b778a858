//! How often a rule may fire for the same class of error: buckets of tokens.

use std::collections::HashMap;
use std::time::Duration;

use crate::rules::Limit;

/// Buckets at most; classes beyond them share one per rule.
const MAX_BUCKETS: usize = 4096;
/// What the shared one is called: no class has such a name.
const OTHER: &str = "(other)";

/// One bucket per rule and class.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    buckets: HashMap<(usize, String), Bucket>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Duration,
}

impl Limits {
    /// Whether the rule may fire once more for this class. If so, that is counted.
    pub(crate) fn pay(
        &mut self,
        rule: usize,
        limit: Option<Limit>,
        class: &str,
        now: Duration,
    ) -> bool {
        let Some(limit) = limit else { return true };
        let full = f64::from(limit.count);
        let mut key = (rule, class.to_owned());
        if self.buckets.len() >= MAX_BUCKETS && !self.buckets.contains_key(&key) {
            OTHER.clone_into(&mut key.1);
        }
        let bucket = self.buckets.entry(key).or_insert(Bucket { tokens: full, at: now });
        let since = now.saturating_sub(bucket.at).as_secs_f64();
        let per = limit.per.as_secs_f64();
        // A limit per no time is none.
        let more = if per > 0.0 { since * full / per } else { full };
        bucket.tokens = (bucket.tokens + more).min(full);
        bucket.at = bucket.at.max(now);
        let is_paid = bucket.tokens >= 1.0;
        if is_paid {
            bucket.tokens -= 1.0;
        }
        is_paid
    }

    /// Rules have other places from here on; what is known of those without one is forgotten.
    pub(crate) fn replace(&mut self, place: impl Fn(usize) -> Option<usize>) {
        let buckets = std::mem::take(&mut self.buckets);
        let kept = buckets.into_iter();
        self.buckets = kept
            .filter_map(|((rule, class), bucket)| Some(((place(rule)?, class), bucket)))
            .collect();
    }
}

#[cfg(test)]
mod tests;
