//! Requests with and without an authority in their target.

use super::*;

fn head(target: &str) -> RequestHead {
    let mut head = RequestHead { target: target.to_owned(), ..RequestHead::default() };
    head.headers.push("Host", "header.example:80");
    head.headers.push("X-User", "ann");
    head
}

#[test]
fn a_target_with_an_authority_goes_before_the_host_header() {
    let cases = [
        ("/a?b", "/a?b", "header.example:80"),
        ("http://target.example:81/a?b", "/a?b", "target.example:81"),
        ("http://target.example", "/", "target.example"),
        ("http://target.example?b", "?b", "target.example"),
        ("*", "*", "header.example:80"),
    ];
    for (target, path, host) in cases {
        let head = head(target);
        let keyed = Keyed { head: &head, client: [127, 0, 0, 1].into() };
        assert_eq!(keyed.target(), path.as_bytes(), "{target}");
        assert_eq!(keyed.host(), host.as_bytes(), "{target}");
    }
}

#[test]
fn headers_are_found_by_whoever_knows_their_name() {
    let head = head("/");
    let keyed = Keyed { head: &head, client: [127, 0, 0, 1].into() };
    assert_eq!(keyed.header(&|name| name == "X-User"), Some(&b"ann"[..]));
    assert_eq!(keyed.header(&|name| name == "X-Other"), None);
}
