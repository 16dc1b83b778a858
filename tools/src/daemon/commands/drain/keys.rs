//! Where the keys of a pool with a consistent hash go when some of its backends are taken out.

use std::fmt;

use serde_json::{Value, json};
use shellac_proxy::{Keys, PoolLeft};

/// Backends that are named, those that get most first.
const NAMED: usize = 8;

/// Keys that change their backend.
#[derive(Debug)]
pub(super) struct Move<'p> {
    pool: &'p PoolLeft,
    /// Who gets some, those that get most first.
    to: Vec<&'p Keys>,
}

impl Move<'_> {
    /// That of a pool; `None` when it has no keys.
    pub(super) fn of(pool: &PoolLeft) -> Option<Move<'_>> {
        let mut to: Vec<&Keys> = pool.keys.iter().filter(|keys| keys.then > keys.now).collect();
        to.sort_by(|a, b| gain(b).total_cmp(&gain(a)));
        (!pool.keys.is_empty()).then_some(Move { pool, to })
    }

    /// The share of all keys that those to be taken out have now.
    fn share(&self) -> f64 {
        let taken = |keys: &&Keys| self.pool.taken.contains(&keys.backend);
        self.pool.keys.iter().filter(taken).map(|keys| keys.now).sum()
    }

    /// For JSON: shares are from 0 to 1, and the text is that for people.
    pub(super) fn value(&self) -> Value {
        let to = self
            .to
            .iter()
            .take(NAMED)
            .map(|keys| json!({"name": keys.backend, "now": keys.now, "then": keys.then}));
        json!({
            "config": self.pool.config,
            "pool": self.pool.pool,
            "share": self.share(),
            "to": to.collect::<Vec<_>>(),
            "more": self.to.len().saturating_sub(NAMED),
            "text": self.to_string(),
        })
    }
}

impl fmt::Display for Move<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PoolLeft { config, pool, .. } = self.pool;
        write!(f, "pool {pool} of {config}: {} of its keys move", percent(self.share()))?;
        if self.to.is_empty() {
            return f.write_str(", and nobody on the ring is left for them");
        }
        for (at, keys) in self.to.iter().take(NAMED).enumerate() {
            let (gain, then) = (percent(gain(keys)), percent(keys.then));
            let before = if at == 0 { ":" } else { "," };
            write!(f, "{before} {gain} to {} (then {then})", keys.backend)?;
        }
        match self.to.get(NAMED..) {
            Some(more @ [_, ..]) => {
                let rest = percent(more.iter().map(|keys| gain(keys)).sum());
                write!(f, ", {rest} to {} more", more.len())
            }
            _ => Ok(()),
        }
    }
}

fn gain(keys: &Keys) -> f64 {
    keys.then - keys.now
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests;
