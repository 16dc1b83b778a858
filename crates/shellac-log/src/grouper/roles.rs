//! What records of each tag mean to a grouper.

use shellac_format::{Dialect, Step, Steps, Tag, TagSet};

use crate::filter::CompiledFilter;

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
    /// It becomes part of its transaction.
    pub(super) is_kept: bool,
    /// The query wants to hear it.
    pub(super) is_asked: bool,
}

impl Role {
    fn step(self) -> Step {
        match self {
            Role { linking: Some(_), .. } | Role { is_asked: true, .. } => Step::Stop,
            Role { is_kept: true, .. } => Step::Join,
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
        dialect: Dialect,
        filter: Option<&CompiledFilter>,
        needed: TagSet,
        asked: TagSet,
    ) -> Roles {
        let role = |number: u8| {
            let tag = Tag::from_number(dialect, number);
            let linking = match tag {
                Some(Tag::Begin) => Some(Linking::Begin),
                Some(Tag::Link) => Some(Linking::Link),
                Some(Tag::End) => Some(Linking::End),
                _ => None,
            };
            let is_in = |tags: TagSet| tag.is_some_and(|tag| tags.contains(tag));
            let is_kept = filter.is_none_or(|filter| filter.may_show(number)) || is_in(needed);
            Role { linking, is_kept, is_asked: is_in(asked) }
        };
        let mut by_number = Box::new([role(0); 256]);
        for (number, entry) in (0..=u8::MAX).zip(by_number.iter_mut()) {
            *entry = role(number);
        }
        let step = |number: u8| by_number[usize::from(number)].step();
        // Where a unit holds a record of another transaction, that is worth a record of our own, and to find out
        // all have to be looked at.
        let diagnostic = Tag::Vsl.number(dialect).map(|number| by_number[usize::from(number)]);
        let is_diagnosed = diagnostic.is_some_and(|role| role.is_kept || role.is_asked);
        let unit = Steps::new(|number| match step(number) {
            Step::Skip if is_diagnosed => Step::Stop,
            step => step,
        });
        Roles { row: Steps::new(step), unit, by_number }
    }

    #[inline]
    pub(super) const fn of(&self, number: u8) -> Role {
        self.by_number[number as usize]
    }
}
