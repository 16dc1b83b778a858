//! The status of an answer.

use std::fmt;

/// Three digits that say how a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(u16);

impl Status {
    /// The line is not a request.
    pub const SYNTAX: Status = Status(100);
    /// There is no such command.
    pub const UNKNOWN: Status = Status(101);
    /// The command is there, but not this form of it.
    pub const UNIMPLEMENTED: Status = Status(102);
    /// Words are missing.
    pub const TOO_FEW: Status = Status(104);
    /// There are words too many.
    pub const TOO_MANY: Status = Status(105);
    /// A word is wrong.
    pub const PARAMETER: Status = Status(106);
    /// The client has to prove that it knows the secret.
    pub const AUTHENTICATE: Status = Status(107);
    /// Done.
    pub const OK: Status = Status(200);
    /// Done; the answer is cut off.
    pub const TRUNCATED: Status = Status(201);
    /// It cannot be done now.
    pub const CANNOT: Status = Status(300);
    /// The other side is not there, or too slow; a client makes it up.
    pub const COMMUNICATION: Status = Status(400);
    /// The server closes the connection behind this answer.
    pub const CLOSING: Status = Status(500);

    /// A status with this number, which must have three digits.
    #[must_use]
    pub const fn new(code: u16) -> Option<Status> {
        if code >= 100 && code <= 999 { Some(Status(code)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// The command was done, whether or not all of its answer came.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Status::OK | Status::TRUNCATED)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
