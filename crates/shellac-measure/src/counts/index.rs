//! Where a text is among the counted ones: a table of hashes with places, and the hash.

/// Open addressing: a slot has the hash in its upper half and the place, from 1, in its lower one; 0 is free.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// A power of two, or none.
    slots: Vec<u64>,
    used: usize,
}

/// Slots of the first table.
const FIRST_SLOTS: usize = 1 << 10;

impl Index {
    /// For places 0, 1, 2 and so on with these hashes.
    pub(super) fn of(hashes: impl ExactSizeIterator<Item = u32>) -> Index {
        let slots = (hashes.len() * 2).next_power_of_two().max(FIRST_SLOTS);
        let mut index = Index { slots: vec![0; slots], used: 0 };
        hashes.enumerate().for_each(|(at, hash)| index.place(hash, at));
        index
    }

    /// The place with this hash that is the right one.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "the lower half of a slot is taken")]
    pub(super) fn find(&self, hash: u32, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        loop {
            // There is always a free slot, but for a table that has none at all.
            let slot = *self.slots.get(at)?;
            if slot == 0 {
                return None;
            }
            let place = (slot & u64::from(u32::MAX)) as usize - 1;
            if slot >> 32 == u64::from(hash) && is_it(place) {
                return Some(place);
            }
            at = (at + 1) & mask;
        }
    }

    /// Takes a place that is not there.
    pub(super) fn insert(&mut self, hash: u32, place: usize) {
        // Three quarters full at most.
        if self.used * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        self.place(hash, place);
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![0; (self.slots.len() * 2).max(FIRST_SLOTS)];
        let before = std::mem::replace(&mut self.slots, larger);
        let mask = self.slots.len() - 1;
        for slot in before.into_iter().filter(|slot| *slot != 0) {
            let mut at = (slot >> 32) as usize & mask;
            while self.slots[at] != 0 {
                at = (at + 1) & mask;
            }
            self.slots[at] = slot;
        }
    }

    fn place(&mut self, hash: u32, place: usize) {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = u64::from(hash) << 32 | (place as u64 + 1);
        self.used += 1;
    }
}

/// Odd numbers without a pattern.
const MULTIPLIERS: [u64; 3] = [0x9e37_79b9_7f4a_7c15, 0xd6e8_feb8_6659_fd93, 0xa076_1d64_78bd_642f];

/// A hash of `text` that depends on `key`: products of 64 bits, folded.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "half of the bits are as good as all")]
pub(super) fn hash(key: u64, text: &[u8]) -> u32 {
    let len = text.len();
    let mut state = key ^ MULTIPLIERS[0];
    let word = |at: usize| text[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
    let half =
        |at: usize| text[at..].first_chunk().map_or(0, |word| u64::from(u32::from_le_bytes(*word)));
    // The last words overlap those before them, so that no length needs bytes one by one.
    let (first, second) = match len {
        0 => (0, 0),
        1..=3 => {
            (u64::from(text[0]) << 16 | u64::from(text[len / 2]) << 8 | u64::from(text[len - 1]), 0)
        }
        4..=7 => (half(0), half(len - 4)),
        8..=16 => (word(0), word(len - 8)),
        _ => {
            let mut at = 0;
            while at + 16 < len {
                state = folded(word(at) ^ MULTIPLIERS[1], word(at + 8) ^ state);
                at += 16;
            }
            (word(len - 16), word(len - 8))
        }
    };
    let mixed = folded(first ^ MULTIPLIERS[1], second ^ state);
    let last = folded(mixed ^ MULTIPLIERS[2], len as u64 ^ MULTIPLIERS[1] ^ key);
    (last >> 32) as u32 ^ last as u32
}

#[allow(clippy::cast_possible_truncation, reason = "both halves are taken")]
#[inline]
fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}
