use super::*;

struct Example {
    host: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
}

impl Request for Example {
    fn method(&self) -> &str {
        "PUT"
    }

    fn target(&self) -> &[u8] {
        self.target.as_bytes()
    }

    fn host(&self) -> &[u8] {
        self.host.as_bytes()
    }

    fn header(&self, wanted: &dyn Fn(&str) -> bool) -> Option<&[u8]> {
        self.headers.iter().find(|(name, _)| wanted(name)).map(|(_, value)| value.as_bytes())
    }

    fn client(&self) -> IpAddr {
        "2001:db8::1".parse().unwrap()
    }
}

const EXAMPLE: Example = Example {
    host: "Example.ORG.:8080",
    target: "/a%2Fb/../c//d?ID=7&id=8&x",
    headers: &[("X-User", "ann"), ("Cookie", "a=1; sid=s=3;b=2"), ("x-user", "eve")],
};

#[test]
fn every_part_is_what_nginx_makes_of_it() {
    let named = |part: fn(String) -> Part, name: &str| part(name.to_owned());
    for (part, expected) in [
        (Part::Text("/t".to_owned()), "/t"),
        (Part::Host, "example.org"),
        (Part::Uri, "/a/c/d"),
        (Part::RequestUri, "/a%2Fb/../c//d?ID=7&id=8&x"),
        (Part::Args, "ID=7&id=8&x"),
        (named(Part::Arg, "id"), "7"),
        (named(Part::Header, "x_user"), "ann"),
        (named(Part::Cookie, "sid"), "s=3"),
        (Part::RemoteAddr, "2001:db8::1"),
        (Part::Method, "PUT"),
    ] {
        let hash = Template::new(vec![part.clone()]).hash(&EXAMPLE);
        assert_eq!(hash, Some(crc32fast::hash(expected.as_bytes())), "{part:?}");
    }
    let both = Template::new(vec![Part::Method, named(Part::Arg, "no"), Part::Host]);
    assert_eq!(both.hash(&EXAMPLE), Some(crc32fast::hash(b"PUTexample.org")));
}

#[test]
fn what_is_not_there_makes_no_key() {
    for part in [
        Part::Arg("x".to_owned()),
        Part::Arg("nothing".to_owned()),
        Part::Header("x_use".to_owned()),
        Part::Cookie("SID".to_owned()),
        Part::Text(String::new()),
    ] {
        assert_eq!(Template::new(vec![part.clone()]).hash(&EXAMPLE), None, "{part:?}");
    }
    assert_eq!(Template::new(Vec::new()).hash(&EXAMPLE), None);
}

#[test]
fn paths_are_normalized() {
    for (path, expected) in [
        ("/", "/"),
        ("/0000", "/0000"),
        ("/a.b/c..d", "/a.b/c..d"),
        ("//a///b", "/a/b"),
        ("/a/./b/.", "/a/b/"),
        ("/a/b/..", "/a/"),
        ("/a/../../b", "/b"),
        ("/..", "/"),
        ("/%41%62", "/Ab"),
        ("/a%2e%2E/b", "/a../b"),
        ("/a/%2e%2e/b", "/b"),
        ("/a%3fb%23", "/a?b#"),
        ("/a%", "/a%"),
        ("/a%4", "/a%4"),
        ("/a%zz", "/a%zz"),
        ("/a/", "/a/"),
        ("/a//", "/a/"),
        ("/...", "/..."),
        ("/.a", "/.a"),
        ("", ""),
    ] {
        let found = normalized(path.as_bytes());
        assert_eq!(String::from_utf8_lossy(&found), expected, "{path}");
    }
    assert_eq!(split(b"/a?b#c"), (&b"/a"[..], &b"b"[..]));
    assert_eq!(split(b"/a#b?c"), (&b"/a"[..], &b""[..]));
}

#[test]
fn hosts_are_without_ports() {
    for (given, expected) in [
        ("127.0.0.1:80", "127.0.0.1"),
        ("A.b", "a.b"),
        ("[::1]:80", "[::1]"),
        ("[::1", "[::1"),
        ("", ""),
        (":80", ""),
    ] {
        assert_eq!(&*host(given.as_bytes()), expected.as_bytes(), "{given}");
    }
}

#[test]
fn text_and_variables() {
    let parts = |text| Template::parse(text).unwrap().parts;
    assert_eq!(parts("$host$uri"), [Part::Host, Part::Uri]);
    let text = |text: &str| Part::Text(text.to_owned());
    assert_eq!(
        parts("a${host}b-$arg_id/$http_x_user$cookie_sid."),
        [
            text("a"),
            Part::Host,
            text("b-"),
            Part::Arg("id".to_owned()),
            text("/"),
            Part::Header("x_user".to_owned()),
            Part::Cookie("sid".to_owned()),
            text("."),
        ]
    );
    assert_eq!(
        parts("$request_uri$args$remote_addr$request_method"),
        [Part::RequestUri, Part::Args, Part::RemoteAddr, Part::Method]
    );
}

#[test]
fn what_is_no_key_says_why() {
    for (text, reason) in [
        ("$hots", "there is no variable `$hots`; did you mean `$host`?"),
        ("${host", "`${host` has no closing brace"),
        ("/index", "`/index` is the same for all requests; use variables such as `$host$uri`"),
        ("$arg_", "there is no variable `$arg_`; did you mean `$args`?"),
        (
            "$",
            "there is no variable `$`; there are $host, $uri, $request_uri, $args, $remote_addr, $request_method, $arg_NAME, $http_NAME and $cookie_NAME",
        ),
    ] {
        assert_eq!(Template::parse(text).unwrap_err(), reason);
    }
}
