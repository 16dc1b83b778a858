//! Tests of the protocol under a model checker; plain ones are beside what they test.

#[cfg(shellac_model = "loom")]
mod model;
