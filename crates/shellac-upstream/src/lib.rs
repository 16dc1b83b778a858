//! Decisions about backends: which endpoint takes the next attempt, and which takes none.
//!
//! An [`Endpoint`] is one backend as all workers share it, a [`Pool`] a set of them that can stand in for each other, and a
//! [`Picker`] one worker's way of choosing from a pool. A request has a [`Course`] through the pool; each choice is an
//! [`InFlight`], a place that is reserved from then until the response has been passed on, and through which the attempt
//! tells what it meets. [`key`] says what a consistent hash is made of, [`next`] whether another attempt follows. [`probe`] has the decisions about active probes, [`admin`] what administrators order.
//!
//! Moments are [`Duration`](std::time::Duration)s since 1970 that do not go back; randomness is seeded. A choice never waits and takes no lock,
//! but for pools with the rules of nginx ([`NginxSettings`]), which have one.
//!
//! [`node`] reads what the kernel says about this machine, so that its faults are not taken for those of backends.
//!
//! [`verdict`] says whether failures concentrate on few backends, nodes or zones.
//!
//! [`resolve`] has the decisions about names of backends, [`spelling`] finds what was meant.
//!
//! Nothing here opens a connection or knows what HTTP is.

pub mod admin;
mod compat_nginx;
mod course;
mod endpoint;
mod health;
mod in_flight;
mod jitter;
pub mod key;
pub mod next;
pub mod node;
mod outcome;
mod passive;
mod picker;
mod pool;
pub mod probe;
pub mod resolve;
mod ring;
pub mod spelling;
pub mod verdict;

pub use compat_nginx::NginxSettings;
pub use course::Course;
pub use endpoint::{Address, Endpoint, EndpointSpec};
pub use health::Health;
pub use in_flight::InFlight;
pub use outcome::{Fault, Outcome};
pub use passive::{Event, Panic, PassiveSettings, PassiveState, PassiveView, Reason};
pub use picker::{NoEndpoint, Picker};
pub use pool::{Policy, Pool, PoolSpec, Rules};
pub use ring::Ring;
