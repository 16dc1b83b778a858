//! What can be said about TLS, and what cannot.

use std::path::Path;

use super::{ServerNameFrom, TlsVersion};
use crate::Config;

fn config(listen: &str, backend: &str) -> Result<Config, String> {
    let text = format!(
        "[[listen]]\naddress = '127.0.0.1:8443'\n{listen}\n[[backend]]\nname = 'b'\naddress = '127.0.0.1:9001'\n{backend}\n"
    );
    Config::parse(&text, "test.toml").map_err(|errors| errors.to_string())
}

#[test]
fn a_listener_has_certificates_in_the_order_of_the_file() {
    let tls = "[listen.tls]\nmin_version = '1.3'\ncertificates = [\n  { cert = '/a.pem', key = '/a.key' },\n  { cert = '/b.pem', key = '/b.key' },\n]";
    let config = config(tls, "").unwrap();
    let tls = config.listen[0].tls.as_ref().unwrap();
    assert_eq!(tls.min_version, TlsVersion::V1_3);
    let files: Vec<_> = tls.certificates.iter().map(|one| (one.cert.as_path(), one.line)).collect();
    assert_eq!(files, [(Path::new("/a.pem"), 6), (Path::new("/b.pem"), 7)]);
}

#[test]
fn without_the_table_nothing_is_encrypted() {
    let config = config("", "").unwrap();
    assert_eq!(config.listen[0].tls, None);
    assert_eq!(config.backends[0].tls, None);
}

#[test]
fn a_backend_has_sensible_defaults() {
    let config = config("", "tls = {}").unwrap();
    let tls = config.backends[0].tls.as_ref().unwrap();
    assert_eq!(tls.server_name, ServerNameFrom::Address);
    assert!(tls.verify && tls.ca.is_none() && tls.client.is_none());
}

#[test]
fn a_backend_can_say_everything() {
    let tls = "[backend.tls]\nserver_name = 'API.example'\nca = '/ca.pem'\ncert = '/c.pem'\nkey = '/c.key'";
    let config = config("", tls).unwrap();
    let tls = config.backends[0].tls.as_ref().unwrap();
    assert_eq!(tls.server_name, ServerNameFrom::Fixed("api.example".to_owned()));
    assert_eq!(tls.ca.as_deref(), Some(Path::new("/ca.pem")));
    assert_eq!(tls.client.as_ref().unwrap().key, Path::new("/c.key"));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let cases = [
        ("tls = {}", "", "test.toml:3: listen.tls.certificates: needs a certificate"),
        (
            "tls = { certificates = [{ cert = '/a.pem' }] }",
            "",
            "test.toml:3: listen.tls.certificates.key: is missing",
        ),
        (
            "tls = { certificates = [{ cert = 'a.pem', key = '/a' }] }",
            "",
            "listen.tls.certificates.cert: `a.pem` does not start with `/`",
        ),
        (
            "tls = { min_version = '1.1', certificates = [{ cert = '/a', key = '/a' }] }",
            "",
            "listen.tls.min_version: `1.1` is not one of \"1.2\", \"1.3\"",
        ),
        ("", "tls = { cert = '/a' }", "test.toml:7: backend.tls.cert: needs its `key`"),
        ("", "tls = { key = '/a' }", "test.toml:7: backend.tls.key: needs its `cert`"),
        ("", "tls = { verify = false, ca = '/a' }", "backend.tls.ca: has no effect"),
        ("", "tls = { server_name = 'a b' }", "backend.tls.server_name: `a b` is neither"),
        ("", "tls = { sni = 'a' }", "backend.tls.sni: is not a key"),
    ];
    for (listen, backend, wanted) in cases {
        let errors = config(listen, backend).unwrap_err();
        assert!(errors.contains(wanted), "{wanted:?} in {errors:?}");
    }
}
