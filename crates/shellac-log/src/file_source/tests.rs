use std::io::{self, Read};

use shellac_format::record::{encode_batch_head, encode_text};
use shellac_format::{Dialect, Heads, Layout, Side, Vxid};

use super::{Ahead, BLOCK_BYTES, FileSource};
use crate::source::{Basis, Choice, Damage, Input, Source, SourceError};
use crate::transaction::LogRecords;

/// Gives its bytes in pieces of at most `piece`, with an interruption before each.
struct Pieces<'a> {
    bytes: &'a [u8],
    piece: usize,
    interrupt: bool,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = out.len().min(self.piece).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(len);
        out[..len].copy_from_slice(now);
        self.bytes = later;
        Ok(len)
    }
}

fn file(layout: Layout, texts: impl IntoIterator<Item = String>) -> Vec<u8> {
    let mut bytes = layout.file_magic().to_vec();
    for (n, text) in (1u64..).zip(texts) {
        encode_text(&mut bytes, layout, 16, Vxid(n), Side::Client, text.as_bytes(), 65535);
    }
    bytes
}

/// Texts of all records, or the error with what came before it: the same whoever walks them.
fn read(bytes: &[u8], piece: usize) -> (Vec<String>, Option<SourceError>) {
    let (texts, error) = read_with(bytes, piece, |source, texts| {
        let dialect = source.dialect();
        let input = source.next()?;
        if let Input::Row(row) = input {
            texts.extend(LogRecords::new(dialect, row).map(|record| text(record.payload)));
        }
        Ok(input == Input::End)
    });
    let (walked_texts, walked_error) = read_with(bytes, piece, |source, texts| {
        let layout = source.dialect().layout();
        let row = match source.peek()? {
            Ahead::Unchecked(row) => row,
            Ahead::Input(input) => return Ok(input == Input::End),
        };
        let mut heads = Heads::new(layout, row);
        // Not more than a few at once: the rest is still there the next time.
        texts.extend(heads.by_ref().take(3).map(|place| text(place.record(row).payload)));
        let walked_bytes = heads.position();
        source.take(walked_bytes);
        Ok(false)
    });
    assert_eq!(texts, walked_texts);
    assert_eq!(format!("{error:?}"), format!("{walked_error:?}"));
    (texts, error)
}

fn text(payload: &[u8]) -> String {
    String::from_utf8_lossy(payload.split_last().map_or(payload, |(_, text)| text)).into_owned()
}

type Pipe<'a> = FileSource<Pieces<'a>>;

fn read_with(
    bytes: &[u8],
    piece: usize,
    step: impl Fn(&mut Pipe<'_>, &mut Vec<String>) -> Result<bool, SourceError>,
) -> (Vec<String>, Option<SourceError>) {
    let reader = Pieces { bytes, piece, interrupt: false };
    let mut texts = Vec::new();
    let mut source = match FileSource::open("x.vsl", reader, None) {
        Ok(source) => source,
        Err(error) => return (texts, Some(error)),
    };
    loop {
        match step(&mut source, &mut texts) {
            Ok(true) => return (texts, None),
            Ok(false) => {}
            Err(error) => {
                assert!(step(&mut source, &mut texts).unwrap(), "nothing comes after an error");
                return (texts, Some(error));
            }
        }
    }
}

#[test]
fn records_come_out_whole_however_they_are_read() {
    for layout in [Layout::Words2, Layout::Words3] {
        let texts: Vec<String> = (0..200).map(|n| "x".repeat(n * 7 % 90)).collect();
        let bytes = file(layout, texts.clone());
        for piece in [1, 3, 4096, bytes.len()] {
            let (got, error) = read(&bytes, piece);
            assert!(error.is_none(), "{error:?}");
            assert_eq!(got, texts);
        }
    }
}

#[test]
fn records_of_the_greatest_length_fit_across_blocks() {
    let texts: Vec<String> = (0..40).map(|n| "y".repeat(65_534 - n)).collect();
    let bytes = file(Layout::Words3, texts.clone());
    assert!(bytes.len() > 2 * BLOCK_BYTES);
    let (got, error) = read(&bytes, usize::MAX);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(got, texts);
}

#[test]
fn heads_of_batches_are_stepped_over() {
    let layout = Layout::Words2;
    let mut bytes = layout.file_magic().to_vec();
    let mut body = Vec::new();
    encode_text(&mut body, layout, 16, Vxid(1), Side::Client, b"/a", 255);
    encode_batch_head(&mut bytes, layout, u32::try_from(body.len()).unwrap());
    bytes.extend_from_slice(&body);
    assert_eq!(read(&bytes, 4096).0, ["/a"]);
}

#[test]
fn a_file_cut_anywhere_names_the_place_where_its_last_record_starts() {
    let bytes = file(Layout::Words2, (0..20).map(|n| format!("text {n}")));
    let mut starts = vec![4];
    for record in 0..20 {
        let len = 8 + (format!("text {record}").len() + 1).next_multiple_of(4);
        starts.push(starts[record] + len);
    }
    for cut in 4..bytes.len() {
        let (texts, error) = read(&bytes[..cut], usize::MAX);
        let whole = starts.iter().filter(|&&start| start <= cut).count() - 1;
        assert_eq!(texts.len(), whole, "cut at {cut}");
        if starts.contains(&cut) {
            assert!(error.is_none(), "cut at {cut}");
            continue;
        }
        match error {
            Some(SourceError::Damaged { at, reason: Damage::CutOff { have, need }, .. }) => {
                assert_eq!(at, starts[whole] as u64);
                assert_eq!(have, cut - starts[whole]);
                assert!(need > have);
            }
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
}

#[test]
fn a_file_without_magic_is_none() {
    for bytes in [&b""[..], b"VS", b"VSL3....", b"GIF8"] {
        assert!(matches!(read(bytes, 1).1, Some(SourceError::NotALog { .. })), "{bytes:?}");
    }
}

#[test]
fn zero_words_and_marks_are_no_records() {
    let good = file(Layout::Words2, ["/a".to_owned()]);
    for (word, expected) in [
        (0u32, Damage::Zero),
        (0x0000_0010, Damage::Zero),
        (0xfe45_4545, Damage::Mark { number: 254 }),
    ] {
        let mut bytes = good.clone();
        bytes.extend_from_slice(&word.to_ne_bytes());
        bytes.extend_from_slice(&[0; 4]);
        let (texts, error) = read(&bytes, usize::MAX);
        assert_eq!(texts, ["/a"], "what came before is delivered");
        match error {
            Some(SourceError::Damaged { at, reason, .. }) => {
                assert_eq!((at, reason), (good.len() as u64, expected));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What was decided on when the log was opened, and all of it was there.
fn choice(bytes: &[u8], asked: Option<Dialect>) -> Result<Choice, SourceError> {
    let mut source = FileSource::open("x", Pieces { bytes, piece: 5, interrupt: false }, asked)?;
    while source.next()? != Input::Opened {}
    Ok(source.choice())
}

#[test]
fn the_layout_decides_which_dialects_are_possible() {
    let url = || file(Layout::Words3, ["/a".to_owned()]);
    let cases = [
        (url(), None, Dialect::Vs9_0, Basis::Records { count: 1 }),
        (url(), Some(Dialect::V7_3), Dialect::V7_3, Basis::Asked),
        (file(Layout::Words3, []), None, Dialect::Vs9_0, Basis::Records { count: 0 }),
        (file(Layout::Words2, []), None, Dialect::V6_0, Basis::Layout),
    ];
    for (bytes, asked, dialect, basis) in cases {
        assert_eq!(choice(&bytes, asked).unwrap(), Choice { dialect, basis });
    }
    assert!(matches!(choice(&url(), Some(Dialect::V6_0)), Err(SourceError::Dialect { .. })));
}

#[test]
fn records_are_held_back_until_they_tell() {
    let debug = |bytes: &mut Vec<u8>, text: &[u8]| {
        encode_text(bytes, Layout::Words3, 1, Vxid(0), Side::None, text, 255);
    };
    let mut bytes = file(Layout::Words3, []);
    debug(&mut bytes, b"anything");
    let mut source = FileSource::open("x", EndlessPipe(&bytes), None).unwrap();
    assert!(!source.is_holding(), "nothing was read yet");
    assert_eq!(source.next().unwrap(), Input::Nothing);
    assert!(source.is_holding());
    source.hurry();
    assert_eq!(source.next().unwrap(), Input::Opened);
    assert!(source.choice().is_tie() && !source.is_holding());
    assert_eq!(source.next().unwrap(), Input::Row(&bytes[4..]));
    assert_eq!(source.next().unwrap(), Input::Nothing);
}

/// Gives its bytes, and then nobody closes it.
struct EndlessPipe<'a>(&'a [u8]);

impl Read for EndlessPipe<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out) {
            Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
            other => other,
        }
    }
}
