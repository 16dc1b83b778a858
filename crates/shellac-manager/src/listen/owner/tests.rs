use std::net::TcpListener;

use super::*;

#[test]
fn who_listens_is_found_and_who_does_not_is_not() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let said = of(address).unwrap();
    let pid = std::process::id();
    assert!(said.starts_with(&format!("process {pid} (")), "{said}");
    let everywhere = SocketAddr::from(([0, 0, 0, 0], address.port()));
    assert_eq!(of(everywhere).as_deref(), Some(&*said));
    drop(socket);
    assert_eq!(of(address), None);
}

#[test]
fn rows_are_read_and_what_is_none_is_left() {
    let row = |line: &str| Row::read(line);
    let v4 = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 12345 1 x";
    let address = |text: &str| -> SocketAddr { text.parse().unwrap() };
    // As a machine writes it whose lowest byte comes first, like nearly all.
    let (local, six) = if cfg!(target_endian = "little") {
        ("127.0.0.1:8080", "[::1]:8080")
    } else {
        ("1.0.0.127:8080", "[::100:0]:8080")
    };
    assert_eq!(row(v4), Some(Row { address: address(local), uid: 1000, inode: 12345 }));
    let v6 = v4.replace("0100007F", "00000000000000000000000001000000");
    assert_eq!(row(&v6).map(|row| row.address), Some(address(six)));
    assert_eq!(row(&v4.replace(" 0A ", " 01 ")), None, "it is connected and does not listen");
    for bad in
        ["", "sl local_address", &v4.replace("0100007F", "01"), &v4.replace(":1F90", ":1F90F")]
    {
        assert_eq!(row(bad), None, "{bad}");
    }
    let collide = |one: &str, other: &str| collide(address(one), address(other));
    assert!(collide("0.0.0.0:80", "127.0.0.1:80") && collide("127.0.0.1:80", "0.0.0.0:80"));
    assert!(collide("[::]:80", "127.0.0.1:80") && !collide("[::1]:80", "127.0.0.1:80"));
    assert!(!collide("127.0.0.1:80", "127.0.0.1:81") && !collide("127.0.0.1:80", "127.0.0.2:80"));
}
