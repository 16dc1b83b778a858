use std::collections::HashSet;

use super::*;
use crate::vsc::{Format, Semantics};

fn check<K: Kind>(all: &[K]) {
    let mut names = HashSet::new();
    for (at, row) in K::ROWS.iter().enumerate() {
        assert!(names.insert(row.name), "{} has {} twice", K::NAME, row.name);
        let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(row.name.bytes().all(word), "{}", row.name);
        // Stock tools write these into JSON and XML as they are.
        let plain = |byte: u8| (0x20..0x7f).contains(&byte) && !b"\"\\<>&".contains(&byte);
        assert!(row.oneliner.bytes().all(plain) && row.text.bytes().all(plain), "{}", row.name);
        assert!(!row.oneliner.ends_with('.') && row.text.ends_with('.'), "{}", row.name);
        assert!(row.oneliner.len() <= 60, "{}: too long for a line", row.name);
        assert_eq!(row.semantics == Semantics::Bitmap, row.format == Format::Bitmap);
        if let Some(kind) = all.iter().find(|kind| kind.index() == at) {
            assert_eq!(kind.row(), row);
        }
    }
}

#[test]
fn tables_are_tidy() {
    check(&[Mgt::Uptime, Mgt::ChildPanic]);
    check(&[Main::Summs, Main::RespFailed]);
    check(&[Log::Batches, Log::Unshown]);
    check(&[Vbe::Happy, Vbe::Connect7s]);
    check(&[Node::ArpEntries, Node::Faults]);
    check(&[Health::Concentrated, Health::Windows]);
}

#[test]
fn backends_begin_with_the_counters_that_varnish_has() {
    let names: Vec<&str> = Vbe::ROWS.iter().take(20).map(|row| row.name).collect();
    assert_eq!(names[..2], ["happy", "bereq_hdrbytes"]);
    assert_eq!((names[8], names[19], Vbe::Helddown.index()), ("conn", "helddown", 19));
    assert_eq!(Mgt::ROWS.len(), 7);
}
