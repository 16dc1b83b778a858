use std::path::Path;

use super::*;
use crate::mapped::CreateOptions;

const LEN: usize = HEAD_BYTES + 8 * 16 * WORD;

fn create(path: &Path, len: usize) -> Result<LogViewMut, LogViewError> {
    let file = MappedFileMut::create(path, len, &CreateOptions::default()).unwrap();
    LogViewMut::create(file, *b"MARKMARK")
}

fn open(path: &Path) -> Result<LogView, LogViewError> {
    let len = usize::try_from(std::fs::metadata(path).unwrap().len()).unwrap();
    LogView::open(MappedFile::open(path, 0, len).unwrap())
}

#[test]
fn a_reader_sees_a_log_only_after_its_marker() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let writer = create(&path, LEN).unwrap();
    assert_eq!(open(&path).unwrap_err(), LogViewError::NoMarker);
    writer.set_offset(3, 48);
    writer.set_segment_n(7);
    writer.publish_marker();
    let reader = open(&path).unwrap();
    assert_eq!(reader.marker(), *b"MARKMARK");
    assert_eq!((reader.segment_words(), reader.len_words()), (16, 128));
    assert_eq!((reader.segment_n(), reader.offset(3), reader.offset(8)), (7, 48, -1));
}

#[test]
fn the_head_has_its_fields_where_other_readers_look() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let writer = create(&path, LEN + 31).unwrap();
    for index in 0..8 {
        writer.set_offset(index, i64::from(index) - 1);
    }
    writer.set_segment_n(0x0102_0304);
    writer.store(0, 0x1111_1111);
    writer.store(127, 0x2222_2222);
    writer.publish_marker();
    let mut expected = b"MARKMARK".to_vec();
    expected.extend(16i64.to_ne_bytes());
    expected.extend(0x0102_0304u32.to_ne_bytes());
    expected.extend([0; 4]);
    (-1..7i64).for_each(|word| expected.extend(word.to_ne_bytes()));
    expected.extend([0x11; 4]);
    expected.resize(LEN - 4, 0);
    expected.extend([0x22; 4]);
    expected.resize(LEN + 31, 0);
    assert_eq!(std::fs::read(&path).unwrap(), expected);
}

#[test]
fn words_go_in_and_out_and_never_past_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let writer = create(&path, LEN).unwrap();
    writer.copy_in(126, b"12345678").unwrap();
    assert!(writer.copy_in(127, b"12345678").is_err());
    assert!(writer.copy_in(usize::MAX, b"1234").is_err());
    assert_eq!(writer.get(126), Some(u32::from_ne_bytes(*b"1234")));
    assert_eq!((writer.get(128), writer.get(usize::MAX)), (None, None));
    let mut out = [0; 6];
    writer.copy_out(126, &mut out).unwrap();
    assert_eq!(&out, b"123456");
    assert!(writer.copy_out(127, &mut out).is_err());
    let word = u32::from_ne_bytes(*b"5678");
    assert_eq!(writer.compare_exchange(127, 1, 2), Err(word));
    assert_eq!(writer.compare_exchange(127, word, 2), Ok(word));
    assert_eq!(writer.get_for_update(127), 2);
}

#[test]
fn a_head_that_promises_more_than_the_file_has_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    for (segment_words, fits) in
        [(16, true), (17, false), (0, false), (-1, false), (i64::MAX, false), (1 << 61, false)]
    {
        let path = dir.path().join(format!("log{segment_words}"));
        let mut bytes = b"MARKMARK".to_vec();
        bytes.extend(i64::to_ne_bytes(segment_words));
        bytes.resize(LEN, 0);
        std::fs::write(&path, bytes).unwrap();
        let result = open(&path);
        assert_eq!(result.is_ok(), fits, "{segment_words}");
        if let Err(error) = result {
            assert_eq!(error, LogViewError::SegmentSize { segment_words, len_bytes: LEN });
        }
    }
}

#[test]
fn a_file_without_room_for_a_head_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        create(&dir.path().join("a"), 87).unwrap_err(),
        LogViewError::TooShort { len_bytes: 87 }
    );
    assert!(matches!(
        create(&dir.path().join("b"), 88),
        Err(LogViewError::SegmentSize { segment_words: 0, .. })
    ));
    let path = dir.path().join("c");
    std::fs::write(&path, [1; 4000]).unwrap();
    assert_eq!(
        LogView::open(MappedFile::open(&path, 4, 3000).unwrap()).unwrap_err(),
        LogViewError::Misaligned
    );
}

#[test]
fn expected_stores_change_nothing_and_may_lie_anywhere() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let writer = create(&path, LEN).unwrap();
    (0..128_u32).for_each(|index| writer.store(index as usize, index));
    for (at, words) in [(0, 128), (127, 1), (127, 2), (128, 0), (5, usize::MAX), (usize::MAX, 3)] {
        writer.expect_stores(at, words);
    }
    assert!((0..128_u32).all(|index| writer.get(index as usize) == Some(index)));
}
