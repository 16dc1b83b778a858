use super::*;

fn tcp(host: &str, port: &str) -> Place {
    Place::Tcp { host: host.to_owned(), port: port.to_owned() }
}

#[test]
fn addresses_as_people_write_them() {
    for (text, expected) in [
        ("127.0.0.1:80", tcp("127.0.0.1", "80")),
        ("[::1]:80", tcp("::1", "80")),
        ("[::1]", tcp("::1", "6082")),
        ("::1", tcp("::1", "6082")),
        (":80", tcp("localhost", "80")),
        ("host", tcp("host", "6082")),
        ("host 80", tcp("host", "80")),
        ("/run/x", Place::Unix("/run/x".into())),
    ] {
        assert_eq!(place(text), expected, "{text}");
    }
}

#[test]
fn addresses_as_instances_publish_them() {
    let line = "127.0.0.1 80";
    let address = Address { text: line.to_owned(), place: tcp("127.0.0.1", "80") };
    assert_eq!(published(line), Some(address));
    assert_eq!(published("::1 80").map(|one| one.place), Some(tcp("::1", "80")));
    assert_eq!(published("/run/a b -").map(|one| one.place), Some(Place::Unix("/run/a b".into())));
    assert_eq!(published("nonsense"), None);
}
