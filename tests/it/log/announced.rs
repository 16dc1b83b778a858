//! Our proxy says which table of tags its log uses, and the tool listens.

use super::command;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, Step, ok};
use crate::support::proxy::Proxy;

#[test]
fn a_log_of_ours_needs_no_dialect() {
    for dialect in ["6.0-7.2", "7.3-8.0", "9.0-vs"] {
        let origin = Origin::start(|_| vec![Step::ReadBody, ok("hello")]);
        let log = format!("[log]\nsize = \"16M\"\ndialect = \"{dialect}\"\n");
        let proxy = Proxy::start(&[origin.address()], &log);
        let mut client = proxy.client();
        client.send("GET /announced HTTP/1.1\r\nHost: a\r\n\r\n");
        let xid = client.answer("GET").xid();
        let workdir = proxy.workdir();
        let args = ["-d", "-g", "request", "-n", workdir.to_str().unwrap()];
        let text = Deadline::generous().wait_for("the request", || {
            let output = command(&args).output().unwrap();
            assert!(output.status.success());
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{dialect}");
            Some(String::from_utf8(output.stdout).unwrap()).filter(|text| !text.is_empty())
        });
        assert!(text.starts_with(&format!("*   << Request  >> {xid:<10}\n-   Begin ")), "{text}");
        for line in ["-   ReqURL         /announced\n", "--  BereqURL       /announced\n"] {
            assert!(text.contains(line), "{dialect}: {text}");
        }
        let args =
            ["-d", "-g", "raw", "-q", "vxid == 1", "-n", workdir.to_str().unwrap(), "--dialect"];
        let wrong = if dialect == "6.0-7.2" { "9.0-vs" } else { "6.0-7.2" };
        let output = command(&[&args[..], &[wrong]].concat()).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(complaint.contains("which dialect") && complaint.contains(wrong), "{complaint}");
    }
}
