//! Debian's varnishadm on shellacd: found through `-n`, and its answers understood.

use std::path::Path;
use std::process::Command;

use super::run;
use crate::support::daemon::Daemon;
use crate::support::varnish;

pub(super) fn stock(workdir: &Path, words: &[&str]) -> (i32, String) {
    let workdir = workdir.to_str().unwrap();
    let output = run(&mut Command::new("varnishadm"), &[&["-n", workdir, "--"], words].concat());
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn stock_varnishadm_gives_commands_to_shellacd() {
    if !varnish::is_here() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let backend = "127.0.0.1:9".parse().unwrap();
    // The socket stands behind the address, so that stock clients never come to it.
    let socket =
        format!("[admin]\nlisten = ['127.0.0.1:0', '{}']\n", root.path().join("s").display());
    let daemon = Daemon::start(&workdir, &Daemon::config(backend, &socket));
    let ask = |words: &[&str]| {
        let (code, text) = stock(&workdir, words);
        assert_eq!(code, 0, "{words:?}: {text}");
        text
    };
    let json = |words: &[&str]| -> serde_json::Value {
        serde_json::from_str(&ask(words)).unwrap_or_else(|error| panic!("{words:?}: {error}"))
    };

    assert!(ask(&["ping"]).starts_with("PONG 1"));
    let pong = json(&["ping", "-j"]);
    assert_eq!(
        (&pong[0], &pong[1], &pong[3]),
        (&2.into(), &serde_json::json!(["ping", "-j"]), &"PONG".into())
    );
    assert_eq!(ask(&["status"]), "Child in state running\n");
    assert_eq!(json(&["status", "-j"])[3], "running");
    let pids = json(&["pid", "-j"]);
    assert_eq!(pids[3], serde_json::json!({"master": daemon.pid(), "worker": daemon.worker_pid()}));
    assert!(ask(&["banner"]).contains("Shellac CLI 1.0\n"));

    let list = ask(&["backend.list"]);
    assert!(list.starts_with("Backend name   Admin      Probe    Health     Last change\nboot.b0        healthy    0/0      healthy    "), "{list}");
    let backends = json(&["backend.list", "-j"]);
    assert_eq!(backends[3]["boot.b0"]["admin_health"], "healthy");
    assert_eq!(ask(&["backend.list", "-p"]), list, "nothing is probed");
    assert_eq!(ask(&["backend.set_health", "b0", "sick"]), "\n");
    assert_eq!(json(&["backend.list", "-j", "boot.*"])[3]["boot.b0"]["admin_health"], "sick");
    assert_eq!(ask(&["backend.set_health", "*.b0", "auto"]), "\n");
    assert_eq!(
        json(&["backend.list", "-jp"])[3]["boot.b0"]["probe_details"],
        serde_json::json!({})
    );
    let head = "Backend name   Admin    Probe    Health    Last change\n\n";
    assert_eq!(ask(&["backend.list", "nosuch"]), head);

    let params = ask(&["param.show"]);
    assert!(params.contains("\nvsl_mask                      -Debug,"), "{params}");
    assert_eq!(json(&["param.show", "-j", "vsl_space"])[3]["value"], 16 << 20);
    assert_eq!(ask(&["param.set", "vsl_mask", "-ReqHeader"]), "\n");
    assert!(ask(&["param.show", "changed"]).starts_with("vsl_mask  "));
    assert_eq!(ask(&["param.reset", "vsl_mask"]), "\n");
    assert_eq!(ask(&["param.show", "changed"]), "\n");

    let help = ask(&["help"]);
    for row in json(&["help", "-j"]).as_array().unwrap().iter().skip(3) {
        let syntax = row["syntax"].as_str().unwrap();
        assert!(help.contains(&format!("{syntax}\n")), "{syntax}");
        let name = row["request"].as_str().unwrap();
        assert!(ask(&["help", name]).starts_with(&format!("{syntax}\n")));
    }
    for (words, code, text) in [
        (&["nosuch"][..], 101, "Unknown request.\nType 'help' for more info.\n"),
        (&["backend.set_health", "b0"], 104, "Too few parameters\n"),
        (&["backend.set_health", "b0", "bogus"], 106, "Invalid state bogus"),
        (&["backend.set_health", "nosuch", "sick"], 106, "No Backends matches"),
        (&["backend.list", "-x"], 106, "Invalid flag x"),
        (&["vcl.use", "nosuch"], 106, "No VCL named nosuch known\n"),
        (&["vcl.discard", "boot"], 300, "Cannot discard active VCL program boot\n"),
        (&["vcl.state", "boot", "cold"], 300, "Cannot set the active VCL cold."),
        (
            &["vcl.load", "boot", "x"],
            106,
            "Cannot read file 'x' (No such file or directory (os error 2))",
        ),
        (&["panic.show"], 300, "Child has not panicked or panic has been cleared"),
        (&["panic.clear"], 300, "No panic to clear"),
        (&["start"], 300, "Child in state running"),
        (&["param.set", "nosuch", "1"], 106, "Unknown parameter \"nosuch\"."),
        (&["quit"], 500, "Closing CLI connection"),
    ] {
        let workdir = workdir.to_str().unwrap();
        let output =
            run(&mut Command::new("varnishadm"), &[&["-n", workdir, "--"], words].concat());
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said, format!("Command failed with error code {code}\n"), "{words:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{text}\n"), "{words:?}");
    }
}

#[test]
fn masked_tags_are_left_out_of_the_log() {
    use crate::support::client::Client;
    use shellac_format::Tag;
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let daemon = Daemon::start(&workdir, &Daemon::config("127.0.0.1:9".parse().unwrap(), ""));
    let ask = || {
        let mut client = Client::connect(daemon.address());
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_eq!(client.answer("GET").status, 503);
    };
    let count = |tag: Tag| {
        let output = run(
            Command::new(env!("CARGO_BIN_EXE_shellac"))
                .args(["log", "-d", "-g", "raw", "-i", tag.name(), "-n"])
                .arg(&workdir),
            &[],
        );
        String::from_utf8(output.stdout).unwrap().lines().count()
    };
    ask();
    let deadline = crate::support::deadline::Deadline::generous();
    let before = deadline.wait_for("the first", || Some(count(Tag::ReqHeader)).filter(|&n| n > 0));
    super::done(&workdir, &["param.set", "vsl_mask", "-ReqHeader"]);
    // Threads look at their orders between requests.
    deadline.wait_for("a request without", || {
        let (headers, methods) = (count(Tag::ReqHeader), count(Tag::ReqMethod));
        ask();
        deadline.wait_for("its log", || (count(Tag::ReqMethod) > methods).then_some(()));
        (count(Tag::ReqHeader) == headers).then_some(())
    });
    assert!(count(Tag::ReqHeader) >= before);
}
