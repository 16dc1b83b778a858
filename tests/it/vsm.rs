//! Recorded and live shared-memory directories.
