//! What a table of counters consists of, and the words that make one.

use crate::vsc::doc::{Format, Level, Semantics};

/// A counter as the table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name in the set.
    pub name: &'static str,
    /// What its value means.
    pub semantics: Semantics,
    /// How it is written.
    pub format: Format,
    /// For whom it is.
    pub level: Level,
    /// What it counts, in a line.
    pub oneliner: &'static str,
    /// What it counts, at length.
    pub text: &'static str,
}

/// A kind of set: an enum of its counters, in the order in which they lie in memory and are shown.
pub trait Kind: Copy + std::fmt::Debug + 'static {
    /// What it is called in its document; sets are called that, or that and a name of their own.
    const NAME: &'static str;
    /// What the set is about, in a line.
    const ONELINER: &'static str;
    /// Where it stands among others in documentation.
    const ORDER: u32;
    /// Its counters.
    const ROWS: &'static [Row];
    /// The handles of all of them.
    const ALL: &'static [Self];

    /// The place of a counter in [`Kind::ROWS`].
    fn index(self) -> usize;

    /// Its row.
    fn row(self) -> &'static Row {
        &Self::ROWS[self.index()]
    }
}

/// Makes an enum and its rows of one table.
///
/// A row: handle, name, `semantics` `format` `level`, what it counts in a line, and at length.
macro_rules! kind {
    (
        $(#[$doc:meta])*
        $kind:ident = $name:literal, $order:literal, $about:literal;
        $($handle:ident $row:literal $semantics:ident $format:ident $level:ident $oneliner:literal $text:literal;)+
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind {
            $(#[doc = $text] $handle,)+
        }

        impl $crate::vsc::table::Kind for $kind {
            const NAME: &'static str = $name;
            const ONELINER: &'static str = $about;
            const ORDER: u32 = $order;
            const ROWS: &'static [$crate::vsc::table::Row] = &[$($crate::vsc::table::Row {
                name: $row,
                semantics: $crate::vsc::Semantics::$semantics,
                format: $crate::vsc::Format::$format,
                level: $crate::vsc::Level::$level,
                oneliner: $oneliner,
                text: $text,
            },)+];

            const ALL: &'static [Self] = &[$($kind::$handle,)+];

            #[inline]
            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

pub(super) use kind;
