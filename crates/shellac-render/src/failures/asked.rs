//! What a client asked for.

use shellac_format::Tag;
use shellac_log::Transaction;

use super::{MAX_NAME, MAX_TEXT, cut};
use crate::trace::{Header, join};
use crate::visible;

/// What a client asked for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) client: String,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) host: String,
}

impl Asked {
    /// The first of each: what VCL makes of a request comes later.
    pub(super) fn of(transaction: &Transaction) -> Asked {
        let mut asked = Asked::default();
        let first = |slot: &mut String, text: &[u8]| {
            if slot.is_empty() {
                *slot = visible(text);
            }
        };
        for record in transaction.records() {
            let text = record.text();
            match record.tag {
                Some(Tag::ReqStart) if asked.client.is_empty() => {
                    let mut fields = text.split(|&byte| byte == b' ');
                    let mut next = || fields.next().map(|field| visible(cut(field, MAX_NAME)));
                    asked.client =
                        next().zip(next()).map(|client| join(&client)).unwrap_or_default();
                }
                Some(Tag::ReqMethod) => first(&mut asked.method, cut(text, MAX_NAME)),
                Some(Tag::ReqUrl) => first(&mut asked.url, cut(text, MAX_TEXT)),
                Some(Tag::ReqHeader) if asked.host.is_empty() => {
                    if let Some(header) = Header::parse(cut(text, MAX_NAME))
                        && header.name.eq_ignore_ascii_case(b"host")
                    {
                        asked.host = visible(&header.value);
                    }
                }
                _ => {}
            }
        }
        asked
    }
}
