//! What an administrator wants of backends: modes, the patterns that name backends, and the table of what was ordered.

mod glob;
mod pattern;
mod table;

use serde::{Deserialize, Serialize};

pub use pattern::{Pattern, PatternError, Scope, Selection, Subject};
pub use table::{Entry, Table, TableFull};

/// What is wanted of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Mode {
    /// Probes and requests decide.
    #[default]
    Auto = 0,
    /// Nothing new, what runs comes to its end.
    Drain = 1,
    /// As [`Mode::Drain`]; for work on the machine, so that nobody wonders about failing probes.
    Maint = 2,
    /// Used whatever probes and requests say.
    Healthy = 3,
    /// Not used whatever probes and requests say.
    Sick = 4,
}

impl Mode {
    /// All of them.
    pub const ALL: [Mode; 5] = [Mode::Auto, Mode::Drain, Mode::Maint, Mode::Healthy, Mode::Sick];

    /// Its word, as it is saved and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Auto => "auto",
            Mode::Drain => "drain",
            Mode::Maint => "maint",
            Mode::Healthy => "healthy",
            Mode::Sick => "sick",
        }
    }

    /// Whether it keeps new attempts away.
    #[must_use]
    pub const fn is_out(self) -> bool {
        matches!(self, Mode::Drain | Mode::Maint | Mode::Sick)
    }

    pub(crate) const fn from_u8(number: u8) -> Mode {
        match number {
            1 => Mode::Drain,
            2 => Mode::Maint,
            3 => Mode::Healthy,
            4 => Mode::Sick,
            _ => Mode::Auto,
        }
    }
}

#[cfg(test)]
mod tests;
