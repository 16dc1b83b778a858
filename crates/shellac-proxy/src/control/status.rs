//! What a running proxy says about itself.

use crate::control::registry::Temperature;
use crate::generation::Generation;

/// A configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationStatus {
    /// Its name.
    pub name: String,
    /// New requests get it.
    pub active: bool,
    /// It was taken away and is held by open requests only.
    pub discarded: bool,
    /// What was asked for.
    pub temperature: Temperature,
    /// Its backends are looked after.
    pub warm: bool,
    /// Requests that hold it, up to a tenth of a second ago.
    pub in_flight: usize,
    /// Its backends.
    pub backends: usize,
    /// When it was loaded, in seconds since 1970.
    pub since_unix: u64,
    /// Its position in the order of loading.
    pub(super) number: u64,
}

impl ConfigurationStatus {
    /// How `generation` is.
    pub(super) fn new(
        generation: &Generation,
        active: bool,
        discarded: bool,
        temperature: Temperature,
        warm: bool,
    ) -> ConfigurationStatus {
        ConfigurationStatus {
            name: generation.name.to_string(),
            active,
            discarded,
            temperature,
            warm,
            in_flight: generation.busy(),
            backends: generation.endpoints.len(),
            since_unix: generation.since_unix,
            number: generation.number,
        }
    }
}
