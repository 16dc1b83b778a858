//! `--hosts`: the same on several machines, with a program in the place of ssh that finds them on this one.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::origin::{Origin, Step, ok};
use crate::support::proxy::Proxy;

/// Two machines with a proxy each and the same backend.
struct Scene {
    proxies: [Proxy; 2],
    fails: Arc<AtomicBool>,
    _origin: Origin,
    root: TempDir,
}

impl Scene {
    fn new() -> Scene {
        let fails = Arc::new(AtomicBool::new(false));
        let script = Arc::clone(&fails);
        let origin = Origin::start(move |_| {
            vec![if script.load(Ordering::Relaxed) { Step::CloseCleanly } else { ok("x") }]
        });
        let routes = "[[route]]\npath = \"/\"\n[route.retry]\non = []\n";
        let proxies = [0; 2].map(|_| Proxy::start(&[origin.address()], routes));
        let root = tempfile::tempdir().expect("a temporary directory");
        // A machine is a directory here, with its name; ssh gets options, a machine and a line for a shell.
        let script = "#!/bin/sh\nwhile [ \"${1#-}\" != \"$1\" ]; do shift; done\nhost=$1; shift\n\
                      echo \"$host $*\" >> \"$(dirname \"$0\")/asked\"\n\
                      SHELLAC_N=$(cat \"$(dirname \"$0\")/$host\") || exit 255\nexport SHELLAC_N\nexec sh -c \"$*\"\n";
        let program = root.path().join("ssh");
        std::fs::write(&program, script).expect("it is written");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("ours");
        for (name, proxy) in ["bad", "good"].iter().zip(&proxies) {
            let workdir = proxy.workdir().display().to_string();
            std::fs::write(root.path().join(name), workdir).expect("it is written");
        }
        Scene { proxies, fails, _origin: origin, root }
    }

    fn run(&self, tool: &str, hosts: &str, args: &[&str]) -> Output {
        let ssh = self.root.path().join("ssh");
        Command::new(env!("CARGO_BIN_EXE_shellac"))
            .args([tool, "--hosts", hosts, "--remote", env!("CARGO_BIN_EXE_shellac"), "--ssh"])
            .arg(format!("{} -oBatchMode=yes", ssh.display()))
            .args(args)
            .stdin(Stdio::null())
            .output()
            .expect("it starts")
    }

    /// Sends requests to a machine; the number of the last one.
    fn traffic(&self, machine: usize, count: usize, status: u16) -> u64 {
        // The first machine is the one where they fail.
        self.fails.store(machine == 0, Ordering::Relaxed);
        let mut xid = 0;
        for _ in 0..count {
            let mut client = self.proxies[machine].client();
            client.send("GET /a%20b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            let answer = client.answer("GET");
            assert_eq!(answer.status, status);
            xid = answer.xid();
        }
        self.proxies[machine].request_log(xid);
        xid
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn asked(root: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(root.join("asked")).expect("somebody was asked");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_request_is_found_on_the_machine_that_had_it() {
    let scene = Scene::new();
    let xid = scene.traffic(0, 1, 503).to_string();
    scene.traffic(1, 1, 200);
    let output = scene.run("trace", "good,bad,gone", &[&xid]);
    let (said, complaints) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{complaints}");
    assert!(
        said.starts_with("== bad\n") && said.contains(&xid) && !said.contains("== good"),
        "{said}"
    );
    assert!(
        complaints.contains("shellac: good: ")
            && complaints.contains("shellac: gone: it cannot be reached\n"),
        "{complaints}"
    );
    for line in asked(scene.root.path()) {
        assert!(line.ends_with(&format!(" trace {xid}")) && !line.contains("--hosts"), "{line}");
    }

    let output = scene.run("trace", "good,bad", &[&xid, "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&value[0]["host"], &value[0]["status"]), (&"good".into(), &1.into()), "{value}");
    assert_eq!(value[0]["answers"][0]["traces"], Value::Array(Vec::new()));
    assert!(value[1]["answers"][0].to_string().contains(&xid), "{value}");

    // What shells would make something else of arrives as it is.
    let output = scene.run("trace", "good", &["--url", "/a%20b' $(exit 9)"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let output = scene.run("trace", "bad", &["--url", "/a%20*"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = scene.run("trace", "-oProxyCommand=x", &[&xid]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn failures_of_one_machine_are_told_from_those_of_all() {
    let scene = Scene::new();
    scene.traffic(0, 30, 503);
    scene.traffic(1, 60, 200);
    let output = scene.run("why", "bad,good", &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let verdict = value.to_string();
    assert!(verdict.contains("\"bad\""), "{verdict}");
    let output = scene.run("why", "bad,good", &[]);
    let said = text(&output.stdout);
    assert!(said.contains("instance") && said.contains("bad"), "{said}");

    // One that is not there is no reason not to tell about the others, but one to say so.
    let output = scene.run("why", "bad,gone,good", &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        text(&output.stdout).contains("bad") && text(&output.stderr).contains("gone"),
        "{output:?}"
    );
}

#[test]
fn commands_are_given_on_all_machines_and_the_worst_status_counts() {
    let scene = Scene::new();
    let output = scene.run("adm", "bad,good", &["drain", "b0", "--dry-run", "--force", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for (at, host) in ["bad", "good"].iter().enumerate() {
        assert_eq!(value[at]["host"], *host);
        assert_eq!(value[at]["answers"][0]["backends"][0], "boot.b0", "{value}");
    }
    // On one of them this is a mistake, on the other one it is asked in vain.
    let output = scene.run("adm", "good", &["drain", "b9"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = scene.run("adm", "gone,good", &["ping"]);
    assert_eq!(output.status.code(), Some(255), "{output:?}");
    assert!(text(&output.stdout).starts_with("== good\nPONG "), "{output:?}");
}
