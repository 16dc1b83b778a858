//! What becomes of the requests of a route.

/// What becomes of the requests of a route.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Action {
    /// They are passed on, one by one.
    #[default]
    Pass,
    /// The connection becomes a tunnel to a backend, request included.
    Pipe,
    /// They are answered here.
    Deny {
        /// With this status.
        status: u16,
        /// And this phrase.
        reason: String,
    },
}
