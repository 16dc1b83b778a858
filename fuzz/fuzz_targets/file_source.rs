//! Any file, in pieces, in every grouping: reading ends with an error or at the end, nothing is left open, and
//! what comes out can be printed.
#![no_main]

use std::io::{self, Read};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use shellac_log::{FileSource, Grouper, Grouping, Input, Limits, Source};
use shellac_render::lines::{LineOptions, LineWriter, Text};

/// Gives at most so many bytes at once.
struct Pieces<'a> {
    bytes: &'a [u8],
    piece: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = out.len().min(self.piece).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(len);
        out[..len].copy_from_slice(now);
        self.bytes = later;
        Ok(len)
    }
}

fuzz_target!(|data: &[u8]| {
    let [control, magic, bytes @ ..] = data else { return };
    // The fuzzer need not find the magic.
    let magic: &[u8] = match magic % 3 {
        0 => b"VSL\0",
        1 => b"VSL2",
        _ => b"",
    };
    let file = [magic, bytes].concat();
    let groupings = [Grouping::Raw, Grouping::Vxid, Grouping::Request, Grouping::Session];
    let grouping = groupings[usize::from(control & 3)];
    let piece = usize::from(control >> 4) * 5 + 1;
    let open_max = if control & 4 == 0 { 3 } else { 1000 };
    let timeout = if control & 8 == 0 { Duration::MAX } else { Duration::ZERO };

    let Ok(mut source) = FileSource::open("fuzz", Pieces { bytes: &file, piece }, None) else {
        return;
    };
    // Interruptions are not the end of the search for the dialect.
    let dialect = loop {
        match source.next() {
            Ok(Input::Opened) => break source.dialect(),
            Ok(Input::Nothing) => {}
            Ok(other) => panic!("{other:?} came before the file was opened"),
            Err(_) => return,
        }
    };
    let mut grouper =
        Grouper::new(grouping, dialect, Limits { timeout, open_max, ..Limits::default() });
    let writer = LineWriter::new(dialect, &LineOptions::default());
    let mut text = Text::default();
    let mut rows = 0;
    let mut drain = |grouper: &mut Grouper| {
        while let Some(group) = grouper.pop() {
            assert!(!group.transactions.is_empty());
            text.clear();
            writer.group(&group, &mut text);
            grouper.recycle(group);
        }
    };
    loop {
        match source.next() {
            Ok(Input::Row(row)) => {
                rows += row.len();
                assert!(rows <= file.len(), "no byte comes out twice");
                grouper.row(row, Duration::ZERO);
                drain(&mut grouper);
                assert!(grouper.open() <= open_max);
            }
            Ok(Input::End) | Err(_) => break,
            Ok(other) => panic!("{other:?} does not come from a file"),
        }
    }
    grouper.flush();
    drain(&mut grouper);
    assert_eq!(grouper.open(), 0, "everything was given up");
});
