//! A slot under loom: a writer goes through the life of two requests while a reader copies.
//!
//! Each broken step of [`crate::mutant`] must make a scenario fail; `cargo xtask model` has the table.

mod loom;
