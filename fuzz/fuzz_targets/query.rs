//! Any text is a query, which then has an answer for any record, or has a mistake whose place lies inside it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shellac_format::{Tag, Vxid};
use shellac_query::{Compat, Options, Query, QueryError};

fuzz_target!(|data: &[u8]| {
    let [control, data @ ..] = data else { return };
    // The first zero ends the query; the rest is what it is asked about.
    let end = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
    let (text, payload) = data.split_at(end);
    let compat = if control & 1 == 0 { Compat::V7 } else { Compat::V9 };
    let options = Options { compat, caseless: control & 2 != 0 };
    match Query::parse_with(text, options) {
        Ok(query) => {
            for tag in query.tags().iter().take(3) {
                query.selects_record(Vxid(5), Some(tag), payload);
            }
            let untagged = query.selects_record(Vxid(5), None, payload);
            if !query.tags().contains(Tag::ReqUrl) {
                assert_eq!(query.selects_record(Vxid(5), Some(Tag::ReqUrl), payload), untagged);
            }
        }
        Err(QueryError::Text { span, inside, .. }) => {
            assert!(span.start <= span.end && span.end <= text.len());
            assert!(inside.unwrap_or(0) <= span.len());
        }
        Err(_) => {}
    }
});
