//! What `-g raw -w -` has written, as the batches of a generator.

use shellac_format::{Dialect, Records, Tag};
use shellac_ring::Loss;

use crate::ring::checker::{BatchText, Checker};

/// Takes the batches of a stream of records one by one. Records of one batch follow each other: `Begin` if it is a
/// first one, its number, its data, and a `Link` or an `End`.
///
/// Where something was lost is not to be seen in a file, so it may have been anywhere.
pub(crate) fn check(dialect: Dialect, bytes: &[u8]) -> Checker {
    let layout = dialect.layout();
    let body = bytes.strip_prefix(&layout.file_magic()).expect("a file of such records");
    let mut checker = Checker::new(dialect);
    let mut walk = Records::new(layout, body);
    let (mut start, mut head, mut data) = (0, None::<BatchText>, 0);
    while let Some(record) = walk.next() {
        let record = record.expect("whole records");
        match record.tag(dialect) {
            Some(Tag::VclLog) if record.text().starts_with(b"G ") => {
                assert!(head.is_none(), "a batch without its end before {record:?}");
                head = Some(BatchText::parse(std::str::from_utf8(record.text()).unwrap()));
            }
            Some(Tag::VclLog) => data += 1,
            Some(Tag::Link | Tag::End) => {
                let head = head.take().expect("an end without a batch");
                assert_eq!(head.records, data, "{head:?}");
                checker.loss(Loss { bytes: 0, exact: true });
                checker.batch(&body[start..walk.position()]);
                (start, data) = (walk.position(), 0);
            }
            Some(Tag::Begin) => assert!(head.is_none() && data == 0, "a batch without its end"),
            tag => panic!("{tag:?} was never written"),
        }
    }
    assert_eq!(start, body.len(), "the last batch is not whole");
    checker
}
