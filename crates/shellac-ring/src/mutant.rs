//! Steps of the protocol that a model run can break on purpose, to see whether its checker notices.
//!
//! Outside of model runs [`is`] is `false` and costs nothing.

/// A broken step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(any(shellac_model = "loom", shellac_model = "shuttle")),
    allow(dead_code, reason = "some steps are taken by the model's words")
)]
pub(crate) enum Mutant {
    /// Headers in the middle of a segment carry no nonce.
    NoNonce,
    /// The word at the end is read after the reservation.
    LateRead,
    /// The word at the end is not marked.
    NoMark,
    /// The first word of the next segment is not marked.
    NoSegmentMark,
    /// A producer that is far behind does not stop the others.
    NoGuard,
    /// The next segment is prepared after the reservation.
    LatePrepare,
    /// The reservation is relaxed.
    RelaxedTail,
    /// The end of a reservation is relaxed.
    RelaxedSlot,
    /// The header is stored relaxed. This one and those below are broken in the model's words.
    RelaxedHeader,
    /// The segment number is advanced relaxed.
    RelaxedAdvance,
    /// There is no fence between the reservation and the first store.
    NoFence,
}

/// Whether this run breaks `step`.
#[cfg(not(any(shellac_model = "loom", shellac_model = "shuttle")))]
#[inline(always)]
pub(crate) const fn is(_step: Mutant) -> bool {
    false
}

/// Whether this run breaks `step`: the environment variable `SHELLAC_MUTANT` names it.
#[cfg(any(shellac_model = "loom", shellac_model = "shuttle"))]
pub(crate) fn is(step: Mutant) -> bool {
    use std::sync::OnceLock;
    static CHOSEN: OnceLock<Option<Mutant>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| {
        let name = std::env::var("SHELLAC_MUTANT").unwrap_or_default();
        match name.as_str() {
            "" => None,
            "nononce" => Some(Mutant::NoNonce),
            "lateread" => Some(Mutant::LateRead),
            "nomark" => Some(Mutant::NoMark),
            "noseg" => Some(Mutant::NoSegmentMark),
            "noguard" => Some(Mutant::NoGuard),
            "latecross" => Some(Mutant::LatePrepare),
            "reltail" => Some(Mutant::RelaxedTail),
            "relslot" => Some(Mutant::RelaxedSlot),
            "relhdr" => Some(Mutant::RelaxedHeader),
            "relbump" => Some(Mutant::RelaxedAdvance),
            "nofence" => Some(Mutant::NoFence),
            unknown => panic!("no mutant is called {unknown}"),
        }
    });
    *chosen == Some(step)
}
