//! Transaction numbers: unique on this machine, without anything shared between threads.

use shellac_format::{Layout, Vxid};

/// Numbers a thread takes before it moves on to its next block.
const BLOCK: u64 = 1024;

/// The transaction numbers of one thread.
///
/// All threads of a worker start from one base and take blocks in turn: of `threads` blocks the first belongs to thread 0,
/// the next to thread 1, and so on. The base is made from the clock, so that no other worker counts through the same
/// numbers; of a base with more bits than the layout the lower ones count.
#[derive(Debug)]
pub(crate) struct Xids {
    layout: Layout,
    /// First number of the current block, before it is reduced to the bits of the layout.
    block: u64,
    used: u64,
    /// Distance to this thread's next block.
    stride: u64,
}

impl Xids {
    /// The numbers of thread `index` of `threads`.
    pub(crate) fn new(layout: Layout, base: u64, index: u64, threads: u64) -> Xids {
        Xids {
            layout,
            block: base.wrapping_add(index * BLOCK),
            used: 0,
            stride: threads.max(1) * BLOCK,
        }
    }

    /// A number that this worker has not used, never 0.
    pub(crate) fn next(&mut self) -> Vxid {
        loop {
            if self.used == BLOCK {
                self.block = self.block.wrapping_add(self.stride);
                self.used = 0;
            }
            let number = self.block.wrapping_add(self.used) & self.layout.max_vxid();
            self.used += 1;
            if number != 0 {
                return Vxid(number);
            }
        }
    }
}
