//! A parsed query and the question it answers.

use shellac_format::Vxid;

use crate::parse;

/// Selects groups by what is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// One of these must be in the group. Lines of a query are alternatives.
    vxids: Vec<Vxid>,
}

impl Query {
    /// Parses a query. Each line is an alternative; `#` starts a comment.
    ///
    /// # Errors
    ///
    /// [`QueryError`] for text that is no query, and for the part of the language that is not there yet.
    ///
    /// ```
    /// use shellac_format::Vxid;
    /// use shellac_query::Query;
    ///
    /// let query = Query::parse("vxid == 32770").unwrap();
    /// assert!(query.selects([Vxid(2), Vxid(32770)]));
    /// assert!(!query.selects([Vxid(2)]));
    /// ```
    pub fn parse(text: &str) -> Result<Query, QueryError> {
        Ok(Query { vxids: parse::query(text)? })
    }

    /// Whether a group of transactions with these numbers is wanted.
    pub fn selects(&self, vxids: impl IntoIterator<Item = Vxid>) -> bool {
        vxids.into_iter().any(|vxid| self.vxids.contains(&vxid))
    }
}

/// Why a text is not a query that can be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// There is nothing in it.
    #[error("the query is empty; what works in this version: vxid == NUMBER")]
    Empty,
    /// A comparison with the number of the transaction that cannot be read.
    #[error("expected {expected} at byte {at} of the query\n  {line}\n  {caret}")]
    Syntax {
        /// Where, in bytes from the start of the query.
        at: usize,
        /// What should be there.
        expected: &'static str,
        /// The line of the query.
        line: String,
        /// A line with a mark under the place.
        caret: String,
    },
    /// Something else than a comparison with the number.
    #[error(
        "this part of the query language comes with a later version; what works in this one: \
         vxid == NUMBER (byte {at} of the query)\n  {line}\n  {caret}"
    )]
    NotYet {
        /// Where, in bytes from the start of the query.
        at: usize,
        /// The line of the query.
        line: String,
        /// A line with a mark under the place.
        caret: String,
    },
}

#[cfg(test)]
mod tests;
