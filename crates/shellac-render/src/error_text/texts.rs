//! The texts of varnishd and of this proxy, of all versions: one table.

use super::pattern::Pattern::{self, Around, Is, Starts};
use super::{Class, Phase, Source, Text};

use Class::{
    Busy, Chunks, Client, ClientBad, ClientLeft, ClientSlow, Coding, Denied, Died, Eof, Filter,
    Framing, Harmless, HeldDown, Includes, Junk, Kernel, Local, Name, NoFile, NoPort, NoReplay,
    Overflow, Policy, Refused, Reset, Sick, Storage, Threads, Timeout, TooLarge, TooOften,
    Truncated, Unasked, Unreachable, Unset, Vary, Workspace,
};
use Phase::{Body, Choose, Connect, FirstByte, Head, Send};
use Source::{Error, FetchError, Old, VclError};

const fn fetch(pattern: Pattern, phases: &'static [Phase], classes: &'static [Class]) -> Text {
    Text { pattern, source: FetchError, phases, classes }
}

const fn old(pattern: Pattern, phases: &'static [Phase], classes: &'static [Class]) -> Text {
    Text { pattern, source: Old, phases, classes }
}

/// An `Error` that stands in the place of a `FetchError`: the fetch has failed.
const fn failed(pattern: Pattern, phases: &'static [Phase], classes: &'static [Class]) -> Text {
    Text { pattern, source: Source::FailedFetch, phases, classes }
}

const fn error(pattern: Pattern, classes: &'static [Class]) -> Text {
    Text { pattern, source: Error, phases: Phase::ALL, classes }
}

const fn vcl(pattern: Pattern, classes: &'static [Class]) -> Text {
    Text { pattern, source: VclError, phases: Phase::ALL, classes }
}

/// What fetching, and reading what a client sends, can say.
pub(super) const FETCH: &[Text] = &[
    // choosing and connecting
    fetch(Is("No backend"), &[Choose], &[Unset]),
    fetch(Around("Director ", " returned no backend"), &[Choose], &[Sick]),
    fetch(Around("backend ", ": unhealthy"), &[Choose], &[Sick]),
    fetch(Around("backend ", ": busy"), &[Choose], &[Busy]),
    fetch(Around("backend ", ": no address "), &[Choose], &[Name]),
    fetch(Around("backend ", ": fail errno 111 "), &[Connect], &[Refused]),
    fetch(Around("backend ", ": fail errno 110 "), &[Connect], &[Timeout]),
    fetch(Around("backend ", ": fail errno 113 "), &[Connect], &[Unreachable]),
    fetch(Around("backend ", ": fail errno 101 "), &[Connect], &[Unreachable]),
    fetch(Around("backend ", ": fail errno 112 "), &[Connect], &[Unreachable]),
    fetch(Around("backend ", ": fail errno 100 "), &[Connect], &[Unreachable]),
    fetch(Around("backend ", ": fail errno 104 "), &[Connect], &[Reset]),
    fetch(Around("backend ", ": fail errno 0 "), &[Connect], &[HeldDown]),
    fetch(Around("backend ", ": fail errno 99 "), &[Connect], &[NoPort]),
    fetch(Around("backend ", ": fail errno 24 "), &[Connect], &[NoFile]),
    fetch(Around("backend ", ": fail errno 23 "), &[Connect], &[NoFile]),
    fetch(Around("backend ", ": fail errno 13 "), &[Connect], &[Denied]),
    fetch(Around("backend ", ": fail errno 1 "), &[Connect], &[Denied]),
    // a UNIX socket without a listener behind it, or without a file
    fetch(Around("backend ", ": fail errno 2 "), &[Connect], &[Refused]),
    // a UNIX socket whose queue is full
    fetch(Around("backend ", ": fail errno 11 "), &[Connect], &[Timeout]),
    fetch(Around("backend ", ": fail errno "), &[Connect], &[Local]),
    fetch(Is("No backend connection (rollback?)"), &[Body], &[Policy]),
    fetch(Is("No thread available for bgfetch"), &[Choose], &[Threads]),
    fetch(Starts("shellac: ended by an administrator"), Phase::ALL, &[Policy]),
    // TLS
    fetch(
        Around("backend ", ": TLS: the certificate has expired"),
        &[Phase::Tls],
        &[Class::TlsDate],
    ),
    fetch(
        Around("backend ", ": TLS: the certificate is not valid yet"),
        &[Phase::Tls],
        &[Class::TlsDate],
    ),
    fetch(
        Around("backend ", ": TLS: the certificate is not for "),
        &[Phase::Tls],
        &[Class::TlsName],
    ),
    fetch(
        Around("backend ", ": TLS: the certificate is for another name"),
        &[Phase::Tls],
        &[Class::TlsName],
    ),
    fetch(
        Around("backend ", ": TLS: the backend has no certificate for this name"),
        &[Phase::Tls],
        &[Class::TlsName],
    ),
    fetch(
        Around("backend ", ": TLS: the certificate is from nobody who is believed"),
        &[Phase::Tls],
        &[Class::TlsIssuer],
    ),
    fetch(
        Around("backend ", ": TLS: the certificate is an authority's"),
        &[Phase::Tls],
        &[Class::TlsIssuer],
    ),
    fetch(Around("backend ", ": TLS: nothing in common"), &[Phase::Tls], &[Class::TlsVersion]),
    fetch(Around("backend ", ": TLS: what came is not TLS"), &[Phase::Tls], &[Class::TlsPlain]),
    fetch(
        Around("backend ", ": TLS: our certificate is not accepted"),
        &[Phase::Tls],
        &[Class::TlsOurs],
    ),
    fetch(Around("backend ", ": TLS: the other side closed"), &[Phase::Tls], &[Eof]),
    fetch(Around("backend ", ": TLS: errno "), &[Phase::Tls], &[Reset]),
    fetch(Around("backend ", ": TLS: timeout"), &[Phase::Tls], &[Timeout]),
    fetch(Around("backend ", ": TLS: not possible here"), &[Phase::Tls], &[Local]),
    fetch(Around("backend ", ": TLS: "), &[Phase::Tls], &[Class::Tls]),
    fetch(Starts("TLS: our certificate is not accepted"), &[Phase::Tls], &[Class::TlsOurs]),
    fetch(Is("TLS: ended without close_notify"), &[Body], &[Truncated]),
    fetch(Starts("TLS: "), &[FirstByte, Head, Body], &[Class::Tls]),
    // sending
    fetch(Around("backend ", ": proxy write errno "), &[Send], &[Eof, Reset]),
    fetch(Starts("backend write error: 0 "), &[Send], &[Client]),
    fetch(Starts("backend write error: 11 "), &[Send], &[Timeout]),
    fetch(Starts("backend write error: 110 "), &[Send], &[Timeout]),
    fetch(Starts("backend write error: "), &[Send], &[Eof, Reset]),
    fetch(Starts("req.body read error: 11 "), &[Send], &[ClientSlow]),
    fetch(Starts("req.body read error: 110 "), &[Send], &[ClientSlow]),
    fetch(Starts("req.body read error: "), &[Send], &[Client]),
    fetch(Is("Had failed reading req.body before."), &[Send], &[Client]),
    fetch(Is("Request body too big to cache"), &[Send], &[TooLarge]),
    fetch(Is("req.body filters failed"), &[Send], &[Filter]),
    fetch(Starts("H2: Request body error"), &[Send], &[Client]),
    fetch(Is("H2: Request body timed out"), &[Send], &[ClientSlow]),
    fetch(Is("Client closed"), &[Connect, Send, FirstByte, Head, Body], &[ClientLeft]),
    fetch(Is("shellac: the client takes its answer too slowly"), &[Body], &[ClientSlow]),
    fetch(Is("out of workspace"), &[Send, Head, Body], &[Workspace]),
    fetch(Starts("Failure to open V1L"), &[Send], &[Workspace]),
    fetch(Starts("Failure to push "), &[Send], &[Workspace]),
    // the head of the answer
    fetch(Is("first byte timeout"), &[FirstByte], &[Timeout]),
    fetch(Is("first byte timeout (reused connection)"), &[FirstByte], &[Timeout]),
    fetch(Is("timeout"), &[Head], &[Timeout]),
    fetch(Is("overflow"), &[Head], &[Overflow]),
    fetch(Is("Received junk"), &[Head], &[Junk]),
    fetch(Is("backend closed"), &[FirstByte], &[Eof, Reset]),
    fetch(Starts("HTC eof"), &[FirstByte, Head], &[Eof, Reset]),
    fetch(Starts("HTC timeout"), &[FirstByte, Head], &[Timeout]),
    fetch(Starts("HTC overflow"), &[Head], &[Overflow]),
    fetch(Starts("HTC junk"), &[Head], &[Junk]),
    fetch(Starts("HTC "), &[FirstByte, Head], &[Eof, Reset, Timeout, Overflow, Junk]),
    fetch(Is("http format error"), &[Head], &[Junk]),
    failed(Around("shellac: worker ", ") while this waited for "), Phase::ALL, &[Died]),
    failed(Is("shellac: transaction cut short"), Phase::ALL, &[Died]),
    failed(Is("304 response but not conditional fetch"), &[Head], &[Unasked]),
    failed(Is("Body cannot be fetched"), &[Head], &[Framing]),
    failed(Is("Invalid content-length header"), &[Head], &[Framing]),
    failed(Is("Invalid content-range header"), &[Head], &[Framing]),
    failed(Is("Unexpected content-range header"), &[Head], &[Unasked]),
    failed(Starts("Expected "), &[Head], &[Unasked]),
    // its body
    fetch(Is("Connection reset by peer"), &[Body], &[Reset]),
    fetch(Is("Broken pipe"), &[Body], &[Reset]),
    fetch(Is("Resource temporarily unavailable"), &[Body], &[Timeout]),
    fetch(Is("Connection timed out"), &[Body], &[Timeout]),
    fetch(Is("straight insufficient bytes"), &[Body], &[Truncated]),
    fetch(Is("eof socket fail"), &[Body], &[Truncated]),
    fetch(Is("chunked insufficient bytes"), &[Body], &[Truncated]),
    fetch(Is("chunked read err"), &[Body], &[Truncated]),
    fetch(Starts("chunked "), &[Body], &[Chunks]),
    fetch(Is("bogusly large chunk size"), &[Body], &[Chunks]),
    fetch(Starts("Invalid Gzip data"), &[Body], &[Coding]),
    fetch(Is("Junk after gzip data"), &[Body], &[Coding]),
    fetch(Starts("Gunzip error"), &[Body], &[Coding]),
    fetch(Is("tGunzip failed"), &[Body], &[Coding]),
    fetch(Is("Gzip failed"), &[Body], &[Local]),
    fetch(Is("ESI+Gzip Failed at the very end"), &[Body], &[Local]),
    // this machine
    fetch(Is("Could not get storage"), &[Body], &[Storage]),
    fetch(Starts("Could not allocate storage"), &[Body], &[Storage]),
    fetch(Starts("Object allocation failed"), &[Body], &[Storage]),
    fetch(Is("Template object failed"), &[Body], &[Storage]),
    fetch(Is("Workspace overflow"), &[Body], &[Workspace]),
    fetch(Starts("Fetch filter "), &[Body], &[Filter]),
    fetch(Starts("Fetch pipeline "), &[Body], &[Filter]),
    fetch(Around("Filter '", "' not found"), &[Body], &[Filter]),
    // older versions
    old(Is("no backend connection"), &[Choose, Connect], &[Sick, Timeout, Refused]),
    old(Is("http first read error: EOF"), &[FirstByte], &[Eof, Timeout]),
    old(Starts("http first read error: -1 104 "), &[FirstByte], &[Reset]),
    old(Starts("http first read error: -1 11 "), &[FirstByte], &[Timeout]),
    old(Starts("http first read error: -1 110 "), &[FirstByte], &[Timeout]),
    old(Starts("http first read error: "), &[FirstByte], &[Reset, Timeout]),
    old(Is("http read error: EOF"), &[Head], &[Eof, Timeout]),
    old(Starts("http read error: "), &[Head], &[Reset, Timeout]),
    old(Starts("HTC status "), &[FirstByte, Head], &[Eof, Reset, Timeout, Overflow, Junk]),
    old(Is("straight read_error"), &[Body], &[Truncated]),
];

/// What stands in `Error` and `VCL_Error` beside a failed fetch, or without one.
pub(super) const REMARKS: &[Text] = &[
    // Such an answer is not kept, and that is all.
    error(Is("Malformed Vary header"), &[Vary]),
    error(Is("Vary header maximum length exceeded"), &[Vary]),
    error(Is("Vary header name length exceeded"), &[Vary]),
    error(Starts("Illegal 'Vary' header from backend"), &[Vary]),
    error(Starts("Invalid range header"), &[ClientBad]),
    error(Starts("Failure to push ESI processors"), &[Workspace]),
    error(Starts("Retry not possible, "), &[NoReplay]),
    error(Starts("Note: Ignoring DURATION argument"), &[Harmless]),
    error(Starts("ESI corruption line "), &[Includes]),
    error(Starts("ESI-codes: "), &[Includes]),
    error(Starts("ESI-corruption: "), &[Includes]),
    error(Starts("Too many headers to Decode object"), &[Workspace]),
    error(Starts("out of workspace ("), &[Workspace]),
    error(Starts("insufficient workspace"), &[Workspace]),
    error(Starts("workspace_client overflow"), &[Workspace]),
    error(Starts("Out of workspace_session during "), &[Workspace]),
    error(Starts("Pool Herder: Queue does not move"), &[Threads]),
    error(Starts("Worker Pool Queue does not move"), &[Threads]),
    error(Starts("Kernel filtering: "), &[Kernel]),
    error(Starts("Kernel TCP Fast Open: "), &[Kernel]),
    error(Starts("MALLOC ERROR: "), &[Storage]),
    error(Starts("Malloc Error"), &[Storage]),
    error(Starts("Failed to create object from "), &[Storage]),
    error(Starts("H2: "), &[ClientBad]),
    error(Starts("ssl:"), &[Class::Tls]),
    error(Starts("SSL_write zero return"), &[Class::Tls]),
    error(Starts("esi can only be used on the client side"), &[Filter]),
    error(Starts("range can only be used on the client side"), &[Filter]),
    error(Starts("client closed while its request waited"), &[ClientLeft]),
    vcl(Is("Failed from VCL"), &[Policy]),
    vcl(Starts("Too many retries, "), &[TooOften]),
    vcl(Is("Too many restarts"), &[TooOften]),
    vcl(Is("Not after restarts"), &[Policy]),
    vcl(Is("Backend does not support pipe"), &[Policy]),
    vcl(Starts("Illegal return(vcl)"), &[Policy]),
    vcl(Starts("Multiple attempts to access non-cached req.body"), &[NoReplay]),
    vcl(Starts("Uncached req.body can only be consumed once"), &[NoReplay]),
    vcl(Starts("req.body must be cached before restarts"), &[NoReplay]),
    vcl(Starts("req.body can only be cached in vcl_recv"), &[Policy]),
    vcl(Starts("vcl_recv{} returns pipe for "), &[Harmless]),
    vcl(Starts("ESI depth limit reach"), &[Includes]),
    vcl(Starts("Attempted ESI on partial (206) response"), &[Includes]),
    vcl(Starts("Ignoring attempt to reset beresp.uncacheable"), &[Harmless]),
    vcl(Starts("VEP_Init() workspace overflow"), &[Workspace]),
    vcl(Starts("ban(): "), &[Policy]),
];
