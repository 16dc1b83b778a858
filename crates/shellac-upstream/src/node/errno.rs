//! Whose fault an error number of a call on a backend's connection is.

use rustix::io::Errno;

/// Who is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The backend answered, and the answer was no.
    Remote,
    /// Something between here and the backend; the node, if it is so for several backends.
    Path,
    /// This machine: no ports, files, memory or rights. No backend can help that.
    Local,
    /// Nothing came in time. The backend, unless the node's own counters say that packets did not leave.
    Timeout,
}

impl Class {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Class::Remote => "remote",
            Class::Path => "path",
            Class::Local => "local",
            Class::Timeout => "timeout",
        }
    }

    /// Whether the backend is blamed, when the node is fine (`node_fault` false) or not.
    ///
    /// A path that is broken to several backends at once is a matter of the node, too; that is for the caller to say
    /// with `node_fault`.
    #[must_use]
    pub const fn blames_backend(self, node_fault: bool) -> bool {
        match self {
            Class::Remote => true,
            Class::Path | Class::Timeout => !node_fault,
            Class::Local => false,
        }
    }
}

/// Error numbers that a call on a connection is known to give, with their names and whose fault they are.
const ERRORS: &[(Errno, &str, Class)] = &[
    (Errno::CONNREFUSED, "ECONNREFUSED", Class::Remote),
    (Errno::CONNRESET, "ECONNRESET", Class::Remote),
    (Errno::PIPE, "EPIPE", Class::Remote),
    (Errno::CONNABORTED, "ECONNABORTED", Class::Remote),
    (Errno::HOSTUNREACH, "EHOSTUNREACH", Class::Path),
    (Errno::NETUNREACH, "ENETUNREACH", Class::Path),
    (Errno::HOSTDOWN, "EHOSTDOWN", Class::Path),
    (Errno::TIMEDOUT, "ETIMEDOUT", Class::Timeout),
    (Errno::ADDRNOTAVAIL, "EADDRNOTAVAIL", Class::Local),
    (Errno::MFILE, "EMFILE", Class::Local),
    (Errno::NFILE, "ENFILE", Class::Local),
    (Errno::NOBUFS, "ENOBUFS", Class::Local),
    (Errno::NOMEM, "ENOMEM", Class::Local),
    (Errno::PERM, "EPERM", Class::Local),
    (Errno::ACCESS, "EACCES", Class::Local),
    (Errno::INVAL, "EINVAL", Class::Local),
    (Errno::NETDOWN, "ENETDOWN", Class::Local),
];

fn row(errno: i32) -> Option<&'static (Errno, &'static str, Class)> {
    ERRORS.iter().find(|(error, ..)| error.raw_os_error() == errno)
}

/// The class of an error number of `connect`, `send` or `recv`. What is not in the table is local: the call failed
/// without having asked anybody.
#[must_use]
pub fn class(errno: i32) -> Class {
    row(errno).map_or(Class::Local, |&(_, _, class)| class)
}

/// The kernel's name of an error number; the number itself where it is not a usual one.
#[must_use]
pub fn name(errno: i32) -> String {
    row(errno).map_or_else(|| errno.to_string(), |&(_, name, _)| name.to_owned())
}
