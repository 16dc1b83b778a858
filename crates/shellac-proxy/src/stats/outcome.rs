//! Which counter stands for what happened.

use rustix::io::Errno;
use shellac_counters::vsc::table::{Main, Vbe};
use shellac_http1::BodyFraming;

use crate::log::SessionEnd;

/// The counter of a reason why a session ended, and whether that was an error.
pub(super) fn session_end(end: SessionEnd) -> (Main, bool) {
    match end {
        SessionEnd::RemClose => (Main::ScRemClose, false),
        SessionEnd::ReqClose => (Main::ScReqClose, false),
        SessionEnd::ReqHttp10 => (Main::ScReqHttp10, false),
        SessionEnd::RxBad => (Main::ScRxBad, true),
        SessionEnd::RxJunk => (Main::ScRxJunk, true),
        SessionEnd::RxOverflow => (Main::ScRxOverflow, true),
        SessionEnd::RxTimeout => (Main::ScRxTimeout, true),
        SessionEnd::RxCloseIdle => (Main::ScRxCloseIdle, false),
        SessionEnd::RxBody => (Main::ScRxBody, true),
        SessionEnd::TxError => (Main::ScTxError, true),
        SessionEnd::TxPipe => (Main::ScTxPipe, false),
        SessionEnd::TxEof => (Main::ScTxEof, false),
        SessionEnd::RespClose => (Main::ScRespClose, false),
    }
}

/// The error of a number, if it is one that the system uses.
pub(crate) fn known(errno: i32) -> Option<Errno> {
    (1..4096).contains(&errno).then(|| Errno::from_raw_os_error(errno))
}

/// The counter of a reason why no connection was accepted.
pub(super) fn accept_error(errno: i32) -> Main {
    match known(errno) {
        Some(Errno::CONNABORTED) => Main::SessFailEconnaborted,
        Some(Errno::INTR) => Main::SessFailEintr,
        Some(Errno::MFILE | Errno::NFILE) => Main::SessFailEmfile,
        Some(Errno::BADF) => Main::SessFailEbadf,
        Some(Errno::NOMEM | Errno::NOBUFS) => Main::SessFailEnomem,
        _ => Main::SessFailOther,
    }
}

/// The counter of a reason why no connection to a backend was made.
pub(super) fn connect_error(errno: i32) -> Vbe {
    match known(errno) {
        Some(Errno::ACCESS | Errno::PERM) => Vbe::FailEacces,
        Some(Errno::ADDRNOTAVAIL) => Vbe::FailEaddrnotavail,
        Some(Errno::CONNREFUSED) => Vbe::FailEconnrefused,
        Some(Errno::NETUNREACH) => Vbe::FailEnetunreach,
        Some(Errno::TIMEDOUT) => Vbe::FailEtimedout,
        _ => Vbe::FailOther,
    }
}

/// The counter of a connection that took so many microseconds, if that is what lost packets cost: the first one is sent again
/// after one, three and seven seconds.
pub(super) fn lost_packets(took: u64) -> Option<Vbe> {
    match took {
        900_000..=1_200_000 => Some(Vbe::Connect1s),
        2_900_000..=3_300_000 => Some(Vbe::Connect3s),
        6_900_000..=7_500_000 => Some(Vbe::Connect7s),
        _ => None,
    }
}

/// The counter of how a response's body comes.
pub(super) fn body(method: &str, status: u16, framing: BodyFraming) -> Main {
    match (method, status, framing) {
        ("HEAD", ..) => Main::FetchHead,
        (_, 100..=199, _) => Main::Fetch1xx,
        (_, 204, _) => Main::Fetch204,
        (_, 304, _) => Main::Fetch304,
        (_, _, BodyFraming::None | BodyFraming::Length(0)) => Main::FetchNone,
        (_, _, BodyFraming::Length(_)) => Main::FetchLength,
        (_, _, BodyFraming::Chunked) => Main::FetchChunked,
        (_, _, BodyFraming::Eof) => Main::FetchEof,
    }
}

/// The counter of a response's status.
pub(super) fn status(status: u16) -> Main {
    match status {
        0..=199 => Main::Resp1xx,
        200..=299 => Main::Resp2xx,
        300..=399 => Main::Resp3xx,
        400..=499 => Main::Resp4xx,
        500.. => Main::Resp5xx,
    }
}

#[cfg(test)]
mod tests;
