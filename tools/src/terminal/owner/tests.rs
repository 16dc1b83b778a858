use std::process::Command;

use super::{LEAVE, Owner};

/// Set in the process that panics.
const PANICS: &str = "SHELLAC_TEST_PANICS";
const SAID: &str = "said on the way out";

/// The terminal is a pipe here. Standard error goes into it as well, so that their order is known.
#[test]
fn a_panic_is_told_where_it_can_be_read() {
    if std::env::var_os(PANICS).is_some() {
        let _owner = Owner::take().unwrap();
        panic!("{SAID}");
    }
    let name = std::thread::current().name().unwrap().to_owned();
    let output = Command::new("sh")
        .args(["-c", "exec \"$0\" --exact \"$1\" --nocapture 2>&1 </dev/null"])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(PANICS, "1")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let place = |text: &[u8]| {
        let found = output.stdout.windows(text.len()).position(|part| part == text);
        found.unwrap_or_else(|| panic!("{:?} is not in {output:?}", text.escape_ascii()))
    };
    assert!(place(b"\x1b[?1049h") < place(LEAVE) && place(LEAVE) < place(SAID.as_bytes()));
    // It is given back once.
    assert_eq!(output.stdout.windows(LEAVE.len()).filter(|part| *part == LEAVE).count(), 1);
}
