//! Nothing that a terminal would act on gets through.

use super::visible;

#[test]
fn escape_sequences_do_not_get_through() {
    assert_eq!(visible(b"/a\x1b[2J b\xff\n"), "/a\\x1b[2J b\\xff\\x0a");
}
