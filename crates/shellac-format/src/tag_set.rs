//! Sets of tags, and the lists that users write for them.

use crate::tags::{TAGS, Tag};

/// A set of tags: what `-i`, masks and queries compile to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TagSet(u128);

// One bit a tag; a table that outgrows the word must not compile.
const _: () = assert!(TAGS.len() <= 128);

impl TagSet {
    /// No tag.
    pub const EMPTY: TagSet = TagSet(0);
    /// Every tag of every dialect.
    pub const ALL: TagSet =
        TagSet(if TAGS.len() == 128 { u128::MAX } else { (1 << TAGS.len()) - 1 });

    /// Whether `tag` is in the set.
    pub const fn contains(self, tag: Tag) -> bool {
        self.0 >> tag as u32 & 1 == 1
    }

    /// Adds a tag.
    pub const fn insert(&mut self, tag: Tag) {
        self.0 |= 1 << tag as u32;
    }

    /// Takes a tag away.
    pub const fn remove(&mut self, tag: Tag) {
        self.0 &= !(1 << tag as u32);
    }

    /// The tags of both sets.
    #[must_use]
    pub const fn union(self, other: TagSet) -> TagSet {
        TagSet(self.0 | other.0)
    }

    /// The tags of this set that are not in `other`.
    #[must_use]
    pub const fn without(self, other: TagSet) -> TagSet {
        TagSet(self.0 & !other.0)
    }

    /// Whether no tag is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The tags of the set, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Tag> {
        TAGS.iter().map(|row| row.tag).filter(move |&tag| self.contains(tag))
    }

    /// Parses a list as the tools take it: names separated by commas, empty items skipped, each an exact
    /// name, a unique prefix, or a glob with one `*`; upper and lower case are the same.
    ///
    /// # Errors
    ///
    /// The three errors of varnishlog, each with the whole list, as it prints them after `-i: `.
    ///
    /// ```
    /// use shellac_format::{Tag, TagSet};
    ///
    /// let set = TagSet::parse("fetche,*Acct").unwrap();
    /// assert!(set.contains(Tag::FetchError) && set.contains(Tag::BereqAcct));
    /// assert_eq!(TagSet::parse("Req").unwrap_err().to_string(), "\"Req\" is ambiguous");
    /// ```
    pub fn parse(list: &str) -> Result<TagSet, TagListError> {
        let mut set = TagSet::EMPTY;
        let mut items = 0;
        for item in list.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            items += 1;
            set = set.union(parse_item(item, list)?);
        }
        if items == 0 {
            return Err(TagListError::NoMatch { list: list.to_owned() });
        }
        Ok(set)
    }
}

fn parse_item(item: &str, list: &str) -> Result<TagSet, TagListError> {
    let mut set = TagSet::EMPTY;
    let no_match = || TagListError::NoMatch { list: list.to_owned() };
    if let Some((start, end)) = item.split_once('*') {
        if end.contains('*') {
            return Err(TagListError::Syntax { list: list.to_owned() });
        }
        for row in TAGS {
            let name = row.name.as_bytes();
            if name.len() >= start.len() + end.len()
                && name[..start.len()].eq_ignore_ascii_case(start.as_bytes())
                && name[name.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
            {
                set.insert(row.tag);
            }
        }
        return if set.is_empty() { Err(no_match()) } else { Ok(set) };
    }
    let mut matches = 0;
    for row in TAGS {
        if row.name.eq_ignore_ascii_case(item) {
            set = TagSet::EMPTY;
            set.insert(row.tag);
            return Ok(set);
        }
        let name = row.name.as_bytes();
        if name.len() > item.len() && name[..item.len()].eq_ignore_ascii_case(item.as_bytes()) {
            set.insert(row.tag);
            matches += 1;
        }
    }
    match matches {
        0 => Err(no_match()),
        1 => Ok(set),
        _ => Err(TagListError::Ambiguous { list: list.to_owned() }),
    }
}

/// Why a list of tags was refused. The texts are varnishlog's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TagListError {
    /// An item, or an empty list, names nothing.
    #[error("\"{list}\" matches zero tags")]
    NoMatch {
        /// The whole list.
        list: String,
    },
    /// An item is the beginning of several names.
    #[error("\"{list}\" is ambiguous")]
    Ambiguous {
        /// The whole list.
        list: String,
    },
    /// An item has more than one `*`.
    #[error("Syntax error in \"{list}\"")]
    Syntax {
        /// The whole list.
        list: String,
    },
}

#[cfg(test)]
mod tests;
