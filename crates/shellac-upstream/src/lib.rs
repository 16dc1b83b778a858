//! Decisions about backends: which endpoint takes the next attempt
