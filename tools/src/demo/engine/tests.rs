//! The configuration is one, and the proxy's address is found.

use super::*;

#[test]
fn the_address_is_found_in_what_the_proxy_says() {
    let said = "shellacd: a warning\nshellacd: listening on main 127.0.0.1:4711, 1 threads\n";
    assert_eq!(listening_on(said), "127.0.0.1:4711".parse().ok());
    assert_eq!(listening_on("shellacd: listening on nothing\n"), None);
}

#[test]
fn the_configuration_is_one() {
    let address: SocketAddr = "127.0.0.1:8080".parse().unwrap();
    let origins = Manner::ALL.map(|manner| (manner, address));
    let text = configuration(&origins);
    let options = shellac_config::ParseOptions { allow_small: true };
    let config = shellac_config::Config::parse_with(&text, "demo", options).unwrap();
    assert_eq!((config.routes.len(), config.log.size_bytes), (4, 8 << 20));
    let orders = config.routes.iter().find(|route| route.path == "/orders").unwrap();
    assert!(orders.retry.methods.iter().any(|method| method == "POST"));
}
