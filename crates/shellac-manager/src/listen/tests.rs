use std::io::Read;
use std::net::TcpStream;

use super::*;

fn config(address: &str) -> ListenConfig {
    ListenConfig { name: "a0".to_owned(), address: address.parse().unwrap() }
}

#[test]
fn all_sockets_share_the_port_that_the_kernel_chose() {
    let bound = bind(&config("127.0.0.1:0"), 3).unwrap();
    assert_ne!(bound.address.port(), 0);
    assert_eq!(bound.sockets.len(), 3);
    for socket in &bound.sockets {
        assert_eq!(socket.local_addr().unwrap(), bound.address);
        socket.set_nonblocking(true).unwrap();
    }
    let mut clients: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(bound.address).unwrap()).collect();
    let accepted: Vec<_> = bound
        .sockets
        .iter()
        .flat_map(|socket| std::iter::from_fn(|| socket.accept().ok()))
        .collect();
    assert_eq!(accepted.len(), clients.len());
    drop(accepted);
    for client in &mut clients {
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn an_address_that_is_taken_is_an_error_even_where_sharing_would_do() {
    let first = bind(&config("127.0.0.1:0"), 1).unwrap();
    let error = bind(&config(&first.address.to_string()), 2).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("cannot listen on {} (a0): Address", first.address)),
        "{error}"
    );
    assert!(error.contains("ss -ltnp"), "{error}");
    let error = bind(&config("192.0.2.1:0"), 1).unwrap_err().to_string();
    assert!(error.contains("no interface"), "{error}");
    drop(first);
}
