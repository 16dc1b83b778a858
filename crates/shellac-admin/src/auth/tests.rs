use super::{Challenge, response};

#[test]
fn the_answer_is_that_of_the_stock_client() {
    // `printf '%s\n%s%s\n' C S C | sha256sum` with the values below, S ending in a newline.
    let challenge =
        Challenge::from_greeting(b"tzxqwhtctxeuljfrkblgdpchyiyzdnxt\n\nAuthentication").unwrap();
    let secret = b"a secret\n";
    let expected = "022faba3b11af9a37a0336e17a7454845724e582e3cc2a8adfe7b42049c61541";
    assert_eq!(response(&challenge, secret), expected);
    assert!(challenge.is_answered_by(expected, secret));
    assert!(challenge.is_answered_by(&expected.to_uppercase(), secret));
    assert!(!challenge.is_answered_by(&expected[1..], secret));
    assert!(!challenge.is_answered_by("", secret));
    assert!(!challenge.is_answered_by(&expected.replace('a', "b"), secret));
    assert!(!challenge.is_answered_by(expected, b"a secret"));
}

#[test]
fn a_challenge_is_32_letters() {
    let challenge = Challenge::from_random(std::array::from_fn(|at| u8::try_from(at * 8).unwrap()));
    let mut greeting = challenge.as_bytes().to_vec();
    greeting.extend_from_slice(b"\n\nAuthentication required.\n");
    assert_eq!(greeting.len(), 59);
    assert_eq!(Challenge::from_greeting(&greeting), Some(challenge));
    assert_eq!(Challenge::from_greeting(&greeting[1..]), None);
    assert_eq!(Challenge::from_greeting(b"short"), None);
}
