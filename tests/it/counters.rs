//! Counters of shellacd, read by the tools that people have: varnishstat, on a screen too, and an exporter for Prometheus.

mod configurations;
mod exporter;
mod screen;
mod stock;

use std::collections::HashMap;
use std::path::Path;

use shellac_counters::vsc::Counters;
use shellac_vsm::{AttachOptions, Attachment};

use crate::support::client::Client;
use crate::support::deadline::Deadline;

/// Asks `address` for something `count` times on one connection.
fn ask(address: std::net::SocketAddr, count: usize) {
    let mut client = Client::connect(address);
    for _ in 0..count {
        client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer("GET").status, 200);
    }
}

/// What is published in `workdir` now.
fn published(workdir: &Path) -> HashMap<String, u64> {
    let attachment = Attachment::open(workdir, AttachOptions::default()).expect("it runs");
    let counters = Counters::read(&attachment);
    counters.into_iter().map(|counter| (counter.name, counter.value)).collect()
}

/// Waits until all of these have these values.
fn wait_for(workdir: &Path, wanted: &[(&str, u64)]) {
    Deadline::generous().wait_for(&format!("{wanted:?}"), || {
        let found = published(workdir);
        wanted.iter().all(|(name, value)| found.get(*name) == Some(value)).then_some(())
    });
}
