//! What our client does otherwise than varnishadm on purpose.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::thread;

use crate::support::beside::Beside;
use crate::support::differences::check;

/// Lets whoever comes in, and answers `ping` alone. The thread ends with the connection.
fn serve(mut input: impl Read + Send + 'static, mut output: impl Write + Send + 'static) {
    thread::spawn(move || {
        // A client that has gone is not answered.
        let _ = output.write_all(b"200 0       \n\n");
        for line in BufReader::new(&mut input).lines().map_while(Result::ok) {
            if line == "ping" {
                let _ = output.write_all(b"200 10      \nPONG 1 1.0\n");
            }
        }
    });
}

#[test]
fn the_differences_are_as_they_are_described() {
    let place = Beside::new("varnishadm");
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in tcp.incoming().map_while(Result::ok) {
            serve(stream.try_clone().unwrap(), stream);
        }
    });
    let path = place.path().join("s");
    let socket = UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        for stream in socket.incoming().map_while(Result::ok) {
            serve(stream.try_clone().unwrap(), stream);
        }
    });
    let named = [("ADDRESS", address.as_str()), ("SOCKET", path.to_str().unwrap())];
    check("differences-adm.toml", 8, &place, &named);
}
