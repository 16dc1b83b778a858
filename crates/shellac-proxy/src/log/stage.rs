//! Where a record is put together before it goes into its transaction's buffer.

use shellac_format::record::Stamp;

use super::text::Text;

/// Bytes of the longest header.
const HEAD: usize = 12;
const WORD: usize = 4;

/// Room for one record, so that nothing has to grow while it is written.
pub(super) struct Stage {
    room: Box<[u8]>,
    /// The longest text, without its NUL.
    longest: usize,
}

impl Stage {
    /// For payloads of at most `reclen` bytes, with the NUL.
    pub(super) fn new(reclen: usize) -> Stage {
        let longest = reclen - 1;
        Stage { room: vec![0; HEAD + reclen + WORD].into(), longest }
    }

    /// A record: header, what `fill` writes, cut to the longest text, NUL, padding.
    pub(super) fn record(
        &mut self,
        stamp: &mut Stamp,
        number: u8,
        fill: impl FnOnce(&mut Text<'_>),
    ) -> &[u8] {
        let mut text = Text::new(&mut self.room[HEAD..HEAD + self.longest]);
        fill(&mut text);
        let len = text.len();
        self.finish(stamp, number, len)
    }

    fn finish(&mut self, stamp: &mut Stamp, number: u8, text_len: usize) -> &[u8] {
        let end = HEAD + text_len;
        // The NUL, and more than the padding needs.
        self.room[end..end + WORD].fill(0);
        let len = text_len + 1;
        let head = stamp.head(number, u32::try_from(len).unwrap_or(u32::MAX));
        let start = HEAD - head.len();
        self.room[start..HEAD].copy_from_slice(head);
        &self.room[start..HEAD + len.next_multiple_of(WORD)]
    }
}
