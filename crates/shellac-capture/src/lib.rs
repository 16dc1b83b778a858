//! What to keep of a log when something goes wrong, and how to find it again.
//!
//! A directory of captures holds files of records that stock tools read, `index.jsonl` with one line for every
//! failing group, kept or not, and `manifest.jsonl` with one line per capture. [`Store`] writes such a directory
//! and keeps it within its budgets, whatever the disk does; [`index::Reader`] and [`files`] read it, also while it is written.
//!
//! Failures are never lost silently: for every class, what was handed in is what is kept, only indexed, suppressed
//! and lost together ([`Account`]).
//!
//! Nothing here prints, looks at a clock or waits: the time is handed in, and what somebody should hear comes out
//! as [`Notice`]s.

pub mod files;
pub mod history;
pub mod index;
mod limit;
#[cfg(test)]
mod made_up;
pub mod recorder;
pub mod report;
pub mod rules;
pub mod stamp;
pub mod store;
pub mod trigger;
pub mod window;

pub use index::{Entry, Outcome};
pub use stamp::Stamp;
pub use store::accounts::{Account, Accounts};
pub use store::manifest::{Facts, Loss, Trigger, Window};
pub use store::notice::Notice;
pub use store::options::{Fsync, KeepFree, Roll, StoreOptions};
pub use store::{Begun, CaptureHead, CaptureId, Finished, OpenError, Refusal, Store};
