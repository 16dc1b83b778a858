use super::*;

#[test]
fn secrets_are_replaced_in_any_case_and_others_are_not() {
    let shown = Redaction::default();
    assert_eq!(shown.header_value(b"COOKIE", b"sid=1"), "(redacted, 5 bytes)");
    assert_eq!(shown.header_value(b"Set-Cookie", b"sid=1; Path=/"), "(redacted, 13 bytes)");
    assert_eq!(shown.header_value(b"Host", b"example.org"), "example.org");
    assert_eq!(Redaction::none().header_value(b"authorization", b"Basic eDp5"), "Basic eDp5");
    assert_eq!(shown.header_value(b"X-Api-Key", b"k1"), "k1");
    let more = shown.with_names(["x-api-KEY"]);
    assert_eq!(more.header_value(b"X-Api-Key", b"k1"), "(redacted, 2 bytes)");
}

#[test]
fn parameters_are_replaced_when_asked_for_or_named() {
    let url = "/a?token=s1&b=2&Password=s2;x=y#key=3";
    assert_eq!(Redaction::default().parameters_in(url), url);
    let all = Redaction::default().with_parameters(true);
    assert_eq!(all.parameters_in(url), "/a?token=(redacted)&b=2&Password=(redacted);x=y#key=3");
    let one = Redaction::default().with_names(["B"]);
    assert_eq!(one.parameters_in(url), "/a?token=s1&b=(redacted)&Password=s2;x=y#key=3");
    assert_eq!(Redaction::none().with_parameters(true).parameters_in(url), url);
    for odd in ["", "?", "&&", "?token", "/a?token&b", "?=x", "a=b"] {
        assert_eq!(all.parameters_in(odd), odd);
    }
    assert_eq!(all.parameters_in("?token="), "?token=(redacted)");
    let referer = all.header_value(b"Referer", b"http://h/?sig=s3&x=1");
    assert_eq!(referer, "http://h/?sig=(redacted)&x=1");
}

#[test]
fn junk_that_names_a_secret_is_not_shown() {
    let shown = Redaction::default();
    let junk = b"GET / HTTP/1.1\r\nCoOkie : sid=1\r\n";
    let text = shown.record(Some(Tag::HttpGarbage), junk);
    assert!(text.starts_with("(redacted, ") && !text.contains("sid"), "{text}");
    assert_eq!(shown.record(Some(Tag::HttpGarbage), b"\x16\x03"), "\\x16\\x03");
    assert!(Redaction::none().record(Some(Tag::HttpGarbage), junk).contains("sid=1"));
}

#[test]
fn records_of_headers_keep_their_name() {
    let shown = Redaction::default();
    for tag in [Tag::ReqHeader, Tag::BereqUnset, Tag::ObjHeader, Tag::BerespHeader] {
        assert_eq!(shown.record(Some(tag), b"cookie: a=1"), "cookie: (redacted, 3 bytes)");
    }
    assert_eq!(shown.record(Some(Tag::ReqHeader), b"cookie a=1"), "(redacted, 10 bytes)");
    assert_eq!(shown.record(Some(Tag::ReqHeader), b"Host: \x1b[2J"), "Host: \\x1b[2J");
    assert_eq!(shown.record(None, b"\x9b"), "\\x9b");
}
