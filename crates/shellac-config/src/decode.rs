//! The text of a file.

use crate::errors::{ConfigError, ConfigErrors};

/// The text that these bytes of a file are; `file_name` only appears in messages.
///
/// # Errors
///
/// The line and the column of what is not UTF-8.
///
/// # Examples
///
/// ```
/// let error = shellac_config::decode(b"instance = 'x'\nuser = 'Andr\xe9'\n".to_vec(), "f").unwrap_err();
/// assert!(error.to_string().starts_with("f:2: column 13: the byte 0xe9 is not UTF-8"));
/// ```
pub fn decode(bytes: Vec<u8>, file_name: &str) -> Result<String, ConfigErrors> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let before = String::from_utf8_lossy(&bytes[..at]);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let byte = bytes.get(at).copied().unwrap_or_default();
        let reason = format!(
            "column {column}: the byte {byte:#04x} is not UTF-8; save the file in that encoding"
        );
        let errors = vec![ConfigError { line, key: String::new(), reason }];
        ConfigErrors { file_name: file_name.to_owned(), errors }
    })
}

#[cfg(test)]
mod tests;
