//! What happened, in words that need no manual.

use super::set::TLS;
use super::{Class, Classes, Phase, Phases, Reading};

use Class::{
    BodyFile, Busy, Chunks, Client, ClientBad, ClientLeft, ClientSlow, ClientTls, Coding, Cut,
    Denied, Died, Eof, Filter, Framing, Harmless, HeldDown, Includes, Junk, Kernel, Local, Name,
    NoFile, NoPort, NoReplay, Overflow, Policy, Refused, Reset, Sick, Storage, Threads, Timeout,
    TooLarge, TooOften, Truncated, Unasked, Unreachable, Unset, Vary, Workspace,
};
use Phase::{Body, Choose, Connect, FirstByte, Head, Send};

/// The first row whose sets hold all that is possible.
const WORDS: &[(&[Phase], &[Class], &str)] = &[
    (&[Choose], &[Sick], "no healthy backend to send it to"),
    (&[Choose], &[Unset], "no backend is configured for it"),
    (&[Choose], &[Sick, Unset], "no backend to send it to"),
    (&[Choose], &[Busy], "the backend's connection limit was reached"),
    (&[Choose], &[Name], "the backend's name has no address"),
    (&[Connect], &[Refused], "connection refused"),
    (&[Connect], &[Timeout], "no connection within the time allowed"),
    (&[Connect], &[Unreachable], "the network has no way to the backend"),
    (&[Connect], &[HeldDown], "not tried: connecting had failed a moment before"),
    (&[Connect], &[Reset], "reset while connecting"),
    (&[Connect], &[NoPort], "no free local port for a connection"),
    (&[Connect], &[NoFile], "no free file descriptor for a connection"),
    (&[Connect], &[Denied], "the system did not allow the connection"),
    (&[Choose, Connect], &[Sick, Timeout, Refused], "no connection to a backend"),
    (&[Phase::Tls], &[Class::TlsDate], "the backend's certificate is not valid at this time"),
    (&[Phase::Tls], &[Class::TlsName], "the backend's certificate is for another name"),
    (
        &[Phase::Tls],
        &[Class::TlsIssuer],
        "the backend's certificate is from nobody who is believed",
    ),
    (&[Phase::Tls], &[Class::TlsVersion], "no version or cipher of TLS in common with the backend"),
    (&[Phase::Tls], &[Class::TlsPlain], "the backend does not speak TLS"),
    (&[Phase::Tls], &[Class::TlsOurs], "the backend does not accept our certificate"),
    (&[Phase::Tls], &[Timeout], "no agreement on TLS within the time allowed"),
    (&[Phase::Tls], &[Eof, Reset], "the backend closed before TLS was agreed on"),
    (&[Send], &[Client], "the client went away while its body was being passed on"),
    (&[Send], &[ClientSlow], "the client took too long to send its body"),
    (&[Send], &[ClientBad], "the client's body is not framed as it should be"),
    (&[Send], &[ClientTls], "TLS with the client broke while its body was being passed on"),
    (&[Send], &[TooLarge], "the client's body is larger than accepted"),
    (&[Send], &[Timeout], "the backend did not take the request within the time allowed"),
    (&[Send], &[Eof, Reset], "the backend closed while the request was being sent"),
    (&[FirstByte], &[Eof], "EOF before the first byte"),
    (&[FirstByte], &[Reset], "reset before the first byte"),
    (&[FirstByte], &[Eof, Reset], "closed before the first byte"),
    (&[FirstByte], &[Timeout], "no byte of an answer within the time allowed"),
    (&[FirstByte], &[Eof, Reset, Timeout], "closed or timed out before the first byte"),
    (&[Head], &[Eof, Reset], "closed inside the head of the answer"),
    (&[Head], &[Timeout], "the head of the answer stopped half way, time-out"),
    (&[Head], &[Eof, Reset, Timeout], "closed or timed out inside the head of the answer"),
    (&[FirstByte, Head], &[Eof, Reset], "closed before the head of the answer was complete"),
    (&[Head], &[Overflow], "the head of the answer is larger than allowed"),
    (&[Head], &[Framing], "the head of the answer does not say how long its body is"),
    (&[Head], &[Unasked], "the answer is one that was not asked for"),
    (&[Head], &[Vary], "the answer's Vary header is unusable"),
    (&[Head], &[Junk, Framing, Unasked], "the answer is not acceptable HTTP"),
    (&[FirstByte, Head], &[Timeout], "time-out before the head of the answer was complete"),
    (&[Body], &[Timeout], "the body of the answer stopped, time-out"),
    (&[Body], &[Reset], "reset in the middle of the body of the answer"),
    (&[Body], &[Eof, Reset, Truncated], "the body of the answer ended early"),
    (&[Body], &[Coding], "the compressed body of the answer is broken"),
    (
        &[Body],
        &[Junk, Chunks, Coding, Framing],
        "the body of the answer is not what its head announced",
    ),
    (Phase::ALL, &[ClientLeft], "the client went away before it had its answer"),
    (Phase::ALL, &[ClientTls], "TLS with the client broke, so the fetch was given up"),
    (Phase::ALL, &[Client], "the client went away, so the fetch was given up"),
    (
        Phase::ALL,
        &[Client, ClientLeft, ClientSlow, ClientBad, ClientTls, TooLarge],
        "the client is to blame",
    ),
    (&[Body], &[ClientSlow], "the client took too long to take its answer"),
    (Phase::ALL, &[Cut], "the time for the whole request was over"),
    (Phase::ALL, &[Died], "the proxy's worker died"),
    (Phase::ALL, &[BodyFile], "what was kept of the request's body could not be read again"),
    (Phase::ALL, &[Storage], "no room for the answer"),
    (Phase::ALL, &[Workspace], "a workspace of this proxy was too small"),
    (Phase::ALL, &[Threads], "no thread was free"),
    (Phase::ALL, &[Filter], "a filter for bodies could not be set up"),
    (Phase::ALL, &[NoReplay], "the request's body was gone and could not be sent again"),
    (Phase::ALL, &[Vary], "the answer's Vary header is unusable"),
    (Phase::ALL, &[Includes], "includes could not be put together"),
    (Phase::ALL, &[Policy], "the configuration's own program says so or failed"),
    (Phase::ALL, &[TooOften], "tried as often as is allowed"),
    (&[Send, FirstByte, Head, Body], TLS, "what came over TLS cannot be read"),
    (Phase::ALL, TLS, "no agreement on TLS"),
    (Phase::ALL, &[Kernel], "the kernel refused an option of a socket"),
    (Phase::ALL, &[Harmless], "only a remark: nothing failed"),
    (
        Phase::ALL,
        &[Local, NoPort, NoFile, Denied, Storage, Workspace, Threads],
        "this proxy or machine could not",
    ),
];

impl Reading {
    /// What happened, in a few words.
    pub fn words(self) -> &'static str {
        let row = WORDS.iter().find(|(phases, classes, _)| {
            self.phases.within(Phases::of(phases)) && self.classes.within(Classes::of(classes))
        });
        row.map_or("failed", |(_, _, words)| words)
    }
}
