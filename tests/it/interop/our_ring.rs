//! Our proxy writes; both log tools read.

use super::{GROUPINGS, compare_dump, origin, ours, stock, traffic};
use crate::support::deadline::Deadline;
use crate::support::proxy::Proxy;
use crate::support::varnish;

#[test]
fn our_ring_is_read_by_varnishlog_as_by_us() {
    if !varnish::is_here() {
        return;
    }
    let origin = origin();
    let proxy = Proxy::start(&[origin.address()], "");
    traffic(proxy.address(), 2);
    let workdir = proxy.workdir();
    let workdir = workdir.to_str().expect("text");
    let log = |grouping| {
        String::from_utf8_lossy(&ours(&["-n", workdir, "-d", "-g", grouping])).into_owned()
    };
    Deadline::generous().wait_for("the traffic in the log", || {
        (log("session").matches("<< Session  >>").count() == 22).then_some(())
    });
    for grouping in GROUPINGS {
        let log = compare_dump(&proxy.workdir(), &["-g", grouping]);
        let log = String::from_utf8_lossy(&log);
        let complaint = log.lines().find(|line| line.contains(" VSL "));
        assert_eq!(complaint, None, "{grouping}: the log contradicts itself");
        assert!(log.contains("FetchError"), "{grouping}");
    }
    let ncsa = stock("varnishncsa", &["-n", workdir, "-d"]);
    let requests = log("vxid").matches("<< Request  >>").count();
    assert_eq!(String::from_utf8_lossy(&ncsa).lines().count(), requests);
}
