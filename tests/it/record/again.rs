//! Rules that are read again while the recorder runs.

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::origin::{Origin, Step, ok};
use crate::support::proxy::Proxy;
use crate::support::recorder::{Recorder, json_lines, log_of};

/// Asks once and waits until it is in the log.
fn get(proxy: &Proxy, path: &str) -> u64 {
    let mut client = proxy.client();
    client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    let xid = client.answer("GET").xid();
    proxy.request_log(xid);
    xid
}

#[test]
fn new_rules_know_what_came_before_them_and_broken_ones_change_nothing() {
    let origin = Origin::start(|asked| match asked.target.as_str() {
        "/bad" => vec![Step::Close],
        _ => vec![ok("fine")],
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let directory = TempDir::new().unwrap();
    let (dir, rules) = (directory.path().join("captures"), directory.path().join("rules.toml"));
    let write = |text: &str| std::fs::write(&rules, text).expect("rules are written");
    write("[[rule]]\nname = \"first\"\non = \"FetchError\"\n");
    let arguments = ["--rules", rules.to_str().unwrap(), "--on", "ReqURL eq \"/option\""];
    let mut recorder = Recorder::start(&proxy.workdir(), &dir, &arguments);
    get(&proxy, "/bad");
    recorder.wait_for_line("fires warning: first");
    get(&proxy, "/option");
    recorder.wait_for_line("fires warning: ReqURL");
    let early = get(&proxy, "/early");

    write("[[rule]]\nname = \"second\"\non = \"FetchError\"\nbefore = \"1h\"\nkeep = \"all\"\n");
    recorder.signal(Signal::HUP);
    // Two threads say these.
    recorder.wait_for_lines(&[
        "the rules were read again; records what 2 rules want",
        "is over warning: first",
    ]);
    let bad = get(&proxy, "/bad");
    recorder.wait_for_line("fires warning: second");

    write("[[rule]]\nname = \"third\"\non = \"Fetch\u{1b}[2JError\"\n");
    recorder.signal(Signal::HUP);
    recorder.wait_for_line("rules.toml:3");
    recorder.wait_for_line("the rules stay as they were");
    let again = get(&proxy, "/bad");
    recorder.index_line(again);
    recorder.finish();

    let line = recorder.manifest_line("the window", |line| line["triggers"][0]["rule"] == "second");
    let log = log_of(&dir.join(line["file"].as_str().unwrap()), &["-g", "request"]);
    for xid in [early, bad] {
        assert!(log.contains(&format!("<< Request  >> {xid}")), "{xid}: {log}");
    }
    let counters = json_lines(&dir.join("counters.json"));
    let rules = &counters[0]["rules"];
    assert_eq!(rules["second"]["fired"], 2, "{rules}");
    // What has the same name goes on counting, and what is gone is.
    assert_eq!(rules["ReqURL eq \"/option\""]["fired"], 1, "{rules}");
    assert!(rules.get("first").is_none() && rules.get("third").is_none(), "{rules}");
    assert!(!recorder.said().contains('\u{1b}'), "{}", recorder.said());
}
