//! No way to a backend, and no port for a connection: what the client gets, what the log says, and what is made of it.

use super::{Namespace, Proxy, refused, shellac, text};
use crate::support::deadline::Deadline;
use crate::support::skip::skipped;

#[test]
fn no_way_and_no_port_are_told_by_their_numbers() {
    if !rustix::process::geteuid().is_root() {
        return skipped("network namespaces take root");
    }
    let Some(ours) = Namespace::new("w") else {
        return skipped("no network namespaces");
    };
    ours.ip("link set lo up");
    ours.ip("route add unreachable 127.0.0.9/32 table local");
    let reserve = "echo 1-65535 >/proc/sys/net/ipv4/ip_local_reserved_ports";
    // The last one leaves no port for anybody.
    for (address, before, says, cause) in [
        ("127.0.0.9:80", ":", "backend b0: fail errno 113 (No route to host)", "unreachable"),
        (
            "127.0.0.1:1",
            reserve,
            "backend b0: fail errno 99 (Cannot assign requested address)",
            "no-port",
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        let backend = format!("[[backend]]\nname = \"b0\"\naddress = \"{address}\"\n");
        let proxy = Proxy::start(&ours, root.path(), &backend);
        refused(proxy.ask(&ours, before));
        Deadline::generous().wait_for(says, || {
            let log = text(&shellac(&proxy.workdir, &["log", "-d", "-g", "request"]));
            log.contains(says).then_some(())
        });
        let shown = text(&shellac(&proxy.workdir, &["trace", "--last-error"]));
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let cause = shellac_render::causes::all().find(|one| one.id == cause);
        let title = cause.expect("it is in the catalogue").title;
        // In the middle of a sentence it begins with a small letter.
        assert!(shown.contains(&title[1..]), "no {title:?} in {shown}");
    }
}
