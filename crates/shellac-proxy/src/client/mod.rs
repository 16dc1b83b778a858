//! The side of the client: connections, requests on them, and answers that need no backend.

mod answer;
mod body;
mod desk;
mod kept;
mod preamble;
mod request;
mod route;
mod secure;
mod session;
mod watch;

pub(crate) use answer::{Page, flush, is_gone, send};
pub(crate) use body::{BodyFault, RequestBody};
pub(crate) use desk::Desk;
pub(crate) use kept::Loss;
pub(crate) use request::{After, Exchange, via};
pub(crate) use session::{Client, Session};
pub(crate) use watch::Watch;
