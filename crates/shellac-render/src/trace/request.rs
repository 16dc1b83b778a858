//! What a `req` and a `sess` transaction say.

use shellac_format::Tag;
use shellac_log::Transaction;

use super::attempt::{AnswerHead, RequestHead, Step, quoted};
use super::fields::{Acct, Stamp, fields, join, number};
use crate::visible;

/// Everything that a `req` transaction says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The request as it was received.
    pub request: RequestHead,
    /// Address and port of the client.
    pub client: Option<String>,
    /// The listener that it came in by.
    pub listener: Option<String>,
    /// What was answered.
    pub answer: AnswerHead,
    /// Timestamps, in order.
    pub steps: Vec<Step>,
    /// Traffic.
    pub acct: Option<Acct>,
    /// Bytes from and to the client through a pipe.
    pub piped: Option<(u64, u64)>,
    /// How the cache took it: `hit`, `miss`, `pass`, `pipe`, `synth`; empty when not recorded.
    pub handling: &'static str,
    /// Error texts: of reading the client's body, of VCL and others.
    pub errors: Vec<String>,
    /// Why it was refused, with the line that it was refused for where there is one.
    pub refused: Option<String>,
    /// Bytes that could not be parsed as HTTP.
    pub garbage: Option<String>,
}

/// Begins the record of our proxy that says why a request is refused.
const REFUSED: &[u8] = b"http.refused:";

const REQ: [Tag; 5] =
    [Tag::ReqMethod, Tag::ReqUrl, Tag::ReqProtocol, Tag::ReqHeader, Tag::ReqUnset];
const RESP: [Tag; 5] =
    [Tag::RespProtocol, Tag::RespStatus, Tag::RespReason, Tag::RespHeader, Tag::RespUnset];

impl Request {
    /// Reads the records of a `req`.
    pub fn read(transaction: &Transaction) -> Request {
        let mut request = Request::default();
        let (mut received, mut failed) = (false, false);
        for record in transaction.records() {
            let Some(tag) = record.tag else { continue };
            let text = record.text();
            match tag {
                Tag::Timestamp => {
                    let Some(stamp) = Stamp::parse(text) else { continue };
                    request.steps.push(Step { stamp, failed });
                    failed = false;
                }
                Tag::ReqStart => {
                    let mut fields = fields(text).map(visible);
                    let client = (fields.next(), fields.next());
                    request.client = client.0.zip(client.1).map(|client| join(&client));
                    request.listener = fields.next();
                }
                Tag::FetchError => {
                    failed = true;
                    request.errors.push(visible(text));
                }
                Tag::BogoHeader => request.refused = Some(visible(text)),
                Tag::VclLog if text.starts_with(REFUSED) => {
                    request.refused.get_or_insert_with(|| visible(&text[REFUSED.len()..]));
                }
                Tag::Error | Tag::VclError => request.errors.push(visible(text)),
                Tag::HttpGarbage => {
                    request.garbage = quoted(&record);
                }
                Tag::ReqAcct => request.acct = Acct::parse(text),
                Tag::PipeAcct => {
                    let numbers: Vec<u64> = fields(text).map_while(number).collect();
                    request.piped = numbers.get(2).copied().zip(numbers.get(3).copied());
                }
                Tag::VclCall => {
                    // What VCL makes of the request is not what was received.
                    received = true;
                    request.handling = match text {
                        b"HIT" => "hit",
                        b"MISS" => "miss",
                        b"PASS" => "pass",
                        b"PIPE" => "pipe",
                        b"SYNTH" if request.handling.is_empty() => "synth",
                        b"PURGE" => "purge",
                        _ => request.handling,
                    };
                }
                _ if !received => request.request.take(REQ, &record),
                _ => {}
            }
            request.answer.take(RESP, &record);
        }
        request
    }
}

/// Everything that a `sess` transaction says about itself, as far as a trace shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// Address and port of the client.
    pub client: Option<String>,
    /// The listener.
    pub listener: Option<String>,
    /// The listener's address and port that the client connected to; `None` for a UNIX socket.
    pub local: Option<String>,
    /// Why it was closed: `REM_CLOSE` ...
    pub close: Option<String>,
}

impl Session {
    /// Reads the records of a `sess`.
    pub fn read(transaction: &Transaction) -> Session {
        let mut session = Session::default();
        for record in transaction.records() {
            let mut fields = fields(record.text()).map(visible);
            match record.tag {
                Some(Tag::SessOpen) => {
                    let client = (fields.next(), fields.next());
                    session.client = client.0.zip(client.1).map(|client| join(&client));
                    session.listener = fields.next();
                    let local = fields.next().zip(fields.next());
                    session.local = local.filter(|(_, port)| port != "0").map(|it| join(&it));
                }
                Some(Tag::SessClose) => session.close = fields.next(),
                _ => {}
            }
        }
        session
    }
}
