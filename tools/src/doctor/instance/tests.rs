use super::{bytes, duration};

#[test]
fn numbers_are_for_people() {
    for (number, text) in [
        (0.0, "0 bytes"),
        (1023.0, "1023 bytes"),
        (1536.0, "1.5 KB"),
        (84e6, "80 MB"),
        (3e12, "2.7 TB"),
    ] {
        assert_eq!(bytes(number), text);
    }
    for (seconds, text) in
        [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (200_000, "2 days")]
    {
        assert_eq!(duration(seconds), text);
    }
}
