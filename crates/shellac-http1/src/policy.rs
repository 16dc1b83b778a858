//! Which header fields go on to the other side, and whether a connection lives on.

use crate::framing::BodyFraming;
use crate::head::{RequestHead, ResponseHead, Version};
use crate::headers::Headers;
use crate::names::{Known, Names};

/// Fields that speak about one connection only.
const HOP_BY_HOP: Names = Names::of(&[
    Known::Connection,
    Known::Http2Settings,
    Known::KeepAlive,
    Known::ProxyAuthenticate,
    Known::ProxyAuthorization,
    Known::ProxyConnection,
    Known::Te,
    Known::Trailer,
    Known::TransferEncoding,
    Known::Upgrade,
]);

/// Fields that `Connection` cannot take away: without them the message would mean something else.
const NOT_NOMINATED: Names =
    Names::of(&[Known::ContentLength, Known::Host, Known::TransferEncoding]);

/// What `Connection` says of the connection itself.
const KEEP_ALIVE: &str = "keep-alive";
const CLOSE: &str = "close";

/// Removes what concerns one connection only, from a request or a response: the hop-by-hop fields and those
/// that `Connection` names.
///
/// Transfer-Encoding goes too; [`BodyFraming::set`] or [`frame_response`] puts the framing of the next hop in
/// its place. So does `Trailer`; what may be said of it to the next hop is in [`Trailing`](crate::Trailing).
#[inline]
pub fn strip_hop_by_hop(headers: &mut Headers) {
    // Without any of these nothing is nominated either.
    if headers.has_one_of(HOP_BY_HOP) {
        strip(headers);
    }
}

fn strip(headers: &mut Headers) {
    let nominated = nominated(headers);
    headers.remove_all(HOP_BY_HOP);
    if !nominated.is_empty() {
        let is_nominated =
            |name: &[u8]| nominated.iter().any(|nominated| name.eq_ignore_ascii_case(nominated));
        headers.retain(|header| !is_nominated(header.name));
    }
}

/// Whether a head says of its connection what most say that say something, and in the usual way, or nothing.
#[inline]
fn is_usual(headers: &Headers) -> bool {
    !headers.may_repeat(Known::Connection)
        && headers.get(Known::Connection).is_none_or(|value| value == KEEP_ALIVE.as_bytes())
}

/// What `Connection` takes away besides the hop-by-hop fields.
pub(crate) fn nominated(headers: &Headers) -> Vec<Vec<u8>> {
    let names_no_field = |value: &[u8]| {
        let is = |usual: &str| value.eq_ignore_ascii_case(usual.as_bytes());
        is(KEEP_ALIVE) || is(CLOSE)
    };
    if is_usual(headers) || headers.values(Known::Connection).all(names_no_field) {
        return Vec::new();
    }
    headers
        .tokens(Known::Connection)
        .filter(|token| {
            let known = Known::of(token);
            known.is_none_or(|known| !NOT_NOMINATED.has(known) && !HOP_BY_HOP.has(known))
        })
        .filter(|token| !token.eq_ignore_ascii_case(b"close"))
        .map(<[u8]>::to_owned)
        .collect()
}

pub(crate) fn is_hop_by_hop(name: &[u8]) -> bool {
    Known::of(name).is_some_and(|known| HOP_BY_HOP.has(known))
}

pub(crate) fn is_one_of(name: &[u8], names: &[&str]) -> bool {
    names.iter().any(|candidate| name.eq_ignore_ascii_case(candidate.as_bytes()))
}

/// Removes from an interim (1xx) head what the next hop must not see: as [`strip_hop_by_hop`], and a Content-Length, for no
/// body follows.
pub fn strip_interim(headers: &mut Headers) {
    strip_hop_by_hop(headers);
    headers.remove("content-length");
}

/// Whether the client wants its connection kept after the answer.
///
/// An unread request body, an answer framed by close or a broken one are reasons to close all the same.
#[inline]
pub fn client_keeps_alive(head: &RequestHead) -> bool {
    keeps_alive(head.version, &head.headers)
}

/// Whether the backend's connection can carry another request once the body has been read to its end.
///
/// Not after a body that ends with the connection, nor after a message with both Transfer-Encoding and
/// Content-Length or with Transfer-Encoding in HTTP/1.0: the other side may have meant another end. Nor after a 204 that
/// announces a body: whoever does that may send one, and it would be the answer to the next request.
#[inline]
pub fn response_persistent(head: &ResponseHead, framing: BodyFraming) -> bool {
    let coded = head.headers.contains(Known::TransferEncoding);
    let long = |length: &[u8]| length.iter().any(|digit| *digit != b'0');
    let is_mistaken =
        head.status == 204 && (coded || head.headers.values(Known::ContentLength).any(long));
    framing != BodyFraming::Eof
        && !is_mistaken
        && !(coded
            && (head.headers.contains(Known::ContentLength) || head.version == Version::Http10))
        && keeps_alive(head.version, &head.headers)
}

#[inline]
fn keeps_alive(version: Version, headers: &Headers) -> bool {
    if !is_usual(headers) && headers.has_token(Known::Connection, CLOSE) {
        return false;
    }
    match version {
        Version::Http11 => true,
        Version::Http10 => headers.has_token(Known::Connection, KEEP_ALIVE),
    }
}

/// Whether the client waits for `100 Continue` before it sends its body.
#[inline]
pub fn expects_continue(head: &RequestHead) -> bool {
    head.version == Version::Http11 && head.headers.has_token(Known::Expect, "100-continue")
}

/// Whether interim (1xx) heads may be relayed to the client: HTTP/1.0 knows none.
pub fn takes_interim(head: &RequestHead) -> bool {
    head.version == Version::Http11
}

/// The protocols among `known`, in lower case, to which the client wants to change, in its order and as one value for
/// `Upgrade`; `None` when there is nothing to change to.
///
/// To be asked before [`strip_hop_by_hop`]. HTTP/1.0 cannot, and neither can a request with a body: where that ends and the other
/// protocol begins would be another thing to agree on.
#[inline]
pub fn wanted_upgrade(
    head: &RequestHead,
    framing: BodyFraming,
    known: &[String],
) -> Option<Vec<u8>> {
    let may = head.version == Version::Http11
        && framing.is_empty()
        && !known.is_empty()
        && head.headers.has_token(Known::Connection, "upgrade");
    if !may {
        return None;
    }
    let is_known =
        |token: &&[u8]| known.iter().any(|known| token.eq_ignore_ascii_case(known.as_bytes()));
    let found: Vec<&[u8]> = head.headers.tokens(Known::Upgrade).filter(is_known).collect();
    (!found.is_empty()).then(|| found.join(&b", "[..]))
}

/// Writes into a head, request or response, that its connection changes to `protocols`.
pub fn set_upgrade(headers: &mut Headers, protocols: &[u8]) {
    headers.set(Known::Upgrade, protocols);
    headers.set(Known::Connection, "Upgrade");
}

/// Whether a 101 changes to protocols that were asked for, and to nothing else.
pub fn is_accepted(request: &RequestHead, response: &ResponseHead) -> bool {
    let mut protocols = response.headers.tokens(Known::Upgrade).peekable();
    let asked = |token: &[u8]| {
        request.headers.tokens(Known::Upgrade).any(|asked| asked.eq_ignore_ascii_case(token))
    };
    response.headers.has_token(Known::Connection, "upgrade")
        && protocols.peek().is_some()
        && protocols.all(asked)
}

/// Whether sending the same request twice means the same as sending it once.
pub fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
}

/// Writes the framing `towards` the client into the head of a response, and whether its connection stays.
///
/// `headers` are those of the backend after [`strip_hop_by_hop`]. An answer to HEAD and a 304 keep the
/// Content-Length that the body would have had; a 204 and 1xx have none. `keep` is the proxy's decision: it
/// has to be false when `towards` is [`BodyFraming::Eof`].
pub fn frame_response(
    headers: &mut Headers,
    status: u16,
    towards: BodyFraming,
    client: Version,
    keep: bool,
) {
    if towards != BodyFraming::None {
        towards.set(headers);
    } else if status < 200 || status == 204 {
        headers.remove(Known::ContentLength);
    } else {
        headers.keep_first(Known::ContentLength);
    }
    headers.remove(Known::Connection);
    match (keep && towards != BodyFraming::Eof, client) {
        (true, Version::Http10) => headers.push(Known::Connection, KEEP_ALIVE),
        (false, _) => headers.push(Known::Connection, CLOSE),
        (true, Version::Http11) => {}
    }
}

#[cfg(test)]
mod tests;
