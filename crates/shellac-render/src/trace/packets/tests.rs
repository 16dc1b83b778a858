use super::super::fields::Open;
use super::*;

fn filter(open: &str) -> Result<String, &'static str> {
    Exchange { open: Open::parse(open.as_bytes()), ..Exchange::default() }.packet_filter()
}

#[test]
fn both_ends_are_in_the_filter() {
    let four = "tcp and host 127.0.0.2 and port 40000 and host 127.0.0.1 and port 80";
    assert_eq!(filter("7 b 127.0.0.1 80 127.0.0.2 40000 connect").as_deref(), Ok(four));
    let six = "tcp and host ::1 and port 40000 and host fe80::1 and port 80";
    assert_eq!(filter("7 b fe80::1 80 ::1 40000").as_deref(), Ok(six));
}

#[test]
fn what_is_no_address_is_not_pasted() {
    for open in ["7 b $(x) 80 127.0.0.1 1 connect", "7 b 127.0.0.1 80;x 127.0.0.1 1"] {
        assert_eq!(filter(open), Err("not recorded as an address"));
    }
    assert_eq!(filter("7 b 0.0.0.0 0 0.0.0.0 0 connect"), Err("a UNIX socket, no packets"));
    assert_eq!(filter("x"), Err("no connection"));
}
