//! Numbers over time: how often, how much of it, since when, and whether that is unusual.
//!
//! [`RateRule`] is what an operator writes (`rate(FetchError) > 10/s for 5s`), [`RuleState`] what watches for
//! it; [`Baseline`] is what it remembers across restarts. [`concentration::Table`] says whether failures
//! concentrate on few values of something. The rest is counting in constant memory: [`Window`], [`TokenBucket`],
//! [`Percentiles`], [`Counts`], [`Top`], [`Reservoir`].
//!
//! Moments are [`Duration`](std::time::Duration)s since an epoch that the caller chooses and keeps, randomness is
//! handed in, and every state is bounded, whatever is observed.
//!
//! Groups, files and screens are not known here. A query is text that is handed back.

mod bucket;
pub mod concentration;
mod counts;
mod dice;
mod percentiles;
mod reservoir;
mod rule;
pub mod study;
pub mod tail;
mod top;
mod window;

pub use bucket::TokenBucket;
pub use counts::{Counted, Counts};
pub use dice::Dice;
pub use percentiles::Percentiles;
pub use reservoir::Reservoir;
pub use rule::{
    Baseline, Baselines, Event, Hysteresis, KeyBaseline, Measure, Order, Quantity, RateRule,
    RuleError, RuleState, Turn,
};
pub use top::{Entry, Top};
pub use window::Window;
