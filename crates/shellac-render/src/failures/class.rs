//! The key of an error class: a short word that stays the same for ever, for counting and keeping apart.
//!
//! It is made of what is known of phase, class and connection, so a log that says less gives a key that
//! says less: `eof_before_byte_fresh`, `eof_before_byte`, `closed_before_answer`.

use crate::error_text::{CLIENT, Class, Classes, Phase, Phases, Reading, TLS};

/// What is left of a set of classes, from the narrowest set to the widest.
const HOW: &[(&[Class], &str)] = &[
    (&[Class::Eof], "eof"),
    (&[Class::Reset], "reset"),
    (&[Class::Timeout], "timeout"),
    (&[Class::Refused], "refused"),
    (&[Class::Unreachable], "unreachable"),
    (&[Class::Junk], "junk"),
    (&[Class::Overflow], "overflow"),
    (&[Class::Truncated], "truncated"),
    (&[Class::HeldDown], "held_down"),
    (&[Class::Local], "local"),
    (&[Class::NoPort], "no_port"),
    (&[Class::NoFile], "no_file"),
    (&[Class::Denied], "denied"),
    (&[Class::Framing], "framing"),
    (&[Class::Unasked], "unasked"),
    (&[Class::Chunks], "chunks"),
    (&[Class::Coding], "coding"),
    (&[Class::Eof, Class::Reset], "closed"),
    (&[Class::Eof, Class::Reset, Class::Timeout], "closed_or_timeout"),
    (&[Class::Junk, Class::Framing, Class::Unasked, Class::Chunks, Class::Coding], "junk"),
    (&[Class::Sick, Class::Timeout, Class::Refused], "none"),
];

/// Classes that say everything, whatever the phase.
const WHOLE: &[(&[Class], &str)] = &[
    (&[Class::Client], "client_gone"),
    (&[Class::ClientLeft], "client_left"),
    (&[Class::ClientSlow], "client_slow"),
    (&[Class::ClientBad], "client_bad"),
    (&[Class::ClientTls], "client_tls"),
    (&[Class::Cut], "cut"),
    (&[Class::BodyFile], "body_file"),
    (&[Class::Died], "died"),
    (&[Class::TooLarge], "request_too_large"),
    (CLIENT, "client"),
    (&[Class::Sick], "sick"),
    (&[Class::Unset], "no_backend"),
    (&[Class::Sick, Class::Unset], "no_backend"),
    (&[Class::Busy], "busy"),
    (&[Class::Storage], "no_storage"),
    (&[Class::Workspace], "no_workspace"),
    (&[Class::Threads], "no_thread"),
    (&[Class::Filter], "bad_filter"),
    (&[Class::Vary], "bad_vary"),
    (&[Class::Policy], "policy"),
    (&[Class::TlsDate], "tls_date"),
    (&[Class::TlsName], "tls_name"),
    (&[Class::TlsIssuer], "tls_issuer"),
    (&[Class::TlsVersion], "tls_version"),
    (&[Class::TlsPlain], "tls_plain"),
    (&[Class::TlsOurs], "tls_ours"),
    (TLS, "tls"),
];

/// The key for a failed attempt.
pub(super) fn of(
    phases: Phases,
    classes: Classes,
    reused: Option<bool>,
    errno: Option<i32>,
) -> String {
    let inside = |set: &[Class]| classes.within(Classes::of(set));
    if let Some((_, whole)) = WHOLE.iter().find(|(set, _)| inside(set)) {
        return (*whole).to_owned();
    }
    let how = HOW.iter().find(|(set, _)| inside(set));
    let how = how.map_or("other", |(_, word)| *word);
    let within = |set: &[Phase]| phases.within(Phases::of(set));
    let key = if within(&[Phase::Choose, Phase::Connect]) {
        match errno.filter(|_| inside(&[Class::Local])) {
            Some(errno) => format!("connect_errno_{}", errno.unsigned_abs()),
            None => format!("connect_{how}"),
        }
    } else if within(&[Phase::Tls]) {
        format!("tls_{how}")
    } else if within(&[Phase::Send]) {
        format!("send_{how}")
    } else if within(&[Phase::FirstByte]) {
        format!("{how}_before_byte")
    } else if within(&[Phase::Head]) {
        format!("{how}_in_head")
    } else if within(&[Phase::Body]) {
        format!("{how}_in_body")
    } else if within(&[Phase::FirstByte, Phase::Head]) {
        format!("{how}_before_answer")
    } else {
        how.to_owned()
    };
    // Elsewhere it makes no difference whether the connection was new.
    let early = within(&[Phase::Send, Phase::FirstByte, Phase::Head])
        && phases.contains(Phase::FirstByte)
        && inside(&[Class::Eof, Class::Reset, Class::Timeout]);
    match reused.filter(|_| early) {
        Some(true) => key + "_reused",
        Some(false) => key + "_fresh",
        None => key,
    }
}

/// The key for the errors of a client's transaction.
pub(super) fn of_client<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let reading = Reading::of_client(texts)?;
    Some(of(reading.phases, reading.classes, None, None))
}
