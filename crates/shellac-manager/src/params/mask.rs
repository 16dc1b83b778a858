//! The value of `vsl_mask`: which tags are not logged.

use shellac_format::{Dialect, Tag, TagSet};

/// What is not logged unless somebody asks for it.
const DEFAULT: [Tag; 15] = [
    Tag::Debug,
    Tag::ObjProtocol,
    Tag::ObjStatus,
    Tag::ObjReason,
    Tag::ObjHeader,
    Tag::VclTrace,
    Tag::ExpKill,
    Tag::WorkThread,
    Tag::Hash,
    Tag::VfpAcct,
    Tag::H2RxHdr,
    Tag::H2RxBody,
    Tag::H2TxHdr,
    Tag::H2TxBody,
    Tag::VdpAcct,
];

/// Without these nothing can be grouped.
const NEEDED: [Tag; 3] = [Tag::Begin, Tag::End, Tag::Link];

/// The tags that are not logged at first.
pub(super) fn default(dialect: Dialect) -> TagSet {
    let mut masked = TagSet::EMPTY;
    for tag in DEFAULT.into_iter().filter(|tag| tag.number(dialect).is_some()) {
        masked.insert(tag);
    }
    masked
}

/// The names with a `-` in front.
pub(super) fn text(masked: TagSet) -> String {
    if masked.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<String> = masked.iter().map(|tag| format!("-{}", tag.name())).collect();
    names.join(",")
}

/// What `change` makes of `masked`: `default`, or names with `+` (logged) and `-` (not), separated by commas or blanks.
pub(super) fn changed(
    masked: TagSet,
    default: TagSet,
    change: &str,
    dialect: Dialect,
) -> Result<TagSet, String> {
    let mut masked = masked;
    let items: Vec<&str> = change.split([',', ' ', '\t']).filter(|item| !item.is_empty()).collect();
    for item in &items {
        if *item == "default" {
            masked = default;
            continue;
        }
        let (sign, name) = item.split_at_checked(1).unwrap_or((item, ""));
        if sign != "+" && sign != "-" {
            return Err(format!("Missing '+' or '-' ({item})"));
        }
        let tag = TagSet::ALL
            .iter()
            .filter(|tag| tag.number(dialect).is_some())
            .find(|tag| tag.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| format!("Unknown VSL tag ({item})"))?;
        if sign == "+" {
            masked.remove(tag);
        } else if NEEDED.contains(&tag) {
            return Err(format!(
                "{} is always logged: without it nothing can be grouped",
                tag.name()
            ));
        } else {
            masked.insert(tag);
        }
    }
    if items.is_empty() {
        return Err("Missing '+' or '-' ()".to_owned());
    }
    Ok(masked)
}
