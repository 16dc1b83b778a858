//! The key of an error class: a short word that stays the same for ever, for counting and keeping apart.
//!
//! It is made of what is known of phase, class and connection, so a log that says less gives a key that
//! says less: `eof_before_byte_fresh`, `eof_before_byte`, `closed_before_answer`.

use crate::error_text::{Class, Classes, Phase, Phases, Reading};

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
    (&[Class::Eof, Class::Reset], "closed"),
    (&[Class::Eof, Class::Reset, Class::Timeout], "closed_or_timeout"),
    (&[Class::Sick, Class::Timeout, Class::Refused], "none"),
];

/// The key for a failed attempt.
pub(super) fn of(
    phases: Phases,
    classes: Classes,
    reused: Option<bool>,
    errno: Option<i32>,
) -> String {
    let only = |class| classes.within(Classes::of(&[class]));
    for (class, whole) in
        [(Class::Client, "client_gone"), (Class::Sick, "sick"), (Class::Busy, "busy")]
    {
        if only(class) {
            return whole.to_owned();
        }
    }
    let how = HOW.iter().find(|(set, _)| classes.within(Classes::of(set)));
    let how = how.map_or("other", |(_, word)| *word);
    let within = |set: &[Phase]| phases.within(Phases::of(set));
    let key = if within(&[Phase::Choose, Phase::Connect]) {
        match errno.filter(|_| only(Class::Local)) {
            Some(errno) => format!("connect_errno_{}", errno.unsigned_abs()),
            None => format!("connect_{how}"),
        }
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
    let matters = Classes::of(&[Class::Eof, Class::Reset, Class::Timeout]);
    let early = within(&[Phase::Send, Phase::FirstByte, Phase::Head])
        && phases.contains(Phase::FirstByte)
        && classes.within(matters);
    match reused.filter(|_| early) {
        Some(true) => key + "_reused",
        Some(false) => key + "_fresh",
        None => key,
    }
}

/// The key for an error of reading what a client sends.
pub(super) fn of_client(text: &str) -> &'static str {
    match Reading::of([text]) {
        Some(reading) if reading.classes.within(Classes::of(&[Class::Local])) => "request_local",
        Some(reading) if reading.classes.within(Classes::of(&[Class::Junk])) => "request_junk",
        _ => "client_gone",
    }
}
