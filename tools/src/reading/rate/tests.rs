use std::time::Duration;

use super::{Bucket, Rate};

fn error(text: &str) -> String {
    Rate::parse(text).unwrap_err().to_string()
}

#[test]
fn limits() {
    let rate = |limit, millis| Rate { limit, per: Duration::from_millis(millis) };
    for (text, expected) in [
        ("5", rate(5, 1000)),
        (" 0x10/ms", rate(16, 1)),
        ("1/ s", rate(1, 1000)),
        ("2/1.5s", rate(2, 1500)),
        ("2/.5s", rate(2, 1500)),
        ("1/1 s ", rate(1, 1000)),
    ] {
        assert_eq!(Rate::parse(text).unwrap(), expected, "{text:?}");
    }
}

#[test]
fn mistakes() {
    for text in ["", "0", "-1", "x", "2147483648", "99999999999999999999"] {
        assert_eq!(error(text), "-R: Range error", "{text:?}");
    }
    for text in ["5x", "5 ", "1/", "1 /s", "1/1111111111111111111111111111111s"] {
        assert_eq!(error(text), "-R: Syntax error", "{text:?}");
    }
    for text in ["1/5", "1/foo", "1/0s", "1/-1s", "1/S"] {
        assert_eq!(error(text), "-R: Syntax error: Invalid duration", "{text:?}");
    }
}

#[test]
fn a_bucket_starts_with_one_and_holds_the_limit() {
    let mut bucket = Bucket::new(Rate::parse("3/3s").unwrap());
    let paid = |bucket: &mut Bucket, seconds| {
        (0..9).filter(|_| bucket.pay(Duration::from_secs(seconds))).count()
    };
    assert_eq!(paid(&mut bucket, 0), 1);
    assert_eq!(paid(&mut bucket, 1), 1);
    assert_eq!(paid(&mut bucket, 100), 3);
    assert!(!bucket.pay(Duration::from_millis(100_500)));
    assert!(bucket.pay(Duration::from_millis(101_000)));
}
