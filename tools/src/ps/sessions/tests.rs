use shellac_format::{Layout, Side, Vxid, record};

use super::*;

fn record(out: &mut Vec<u8>, xid: u64, tag: Tag, text: &str) {
    let number = tag.number(Dialect::V7_3).unwrap();
    let text = text.as_bytes();
    record::encode_text(out, Layout::Words3, number, Vxid(xid), Side::Client, text, 255);
}

#[test]
fn a_session_is_open_from_its_beginning_to_its_end() {
    let mut open = Open::default();
    let mut add = |xid, tag, text| {
        let mut bytes = Vec::new();
        record(&mut bytes, xid, tag, text);
        open.add(Dialect::V7_3, &bytes);
        let mut all: Vec<_> = open.sessions.iter().map(|(xid, it)| (*xid, it.request)).collect();
        all.sort_unstable();
        (all, open.requests.len())
    };
    assert_eq!(add(1, Tag::Begin, "sess 0 HTTP/1"), (vec![(1, None)], 0));
    add(1, Tag::SessOpen, "192.0.2.1 4711 a0 127.0.0.1 80 1700000000.25 17");
    assert_eq!(add(1, Tag::Link, "req 2 rxreq"), (vec![(1, Some(2))], 1));
    assert_eq!(add(2, Tag::Begin, "req 1 rxreq"), (vec![(1, Some(2))], 1));
    assert_eq!(add(3, Tag::End, ""), (vec![(1, Some(2))], 1));
    assert_eq!(add(2, Tag::End, ""), (vec![(1, None)], 0));
    assert_eq!(add(1, Tag::Link, "req 4 rxreq"), (vec![(1, Some(4))], 1));
    assert_eq!(add(5, Tag::Begin, "sess 0 HTTP/1").0.len(), 2);
    assert_eq!(open.sessions[&1].client, "192.0.2.1:4711");
    assert_eq!(open.sessions[&1].opened_unix, 1_700_000_000_250_000);
    let mut bytes = Vec::new();
    record(&mut bytes, 1, Tag::End, "");
    open.add(Dialect::V7_3, &bytes);
    assert_eq!((open.sessions.len(), open.requests.len()), (1, 0));
}

#[test]
fn there_is_an_end_to_what_is_kept() {
    let mut open = Open::default();
    for xid in 0..SESSIONS_MOST as u64 + 5 {
        open.begin(xid, b"sess 0 HTTP/1");
    }
    assert_eq!((open.sessions.len(), open.untold), (SESSIONS_MOST, 5));
    let mut session = Session::default();
    session.describe(b"\x1b[2J 1 a b 2 x 3");
    assert_eq!((session.client.as_str(), session.opened_unix), ("\\x1b[2J:1", 0));
}
