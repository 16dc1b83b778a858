//! Other certificates in the place of those that are shown.

use std::sync::Arc;

use rustix::process::Signal;

use super::certificates::Authority;
use super::peers::Client;
use super::{config, listen};
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;
use crate::support::origin::{Origin, ok};

#[test]
fn new_connections_are_shown_the_new_one_and_a_key_that_does_not_fit_changes_nothing() {
    let authority = Authority::new();
    let old = authority.issue("shown", &["a.example"]);
    let new = authority.issue("new", &["a.example"]);
    let stranger = authority.issue("stranger", &["a.example"]);
    let before = old.der.to_vec();
    let origin = Origin::start(|asked| vec![ok(&asked.target)]);
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let text = config(&listen(&[&old]), origin.address(), "");
    let mut daemon = Daemon::start(&workdir, &text);
    // A session that is taken up again shows nothing.
    let mut believing = authority.client(&["http/1.1"]);
    believing.resumption = rustls::client::Resumption::disabled();
    let believing = Arc::new(believing);
    let address = daemon.address();
    let connect = || Client::connect(address, &believing, "a.example").expect("they agree");
    let mut kept = connect();
    assert_eq!(kept.shown(), before);
    assert_eq!(kept.get("/before").1, "/before");

    new.replace(&old);
    daemon.signal(Signal::HUP);
    daemon.wait_for_line("is active");
    Deadline::generous().wait_for("the new certificate", || {
        let mut client = connect();
        assert_eq!(client.get("/after").1, "/after");
        (client.shown() == new.der.to_vec()).then_some(())
    });
    assert_eq!(kept.get("/kept").1, "/kept");

    // The key of another one.
    std::fs::copy(&stranger.key, &old.key).unwrap();
    daemon.signal(Signal::HUP);
    let said = daemon.wait_for_line("the configuration stays as it is");
    let line = text.lines().position(|line| line.contains("shown.pem")).expect("it is there") + 1;
    let place = format!("w.toml:{line}: listen.tls.certificates: {}", old.key.display());
    assert!(said.contains(&place), "{place:?} is not in {said}");
    assert!(said.contains("is not the key of the certificate in "), "{said}");
    assert_eq!(connect().shown(), new.der.to_vec());
    assert_eq!(connect().get("/still").1, "/still");
    assert_eq!(kept.get("/kept").1, "/kept");
}
