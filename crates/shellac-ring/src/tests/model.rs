//! The protocol under a model checker: loom for weak memory, shuttle for long sequentially consistent runs.
//!
//! Rings are tiny, and all words that a scenario does not set are forged headers, so that whoever trusts a
//! stale word is caught. Each broken step of [`crate::mutant`] must make some scenario fail; which one is in
//! the table of `cargo xtask model`, which runs these tests:
//!
//! * `SHELLAC_MUTANT=NAME` breaks a step,
//! * `SHELLAC_MODEL_FORM=rmw` turns the loads before an update into read-modify-writes. loom compares an access
//!   only with the last one of the same place, so a load right before a store hides everybody else's loads. The
//!   plain form explores stale reads, this one schedules; both are run,
//! * `SHELLAC_MODEL_SECONDS` ends the exploration of one scenario (loom), `SHELLAC_MODEL_SCHEDULES` says how
//!   many schedules are tried (shuttle).

mod log;
#[cfg(shellac_model = "loom")]
mod loom;
mod scenario;
#[cfg(shellac_model = "shuttle")]
mod shuttle;

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().expect("settings of a model run are numbers"),
        Err(_) => default,
    }
}
