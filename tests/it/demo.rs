//! `shellac demo` from start to end.
