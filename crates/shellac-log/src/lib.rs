//! Records to transactions to groups: sources, grouping, loss
