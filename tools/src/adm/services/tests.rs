//! Lines of such a list, and what is none.

use super::{listed, port};

const LIST: &str = "# NAME PORT\n\
    \n\
    syslog 514/udp\n\
    shell\t514/tcp cmd syslog\t# no passwords\n\
    broken\n\
    much 70000/tcp\n\
    last 9/tcp";

#[test]
fn a_service_has_one_name_or_several() {
    let cases = [
        ("shell", Some(514)),
        ("cmd", Some(514)),
        ("syslog", Some(514)),
        ("last", Some(9)),
        ("passwords", None),
        ("broken", None),
        ("much", None),
        ("514", None),
        ("SHELL", None),
        ("", None),
    ];
    for (name, expected) in cases {
        assert_eq!(listed(LIST.as_bytes(), name), expected, "{name}");
    }
}

#[test]
fn a_number_needs_no_list() {
    assert_eq!(port("6082"), Some(6082));
    assert_eq!(port("65536"), None);
    assert_eq!(port("-1"), None);
}
