//! A set of bytes.

/// A set of bytes: what texts may begin with, for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: ByteSet = ByteSet([0; 4]);
    /// Every byte.
    pub const ALL: ByteSet = ByteSet([u64::MAX; 4]);

    /// Adds a byte.
    pub const fn insert(&mut self, byte: u8) {
        self.0[byte as usize >> 6] |= 1 << (byte & 63);
    }

    /// These bytes.
    pub fn of(bytes: impl IntoIterator<Item = u8>) -> ByteSet {
        let mut set = ByteSet::EMPTY;
        bytes.into_iter().for_each(|byte| set.insert(byte));
        set
    }

    /// These letters, upper and lower case alike; what is no letter is itself.
    ///
    /// ```
    /// use shellac_format::ByteSet;
    ///
    /// let set = ByteSet::of_letters(*b"Rx:");
    /// assert!(set.contains(b'r') && set.contains(b'X') && set.contains(b':'));
    /// assert!(!set.contains(b'\x1a'));
    /// ```
    pub fn of_letters(bytes: impl IntoIterator<Item = u8>) -> ByteSet {
        let both = |byte: u8| [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()];
        ByteSet::of(bytes.into_iter().flat_map(both))
    }

    /// Whether it is there.
    #[inline(always)]
    pub const fn contains(&self, byte: u8) -> bool {
        self.0[byte as usize >> 6] >> (byte & 63) & 1 != 0
    }

    /// What is in one of two.
    #[must_use]
    pub fn union(self, other: ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }
}
