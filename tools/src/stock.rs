//! What tools under the names of stock tools have in common: options as getopt reads them, the texts made from a
//! table of options, numbers as C reads them, and the way in which an instance is found and waited for.

pub(crate) mod attach;
pub(crate) mod front;
pub(crate) mod getopt;
pub(crate) mod number;
pub(crate) mod system_text;
pub(crate) mod table;
