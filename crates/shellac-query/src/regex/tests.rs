use super::{Regex, RegexError};

#[test]
fn bytes_and_case() {
    let regex = Regex::new(b"^/A.\xff", true).unwrap();
    assert!(regex.is_match(b"/ab\xff\0"));
    assert!(!regex.is_match(b"x/ab\xff"));
    assert!(!Regex::new(b"^/A", false).unwrap().is_match(b"/ab"));
}

#[test]
fn mistakes_have_a_place() {
    let error = Regex::new(b"a(", false).unwrap_err();
    assert_eq!(error, RegexError { offset: 2, text: "missing closing parenthesis".into() });
}
