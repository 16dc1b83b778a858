use super::{Ask, Kind, candidates, names_in};

/// Has these names, and remembers what it was asked for.
#[derive(Default)]
struct Names(Vec<Kind>);

impl Ask for Names {
    fn names(&mut self, kind: Kind) -> Vec<String> {
        self.0.push(kind);
        let names: &[&str] = match kind {
            Kind::Commands => &["vcl.use", "vcl.list", "ping", "param.show"],
            Kind::Backends => &["boot.b1", "boot.b0", "other.b0"],
            Kind::Configurations => &["boot", "next"],
            Kind::Parameters => &["vsl_space", "vsl_mask"],
            Kind::OneOf(_) => &[],
        };
        names.iter().map(|&name| name.to_owned()).collect()
    }
}

fn found(line: &str) -> (usize, Vec<String>) {
    candidates(line, &mut Names::default())
}

#[test]
fn the_first_word_is_a_command_and_those_behind_it_are_what_it_takes() {
    for (line, start, expected) in [
        ("", 0, &["param.show", "ping", "vcl.list", "vcl.use"][..]),
        ("vcl", 0, &["vcl.list", "vcl.use"]),
        ("  vcl.u", 2, &["vcl.use"]),
        ("nothing", 0, &[]),
        ("vcl.use ", 8, &["boot", "next"]),
        ("vcl.use n", 8, &["next"]),
        ("backend.list -j boot.", 16, &["boot.b0", "boot.b1"]),
        ("backend.set_health boot.b0 ", 27, &["auto", "healthy", "sick"]),
        ("backend.set_health boot.b0 s", 27, &["sick"]),
        ("backend.set_health boot.b0 sick ", 32, &[]),
        ("param.set vsl_", 10, &["vsl_mask", "vsl_space"]),
        ("param.set vsl_mask ", 19, &[]),
        ("help vcl.l", 5, &["vcl.list"]),
        ("ping b", 5, &[]),
    ] {
        assert_eq!(
            found(line),
            (start, expected.iter().map(|&it| it.to_owned()).collect()),
            "{line}"
        );
    }
}

#[test]
fn nobody_is_asked_for_what_nobody_wants() {
    let mut names = Names::default();
    candidates("ping ", &mut names);
    candidates("vcl.state boot ", &mut names);
    assert_eq!(names.0, []);
    candidates("vcl.state b", &mut names);
    assert_eq!(names.0, [Kind::Configurations]);
}

#[test]
fn names_are_what_lists_call_them() {
    let list =
        br#"[ 2, ["vcl.list", "-j"], 1.5, {"status": "active", "name": "boot"}, {"name": "a b"}]"#;
    assert_eq!(names_in(list), ["boot"]);
    let list =
        br#"[ 3, ["backend.list", "-j"], 1.5, {"boot.b0": {"type": "backend"}, "boot.b1": {}}]"#;
    assert_eq!(names_in(list), ["boot.b0", "boot.b1"]);
    let list = br#"[ 2, ["help", "-j"], 1.5, {"request": "ping", "syntax": "ping [-j]"}, "x", 5]"#;
    assert_eq!(names_in(list), ["ping"]);
    for nothing in [&b""[..], b"{}", b"[1]", b"[1, 2, 3, []]", b"PONG", b"\xff"] {
        assert_eq!(names_in(nothing), [""; 0]);
    }
}
