//! What comes of a log whose writer has lost its place.

use std::sync::{Arc, Mutex};

use shellac_format::{Layout, Records, record};
use shellac_ring::{Producer, Ring};
use shellac_sys::LogViewMut;
use shellac_vsm::publish::retired_dir;
use shellac_vsm::{ChildSet, PublishOptions};

use super::*;

const DIALECT: Dialect = Dialect::V6_0;
const LAYOUT: Layout = Layout::Words2;

#[derive(Clone, Default)]
struct Texts(Arc<Mutex<Vec<String>>>);

impl LogSink for Texts {
    fn publish(&mut self, batch: &[u8]) {
        let mut texts = self.0.lock().unwrap();
        for record in Records::new(LAYOUT, batch).map(Result::unwrap) {
            let (tag, text) =
                (record.tag(DIALECT).unwrap(), String::from_utf8_lossy(record.text()));
            texts.push(format!("{} {tag} {text}", record.vxid.0).trim_end().to_owned());
        }
    }

    fn sweep(&mut self) {}
}

impl Texts {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn ring(set: &mut ChildSet, ident: &str) -> Producer<LogViewMut> {
    let file = set.allocate(CLASS, ident, 1 << 20).unwrap();
    let view = LogViewMut::create(file, LAYOUT.segment_marker()).unwrap();
    let (ring, mut producers) = Ring::create(view, LAYOUT, 1).unwrap();
    ring.publish_marker();
    producers.remove(0)
}

fn batch(vxid: u64, records: &[(Tag, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (tag, text) in records {
        let number = tag.number(DIALECT).unwrap();
        record::encode_text(
            &mut out,
            LAYOUT,
            number,
            Vxid(vxid),
            Side::Client,
            text.as_bytes(),
            99,
        );
    }
    out
}

const BEGIN: (Tag, &str) = (Tag::Begin, "req 1 rxreq");
const END: (Tag, &str) = (Tag::End, "");

#[test]
fn what_was_open_comes_whole_and_what_comes_later_once() {
    let root = tempfile::tempdir().unwrap();
    let mut set = ChildSet::create(root.path(), &PublishOptions::own(1)).unwrap();
    let mut first = ring(&mut set, "Log");
    first.publish(&batch(2, &[BEGIN, (Tag::ReqUrl, "/ended"), END])).unwrap();
    first.publish(&batch(6, &[BEGIN, (Tag::ReqUrl, "/open")])).unwrap();
    first.publish(&batch(4, &[BEGIN])).unwrap();
    first.publish(&batch(6, &[(Tag::ReqMethod, "GET")])).unwrap();
    first.publish(&batch(4, &[END])).unwrap();
    let mut rest = ring(&mut set, REST);
    set.publish().unwrap();
    let dir = retired_dir(root.path(), 1);
    set.move_to(&dir).unwrap();
    rest.publish(&batch(6, &[END])).unwrap();

    for is_new in [true, false] {
        let texts = Texts::default();
        let mut source = Source::open(&Predecessor { dir: dir.clone(), is_new }, DIALECT).unwrap();
        let mut sink = texts.clone();
        source.begin(&mut sink);
        assert_eq!(texts.take(), ["6 Begin req 1 rxreq", "6 ReqURL /open", "6 ReqMethod GET"]);
        assert!(source.pass(&mut sink, DIALECT, true), "it may write more");
        // Of one that somebody has handed on already only what comes from now on.
        assert_eq!(texts.take(), if is_new { vec!["6 End"] } else { Vec::new() });
    }

    let texts = Texts::default();
    let mut source = Source::open(&Predecessor { dir, is_new: false }, DIALECT).unwrap();
    rest.publish(&batch(8, &[BEGIN, END])).unwrap();
    set.remove().unwrap();
    assert!(!source.pass(&mut texts.clone(), DIALECT, true), "it has ended");
    assert_eq!(texts.take(), ["8 Begin req 1 rxreq", "8 End"]);
}

#[test]
fn what_cannot_be_shown_is_said() {
    let root = tempfile::tempdir().unwrap();
    let mut set = ChildSet::create(root.path(), &PublishOptions::own(1)).unwrap();
    let _first = ring(&mut set, "Log");
    set.publish().unwrap();
    let dir = retired_dir(root.path(), 1);
    set.move_to(&dir).unwrap();
    let texts = Texts::default();
    let one = Predecessor { dir: dir.clone(), is_new: true };
    let remains = Remains::hand_on(
        std::slice::from_ref(&one),
        DIALECT,
        Box::new(texts.clone()),
        Counting::default(),
        Unfinished::default(),
    )
    .unwrap();
    drop(remains);
    let said = texts.take().join("\n");
    assert!(said.contains("Notice what is still logged in") && said.contains("version"), "{said}");

    // Another layout cannot be read as this one.
    let mut rest = ring(&mut set, REST);
    set.publish().unwrap();
    let why = Source::open(&one, Dialect::V7_3).err().unwrap();
    assert!(why.contains("another dialect"), "{why}");
    // More than the ring holds: what is gone is counted.
    let mut source = Source::open(&one, DIALECT).unwrap();
    let long = "x".repeat(90);
    for _ in 0..2 * (1 << 20) / 100 {
        rest.publish(&batch(2, &[(Tag::VclLog, &long)])).unwrap();
    }
    assert!(source.pass(&mut texts.clone(), DIALECT, true));
    let said = texts.take();
    assert!(said[0].contains("were overwritten before they could be shown"), "{}", said[0]);
    assert!(said.len() > 1000, "{}", said.len());
}
