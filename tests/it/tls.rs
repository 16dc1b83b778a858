//! TLS on both sides of a running proxy, with certificates of the day.

#[path = "../../crates/shellac-proxy/src/tests/tls/certificates.rs"]
mod certificates;
mod clients;
mod faults;
mod peers;
mod reload;
mod renegotiation;
mod rights;
mod tunnels;

use std::net::SocketAddr;

use certificates::Issued;

use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;

/// What is said of a listener with these certificates.
fn listen(certificates: &[&Issued]) -> String {
    let list: Vec<String> = certificates.iter().map(|one| one.toml()).collect();
    format!("[listen.tls]\ncertificates = [\n{}\n]\n", list.join(",\n"))
}

/// On a machine that has other things to do nobody is late.
const PATIENT: &str =
    "[timeouts]\nclient_idle = \"60s\"\nclient_head = \"60s\"\nconnect = \"60s\"\n";

/// A configuration with one listener, of which `listener` says more, and one backend.
fn config(listener: &str, backend: SocketAddr, more: &str) -> String {
    let plain = Daemon::config(backend, more);
    plain.replacen("[[backend]]", &format!("{listener}{PATIENT}[[backend]]"), 1)
}

/// The log, a record a line, once `is_there` finds in it what it looks for.
fn raw_log(daemon: &Daemon, what: &str, is_there: impl Fn(&str) -> bool) -> String {
    Deadline::generous().wait_for(&format!("{what} in the log"), || {
        let log = daemon.tool("log", &["-d", "-g", "raw"]);
        is_there(&log).then_some(log)
    })
}

/// The first word and the text of each record of a raw log with this tag.
fn records<'a>(log: &'a str, tag: &str) -> Vec<&'a str> {
    let texts = log.lines().filter_map(|line| {
        let (_, rest) = line.trim_start().split_once(' ')?;
        let rest = rest.trim_start().strip_prefix(tag)?.strip_prefix(' ')?;
        // Behind the tag is the side.
        rest.trim_start().split_once(' ').map(|(_, text)| text.trim_start())
    });
    texts.collect()
}
