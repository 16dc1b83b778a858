//! Sets of tags, and the lists that users write for them.

use crate::tags::{TAGS, Tag, TagRow};

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

    /// The tags among `known` that `name` names: an exact name, a unique prefix of one, or a glob with one `*`;
    /// upper and lower case are the same. Nothing names nothing.
    ///
    /// # Errors
    ///
    /// [`TagNameError`] when there is none, or no single one, or the glob is none.
    pub fn named(name: &str, known: TagSet) -> Result<TagSet, TagNameError> {
        let name = name.as_bytes();
        let rows = || TAGS.iter().filter(|row| known.contains(row.tag));
        let starts = |row: &TagRow, start: &[u8]| {
            row.name.len() >= start.len()
                && row.name.as_bytes()[..start.len()].eq_ignore_ascii_case(start)
        };
        let mut set = TagSet::EMPTY;
        if let Some(star) = name.iter().position(|&byte| byte == b'*') {
            let (start, end) = (&name[..star], &name[star + 1..]);
            if end.contains(&b'*') {
                return Err(TagNameError::Syntax);
            }
            for row in rows() {
                let rest = row.name.as_bytes().get(start.len()..).unwrap_or_default();
                let ends = rest.len() >= end.len()
                    && rest[rest.len() - end.len()..].eq_ignore_ascii_case(end);
                if ends && starts(row, start) {
                    set.insert(row.tag);
                }
            }
            return if set.is_empty() { Err(TagNameError::NoMatch) } else { Ok(set) };
        }
        if let Some(row) = rows().find(|row| row.name.as_bytes().eq_ignore_ascii_case(name)) {
            set.insert(row.tag);
            return Ok(set);
        }
        let mut found = rows().filter(|row| !name.is_empty() && starts(row, name));
        match (found.next(), found.next()) {
            (Some(row), None) => {
                set.insert(row.tag);
                Ok(set)
            }
            (Some(_), Some(_)) => Err(TagNameError::Ambiguous),
            (None, _) => Err(TagNameError::NoMatch),
        }
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
    TagSet::named(item, TagSet::ALL).map_err(|error| {
        let list = list.to_owned();
        match error {
            TagNameError::NoMatch => TagListError::NoMatch { list },
            TagNameError::Ambiguous => TagListError::Ambiguous { list },
            TagNameError::Syntax => TagListError::Syntax { list },
        }
    })
}

/// Why a name names no tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagNameError {
    /// There is no such tag.
    #[error("matches zero tags")]
    NoMatch,
    /// Several names begin like this.
    #[error("is ambiguous")]
    Ambiguous,
    /// More than one `*`.
    #[error("has more than one *")]
    Syntax,
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
