use shellac_format::record::encode;
use shellac_format::{Dialect, Side, TagSet, Vxid};
use shellac_log::{Filter, Group, Kind, LogRecord, LogRecords, Transaction};

use super::{LineOptions, LineWriter, Text, Walked, write_group};

const DIALECT: Dialect = Dialect::V6_0;

/// Number, side and payload of each record.
fn transaction(level: u32, vxid: u64, records: &[(u8, Side, &[u8])]) -> Transaction {
    let mut bytes = Vec::new();
    for (number, side, payload) in records {
        encode(&mut bytes, DIALECT.layout(), *number, Vxid(vxid), *side, payload);
    }
    Transaction::from_records(DIALECT, level, bytes).unwrap()
}

fn request(level: u32) -> Transaction {
    let records: [(u8, Side, &[u8]); 3] = [
        (76, Side::Client, b"req 1 rxreq\0"),
        (16, Side::Client, b"/a\0b\0"),
        (77, Side::Client, b"\0"),
    ];
    transaction(level, 65632, &records)
}

fn text(transactions: Vec<Transaction>, options: &LineOptions) -> String {
    let mut out = Vec::new();
    write_group(&Group { transactions }, DIALECT, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn terse() {
    let expected = "\
*   << Request  >> 65632     \n\
-   Begin          req 1 rxreq\n\
-   ReqURL         /a\n\
-   End            \n\
\n";
    assert_eq!(text(vec![request(1)], &LineOptions::default()), expected);
}

#[test]
fn verbose() {
    let expected = "\
*              << Request  >>   65632     \n\
-        65632 Begin          c req 1 rxreq\n\
-        65632 ReqURL         c /a\n\
-        65632 End            c \n\
\n";
    let options = LineOptions { verbose: true, ..LineOptions::default() };
    assert_eq!(text(vec![request(1)], &options), expected);
}

#[test]
fn deeper_levels_have_numbers() {
    let mut filter = Filter::new();
    filter.include(TagSet::parse("End").unwrap());
    let options = LineOptions { filter, ..LineOptions::default() };
    let expected = "\
**  << Request  >> 65632     \n\
--  End            \n\
*** << Request  >> 65632     \n\
--- End            \n\
*4* << Request  >> 65632     \n\
-4- End            \n\
*12* << Request  >> 65632     \n\
-12- End            \n\
\n";
    assert_eq!(text(vec![request(2), request(3), request(4), request(12)], &options), expected);
}

#[test]
fn headers_stay_when_every_record_is_filtered_away() {
    let mut filter = Filter::new();
    filter.include(TagSet::parse("Debug").unwrap());
    let options = LineOptions { filter, ..LineOptions::default() };
    assert_eq!(text(vec![request(1)], &options), "*   << Request  >> 65632     \n\n");
}

#[test]
fn each_kind_has_its_label() {
    for (kind, label) in [
        (Kind::Unknown, "Unknown "),
        (Kind::Session, "Session "),
        (Kind::Request, "Request "),
        (Kind::Backend, "BeReq   "),
        (Kind::Raw, "Record  "),
    ] {
        let mut transaction = transaction(1, 7, &[]);
        transaction.kind = kind;
        transaction.vxid = Vxid(12_345_678_901);
        let expected = format!("*   << {label} >> 12345678901\n\n");
        assert_eq!(text(vec![transaction], &LineOptions::default()), expected);
    }
}

#[test]
fn raw_lines_show_payloads_that_are_no_text() {
    let writer = LineWriter::new(DIALECT, &LineOptions::default());
    let records: [(u8, Side, &[u8]); 6] = [
        (1, Side::None, b"a\x01\"b\\\0"),
        (87, Side::Backend, &[0x00, 0xff, 0x01]),
        (71, Side::None, b"x\0"),
        (200, Side::Client, b"?\n\0"),
        (16, Side::Client, b"\xe9\x07"),
        (16, Side::Client, b""),
    ];
    let transaction = transaction(0, 2, &records);
    let mut out = Text::default();
    for record in LogRecords::new(DIALECT, transaction.bytes()) {
        writer.raw(&record, &mut out);
    }
    let expected: &[u8] = b"         2 Debug          - \"a%01\"b\\%00\"\n         2 H2RxHdr        b [00ff01]\n         2 Backend_health - x\n         2 200            c \"?%0a%00\"\n         2 ReqURL         c \xe9\x07\n         2 ReqURL         c \n";
    assert_eq!(out.as_bytes(), expected, "{}", String::from_utf8_lossy(out.as_bytes()));
    // The same as a group: raw groups have no header and no empty line behind them.
    let mut grouped = Text::default();
    writer.group(&Group { transactions: vec![transaction] }, &mut grouped);
    assert_eq!(grouped.as_bytes(), expected);
}

#[test]
fn numbers_of_any_width() {
    let writer = LineWriter::new(DIALECT, &LineOptions::default());
    let line = |vxid: u64| {
        let record =
            LogRecord { number: 16, tag: None, vxid: Vxid(vxid), side: Side::None, payload: b"x" };
        let mut out = Text::default();
        writer.raw(&record, &mut out);
        String::from_utf8(out.as_bytes().to_vec()).unwrap()
    };
    for vxid in [0, 9, 10, 1_234_567_890, 9_999_999_999, 10_000_000_000, 98_765_432_109, u64::MAX] {
        assert_eq!(line(vxid), format!("{vxid:>10} {:<14} - x\n", "ReqURL"));
    }
}

#[test]
fn texts_end_at_their_first_nul_wherever_it_is_and_whatever_follows() {
    let writer = LineWriter::new(DIALECT, &LineOptions::default());
    for len in 0..=140 {
        // No NUL, one at the end, and one or two earlier.
        let mut payloads = vec![vec![b'x'; len]];
        for nul in 0..len {
            let mut payload = vec![b'x'; len];
            payload[nul] = 0;
            payloads.push(payload.clone());
            payload[len - 1] = 0;
            payloads.push(payload);
        }
        for payload in payloads {
            let text: String = payload.iter().take_while(|&&byte| byte != 0).map(|_| 'x').collect();
            // Alone it lies at the end of its row; before a longer one it does not.
            for behind in [&b""[..], &[b'y'; 200]] {
                let mut row = Vec::new();
                encode(&mut row, DIALECT.layout(), 16, Vxid(7), Side::Client, &payload);
                let mut expected = format!("{:>10} {:<14} c {text}\n", 7, "ReqURL");
                if !behind.is_empty() {
                    encode(&mut row, DIALECT.layout(), 16, Vxid(8), Side::Backend, behind);
                    expected += &format!("{:>10} {:<14} b {}\n", 8, "ReqURL", "y".repeat(200));
                }
                let mut out = Text::default();
                out.push(b"before\n");
                let records = if behind.is_empty() { 1 } else { 2 };
                let walked = writer.raw_row(&row, &mut out);
                assert_eq!(walked, Walked { records, bytes: row.len() });
                let out = str::from_utf8(out.as_bytes()).unwrap();
                assert_eq!(out, format!("before\n{expected}"));
            }
        }
    }
}

#[test]
fn many_lines_come_out_as_each_by_itself_whatever_is_in_them() {
    let writer = LineWriter::new(DIALECT, &LineOptions::default());
    let (mut row, mut alone) = (Vec::new(), Text::default());
    for n in 0..5000u64 {
        // Numbers that change, tags of all forms, lengths below and above what is usual.
        let payload = [&b"x".repeat(usize::try_from(n * 7 % 300).unwrap())[..], b"\0"].concat();
        let number = [16, 1, 87, 200, 77][usize::try_from(n % 5).unwrap()];
        let start = row.len();
        encode(&mut row, DIALECT.layout(), number, Vxid(n / 30), Side::Client, &payload);
        for record in LogRecords::new(DIALECT, &row[start..]) {
            writer.raw(&record, &mut alone);
        }
    }
    let mut together = Text::default();
    let walked = writer.raw_row(&row, &mut together);
    assert_eq!(walked, Walked { records: 5000, bytes: row.len() });
    assert!(together.as_bytes() == alone.as_bytes());
    // What is no whole record ends it.
    let whole = row.len();
    row.extend_from_slice(&[0; 16]);
    assert_eq!(writer.raw_row(&row, &mut together), Walked { records: 5000, bytes: whole });
    assert_eq!(together.len(), 2 * alone.len());
}
