use shellac_format::record::{encode, encode_text};
use shellac_format::{Dialect, Side, Tag, Vxid};
use shellac_log::{Filter, Group, LogRecords, Transaction};

use super::ColoredWriter;
use crate::lines::{LineOptions, LineWriter, Text};

const DIALECT: Dialect = Dialect::V7_3;

fn transaction(level: u32, vxid: u64, records: &[(Tag, &str)]) -> Transaction {
    let mut bytes = Vec::new();
    for (tag, text) in records {
        let number = tag.number(DIALECT).unwrap();
        let (layout, text) = (DIALECT.layout(), text.as_bytes());
        encode_text(&mut bytes, layout, number, Vxid(vxid), Side::Client, text, 255);
    }
    // A number without a name, whose payload is quoted.
    encode(&mut bytes, DIALECT.layout(), 200, Vxid(vxid), Side::Backend, b"a\nb");
    Transaction::from_records(DIALECT, level, bytes).unwrap()
}

fn group() -> Group {
    let records = [
        (Tag::Begin, "req 1 rxreq"),
        (Tag::ReqUrl, "/a b"),
        (Tag::FetchError, "no backend connection"),
        (Tag::RespStatus, "503"),
        (Tag::RespStatus, "404"),
        (Tag::RespStatus, "200"),
        (Tag::Debug, "RES_MODE 2"),
        (Tag::BackendHealth, "boot.b Still sick 4---X-RH 0 3 8 0.0 0.0 \"\""),
        (Tag::End, ""),
    ];
    let levels = [(1, 7), (2, 123_456_789_012), (4, 9), (12, 10)];
    Group { transactions: levels.map(|(level, vxid)| transaction(level, vxid, &records)).into() }
}

fn colored(options: &LineOptions) -> String {
    let mut out = Text::default();
    ColoredWriter::new(DIALECT, options).group(&group(), &mut out);
    string(&out)
}

fn string(text: &Text) -> String {
    String::from_utf8(text.as_bytes().to_vec()).unwrap()
}

/// Without escape sequences.
fn stripped(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').expect("an m ends it").1)
}

#[test]
fn without_its_colour_it_is_the_plain_text() {
    let mut filter = Filter::new();
    filter.exclude(shellac_format::TagSet::parse("ReqURL").unwrap());
    for verbose in [false, true] {
        for filter in [Filter::new(), filter.clone()] {
            let options = LineOptions { verbose, filter };
            let mut plain = Text::default();
            LineWriter::new(DIALECT, &options).group(&group(), &mut plain);
            let colored = colored(&options);
            assert_eq!(stripped(&colored), string(&plain));
            assert!(colored.len() > plain.len());
            let rows = group();
            let (mut plain, mut colored) = (Text::default(), Text::default());
            let row = rows.transactions[1].bytes();
            let count = LineWriter::new(DIALECT, &options).raw_row(row, &mut plain);
            let writer = ColoredWriter::new(DIALECT, &options);
            assert_eq!(writer.raw_row(row, &mut colored), count);
            assert_eq!(stripped(&string(&colored)), string(&plain));
        }
    }
}

#[test]
fn errors_and_failed_statuses_stand_out() {
    let text = colored(&LineOptions::default());
    for line in [
        "\x1b[1m*   << Request  >> 7         \x1b[0m\n",
        "\x1b[2m-   \x1b[0m\x1b[2mBegin          \x1b[0mreq 1 rxreq\n",
        "\x1b[36mReqURL         \x1b[0m/a b\n",
        "\x1b[1;31mFetchError     \x1b[0m\x1b[1;31mno backend connection\x1b[0m\n",
        "\x1b[36mRespStatus     \x1b[0m\x1b[1;31m503\x1b[0m\n",
        "\x1b[36mRespStatus     \x1b[0m\x1b[33m404\x1b[0m\n",
        "\x1b[36mRespStatus     \x1b[0m200\n",
        "\x1b[36mBackend_health \x1b[0m\x1b[1;31mboot.b Still sick",
    ] {
        assert!(text.contains(line), "{line:?} in {text:?}");
    }
}

#[test]
fn escape_sequences_of_a_log_do_not_get_through() {
    let transaction =
        transaction(1, 7, &[(Tag::ReqUrl, "/\x1b[2J\nx"), (Tag::ReqHeader, "A: \u{fc}")]);
    let row = transaction.bytes().to_vec();
    let mut out = Text::default();
    let writer = ColoredWriter::new(DIALECT, &LineOptions::default());
    writer.group(&Group { transactions: vec![transaction] }, &mut out);
    writer.raw_row(&row, &mut out);
    let text = string(&out);
    assert_eq!(text.matches("/\\x1b[2J\\x0ax\n").count(), 2, "{text:?}");
    assert_eq!(text.matches("A: \\xc3\\xbc\n").count(), 2);
    // What follows such a record is coloured as ever.
    assert_eq!(text.matches("\x1b[36mReqHeader").count(), 2);
    let codes = text.split('\x1b').skip(1).map(|part| part.split_once('m').unwrap().0);
    assert!(codes.into_iter().all(|code| ["[0", "[1", "[2", "[36"].contains(&code)));
    assert_eq!(LogRecords::new(DIALECT, &row).count(), 3);
}
