use super::*;
use crate::Status;

#[test]
fn requests_are_one_line_under_the_name_of_the_command() {
    assert_eq!(read_record("backend.list", &["backend.list", "-p"]), "Rd backend.list -p");
    assert_eq!(read_record("vcl.use", &["config.use", "a b"]), "Rd vcl.use \"a b\"");
    assert_eq!(read_record("drain", &["drain", "b\nWr 200"]), "Rd drain \"b\\nWr 200\"");
}

#[test]
fn configurations_are_not_shown() {
    let secret = "secret = 'hunter2'";
    for (name, words) in [
        ("vcl.inline", &["config.inline", "new", secret][..]),
        ("vcl.inline", &["vcl.inline", "new", secret, "warm"]),
        ("vcl.inline", &["vcl.inline", "new", "auto", secret]),
        ("vcl.load", &["vcl.load", "new", "/etc/file", secret, "auto"]),
    ] {
        let text = shown(name, words);
        assert!(text.contains(" new ") && text.contains("(18 bytes)"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert_eq!(shown("vcl.load", &["vcl.load", "new", "file", "cold"]), "vcl.load new file cold");
    for name in ["reload", "vcl.inline", "vcl.load"] {
        let text = written_record(name, &Answer::new(Status::PARAMETER, secret));
        assert_eq!(text, "Wr 106 18 (not logged: it may quote the configuration)");
    }
}

#[test]
fn answers_have_status_and_length_and_are_cut() {
    assert_eq!(written_record("stop", &Answer::ok("")), "Wr 200 0 ");
    assert_eq!(written_record("vcl.load", &Answer::ok("done\n")), "Wr 200 5 done\n");
    let long = "ä".repeat(1 << 20);
    let text = written_record("backend.list", &Answer::ok(long.clone()));
    assert!(text.starts_with("Wr 200 2097152 ää") && text.len() < TEXT_BYTES + 32);
    assert!(!text.contains('\u{fffd}'));
    let text = read_record("drain", &["drain", &long, &long]);
    assert!(text.starts_with("Rd drain ää") && text.len() < TEXT_BYTES + 32);
}
