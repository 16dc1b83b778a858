//! Query text to a predicate over a transaction group
