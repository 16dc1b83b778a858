//! Every counter that this project publishes: one table per kind of set, from which the handles, the documents in shared memory
//! and what readers show are made.

mod main;
mod node;
mod rows;
mod worker;

pub use main::{Main, Mgt};
pub use node::{Health, Node};
pub use rows::{Kind, Row};
pub use worker::{Log, Vbe};

#[cfg(test)]
mod tests;
