//! `--since` and `--until` on a log that is being written.

use std::thread;

use super::{command, output};
use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::origin::{Asked, Origin, Step, ok};
use crate::support::proxy::Proxy;

fn get(proxy: &Proxy, target: &str) {
    let mut client = Client::connect(proxy.address());
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.answer("GET");
}

/// How often a log shows a request for this target.
fn count(log: &[u8], target: &str) -> usize {
    let line = format!("ReqURL         {target}\n");
    String::from_utf8_lossy(log).match_indices(&line).count()
}

#[test]
fn a_live_log_is_read_from_its_start_and_followed_to_the_end_of_the_range() {
    let origin = Origin::start(|asked: &Asked| match asked.target.as_str() {
        "/hangs" => vec![Step::Hang],
        _ => vec![ok("hello")],
    });
    let proxy = Proxy::start(&[origin.address()], "");
    let workdir = proxy.workdir();
    let workdir = workdir.to_str().expect("text");
    get(&proxy, "/before");
    let mut hanging = Client::connect(proxy.address());
    hanging.send("GET /hangs HTTP/1.1\r\nHost: a\r\n\r\n");
    let text = |args: &[&str]| {
        let output = output(args);
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    let dump = |options: &[&str]| text(&[&["-n", workdir, "-d", "-g", "vxid"], options].concat());
    Deadline::generous().wait_for("both in the log", || {
        let raw = text(&["-n", workdir, "-d", "-g", "raw", "-i", "ReqURL"]);
        let raw = String::from_utf8_lossy(&raw).into_owned();
        (raw.contains("/before") && raw.contains("/hangs")).then_some(())
    });
    assert_eq!(count(&dump(&["--since", "-1h"]), "/before"), 1);
    assert_eq!(count(&dump(&["--until", "-1h"]), "/before"), 0);
    // All of this range has been, so nothing is waited for.
    let past = text(&["-n", workdir, "-g", "vxid", "--since", "-2h", "--until", "-1h"]);
    assert_eq!(count(&past, "/before"), 0);

    let args = ["-n", workdir, "-g", "request", "--since", "-1h", "--until", "+2s"];
    let args = args.map(str::to_owned);
    let follower = thread::spawn(move || command(&args).output().expect("it starts"));
    // Nobody waits for the end of the range: what is asked for until then is in it.
    let mut sent = 0;
    while !follower.is_finished() {
        get(&proxy, "/during");
        sent += 1;
        thread::sleep(std::time::Duration::from_millis(20));
    }
    let output = follower.join().expect("it has ended");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("the log holds nothing from before"), "{said}");
    let log = output.stdout;
    assert_eq!(count(&log, "/before"), 1);
    let during = count(&log, "/during");
    assert!(during > 0 && during <= sent, "{during} of {sent}");
    // What is under way at the end is shown as far as it was logged.
    assert_eq!(count(&log, "/hangs"), 1);
    assert_eq!(String::from_utf8_lossy(&log).matches("VSL            flush\n").count(), 2);
}
