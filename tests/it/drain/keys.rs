//! Where the keys of a pool go, before it is done.

use std::net::SocketAddr;

use serde_json::Value;

use super::{adm, config};
use crate::support::daemon::Daemon;

/// What each of the four servers has of the keys, and what the third one's go to, in 10,000ths: as nginx distributes 10,000 of them.
const BEFORE: [f64; 4] = [2295.0, 2302.0, 2977.0, 2426.0];
const WITHOUT_THIRD: [f64; 3] = [3259.0, 3574.0, 3167.0];

#[test]
fn the_keys_of_a_ring_and_their_new_places_are_said_before_a_backend_is_drained() {
    let addresses = [1, 2, 3, 4].map(|host| SocketAddr::from(([127, 0, 0, host], 10080)));
    let root = tempfile::tempdir().expect("a temporary directory");
    let workdir = root.path().join("w");
    let pool = "[[pool]]\nname = \"ring\"\nbackends = [\"b0\", \"b1\", \"b2\", \"b3\"]\n\
                policy = \"consistent_hash\"\nkey = \"$host$uri\"\n[[route]]\npath = \"/\"\npool = \"ring\"\n";
    let _daemon = Daemon::start(&workdir, &(config(&addresses) + pool));
    let (status, text) = adm(&workdir, &["drain", "b2", "--dry-run"]);
    assert!(
        status == Some(0) && text.contains("pool ring of boot: ") && text.contains(" to b1 (then "),
        "{text}"
    );
    let plan = |patterns: &[&str]| -> Value {
        let words = [&["drain", "--dry-run", "--json"], patterns].concat();
        let (status, text) = adm(&workdir, &words);
        assert_eq!(status, Some(0), "{text}");
        let line = text.lines().find(|line| line.contains("\"event\":\"matched\""));
        let mut value: Value = serde_json::from_str(line.expect("a plan")).expect("an object");
        value["keys"][0].take()
    };
    // Shares of the ring are not those of some keys, but close to them.
    let close = |value: &Value, keys: f64| {
        (value.as_f64().expect("a share") - keys / 10_000.0).abs() < 0.015
    };
    let keys = plan(&["b2"]);
    assert!(close(&keys["share"], BEFORE[2]), "{keys}");
    let to = keys["to"].as_array().expect("a list");
    assert_eq!(to.len(), 3, "{keys}");
    let mut moved = 0.0;
    for (at, number) in [0, 1, 3].into_iter().enumerate() {
        let one = to.iter().find(|one| one["name"] == format!("b{number}")).expect("it is left");
        assert!(close(&one["now"], BEFORE[number]), "{one}");
        assert!(close(&one["then"], WITHOUT_THIRD[at]), "{one}");
        moved += one["then"].as_f64().unwrap_or_default() - one["now"].as_f64().unwrap_or_default();
    }
    assert!((moved - keys["share"].as_f64().unwrap_or_default()).abs() < 1e-9, "{keys}");

    // What is drained has no keys to lose.
    assert_eq!(adm(&workdir, &["drain", "b2"]).0, Some(0));
    let keys = plan(&["b1", "b2"]);
    assert!(close(&keys["share"], WITHOUT_THIRD[1]), "{keys}");
    assert_eq!(keys["to"].as_array().map(Vec::len), Some(2), "{keys}");
}
