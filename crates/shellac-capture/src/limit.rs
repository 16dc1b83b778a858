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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_and_class_has_its_own_tokens_which_come_back_with_time() {
        let limit = Some(Limit { count: 2, per: Duration::from_secs(10) });
        let mut limits = Limits::default();
        let second = Duration::from_secs;
        let mut pay = |rule, class, at| limits.pay(rule, limit, class, second(at));
        assert!(pay(0, "a", 100) && pay(0, "a", 100) && !pay(0, "a", 100));
        assert!(pay(0, "b", 100) && pay(1, "a", 100));
        assert!(!pay(0, "a", 104) && pay(0, "a", 105) && !pay(0, "a", 105));
        // Two are the most, however long it rests; and a clock that goes back gives none.
        assert!(pay(0, "a", 900) && pay(0, "a", 900) && !pay(0, "a", 900) && !pay(0, "a", 800));
        assert!(limits.pay(0, None, "a", second(100)));
    }

    #[test]
    fn there_are_no_more_buckets_than_allowed() {
        let limit = Some(Limit { count: 1, per: Duration::from_secs(10) });
        let mut limits = Limits::default();
        for class in 0..2 * MAX_BUCKETS {
            limits.pay(0, limit, &class.to_string(), Duration::ZERO);
        }
        assert!(limits.buckets.len() <= MAX_BUCKETS + 1);
        assert!(!limits.pay(0, limit, "one more", Duration::ZERO), "they share one");
    }
}
