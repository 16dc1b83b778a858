//! Arguments of options that the stock tools have too, in their words.

use std::time::Duration;

use anyhow::bail;
use shellac_format::TagSet;
use shellac_log::{Compat, Grouping};
use shellac_query::{Options, Query};

use crate::stock::number;

pub(crate) fn query(text: &[u8], compat: Option<Compat>, caseless: bool) -> anyhow::Result<Query> {
    // Where the dialect decides, the query is read once more when it is known.
    let options = Options { compat: compat.unwrap_or_default(), caseless };
    match Query::parse_with(text, options) {
        Ok(query) => Ok(query),
        Err(error) => bail!("Query expression error:\n{error}"),
    }
}

pub(crate) fn tags(option: char, list: &str) -> anyhow::Result<TagSet> {
    match TagSet::parse(list) {
        Ok(tags) => Ok(tags),
        Err(error) => bail!("-{option}: {error}"),
    }
}

/// A grouping by a prefix of its word, in upper or lower case.
pub(crate) fn grouping(text: &str) -> anyhow::Result<Grouping> {
    let text_lower = text.to_ascii_lowercase();
    let mut found = Grouping::WORDS.into_iter().filter(|(word, _)| word.starts_with(&text_lower));
    match (found.next(), found.next()) {
        (Some((_, grouping)), None) => Ok(grouping),
        (Some(_), Some(_)) => bail!("Ambiguous grouping type: {text}"),
        (None, _) => bail!("Unknown grouping type: {text}"),
    }
}

/// The original keeps 32 bits of what was given.
pub(crate) fn count(text: &str) -> anyhow::Result<u64> {
    let (value, rest) = number::strtol(text, 10);
    match u64::try_from(value & 0xffff_ffff) {
        Ok(count @ 1..=0x7fff_ffff) if rest.is_empty() => Ok(count),
        _ => bail!("-k: Invalid number '{text}'"),
    }
}

pub(crate) fn limit(text: &str) -> anyhow::Result<usize> {
    let (value, rest) = number::strtol(text, 0);
    if !rest.trim_start_matches(number::is_blank).is_empty() {
        bail!("-L: Syntax error");
    }
    match usize::try_from(value) {
        Ok(limit @ 1..=0x7fff_ffff) => Ok(limit),
        _ => bail!("-L: Range error"),
    }
}

pub(crate) fn timeout(text: &str) -> anyhow::Result<Duration> {
    let Some(seconds) = number::seconds(text) else { bail!("-T: Syntax error") };
    match Duration::try_from_secs_f64(seconds) {
        Ok(timeout) => Ok(timeout),
        Err(_) => bail!("-T: Range error"),
    }
}

/// One of a list of words, which clap has checked already.
pub(crate) fn choice<T: clap::ValueEnum>(text: &str) -> anyhow::Result<T> {
    T::from_str(text, false).map_err(|error| anyhow::anyhow!("{error}"))
}
