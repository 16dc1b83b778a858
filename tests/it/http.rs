//! The proxy on the wire: raw sockets on one side, a scripted origin on the other.

mod bodies;
mod connections;
mod errors;
mod harness;
mod heads;
mod junk;
mod refusals;
mod retries;
