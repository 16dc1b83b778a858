//! How much is counted before exact numbers give way to bounds.

/// Room for keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How many.
    pub(super) keys: usize,
    /// Bytes of all their texts.
    pub(super) bytes: usize,
}

/// With the table that finds them again, less than half a gigabyte.
const DEFAULT_KEYS: usize = 2_000_000;
/// Room for the text of a key, where all are about as long.
const BYTES_PER_KEY: usize = 128;

impl Default for Limits {
    fn default() -> Limits {
        Limits::of_keys(DEFAULT_KEYS)
    }
}

impl Limits {
    /// Room for so many keys of usual length.
    pub(super) const fn of_keys(keys: usize) -> Limits {
        Limits { keys, bytes: keys.saturating_mul(BYTES_PER_KEY) }
    }
}
