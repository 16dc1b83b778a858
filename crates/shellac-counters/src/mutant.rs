//! Steps of the scoreboard's protocol that a model run can break on purpose, to see whether its checker notices.
//!
//! Outside of model runs [`is`] is `false` and costs nothing.

/// A broken step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// There is no fence between the odd sequence and the first store.
    NoFence,
    /// The even sequence is stored relaxed.
    RelaxedEnd,
}

/// Whether this run breaks `step`.
#[cfg(not(shellac_model = "loom"))]
#[inline(always)]
pub(crate) const fn is(_step: Mutant) -> bool {
    false
}

/// Whether this run breaks `step`: the environment variable `SHELLAC_MUTANT` names it.
#[cfg(shellac_model = "loom")]
pub(crate) fn is(step: Mutant) -> bool {
    use std::sync::OnceLock;
    static CHOSEN: OnceLock<Option<Mutant>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| {
        let name = std::env::var("SHELLAC_MUTANT").unwrap_or_default();
        match name.as_str() {
            "" => None,
            "livefence" => Some(Mutant::NoFence),
            "liveend" => Some(Mutant::RelaxedEnd),
            unknown => panic!("no mutant is called {unknown}"),
        }
    });
    *chosen == Some(step)
}
