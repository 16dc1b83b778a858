//! Tests that cannot run everywhere.

use std::io::{self, Write};

/// Says that a test is not run here and why, or fails where all of them are required. The caller ends its test.
pub(crate) fn skipped(why: &str) {
    let required = std::env::var_os("SHELLAC_INTEROP").is_some_and(|value| value == "required");
    assert!(!required, "{why}, and SHELLAC_INTEROP=required");
    said_skipped(why);
}

/// Says it and goes on, whatever is required.
pub(crate) fn said_skipped(why: &str) {
    // Not `eprintln!`: what that prints in a test that passes is never shown.
    let _ = io::stderr().write_all(format!("skipped: {why}\n").as_bytes());
}
