//! The proxy on the wire: raw sockets on one side, a scripted origin on the other.

mod bodies;
mod cases;
mod connections;
mod errors;
mod harness;
mod heads;
mod junk;
mod meant;
mod retries;
mod smuggling;
