//! What the system says about an error, as the C library words it.

use std::io;

/// The text without the number that Rust puts behind it.
pub(crate) fn system_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}
