//! HTTP/1.1 for a proxy: heads, body framing and header policy, without input or output.
//!
//! [`parse_request`] and [`parse_response`] turn the bytes received so far into a head or say that more
//! are needed; [`request_framing`] and [`response_framing`] say how long the body is; [`Decoder`] takes the
//! body's framing off and [`Encoder`] puts another one on, so that a chunked answer can go to an HTTP/1.0
//! client; [`Trailing`] knows which of the fields behind a body go with it.
//!
//! Strict on purpose: whatever two implementations could read in two ways is refused ([`HeadError`],
//! [`FramingError`], [`BodyError`]) and never repaired. Where the input was cut into reads makes no
//! difference to any result. Nothing here allocates by a number that the peer sent.
//!
//! No sockets, no clock, no retries: when to read, how long to wait and what to log is the proxy's affair.

pub mod body;
mod culprit;
pub mod decimal;
pub mod encode;
mod error;
pub mod framing;
pub mod head;
mod headers;
mod names;
mod plain;
pub mod policy;
mod preamble;
mod request;
mod response;
mod scan;
mod target;
pub mod trailers;
pub mod write;

pub use body::{BodyError, Decoded, Decoder};
pub use culprit::culprit;
pub use decimal::Decimal;
pub use encode::{EncodeError, Encoder};
pub use error::{FramingError, HeadError};
pub use framing::{BodyFraming, request_framing, response_framing};
pub use head::{
    Limits, Parse, RequestHead, ResponseHead, Version, parse_request, parse_request_into,
    parse_response, parse_response_into,
};
pub use headers::{Header, Headers, Line, Values};
pub use names::{Known, Wanted};
pub use preamble::{
    Ends, PREAMBLE_BYTES, Preamble, PreambleError, PreambleProgress, PreambleVersion,
    parse_preamble, preamble,
};
pub use trailers::Trailing;

#[cfg(test)]
mod tests;
