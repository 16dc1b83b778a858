//! `--color`: the same text, easier on the eyes.

use super::{command, text};
use crate::support::fixture::unpacked_archive;
use crate::support::text::assert_same;

/// Without escape sequences.
fn stripped(text: &[u8]) -> Vec<u8> {
    let mut parts = text.split(|&byte| byte == 0x1b);
    let first = parts.next().unwrap_or_default().to_vec();
    parts.fold(first, |mut text, part| {
        let end = part.iter().position(|&byte| byte == b'm').expect("an m ends each of ours");
        text.extend_from_slice(&part[end + 1..]);
        text
    })
}

#[test]
fn without_its_colour_it_is_the_plain_text() {
    let directory = unpacked_archive("captures/captures.tar.zst");
    for name in ["backend-busy.vsl", "esi-nested.vsl", "retry-response.vsl"] {
        let file = directory.path().join(name);
        for options in [&["-g", "raw"][..], &["-g", "request"], &["-g", "session", "-v"], &["-b"]] {
            let args = [&["-r", file.to_str().unwrap()], options].concat();
            let plain = text(&args);
            let colored = text(&[&args[..], &["--color", "always"]].concat());
            assert!(colored.len() > plain.len());
            assert_same(&format!("{args:?}"), &stripped(&colored), &plain);
            assert_same("never", &text(&[&args[..], &["--color", "never"]].concat()), &plain);
        }
    }
}

#[test]
fn a_pipe_and_a_file_have_none_unless_it_is_asked_for() {
    let directory = unpacked_archive("captures/captures.tar.zst");
    let file = directory.path().join("backend-busy.vsl");
    let args = ["-r", file.to_str().unwrap(), "-g", "request"];
    assert!(!text(&args).contains(&0x1b));
    // The variable is for those who did not ask.
    let args = [&args[..], &["--color", "always"]].concat();
    let output = command(&args).env("NO_COLOR", "1").output().unwrap();
    assert!(output.stdout.contains(&0x1b));
    let copy = directory.path().join("copy.txt");
    text(&[&args[..], &["-A", "-w", copy.to_str().unwrap()]].concat());
    assert!(!std::fs::read(&copy).unwrap().contains(&0x1b));
}
