//! Where the private atomics of the ring come from: the language, or a model checker.
//!
//! The words in shared memory come through `shellac_sys::Words` instead, for the same reason.

#[cfg(shellac_model = "loom")]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
#[cfg(shellac_model = "shuttle")]
pub(crate) use shuttle::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(any(shellac_model = "loom", shellac_model = "shuttle")))]
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
