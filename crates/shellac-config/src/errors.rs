//! What is wrong with a configuration, and where.

use std::fmt;

/// One mistake in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Line in the file, from 1.
    pub line: usize,
    /// The key with its sections, such as `backend.connect_timeout`; empty where the text is not TOML.
    pub key: String,
    /// What is wrong and what would be right; lower case, no full stop.
    pub reason: String,
}

/// All mistakes of one file, ordered by line; never empty.
///
/// `Display` writes one line for each: `FILE:LINE: KEY: REASON`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors {
    /// The name of the file as the caller gave it.
    pub file_name: String,
    /// The mistakes.
    pub errors: Vec<ConfigError>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}:{}: ", self.file_name, error.line)?;
            if !error.key.is_empty() {
                write!(f, "{}: ", error.key)?;
            }
            f.write_str(&error.reason)?;
        }
        Ok(())
    }
}
