//! Numbers of errors from outside.

use super::*;

#[test]
fn numbers_that_are_no_errors_have_a_counter() {
    for errno in [i32::MIN, -2, 0, 4096, i32::MAX] {
        assert_eq!(known(errno), None);
        assert_eq!(accept_error(errno), Main::SessFailOther);
        assert_eq!(connect_error(errno), Vbe::FailOther);
    }
    let emfile = Errno::MFILE.raw_os_error();
    assert_eq!((known(emfile), accept_error(emfile)), (Some(Errno::MFILE), Main::SessFailEmfile));
}
