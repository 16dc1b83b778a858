use std::ffi::{OsStr, OsString};

use super::{Getopt, Mistake};

const fn has_value(letter: char) -> Option<bool> {
    match letter {
        'a' | 'b' => Some(false),
        'v' => Some(true),
        _ => None,
    }
}

/// The options as text, and the number of other words.
fn walk(line: &[&str]) -> (Vec<String>, usize) {
    let mut getopt = Getopt::new(line.iter().map(OsString::from), &has_value);
    let options = getopt
        .by_ref()
        .map(|option| match option {
            Ok(given) => format!("{}{}", given.letter, given.value.display()),
            Err(mistake) => format!("{mistake:?}"),
        })
        .collect();
    (options, getopt.words())
}

#[test]
fn letters_and_values_may_stick_together() {
    assert_eq!(walk(&["-abv", "x", "-vy", "-avz"]).0, ["a", "b", "vx", "vy", "a", "vz"]);
    assert_eq!(walk(&["-v", "-a", "-v", "--", "-v", ""]).0, ["v-a", "v--", "v"]);
}

#[test]
fn options_may_follow_words_but_not_two_dashes() {
    assert_eq!(walk(&["x", "-a", "-", "--", "-b", "y"]), (vec!["a".to_owned()], 4));
    assert_eq!(walk(&["-a", "--"]), (vec!["a".to_owned()], 0));
}

#[test]
fn mistakes_do_not_end_the_walk() {
    assert_eq!(walk(&["-z", "--a", "-v"]).0, ["Unknown(122)", "Unknown(45)", "a", "NoValue('v')"]);
    let text = Mistake::Unknown(b'Z').text(OsStr::new("varnishlog"));
    assert_eq!(text, b"varnishlog: invalid option -- 'Z'");
    let text = Mistake::NoValue('g').text(OsStr::new("x/varnishlog"));
    assert_eq!(text, b"x/varnishlog: option requires an argument -- 'g'");
}
