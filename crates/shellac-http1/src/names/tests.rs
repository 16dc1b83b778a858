//! Names and their numbers.

use super::*;

#[test]
fn every_known_name_is_recognised_however_it_is_written() {
    for (number, known) in ALL.into_iter().enumerate() {
        assert_eq!(known as usize, number);
        let name = known.as_str();
        for written in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
            assert_eq!(Known::of(written.as_bytes()), Some(known), "{written}");
        }
        for other in [format!("{name}s"), format!("x{name}"), name.replace(['e', 'i'], "a")] {
            if other != name {
                assert_eq!(Known::of(other.as_bytes()), None, "{other}");
            }
        }
    }
    assert_eq!(Known::of(b""), None);
}

#[test]
fn a_set_has_what_was_put_into_it() {
    let set = Names::of(&[Known::Host, Known::XVarnish]);
    assert!(set.has(Known::Host) && set.has(Known::XVarnish) && !set.has(Known::Te));
    assert!(set.meets(Names::of(&[Known::Te, Known::Host])));
    assert!(!set.less(Names::of(&[Known::Host])).meets(Names::of(&[Known::Te, Known::Host])));
}
