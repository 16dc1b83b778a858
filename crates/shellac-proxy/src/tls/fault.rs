//! What kept two sides from agreeing, in words.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

/// How the verifier calls a server's certificate that says that it is an authority's, as `openssl req -x509` makes them.
const CA_AS_SERVER: &str = "CaUsedAsEndEntity";

/// A word for programs, which does not change, and one for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) word: &'static str,
    pub(crate) text: String,
}

/// What TLS has to say of an error, if it is one of TLS.
pub(crate) fn fault(error: &io::Error) -> Option<Fault> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(Fault { word: word(error), text: text(error) })
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault { word: word(&error), text: text(&error) }
    }
}

fn word(error: &Error) -> &'static str {
    use CertificateError as Bad;
    match error {
        Error::InvalidCertificate(bad) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => "expired",
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => "not_yet_valid",
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => "wrong_name",
            // Signed with another key of somebody of that name: another one, then.
            Bad::UnknownIssuer | Bad::BadSignature => "unknown_ca",
            Bad::Other(other) if other.to_string().contains(CA_AS_SERVER) => "unknown_ca",
            _ => "certificate",
        },
        Error::UnsupportedNameType => "no_name",
        Error::PeerIncompatible(_) | Error::NoApplicationProtocol => "protocol",
        Error::AlertReceived(alert) => match alert {
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity
            | AlertDescription::NoApplicationProtocol => "protocol",
            AlertDescription::UnrecognisedName => "wrong_name",
            AlertDescription::CertificateRequired
            | AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied => "refused_ours",
            _ => "alert",
        },
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => "not_tls",
        _ => "protocol_error",
    }
}

fn text(error: &Error) -> String {
    use CertificateError as Bad;
    match error {
        Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "the certificate has expired".to_owned()
        }
        Error::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            "the certificate is not valid yet".to_owned()
        }
        Error::InvalidCertificate(Bad::NotValidForName) => {
            "the certificate is for another name".to_owned()
        }
        Error::InvalidCertificate(Bad::NotValidForNameContext { expected, .. }) => {
            format!("the certificate is not for {}", expected.to_str())
        }
        Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => {
            "the certificate is from nobody who is believed".to_owned()
        }
        Error::InvalidCertificate(Bad::Other(other))
            if other.to_string().contains(CA_AS_SERVER) =>
        {
            "the certificate is an authority's (CA:TRUE), and no server's".to_owned()
        }
        Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            "the backend has no certificate for this name".to_owned()
        }
        Error::UnsupportedNameType => "the request names no host to ask for".to_owned(),
        Error::PeerIncompatible(why) => format!("nothing in common ({why:?})"),
        Error::NoApplicationProtocol => "nothing in common (not http/1.1)".to_owned(),
        Error::AlertReceived(alert) => match word(error) {
            "protocol" => format!("nothing in common (the other side says {alert:?})"),
            "refused_ours" => format!("our certificate is not accepted ({alert:?})"),
            _ => format!("the other side says {alert:?}"),
        },
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => "what came is not TLS".to_owned(),
        other => other.to_string(),
    }
}
