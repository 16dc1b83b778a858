//! Why a loop over usual records came to its end.

/// Why no more records are written by the loop that writes usual ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// There is no more room.
    Full,
    /// The row ends soon.
    Near,
    /// What is next is not usual, or does not belong to the run.
    Unusual,
}
