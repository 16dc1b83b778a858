use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use proptest::prelude::*;

use super::*;

/// What a whole preamble says, and how long it is.
fn parse(wire: &[u8]) -> Result<(Preamble, usize), PreambleError> {
    match parse_preamble(wire)? {
        PreambleProgress::Complete { preamble, len_bytes } => Ok((preamble, len_bytes)),
        PreambleProgress::Partial { missing } => panic!("{missing} missing of {wire:?}"),
    }
}

fn known(client: &str, server: &str) -> Ends {
    Ends::Known { client: client.parse().unwrap(), server: server.parse().unwrap() }
}

#[test]
fn lines_are_read() {
    let cases = [
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1111 80\r\n", known("1.2.3.4:1111", "5.6.7.8:80")),
        ("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n", known("[2001:db8::1]:0", "[::1]:65535")),
        ("PROXY UNKNOWN\r\n", Ends::Unknown),
        ("PROXY UNKNOWN ffff:: ffff:: 65535 65535\r\n", Ends::Unknown),
    ];
    for (line, ends) in cases {
        let wire = format!("{line}GET");
        let preamble = Preamble { version: PreambleVersion::V1, ends };
        assert_eq!(parse(wire.as_bytes()), Ok((preamble, line.len())), "{line:?}");
    }
}

#[test]
fn lines_that_are_none_are_refused() {
    use PreambleError as E;
    let long = format!("PROXY UNKNOWN {}", "x".repeat(107));
    let cases: [(&str, E); 16] = [
        ("GET / HTTP/1.1\r\n", E::None),
        ("PROXX", E::None),
        ("PROXY\r\n", E::None),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1111 80\n", E::Bytes),
        ("PROXY TCP4 1.2.3.4\r5.6.7.8 1111 80\r\n", E::Bytes),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1111\t80\r\n", E::Bytes),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1111 80 \r\n", E::Fields),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1111\r\n", E::Fields),
        ("PROXY TCP4  1.2.3.4 5.6.7.8 1111 80\r\n", E::Fields),
        ("PROXY TCP5 1.2.3.4 5.6.7.8 1111 80\r\n", E::Protocol),
        ("PROXY TCP4 ::1 ::1 1111 80\r\n", E::Address),
        ("PROXY TCP6 1.2.3.4 5.6.7.8 1111 80\r\n", E::Address),
        ("PROXY TCP4 1.2.3.256 5.6.7.8 1111 80\r\n", E::Address),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 65536 80\r\n", E::Port),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 +1 80\r\n", E::Port),
        (&long, E::Endless),
    ];
    for (wire, error) in cases {
        assert_eq!(parse(wire.as_bytes()), Err(error), "{wire:?}");
    }
    assert_eq!(parse(b"PROXY TCP4 1.2.3.4 5.6.7.8 01 80\r\n"), Err(E::Port));
}

/// Version 2 with this command, family and rest.
fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut wire = read::SIGNATURE.to_vec();
    wire.extend_from_slice(&[command, family]);
    wire.extend_from_slice(&u16::try_from(rest.len()).unwrap().to_be_bytes());
    wire.extend_from_slice(rest);
    wire
}

#[test]
fn binary_ones_are_read() {
    let four = [1, 2, 3, 4, 5, 6, 7, 8, 4, 87, 0, 80];
    let with_remarks = [&four[..], &[0x20, 0, 2, 9, 9, 4, 0, 0]].concat();
    let cases: [(Vec<u8>, Ends); 7] = [
        (binary(0x21, 0x11, &four), known("1.2.3.4:1111", "5.6.7.8:80")),
        (binary(0x21, 0x12, &four), known("1.2.3.4:1111", "5.6.7.8:80")),
        (binary(0x21, 0x11, &with_remarks), known("1.2.3.4:1111", "5.6.7.8:80")),
        (binary(0x21, 0x31, &[b'/'; 216]), Ends::Unknown),
        (binary(0x21, 0x00, &[]), Ends::Unknown),
        (binary(0x20, 0x00, &[]), Ends::Local),
        (binary(0x20, 0x11, &with_remarks[..15]), Ends::Local),
    ];
    for (mut wire, ends) in cases {
        let len = wire.len();
        wire.extend_from_slice(b"GET");
        let preamble = Preamble { version: PreambleVersion::V2, ends };
        assert_eq!(parse(&wire), Ok((preamble, len)), "{wire:?}");
    }
}

#[test]
fn binary_ones_that_are_none_are_refused() {
    use PreambleError as E;
    let four = [0; 12];
    let cases = [
        (b"\r\n\r\n\0\r\nQUIT\r".to_vec(), E::None),
        (binary(0x11, 0x11, &four), E::Version),
        (binary(0x22, 0x11, &four), E::Command),
        (binary(0x21, 0x41, &four), E::Family),
        (binary(0x21, 0x13, &four), E::Family),
        (binary(0x21, 0x11, &four[..11]), E::Short),
        (binary(0x21, 0x21, &four), E::Short),
        (binary(0x21, 0x11, &[0; 4081]), E::Long),
        (binary(0x21, 0x11, &[&four[..], &[4, 0]].concat()), E::Extension),
        (binary(0x21, 0x11, &[&four[..], &[4, 0, 2, 9]].concat()), E::Extension),
    ];
    for (wire, error) in cases {
        assert_eq!(parse(&wire), Err(error), "{wire:?}");
    }
}

fn address() -> impl Strategy<Value = SocketAddr> {
    let four = any::<([u8; 4], u16)>().prop_map(|(ip, port)| (Ipv4Addr::from(ip), port).into());
    let six = any::<([u8; 16], u16)>().prop_map(|(ip, port)| (Ipv6Addr::from(ip), port).into());
    prop_oneof![four, six]
}

fn ends() -> impl Strategy<Value = Ends> {
    let known = (address(), address()).prop_map(|(client, server)| Ends::Known { client, server });
    prop_oneof![4 => known, 1 => Just(Ends::Local), 1 => Just(Ends::Unknown)]
}

fn version() -> impl Strategy<Value = PreambleVersion> {
    prop_oneof![Just(PreambleVersion::V1), Just(PreambleVersion::V2)]
}

proptest! {
    /// What is written is read back, wherever it is cut, and never more is asked for than there is.
    #[test]
    fn what_is_written_is_read(version in version(), ends in ends(), behind in any::<Vec<u8>>()) {
        let wire = preamble(version, ends);
        let mut have = 0;
        while have < wire.len() {
            match parse_preamble(&wire[..have]) {
                Ok(PreambleProgress::Partial { missing }) => {
                    prop_assert!(missing > 0 && have + missing <= wire.len());
                    have += 1;
                }
                other => prop_assert!(false, "{other:?} after {have}"),
            }
        }
        let (found, len) = parse(&[&wire[..], &behind].concat()).unwrap();
        prop_assert_eq!(len, wire.len());
        let canonical = |address: SocketAddr| (address.ip().to_canonical(), address.port());
        match (found.ends, ends) {
            (Ends::Known { client, server }, Ends::Known { client: c, server: s }) => {
                prop_assert_eq!(canonical(client), canonical(c));
                prop_assert_eq!(canonical(server), canonical(s));
            }
            (Ends::Unknown, Ends::Local) => prop_assert_eq!(version, PreambleVersion::V1),
            (found, written) => prop_assert_eq!(found, written),
        }
    }

    /// Once it is refused more bytes change nothing, and what is read depends on nothing that follows.
    #[test]
    fn no_byte_is_read_twice(start in 0..3_usize, rest in any::<Vec<u8>>()) {
        let wire = [[&b"PROXY "[..], &read::SIGNATURE, b""][start], &rest].concat();
        let whole = parse_preamble(&wire);
        for have in 0..wire.len() {
            match parse_preamble(&wire[..have]) {
                Ok(PreambleProgress::Partial { missing }) => prop_assert!(missing > 0),
                decided => {
                    prop_assert_eq!(decided, whole);
                    break;
                }
            }
        }
    }
}
