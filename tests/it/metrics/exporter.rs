//! Beside Debian's prometheus-varnish-exporter, on a varnishd: the same names, types, labels and values.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use super::{check, is_here, once, samples, text};
use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};
use crate::support::varnish::{self, Varnishd};

/// The exporter; dropping it ends it.
struct Exporter {
    child: Child,
    address: SocketAddr,
}

impl Exporter {
    fn start(workdir: &std::path::Path) -> Exporter {
        // It cannot be given port 0; a port that was free a moment ago most likely still is.
        let address = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).unwrap();
        let child = Command::new("prometheus-varnish-exporter")
            .arg("-n")
            .arg(workdir)
            .args(["-web.listen-address", &address.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the exporter starts");
        let exporter = Exporter { child, address };
        Deadline::generous()
            .wait_for("the exporter", || std::net::TcpStream::connect(exporter.address).ok());
        exporter
    }

    fn page(&self) -> String {
        let mut client = Client::connect(self.address);
        client.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        client.answer("GET").text()
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn types(page: &str) -> BTreeSet<String> {
    let of_varnish = |line: &&str| line.starts_with("# TYPE varnish_");
    page.lines().filter(of_varnish).map(str::to_owned).collect()
}

/// Says what stands still while nobody asks varnish anything.
fn is_stable(name: &str) -> bool {
    // Time passes, and the threads of varnish do their rounds.
    !["uptime", "lck", "lock", "summs", "mempool", "shm_", "n_lru", "bans", "hcb"]
        .iter()
        .any(|part| name.contains(part))
}

#[test]
fn the_same_names_types_labels_and_values() {
    if !varnish::is_here() || !is_here("prometheus-varnish-exporter") || !is_here("promtool") {
        return;
    }
    let origin = Origin::start(|_| vec![ok("x")]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("v");
    let file = root.path().join("v.vcl");
    let vcl = format!(
        "vcl 4.1; backend one {{ .host = \"127.0.0.1\"; .port = \"{0}\"; }} backend two {{ .host = \"127.0.0.1\"; .port = \"{0}\"; }}
         sub vcl_recv {{ if (req.url == \"/two\") {{ set req.backend_hint = two; }} }}",
        origin.address().port()
    );
    std::fs::write(&file, vcl).unwrap();
    let varnishd = Varnishd::start_with(&workdir, &["-f", file.to_str().unwrap()]);
    let mut client = Client::connect(varnishd.address());
    for target in ["/", "/two"] {
        client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(client.answer("GET").status, 200);
    }
    drop(client);
    let exporter = Exporter::start(&workdir);
    let names = ["--names", "prometheus_varnish_exporter"];
    let compare = |what: &str| {
        let (theirs, ours) =
            Deadline::generous().wait_for(&format!("a quiet moment {what}"), || {
                let before = exporter.page();
                let ours = once(&workdir, &names);
                let after = exporter.page();
                assert!(ours.status.success(), "{ours:?}");
                let stable = |page: &str| {
                    let mut all = samples(page);
                    all.retain(|name, _| name.starts_with("varnish_") && is_stable(name));
                    all
                };
                (stable(&before) == stable(&after)).then(|| (before, text(&ours)))
            });
        // The version of varnishstat, which is not asked; everything else is the same.
        let theirs: String = theirs
            .lines()
            .filter(|line| line.contains("varnish_") && !line.contains("varnish_version"))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(types(&ours), types(&theirs), "{what}");
        let (ours, theirs) = (samples(&ours), samples(&theirs));
        let keys =
            |all: &std::collections::BTreeMap<String, f64>| all.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&ours), keys(&theirs), "{what}");
        assert!(ours.len() > 250, "{what}: {}", ours.len());
        for (name, value) in theirs.iter().filter(|(name, _)| is_stable(name)) {
            assert_eq!(ours[name], *value, "{what}: {name}");
        }
    };
    compare("with one configuration");
    varnishd.admin(&format!("vcl.load second {}", file.display())).unwrap();
    compare("with a second one");
    varnishd.admin(&format!("vcl.load reload_20261122_090000 {}", file.display())).unwrap();
    compare("after a reload");

    // Our own names, of the configuration that was loaded last and, on request, of all of them.
    let active = text(&once(&workdir, &[]));
    check(&active);
    assert!(active.contains("\nshellac_backend_req_total{backend=\"one\"} 0\n"), "{active}");
    let all = text(&once(&workdir, &["--configurations", "all"]));
    check(&all);
    let boot = "\nshellac_backend_req_total{backend=\"one\",configuration=\"boot\"} 1\n";
    assert!(all.contains(boot), "{all}");
    let boot = text(&once(&workdir, &["--configurations", "boot", "--level", "debug"]));
    check(&boot);
    assert!(boot.contains("\nshellac_backend_req_total{backend=\"one\"} 1\n"), "{boot}");

    // With less room sets are left out as a whole, which is said.
    let capped = once(&workdir, &["--max-series", "175"]);
    let page = text(&capped);
    check(&page);
    assert!(samples(&page)["shellac_metrics_left_out_sets"] > 0.0, "{page}");
    assert!(!page.contains("shellac_backend_"), "{page}");
    assert!(String::from_utf8_lossy(&capped.stderr).contains("--max-series"), "{capped:?}");
}
