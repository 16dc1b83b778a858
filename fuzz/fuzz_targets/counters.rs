//! Any bytes as a description of counters and as their values: what is read lies inside of the segment, in the same order each time,
//! and what cannot be used is said.
#![no_main]

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt::Write;

use libfuzzer_sys::fuzz_target;
use shellac_counters::vsc::{Counters, SetDoc};
use shellac_vsm::{AttachOptions, Attachment};
use tempfile::TempDir;

/// A working directory whose only set and its description are written anew for every input.
fn place() -> TempDir {
    // In memory where there is such a place: every input is two files.
    let dir = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a temporary directory");
    std::fs::create_dir(dir.path().join("_.vsm_mgt")).expect("it is empty");
    dir
}

thread_local! {
    static PLACE: RefCell<TempDir> = RefCell::new(place());
}

fuzz_target!(|data: &[u8]| {
    let [low, high, bytes @ ..] = data else { return };
    let doc_len = usize::from(u16::from_le_bytes([*low, *high])).min(bytes.len());
    let (doc, set) = bytes.split_at(doc_len);
    if let Ok(text) = std::str::from_utf8(doc.get(24..).unwrap_or_default())
        && let Ok(parsed) = SetDoc::parse(text.trim_end_matches('\0'))
    {
        // Each counter is a member of an object, and the shortest says where it is.
        assert!(parsed.counters.len() <= doc.len() / r#""":{"index":0}"#.len());
    }
    PLACE.with_borrow(|place| {
        let dir = place.path().join("_.vsm_mgt");
        let mut index = "# 1 2\n+ a 0 8 Arg -i\n".to_owned();
        for (file, content, name) in [("d", doc, "StatDoc 1"), ("s", set, "Stat SET")] {
            std::fs::write(dir.join(file), content).expect("it can be written");
            writeln!(index, "+ {file} 0 {} {name}", content.len()).expect("it is text");
        }
        std::fs::write(dir.join("_.index"), index).expect("it can be written");
        let options = AttachOptions { check_pid: false };
        let attachment = Attachment::open(place.path(), options).expect("a manager is there");
        let mut counters = Counters::new();
        counters.refresh(&attachment);
        let found: Vec<_> =
            counters.readings().map(|it| (it.id, it.info.clone(), it.value)).collect();
        let ids: HashSet<_> = found.iter().map(|(id, ..)| *id).collect();
        assert_eq!(ids.len(), found.len(), "each has an identity of its own");
        assert!(found.len() <= counters.len());
        for (_, info, value) in &found {
            let is_there = set
                .chunks_exact(8)
                .any(|word| *value == u64::from_ne_bytes(word.try_into().expect("eight")));
            assert!(is_there, "{} is not in the segment", info.name);
        }
        let layout = counters.layout();
        counters.refresh(&attachment);
        assert_eq!(layout, counters.layout(), "nothing has come or gone");
        let mut values = Vec::new();
        counters.sample(&mut values);
        assert!(values.iter().eq(found.iter().map(|(_, _, value)| value)));
        assert!(counters.problems().len() <= 100);
    });
});
