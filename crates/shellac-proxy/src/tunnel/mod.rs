//! A connection of a client that is a tunnel to a backend: bytes both ways until both sides have said their last one.

mod flow;
mod passed;
mod places;
mod run;

pub(crate) use passed::Passed;
pub(crate) use places::{TunnelPlace, Tunnels};
pub(crate) use run::Tunnel;
