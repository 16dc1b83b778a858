//! What the system allows this process and the workers that it starts, raised as far as it may be.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises what a proxy runs into first: open files, one for each connection, and memory that stays where it is, for the log.
///
/// Shells and service managers allow few of both by default and more to whoever asks. Where even that is refused it stays as it
/// is: the worker says so when it runs into it.
pub(crate) fn raise() {
    raise_to_most(Resource::Nofile);
    if setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None }).is_err() {
        raise_to_most(Resource::Memlock);
    }
}

/// Raises a limit to what anybody may raise it to.
fn raise_to_most(resource: Resource) {
    let limit = getrlimit(resource);
    let _ = setrlimit(resource, Rlimit { current: limit.maximum, ..limit });
}
