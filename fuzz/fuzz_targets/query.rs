//! Any text is a query, which then has an answer for any record, or has a mistake whose place lies inside it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shellac_format::{Tag, Vxid};
use shellac_query::{Compat, Heard, HeardTransaction, Listener, Options, Query, QueryError};

fuzz_target!(|data: &[u8]| {
    let [control, data @ ..] = data else { return };
    // The first zero ends the query; the rest is what it is asked about.
    let end = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
    let (text, payload) = data.split_at(end);
    let compat = if control & 1 == 0 { Compat::V7 } else { Compat::V9 };
    let options = Options { compat, caseless: control & 2 != 0 };
    match Query::parse_with(text, options) {
        Ok(query) => {
            let listener = Listener::new(query.clone());
            for tag in query.tags().iter().take(3) {
                let selects = query.selects_record(Vxid(5), Some(tag), payload);
                let mut heard = Heard::default();
                listener.hear(tag, payload, &mut heard);
                let alone = [HeardTransaction { level: 0, vxid: Vxid(5), heard }];
                assert!(listener.verdict(&alone).is_none_or(|verdict| verdict == selects));
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
