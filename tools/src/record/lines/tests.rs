use std::sync::mpsc;

use super::*;

fn sender() -> (Sender, mpsc::Receiver<Line>) {
    let (lines, receiver) = mpsc::sync_channel(100);
    let regex = Regex::new(b"error", false).unwrap();
    (Sender { regex, rule: 3, lines, partial: Vec::new(), is_cut: false }, receiver)
}

fn texts(receiver: &mpsc::Receiver<Line>) -> Vec<String> {
    receiver.try_iter().map(|line| String::from_utf8(line.text).unwrap()).collect()
}

#[test]
fn lines_are_put_together_and_those_that_match_are_handed_over() {
    let (mut sender, receiver) = sender();
    for part in ["an err", "or\nfine\nerror 2", "\nand an error without an end"] {
        assert!(sender.bytes(part.as_bytes()).is_ok());
    }
    assert_eq!(texts(&receiver), ["an error", "error 2"]);
    assert!(sender.end_line().is_ok());
    assert_eq!(texts(&receiver), ["and an error without an end"]);
}

#[test]
fn a_line_without_an_end_takes_no_more_than_its_room() {
    let (mut sender, receiver) = sender();
    for _ in 0..100 {
        assert!(sender.bytes(&[b'x'; 4096]).is_ok());
    }
    assert!(sender.bytes(b" error\nerror\n").is_ok());
    assert_eq!(texts(&receiver), ["error"], "what is behind the cut does not count");
    assert!(sender.partial.capacity() <= 2 * MAX_LINE);
}

#[test]
fn the_number_stands_behind_its_name() {
    for (line, xid) in [
        ("Error 503 XID: 532316890", Some(532_316_890)),
        ("xid=12 other", Some(12)),
        ("\"x-varnish\": \"98\"", Some(98)),
        ("X-Varnish: 5 2", Some(5)),
        ("no xid here, request 17", None),
        ("xid of 17", None),
        ("oxid 17 and xid 18", Some(17)),
        ("xid 99999999999999999999999", None),
        ("17", None),
    ] {
        assert_eq!(xid_in(line.as_bytes()), xid, "{line}");
    }
}

#[test]
fn a_rotated_file_and_one_that_was_cut_are_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    std::fs::write(&path, "old\n").unwrap();
    let mut file = open_end(&path).unwrap();
    assert!(matches!(look(&path, &mut file), Look::Same));
    std::fs::write(&path, "").unwrap();
    assert!(matches!(look(&path, &mut file), Look::Cut));
    file.seek(SeekFrom::Start(0)).unwrap();
    std::fs::rename(&path, directory.path().join("log.1")).unwrap();
    assert!(matches!(look(&path, &mut file), Look::Same), "there may be more in it");
    std::fs::write(&path, "").unwrap();
    assert!(matches!(look(&path, &mut file), Look::Other));
}
