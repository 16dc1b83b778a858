//! Walking records in runs: most of them are only passed on, together with those around them.

use crate::head_bytes::HeadBytes;
use crate::heads::{Place, is_record, step_over};
use crate::layout::Layout;
use crate::record::Vxid;

/// What a walk does with records of one tag number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// They are stepped over. Of such a record no more than the first word is read.
    Skip,
    /// They come out in runs.
    Join,
    /// Each comes out by itself.
    Stop,
}

/// What a walk does with each record.
#[derive(Clone, Debug)]
pub struct Steps([Option<Step>; 256]);

impl Steps {
    /// By tag number. Those of marks and batches are not asked for.
    pub fn new(step: impl Fn(u8) -> Step) -> Steps {
        let mut steps = Steps([None; 256]);
        for (number, entry) in (0..=u8::MAX).zip(&mut steps.0) {
            *entry = is_record(number).then(|| step(number));
        }
        steps
    }

    /// `None`: it is no record.
    #[inline(always)]
    const fn of<const HEAD_BYTES: usize>(&self, head: HeadBytes<'_, HEAD_BYTES>) -> Option<Step> {
        self.0[head.number() as usize]
    }
}

/// Records of one transaction that lie one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The transaction.
    pub vxid: Vxid,
    /// The first byte of the first header.
    pub start: usize,
    /// The first byte behind the last padding.
    pub end: usize,
}

/// What comes next in a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// Records that are joined.
    Run(Run),
    /// A record by itself.
    Record(Place),
}

/// Walks records as [`Heads`](crate::Heads) does, but those that are joined come out in runs.
#[derive(Clone, Debug)]
pub struct Runs<'a> {
    layout: Layout,
    row: &'a [u8],
    at: usize,
}

impl<'a> Runs<'a> {
    /// Walks `row`, which starts with a record.
    pub const fn new(layout: Layout, row: &'a [u8]) -> Runs<'a> {
        Runs { layout, row, at: 0 }
    }

    /// Where the next record starts, in bytes from the start of the row.
    pub const fn position(&self) -> usize {
        self.at
    }

    /// What comes next. `None`: nothing, or no whole record.
    #[inline]
    pub fn next(&mut self, steps: &Steps) -> Option<Item> {
        match self.layout {
            Layout::Words2 => self.next_of::<8>(steps),
            Layout::Words3 => self.next_of::<12>(steps),
        }
    }

    fn next_of<const HEAD_BYTES: usize>(&mut self, steps: &Steps) -> Option<Item> {
        let row = self.row;
        let mut at = self.at;
        let (start, head, is_joined) = loop {
            let head =
                HeadBytes::<HEAD_BYTES>::at(row, at).filter(|head| head.end(at) <= row.len());
            let next = match head.map(|head| (head, steps.of(head))) {
                Some((head, Some(Step::Join))) => break (at, head, true),
                Some((head, Some(Step::Stop))) => break (at, head, false),
                Some((head, Some(Step::Skip))) => Some(head.end(at)),
                Some((_, None)) | None => step_over(self.layout, row, at),
            };
            match next {
                Some(next) => at = next,
                None => {
                    self.at = at;
                    return None;
                }
            }
        };
        at = head.end(at);
        if !is_joined {
            self.at = at;
            return Some(Item::Record(head.place(start)));
        }
        while let Some(next) = HeadBytes::<HEAD_BYTES>::at(row, at) {
            let end = next.end(at);
            let is_more = steps.of(next) == Some(Step::Join)
                && next.owner_bits() == head.owner_bits()
                && end <= row.len();
            if !is_more {
                break;
            }
            at = end;
        }
        self.at = at;
        let (vxid, _) = head.owner();
        Some(Item::Run(Run { vxid, start, end: at }))
    }
}

#[cfg(test)]
mod tests;
