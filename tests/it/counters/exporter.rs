//! Debian's exporter for Prometheus, which asks varnishstat and groups what it says by the beginnings of names.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use shellac_counters::vsc::table::{Main, Mgt, Vbe};
use shellac_counters::vsc::write::publish;
use shellac_vsm::{ChildSet, MgtSet, PublishOptions};

use super::{ask, wait_for};
use crate::support::client::Client;
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};
use crate::support::skip::skipped;

const PROGRAM: &str = "prometheus-varnish-exporter";

/// A running exporter; dropping it ends it.
struct Exporter {
    child: Child,
    address: std::net::SocketAddr,
}

impl Exporter {
    /// `None` where it is not installed.
    fn start(workdir: &Path) -> Option<Exporter> {
        let is_here = |name: &str| {
            let command = Command::new(name).arg("-V").output();
            command.is_ok()
        };
        if !is_here(PROGRAM) || !is_here("varnishstat") {
            skipped("the exporter for Prometheus is not installed");
            return None;
        }
        // It takes no port of the kernel's choice, so somebody else may take this one before it does: then it ends.
        Some(Deadline::generous().wait_for("an exporter", || {
            let free = std::net::TcpListener::bind("127.0.0.1:0").ok()?;
            let address = free.local_addr().ok()?;
            drop(free);
            let child = Command::new(PROGRAM)
                .arg("-n")
                .arg(workdir)
                .args(["-web.listen-address", &address.to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("it starts");
            let mut exporter = Exporter { child, address };
            let deadline = Deadline::generous();
            while deadline.left().is_some() {
                if std::net::TcpStream::connect(address).is_ok() {
                    return Some(exporter);
                }
                if exporter.child.try_wait().expect("it is our child").is_some() {
                    return None;
                }
                std::thread::yield_now();
            }
            None
        }))
    }

    /// What Prometheus gets.
    fn scrape(&self) -> String {
        let mut client = Client::connect(self.address);
        client.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = client.answer("GET");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn prometheus_gets_the_counters_of_a_proxy() {
    let origin = Origin::start(|_| vec![ok("answer")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let daemon = Daemon::start(&workdir, &Daemon::config(origin.address(), ""));
    let Some(exporter) = Exporter::start(&workdir) else { return };
    ask(daemon.address(), 7);
    wait_for(&workdir, &[("MAIN.client_req", 7), ("VBE.boot.b0.req", 7), ("MAIN.s_pass", 7)]);
    let text = exporter.scrape();
    for line in [
        "varnish_main_client_req 7",
        "varnish_backend_req{backend=\"b0\",server=\"unknown\"} 7",
        "varnish_backend_beresp_bodybytes{backend=\"b0\",server=\"unknown\"} 42",
        "varnish_main_s_resp_bodybytes 42",
        "varnish_up 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[test]
fn prometheus_gets_the_counters_of_several_configurations() {
    let root = tempfile::tempdir().unwrap();
    let options = PublishOptions::own(1);
    let mut mgt = MgtSet::create(root.path(), &options).unwrap();
    mgt.add_identity("test", "7.3-8.0", "0").unwrap();
    publish::<Mgt>(&mut mgt, &["MGT".to_owned()], true).unwrap();
    let mut child = ChildSet::create(root.path(), &options).unwrap();
    publish::<Main>(&mut child, &["MAIN".to_owned()], true).unwrap();
    let mut sets = Vec::new();
    for (configuration, count) in
        [("boot", 1), ("reload_20261122_094000", 2), ("reload_20261122_095000", 3)]
    {
        let names = [format!("VBE.{configuration}.a"), format!("VBE.{configuration}.b")];
        let (published, _) = publish::<Vbe>(&mut child, &names, true).unwrap();
        published.add(1, Vbe::Req, count);
        sets.push(published);
    }
    let Some(exporter) = Exporter::start(root.path()) else { return };
    let text = exporter.scrape();
    assert!(text.contains("varnish_backend_req{backend=\"b\",server=\"unknown\"} 3"), "{text}");
}
