//! Tests of writers and readers together: models of the protocol, properties, the way stock readers walk.

#[cfg(any(shellac_model = "loom", shellac_model = "shuttle"))]
mod model;
#[cfg(not(any(shellac_model = "loom", shellac_model = "shuttle")))]
pub(crate) mod plain;
#[cfg(not(any(shellac_model = "loom", shellac_model = "shuttle")))]
mod properties;
