//! Walking records in runs: most of them are only passed on, together with those around them.

use crate::byte_set::ByteSet;
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
    /// So do those whose payload begins with such a byte, or is empty; others are stepped over.
    JoinStarting(ByteSet),
    /// Each comes out by itself.
    Stop,
}

/// What a walk does with each record.
#[derive(Clone, Debug)]
pub struct Steps {
    by_number: [By; 256],
    /// What payloads begin with that are joined, where that matters.
    starts: Box<[ByteSet; 256]>,
}

/// A [`Step`] in one byte: a walk looks at one for each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// It is no record.
    Nothing,
    Skip,
    Join,
    Start,
    Stop,
}

impl Steps {
    /// By tag number. Those of marks and batches are not asked for.
    pub fn new(step: impl Fn(u8) -> Step) -> Steps {
        let starts = Box::new([ByteSet::EMPTY; 256]);
        let mut steps = Steps { by_number: [By::Nothing; 256], starts };
        for number in (0..=u8::MAX).filter(|number| is_record(*number)) {
            let at = usize::from(number);
            steps.by_number[at] = match step(number) {
                Step::Skip => By::Skip,
                Step::Join => By::Join,
                Step::JoinStarting(ByteSet::ALL) => By::Join,
                Step::JoinStarting(bytes) => {
                    steps.starts[at] = bytes;
                    By::Start
                }
                Step::Stop => By::Stop,
            };
        }
        steps
    }

    #[inline(always)]
    const fn of<const HEAD_BYTES: usize>(&self, head: HeadBytes<'_, HEAD_BYTES>) -> By {
        self.by_number[head.number() as usize]
    }

    /// Whether the payload of this record, which starts at `at`, begins as it has to.
    #[inline(always)]
    fn begins<const HEAD_BYTES: usize>(
        &self,
        head: HeadBytes<'_, HEAD_BYTES>,
        row: &[u8],
        at: usize,
    ) -> bool {
        head.len_bytes() == 0
            || row
                .get(at + HEAD_BYTES)
                .is_none_or(|&byte| self.starts[usize::from(head.number())].contains(byte))
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

    /// Steps over the records that come next as far as they are of the same transaction and side as the one at `start` and
    /// none of them comes out by itself, and says how many bytes that was.
    #[inline]
    pub fn skip_owner(&mut self, steps: &Steps, start: usize) -> usize {
        match self.layout {
            Layout::Words2 => self.skip_owner_of::<8>(steps, start),
            Layout::Words3 => self.skip_owner_of::<12>(steps, start),
        }
    }

    fn skip_owner_of<const HEAD_BYTES: usize>(&mut self, steps: &Steps, start: usize) -> usize {
        let (row, from) = (self.row, self.at);
        let mut at = from;
        if let Some(first) = HeadBytes::<HEAD_BYTES>::at(row, start) {
            while let Some(head) = HeadBytes::<HEAD_BYTES>::at(row, at) {
                let is_more = head.owner_bits() == first.owner_bits() && head.end(at) <= row.len();
                if !is_more || matches!(steps.of(head), By::Nothing | By::Stop) {
                    break;
                }
                at = head.end(at);
            }
        }
        self.at = at;
        at - from
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
                Some((head, By::Skip)) => Some(head.end(at)),
                Some((head, By::Join)) => break (at, head, true),
                Some((head, By::Start)) if steps.begins(head, row, at) => break (at, head, true),
                Some((head, By::Start)) => Some(head.end(at)),
                Some((head, By::Stop)) => break (at, head, false),
                Some((_, By::Nothing)) | None => step_over(self.layout, row, at),
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
            let is_more = next.owner_bits() == head.owner_bits() && end <= row.len();
            let is_joined = match steps.of(next) {
                By::Join => true,
                By::Start => steps.begins(next, row, at),
                By::Nothing | By::Skip | By::Stop => false,
            };
            if !is_joined || !is_more {
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
