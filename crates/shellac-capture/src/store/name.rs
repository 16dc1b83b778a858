//! Names of capture files: `20261122T053125.123Z-RULE-CLASS-XID.vsl`.
//!
//! Rule and class come from a user and from a log, so everything that is not a letter, a digit, `_` or `.` becomes `_`.
//! What stands between two `-` is therefore one part, and nobody's text gets anywhere else.

use crate::stamp::Stamp;

/// The ending of a file of records that is complete.
pub const VSL: &str = ".vsl";
/// The ending of a file of records that is still written, or whose writer died.
pub const PARTIAL: &str = ".vsl.part";
/// The ending of a file that has no magic yet.
pub const FRESH: &str = ".vsl.new";
/// The ending of a compressed file of records.
pub const ZST: &str = ".vsl.zst";
/// The ending of a file that is being compressed; the original is still there.
pub const ZST_PARTIAL: &str = ".vsl.zst.part";

/// Bytes of a rule or class in a name at most.
const PART_BYTES: usize = 64;

/// What a name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameParts {
    pub(crate) time: Stamp,
    pub(crate) rule: String,
    pub(crate) class: String,
    pub(crate) xid: u64,
}

/// The name without its ending. `copy` above 0 tells apart what would have the same name.
pub(crate) fn stem(time: Stamp, rule: &str, class: &str, xid: u64, copy: u32) -> String {
    let mut stem = format!("{}-{}-{}-{xid}", time.compact(), sanitised(rule), sanitised(class));
    if copy > 0 {
        stem.push_str(&format!("_{copy}"));
    }
    stem
}

/// Reads a name without its ending; `None` when it is none of ours.
pub(crate) fn parse(stem: &str) -> Option<NameParts> {
    let mut parts = stem.split('-');
    let time = Stamp::parse_compact(parts.next()?)?;
    let rule = parts.next().filter(|rule| !rule.is_empty())?.to_owned();
    let class = parts.next().filter(|class| !class.is_empty())?.to_owned();
    let number = parts.next()?;
    let (xid, copy) = number.split_once('_').unwrap_or((number, "0"));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_ours = is_number(xid) && is_number(copy) && parts.next().is_none();
    let xid = xid.parse().ok()?;
    is_ours.then_some(NameParts { time, rule, class, xid })
}

/// `text` as a part of a name, never empty.
pub(crate) fn sanitised(text: &str) -> String {
    let fine = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '.';
    let clean: String =
        text.chars().take(PART_BYTES).map(|c| if fine(c) { c } else { '_' }).collect();
    if clean.is_empty() { "_".to_owned() } else { clean }
}

#[cfg(test)]
mod tests;
