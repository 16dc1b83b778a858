use std::net::{TcpListener, UdpSocket};
use std::os::fd::AsFd;

use super::*;

#[test]
fn a_socket_that_is_not_connected_hears_that_nobody_listens() {
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    report_errors(socket.as_fd(), false).unwrap();
    socket.send_to(b"x", closed).unwrap();
    // Without the option nobody would be told, as the datagram could have been for anybody.
    let error = socket.recv(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn what_is_no_socket_of_this_family_is_refused() {
    let file = std::fs::File::open("/dev/null").unwrap();
    assert!(report_errors(file.as_fd(), false).is_err());
    let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(report_errors(v4.as_fd(), true).is_err());
}
