//! A varnishd writes; both log tools read.

use std::path::PathBuf;

use tempfile::TempDir;

use super::{GROUPINGS, compare_dump, origin, ours, stock, traffic};
use crate::support::deadline::Deadline;
use crate::support::origin::Origin;
use crate::support::text::assert_same;
use crate::support::varnish::{self, Varnishd};

const VCL: &str = r#"
vcl 4.1;
backend default { .host = "HOST"; .port = "PORT"; }
sub vcl_recv {
    if (req.url == "/synth") { return (synth(700)); }
    if (req.url == "/again" && req.restarts == 0) { return (restart); }
    if (req.method == "POST") { return (pass); }
}
sub vcl_backend_response {
    set beresp.do_esi = true;
    if (beresp.status == 503 && bereq.retries == 0) { return (retry); }
}
"#;

/// A varnishd in front of an origin with something of everything.
pub(super) struct Varnish {
    pub(super) varnishd: Varnishd,
    directory: TempDir,
    _origin: Origin,
}

impl Varnish {
    pub(super) fn start() -> Varnish {
        Varnish::start_with(&[])
    }

    /// The same with more arguments for varnishd.
    pub(super) fn start_with(arguments: &[&str]) -> Varnish {
        let origin = origin();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let address = origin.address();
        let vcl = VCL
            .replace("HOST", &address.ip().to_string())
            .replace("PORT", &address.port().to_string());
        let file = directory.path().join("test.vcl");
        std::fs::write(&file, vcl).expect("the VCL is written");
        let workdir = directory.path().join("vd");
        let arguments = [&["-f", file.to_str().expect("text")], arguments].concat();
        let varnishd = Varnishd::start_with(&workdir, &arguments);
        Varnish { varnishd, directory, _origin: origin }
    }

    pub(super) fn workdir(&self) -> PathBuf {
        self.directory.path().join("vd")
    }

    fn file(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().expect("text").to_owned()
    }
}

#[test]
fn a_running_varnishd_is_read_as_varnishlog_reads_it() {
    if !varnish::is_here() {
        return;
    }
    let varnish = Varnish::start();
    traffic(varnish.varnishd.address(), 3);
    // The last session ends a moment after its client has seen it.
    Deadline::generous().wait_for("the traffic in the log", || {
        let log = ours(&["-n", varnish.workdir().to_str()?, "-d", "-g", "session"]);
        (String::from_utf8_lossy(&log).matches("<< Session  >>").count() == 33).then_some(())
    });
    for grouping in GROUPINGS {
        let log = compare_dump(&varnish.workdir(), &["-g", grouping]);
        let log = String::from_utf8_lossy(&log);
        assert!(log.contains("FetchError") && log.contains("/part2"), "{grouping}");
    }
    for options in [
        &["-g", "request", "-v"][..],
        &["-g", "request", "-i", "ReqURL,Begin", "-x", "Begin"],
        &["-g", "vxid", "-x", "*Header", "-i", "RespHeader"],
        &["-g", "session", "-k", "3"],
        &["-g", "request", "-L", "1"],
    ] {
        compare_dump(&varnish.workdir(), options);
    }
}

#[test]
fn files_written_by_either_tool_are_read_by_the_other() {
    if !varnish::is_here() {
        return;
    }
    let varnish = Varnish::start();
    traffic(varnish.varnishd.address(), 2);
    let workdir = varnish.workdir();
    let workdir = workdir.to_str().expect("text");
    let (theirs, mine) = (varnish.file("theirs.vsl"), varnish.file("mine.vsl"));
    stock("varnishlog", &["-n", workdir, "-d", "-g", "raw", "-w", &theirs]);
    ours(&["-n", workdir, "-d", "-g", "raw", "-w", &mine]);
    for file in [&theirs, &mine] {
        for grouping in GROUPINGS {
            let args = ["-r", file, "-g", grouping];
            assert_same(&format!("{args:?}"), &ours(&args), &stock("varnishlog", &args));
        }
    }
    // Grouped output is written in another order, and still the same as theirs.
    let (theirs, mine) = (varnish.file("theirs2.vsl"), varnish.file("mine2.vsl"));
    let args = ["-r", &varnish.file("mine.vsl"), "-g", "request", "-i", "ReqURL,RespStatus", "-w"];
    stock("varnishlog", &[&args[..], &[&theirs]].concat());
    ours(&[&args[..], &[&mine]].concat());
    assert!(std::fs::read(&mine).expect("a file") == std::fs::read(&theirs).expect("a file"));
}
