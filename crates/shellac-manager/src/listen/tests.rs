use std::io::Read;
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use shellac_config::SocketRights;

use super::*;

fn config(address: &str) -> ListenConfig {
    ListenConfig {
        name: "a0".to_owned(),
        address: ListenAddress::parse(address).unwrap(),
        proxy_protocol: false,
        rights: Default::default(),
        tls: None,
    }
}

#[test]
fn all_sockets_share_the_port_that_the_kernel_chose() {
    let bound = bind(&config("127.0.0.1:0"), 3).unwrap();
    let address = bound.address.ip().unwrap();
    assert_ne!(address.port(), 0);
    assert_eq!(bound.sockets.len(), 3);
    let sockets: Vec<TcpListener> = bound.sockets.into_iter().map(TcpListener::from).collect();
    for socket in &sockets {
        assert_eq!(socket.local_addr().unwrap(), address);
        socket.set_nonblocking(true).unwrap();
    }
    let mut clients: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(address).unwrap()).collect();
    let accepted: Vec<_> =
        sockets.iter().flat_map(|socket| std::iter::from_fn(|| socket.accept().ok())).collect();
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

fn at(path: &Path, mode: Option<u32>) -> ListenConfig {
    let address = ListenAddress::Unix(path.to_owned());
    let rights = SocketRights { mode, ..SocketRights::default() };
    ListenConfig { name: "a0".to_owned(), address, proxy_protocol: false, rights, tls: None }
}

#[test]
fn a_path_has_its_rights_and_goes_with_its_listener() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let bound = bind(&at(&path, Some(0o640)), 4).unwrap();
    assert_eq!(bound.sockets.len(), 1, "one for all threads");
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
    let mut client = UnixStream::connect(&path).unwrap();
    let error = bind(&at(&path, None), 1).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("cannot listen on {} (a0): Address", path.display())),
        "{error}"
    );
    let listener = UnixListener::from(bound.sockets[0].try_clone().unwrap());
    drop(listener.accept().unwrap());
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    drop((bound, listener));
    assert!(!path.exists());
}

#[test]
fn what_the_dead_left_is_removed_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    // Closed without removing it.
    drop(UnixListener::bind(&path).unwrap());
    let bound = bind(&at(&path, None), 1).unwrap();
    // Somebody else's by now, so it stays.
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "precious").unwrap();
    drop(bound);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    bind(&at(&path, None), 1).unwrap_err();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    let nobody = ListenConfig {
        rights: SocketRights { user: Some("no such user".to_owned()), ..Default::default() },
        ..at(&directory.path().join("t"), None)
    };
    let error = bind(&nobody, 1).unwrap_err().to_string();
    assert!(error.contains("there is no user `no such user`"), "{error}");
    assert!(!directory.path().join("t").exists());
}
