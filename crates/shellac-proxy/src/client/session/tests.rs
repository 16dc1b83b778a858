//! What an idle connection costs.

use super::*;

/// Bytes of the future that a function returns.
fn size_of_future<A, F: Future>(_: impl Fn(A) -> F) -> usize {
    size_of::<F>()
}

#[test]
fn an_idle_connection_takes_less_than_two_kilobytes() {
    let future = size_of_future(Session::serve);
    let session = size_of::<Session>();
    assert!(future + session <= 2048, "{future} bytes of future, {session} of session");
}
