//! Short texts that came shortly before, each with its row: one comparison finds the row again.

/// Slots, 32 KB of them together. A text has one that it may be in.
const SLOTS: usize = 1 << SLOT_BITS;
const SLOT_BITS: u32 = 10;

/// Rows of short texts. It may be forgotten at any time, and has to be when rows move.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent(Vec<Slot>);

/// A text and its row. No text is 0.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    word: u128,
    row: u32,
    kind: u8,
}

impl Recent {
    /// The row of a text, if it is known.
    #[inline]
    pub(super) fn find(&self, kind: u8, word: u128) -> Option<usize> {
        let slot = self.0.get(slot_of(kind, word))?;
        (slot.word == word && slot.kind == kind).then_some(slot.row as usize)
    }

    /// Learns the row of a text.
    pub(super) fn learn(&mut self, kind: u8, word: u128, row: usize) {
        if self.0.is_empty() {
            self.0.resize(SLOTS, Slot::default());
        }
        if let (Ok(row), true) = (u32::try_from(row), word != 0) {
            self.0[slot_of(kind, word)] = Slot { word, row, kind };
        }
    }

    /// Forgets all of it.
    pub(super) fn forget(&mut self) {
        self.0.fill(Slot::default());
    }
}

/// Who writes texts can make them share slots, which costs no more than not knowing them.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn slot_of(kind: u8, word: u128) -> usize {
    let (low, high) = (word as u64, (word >> 64) as u64);
    let mixed =
        (low ^ high.rotate_left(29) ^ u64::from(kind) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (u64::BITS - SLOT_BITS)) as usize
}
