use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;

use super::*;

#[test]
fn bytes_that_the_other_side_has_read_are_acknowledged() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(&[7; 1000]).unwrap();
    server.read_exact(&mut [0; 1000]).unwrap();
    server.write_all(b"answer").unwrap();
    client.read_exact(&mut [0; 6]).unwrap();
    // The answer carried the acknowledgement.
    let info = tcp_info(client.as_fd()).unwrap();
    assert_eq!(info.state, 1);
    assert_eq!(info.bytes_acked, Some(1001), "1000 bytes and the SYN");
    assert_eq!(info.bytes_received, Some(6));
    assert_eq!((info.bytes_sent, info.notsent_bytes), (Some(1000), Some(0)));
    assert_eq!(tcp_info(server.as_fd()).unwrap().bytes_received, Some(1000));
}

#[test]
fn a_shorter_structure_has_fewer_fields() {
    let bytes: Vec<u8> = (0..=255).collect();
    let old = parse(&bytes[..104]);
    assert_eq!(old.total_retrans, Some(u32::from_ne_bytes([100, 101, 102, 103])));
    assert_eq!((old.bytes_acked, old.bytes_sent), (None, None));
    assert_eq!(parse(&bytes[..127]).bytes_acked, None);
    assert!(parse(&bytes[..128]).bytes_acked.is_some());
    assert_eq!(parse(&[]), TcpInfo::default());
}

#[test]
fn something_else_than_a_tcp_socket_is_an_error() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    assert!(tcp_info(socket.as_fd()).is_err());
}
