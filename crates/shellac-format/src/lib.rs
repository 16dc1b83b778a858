//! What the bytes of a shared-memory log mean: records, batches, tags, dialects.
//!
//! [`Layout`] says how many header words a record has, [`Dialect`] which table of tags its writer used,
//! and [`Tag`] is what everything else calls a tag: it has no number of its own. [`Records`] walks a row
//! of records that somebody has already copied, [`Heads`] the same without their payloads, and [`Runs`] many at once; [`record::encode`]
//! makes one.
//!
//! Bytes are input: a length is compared with what is there before it is used, and the answer to
//! nonsense is a [`RecordError`] with its place.
//!
//! Nothing in here opens a file or looks at memory that another process may change.

pub mod byte_set;
pub mod dialect;
pub mod head_bytes;
pub mod heads;
pub mod layout;
pub mod record;
pub mod runs;
pub mod tag_set;
pub mod tags;

pub use byte_set::ByteSet;
pub use dialect::{Dialect, UnknownDialect};
pub use head_bytes::HeadBytes;
pub use heads::{Heads, Place};
pub use layout::Layout;
pub use record::{Head, Record, RecordError, Records, Side, Vxid};
pub use runs::{Item, Run, Runs, Step, Steps};
pub use tag_set::{TagListError, TagNameError, TagSet};
pub use tags::{TAGS, Tag, TagKind};
