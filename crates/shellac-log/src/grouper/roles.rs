//! What records of each tag mean to a grouper.

use shellac_format::{ByteSet, Dialect, Step, Steps, Tag, TagSet};

use crate::filter::CompiledFilter;
use crate::transaction::Grouping;

/// What changes the table of open transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Linking {
    Begin,
    Link,
    End,
}

/// What a record means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Role {
    pub(super) linking: Option<Linking>,
    /// It becomes part of its transaction...
    pub(super) is_kept: bool,
    /// ...if it begins with one of these, or if that is not looked at.
    starts: ByteSet,
    /// The query wants to hear it.
    pub(super) is_asked: bool,
}

impl Role {
    fn step(self) -> Step {
        match self {
            Role { linking: Some(_), .. } | Role { is_asked: true, .. } => Step::Stop,
            Role { is_kept: true, starts, .. } => Step::JoinStarting(starts),
            Role { is_kept: false, .. } => Step::Skip,
        }
    }
}

/// The role of each tag number.
#[derive(Clone, Debug)]
pub(super) struct Roles {
    by_number: Box<[Role; 256]>,
    /// How a row is walked, and how a unit.
    pub(super) row: Steps,
    pub(super) unit: Steps,
}

impl Roles {
    /// Kept is what `filter` may show, and tags that are `needed`; tags that are `asked` are heard.
    pub(super) fn new(
        grouping: Grouping,
        dialect: Dialect,
        filter: Option<&CompiledFilter>,
        needed: TagSet,
        asked: TagSet,
    ) -> Roles {
        let is_kept = |number: u8, tag: Option<Tag>| {
            filter.is_none_or(|filter| filter.may_show(number))
                || tag.is_some_and(|tag| needed.contains(tag))
        };
        // What is wrong with a record is said in one of these.
        let is_diagnosed = Tag::Vsl
            .number(dialect)
            .is_some_and(|number| is_kept(number, Some(Tag::Vsl)) || asked.contains(Tag::Vsl));
        let role = |number: u8| {
            let tag = Tag::from_number(dialect, number);
            let linking = match tag {
                Some(Tag::Begin) => Some(Linking::Begin),
                // Where transactions stand alone it changes nothing, but may be wrong.
                Some(Tag::Link) if grouping != Grouping::Vxid || is_diagnosed => {
                    Some(Linking::Link)
                }
                Some(Tag::End) => Some(Linking::End),
                _ => None,
            };
            let is_in = |tags: TagSet| tag.is_some_and(|tag| tags.contains(tag));
            let is_kept = is_kept(number, tag);
            let starts = match filter {
                Some(filter) if !is_in(needed) => filter.starts(number),
                _ => ByteSet::ALL,
            };
            Role { linking, is_kept, starts, is_asked: is_in(asked) }
        };
        let mut by_number = Box::new([role(0); 256]);
        for (number, entry) in (0..=u8::MAX).zip(by_number.iter_mut()) {
            *entry = role(number);
        }
        let step = |number: u8| by_number[usize::from(number)].step();
        // Where a unit holds a record of another transaction, that is worth a record of our own, and to find out
        // all have to be looked at.
        let unit = Steps::new(|number| match step(number) {
            Step::Skip if is_diagnosed => Step::Stop,
            Step::JoinStarting(_) if is_diagnosed => Step::Join,
            step => step,
        });
        Roles { row: Steps::new(step), unit, by_number }
    }

    #[inline]
    pub(super) const fn of(&self, number: u8) -> Role {
        self.by_number[number as usize]
    }
}
