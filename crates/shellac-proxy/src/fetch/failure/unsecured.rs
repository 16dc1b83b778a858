//! Failures of agreeing on TLS.

use std::io::{self, ErrorKind};

use super::{Cause, Failure, errno_class, errno_text};
use crate::log::{CloseReason, Phase};
use crate::tls::{Fault, fault};

/// Why a connection to a backend is not one with TLS.
#[derive(Clone, Debug)]
pub(crate) enum Unsecured {
    /// One of the sides does not accept what the other one says.
    Fault(Fault),
    /// The backend closed.
    Ended,
    /// The connection broke, with this error number.
    Broken(i32),
    /// It took too long.
    Timeout,
    /// What is needed for it is missing here.
    Local(&'static str),
}

impl From<&io::Error> for Unsecured {
    fn from(error: &io::Error) -> Unsecured {
        match (fault(error), error.raw_os_error()) {
            (Some(fault), _) => Unsecured::Fault(fault),
            (None, Some(errno)) => Unsecured::Broken(errno),
            (None, None) if error.kind() == ErrorKind::UnexpectedEof => Unsecured::Ended,
            (None, None) => Unsecured::Broken(0),
        }
    }
}

impl Unsecured {
    /// In words.
    fn text(&self) -> String {
        match self {
            Unsecured::Fault(fault) => fault.text.clone(),
            Unsecured::Ended => "the other side closed".to_owned(),
            Unsecured::Broken(errno) => format!("errno {errno} ({})", errno_text(*errno)),
            Unsecured::Timeout => "timeout".to_owned(),
            Unsecured::Local(why) => format!("not possible here: {why}"),
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Unsecured::Fault(_) => "tls",
            Unsecured::Ended => "eof",
            Unsecured::Broken(errno) => errno_class(*errno),
            Unsecured::Timeout => "timeout",
            Unsecured::Local(_) => "local",
        }
    }
}

/// The word for a backend that does not accept our certificate, which it may say after TLS was agreed on.
const REFUSED_OURS: &str = "refused_ours";

/// The word for a request that names no host to ask for: no backend's fault.
pub(super) const NO_NAME: &str = "no_name";

impl Failure {
    /// The two sides did not agree on TLS; nothing was sent to the backend `name`.
    pub(crate) fn unsecured(name: &str, why: Unsecured) -> Box<Failure> {
        let word = match &why {
            Unsecured::Fault(fault) => Some(fault.word),
            _ => None,
        };
        let cause = if word == Some(NO_NAME) { Cause::Final } else { Cause::Connect };
        let why_text = why.text();
        let text = format!("backend {name}: TLS: {why_text}");
        let mut failure = Failure::new(cause, Phase::Tls, why.class(), text.into_bytes());
        failure.tls = word;
        failure.unsecured = Some(why_text);
        failure.close = Some(match why {
            Unsecured::Timeout => CloseReason::RxTimeout,
            _ => CloseReason::RxBad,
        });
        if let Unsecured::Broken(errno) = why {
            failure.errno = Some(errno);
        }
        failure
    }

    /// The backend says after all that it does not accept what was agreed on, a certificate of ours for one, or goes on with what cannot
    /// be understood, after `received` bytes.
    pub(super) fn unsecured_later(fault: Fault, received: usize) -> Box<Failure> {
        let text = format!("TLS: {}", fault.text);
        let phase = match (fault.word, received) {
            (REFUSED_OURS, _) => Phase::Tls,
            (_, 0) => Phase::FirstByte,
            _ => Phase::Head,
        };
        let mut failure = Failure::new(Cause::Final, phase, "tls", text.into_bytes());
        failure.tls = Some(fault.word);
        failure.close = Some(CloseReason::RxBad);
        failure.received = Some(received as u64);
        failure
    }

    /// Why TLS was not agreed on, in words, if that is what failed.
    pub(crate) fn tls_text(&self) -> Option<&str> {
        self.unsecured.as_deref()
    }
}
