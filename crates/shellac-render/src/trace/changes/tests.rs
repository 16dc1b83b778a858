use super::*;

fn head(method: &str, url: &str, lines: &[&str]) -> RequestHead {
    let mut headers = Headers::default();
    lines.iter().for_each(|line| headers.set(line.as_bytes()));
    RequestHead { method: method.to_owned(), url: url.to_owned(), headers, ..Default::default() }
}

fn added(name: &str, value: &str) -> Change {
    Change::Added { name: name.to_owned(), value: value.to_owned() }
}

fn removed(name: &str, value: &str) -> Change {
    Change::Removed { name: name.to_owned(), value: value.to_owned() }
}

fn changed(name: &str, from: &str, to: &str) -> Change {
    Change::Changed { name: name.to_owned(), from: from.to_owned(), to: to.to_owned() }
}

#[test]
fn each_kind_of_difference_is_found() {
    let earlier = head("HEAD", "/a", &["Host: x", "Accept: */*", "TE: y"]);
    let later = head("GET", "/b", &["host: z", "Accept: */*", "X-Varnish: 3"]);
    let expected = [
        changed("method", "HEAD", "GET"),
        changed("URL", "/a", "/b"),
        changed("Host", "x", "z"),
        removed("TE", "y"),
        added("X-Varnish", "3"),
    ];
    assert_eq!(between(&earlier, &later), expected);
    assert_eq!(between(&earlier, &earlier), []);
}

#[test]
fn several_with_one_name_are_paired_by_value_first() {
    let earlier = head("GET", "/", &["Cookie: a", "Cookie: b", "Cookie: c"]);
    let later = head("GET", "/", &["Cookie: c", "Cookie: a"]);
    assert_eq!(between(&earlier, &later), [removed("Cookie", "b")]);
    assert_eq!(between(&later, &earlier), [added("Cookie", "b")]);
    let other = head("GET", "/", &["Cookie: d", "Cookie: a"]);
    assert_eq!(between(&later, &other), [changed("Cookie", "c", "d")]);
}

#[test]
fn a_request_line_that_is_not_recorded_is_no_difference() {
    assert_eq!(between(&head("", "", &[]), &head("GET", "/", &[])), []);
}
