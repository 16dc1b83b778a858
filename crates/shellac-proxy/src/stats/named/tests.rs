//! Names of nodes, and how many of them are kept.

use super::*;

const GOOD: Firsts = Firsts { attempts: 1, failures: 0 };

#[test]
fn a_value_that_cannot_be_a_name_is_none() {
    assert_eq!(node_name(b" rack1/n7 "), Some("rack1/n7"));
    let long = [b'n'; NAME_BYTES + 1];
    for value in [&b""[..], b"  ", b"a b", b"n\x1b[2J", b"n\xff", &long] {
        assert_eq!(node_name(value), None, "{value:?}");
    }
    assert!(node_name(&long[1..]).is_some());
}

#[test]
fn names_are_bounded_and_known_ones_go_on() {
    let named = Named::new(2);
    for at in 0..NAMES + 10 {
        named.count(0, 0, &format!("n{at}"), GOOD);
    }
    named.count(0, 3, "n0", Firsts { attempts: 0, failures: 1 });
    named.count(1, 0, "n0", GOOD);
    named.count(2, 0, "no such thread", GOOD);
    let all = named.take();
    assert_eq!(all.len(), NAMES + 1);
    assert_eq!(all[&(0, "n0".to_owned())], Firsts { attempts: 2, failures: 0 });
    assert_eq!(all[&(3, "n0".to_owned())], Firsts { attempts: 0, failures: 1 });
    assert!(named.take().is_empty());
}
