//! TLS towards clients and backends, with certificates of the day.

pub(crate) mod certificates;
mod clients;
mod faults;

mod peers;
mod upstreams;
