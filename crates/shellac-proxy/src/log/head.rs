//! The eight kinds of records of an HTTP head, for each of the four heads of a transaction.

use shellac_format::Tag;

use super::rows::Row;

/// The tags of one head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadTags {
    pub(crate) method: Tag,
    pub(crate) url: Tag,
    pub(crate) protocol: Tag,
    pub(crate) status: Tag,
    pub(crate) reason: Tag,
    pub(crate) header: Tag,
    pub(crate) unset: Tag,
    /// What the head of a response begins with that says `200 OK`.
    pub(super) ok: Option<Row>,
}

impl HeadTags {
    /// A client's request.
    pub(crate) const REQ: HeadTags = HeadTags {
        method: Tag::ReqMethod,
        url: Tag::ReqUrl,
        protocol: Tag::ReqProtocol,
        status: Tag::ReqStatus,
        reason: Tag::ReqReason,
        header: Tag::ReqHeader,
        unset: Tag::ReqUnset,
        ok: None,
    };
    /// The response to a client.
    pub(crate) const RESP: HeadTags = HeadTags {
        method: Tag::RespMethod,
        url: Tag::RespUrl,
        protocol: Tag::RespProtocol,
        status: Tag::RespStatus,
        reason: Tag::RespReason,
        header: Tag::RespHeader,
        unset: Tag::RespUnset,
        ok: Some(Row::RespOk),
    };
    /// A request to a backend.
    pub(crate) const BEREQ: HeadTags = HeadTags {
        method: Tag::BereqMethod,
        url: Tag::BereqUrl,
        protocol: Tag::BereqProtocol,
        status: Tag::BereqStatus,
        reason: Tag::BereqReason,
        header: Tag::BereqHeader,
        unset: Tag::BereqUnset,
        ok: None,
    };
    /// A backend's response.
    pub(crate) const BERESP: HeadTags = HeadTags {
        method: Tag::BerespMethod,
        url: Tag::BerespUrl,
        protocol: Tag::BerespProtocol,
        status: Tag::BerespStatus,
        reason: Tag::BerespReason,
        header: Tag::BerespHeader,
        unset: Tag::BerespUnset,
        ok: Some(Row::BerespOk),
    };
}
