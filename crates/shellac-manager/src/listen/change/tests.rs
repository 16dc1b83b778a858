use std::net::{TcpListener, TcpStream};

use super::super::bind;
use super::*;

fn config(listen: &[(&str, &str)]) -> Config {
    let mut text = String::new();
    for (name, address) in listen {
        text.push_str(&format!("[[listen]]\nname = '{name}'\naddress = '{address}'\n"));
    }
    text.push_str("[[backend]]\nname = 'b'\naddress = '127.0.0.1:9'\n");
    Config::parse(&text, "t").unwrap()
}

fn bound(config: &Config) -> Vec<BoundListener> {
    config.listen.iter().map(|listen| bind(listen, 2).unwrap()).collect()
}

fn addresses(there: &[BoundListener]) -> Vec<(String, ListenAddress)> {
    there.iter().map(|one| (one.name.clone(), one.address.clone())).collect()
}

#[test]
fn what_stays_keeps_its_sockets_whatever_it_is_called() {
    let before = config(&[("a", "127.0.0.1:0"), ("b", "127.0.0.1:0")]);
    let mut there = bound(&before);
    let [a, b] = [0, 1].map(|at: usize| there[at].address.clone());
    assert!(Change::plan(&there, &before, &before, 2).unwrap().is_nothing());

    // The other way round, one with another name, and one more.
    let next = config(&[("b", "127.0.0.1:0"), ("c", "127.0.0.1:0"), ("d", "127.0.0.2:0")]);
    let change = Change::plan(&there, &before, &next, 2).unwrap();
    assert!(!change.is_nothing());
    assert_eq!(change.sockets().len(), 2, "one for each thread");
    let words = change.words(&there);
    assert_eq!(words[..6], ["b", &b.to_string(), "0", "c", &a.to_string(), "0"]);
    assert_eq!((&*words[6], &*words[8]), ("d", "2"));
    let moved = change.carry_out(&mut there);
    assert_eq!((moved.opened.len(), moved.closed.len(), moved.notes.len()), (1, 0, 0));
    let names: Vec<_> = there.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["b", "c", "d"]);
    assert_eq!([&there[0].address, &there[1].address], [&b, &a]);

    // By the port that it got.
    let port = a.to_string();
    let last = config(&[("e", &port)]);
    let change = Change::plan(&there, &next, &last, 2).unwrap();
    let moved = change.carry_out(&mut there);
    assert_eq!(moved.opened, []);
    assert_eq!(moved.closed.len(), 2);
    assert_eq!(addresses(&there), [("e".to_owned(), a)]);
    assert!(TcpStream::connect(b.ip().unwrap()).is_err(), "it is closed");
}

#[test]
fn an_address_that_cannot_be_had_leaves_everything() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let before = config(&[("a", "127.0.0.1:0")]);
    let there = bound(&before);
    let found = addresses(&there);
    let next = config(&[("n", "127.0.0.2:0"), ("t", &taken)]);
    let error = Change::plan(&there, &before, &next, 2).unwrap_err().to_string();
    let who = format!("process {} (", std::process::id());
    assert!(error.starts_with(&format!("cannot listen on {taken} (t): Address")), "{error}");
    assert!(error.contains(&who), "{error}");
    assert_eq!(addresses(&there), found);
    TcpStream::connect(there[0].address.ip().unwrap()).unwrap();
}

#[test]
fn a_narrower_address_may_take_the_place_of_a_wider_one() {
    let before = config(&[("all", "0.0.0.0:0")]);
    let mut there = bound(&before);
    let port = there[0].address.ip().unwrap().port();
    let next = config(&[("one", &format!("127.0.0.1:{port}"))]);
    let moved = Change::plan(&there, &before, &next, 2).unwrap().carry_out(&mut there);
    assert_eq!((moved.opened.len(), moved.closed.len()), (1, 1));
    TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert!(TcpStream::connect(("127.0.0.2", port)).is_err());
}

#[test]
fn a_path_gets_other_rights() {
    use std::os::unix::fs::MetadataExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let with = |mode: &str| {
        let text = format!(
            "[[listen]]\naddress = '{}'\nmode = '{mode}'\n[[backend]]\nname = 'b'\naddress = '127.0.0.1:9'\n",
            path.display()
        );
        Config::parse(&text, "t").unwrap_or_else(|errors| panic!("{errors}"))
    };
    let before = with("0600");
    let mut there = bound(&before);
    let change = Change::plan(&there, &before, &with("0660"), 2).unwrap();
    assert!(change.is_nothing(), "no worker has to know");
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600, "not yet");
    assert!(change.carry_out(&mut there).notes.is_empty());
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
}
