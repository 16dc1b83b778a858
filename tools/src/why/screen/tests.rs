use super::fit;

#[test]
fn what_does_not_fit_is_announced() {
    assert_eq!(fit("a\nb\n", 24), "a\r\nb\r\n\r\n(^C ends)");
    assert_eq!(fit("a\nb\nc\n", 4), "a\r\nb\r\n\r\n(more follows at the end; ^C ends)");
    assert_eq!(fit("a\n", 0), "\r\n(more follows at the end; ^C ends)");
}
