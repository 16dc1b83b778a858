//! What a query sees of a transaction.

use shellac_format::{Tag, Vxid};
use shellac_query::QueryTransaction;

use crate::transaction::Transaction;

impl QueryTransaction for Transaction {
    fn level(&self) -> u32 {
        self.level
    }

    fn vxid(&self) -> Vxid {
        self.vxid
    }

    /// Records whose number has no name in the dialect cannot be asked for.
    #[inline]
    fn records(&self) -> impl Iterator<Item = (Tag, &[u8])> {
        Transaction::records(self).filter_map(|record| Some((record.tag?, record.payload)))
    }
}
