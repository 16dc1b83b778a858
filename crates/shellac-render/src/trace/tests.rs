//! Whatever a log says, a trace comes out, and it fits the page.

use proptest::prelude::*;
use shellac_format::{Tag, Vxid};
use shellac_log::Transaction;

use super::written::transaction;
use super::{HtmlOptions, Options, Trace, TraceData, Zone, curl, html, render};

/// Tags that a trace looks at, each with texts that are right, nearly right and wrong.
fn any_record() -> impl Strategy<Value = (Tag, String)> {
    let tag = prop::sample::select(vec![
        Tag::Begin,
        Tag::Link,
        Tag::End,
        Tag::Timestamp,
        Tag::BackendOpen,
        Tag::BackendClose,
        Tag::FetchError,
        Tag::Error,
        Tag::VclLog,
        Tag::VclCall,
        Tag::VclReturn,
        Tag::BereqUrl,
        Tag::BereqHeader,
        Tag::BereqUnset,
        Tag::BerespProtocol,
        Tag::BerespStatus,
        Tag::BerespHeader,
        Tag::BereqAcct,
        Tag::Length,
        Tag::ReqStart,
        Tag::ReqMethod,
        Tag::ReqHeader,
        Tag::RespStatus,
        Tag::ReqAcct,
        Tag::PipeAcct,
        Tag::SessOpen,
        Tag::SessClose,
        Tag::HttpGarbage,
    ]);
    let words = prop::sample::select(vec![
        "bereq",
        "req",
        "sess",
        "1",
        "2",
        "3",
        "4",
        "retry",
        "restart",
        "esi",
        "rxreq",
        "pass",
        "0",
        "Bereq:",
        "Beresp:",
        "Start:",
        "1.000000",
        "0.004635",
        "-1",
        "99999999999999999999",
        "connect",
        "reuse",
        "close",
        "127.0.0.1",
        "::1",
        "HTC eof (-1)",
        "straight insufficient bytes",
        "backend b: fail errno 111 (x)",
        "fetch.phase:body",
        "fetch.expected:18446744073709551615",
        "fetch.reused:1",
        "BACKEND_ERROR",
        "BACKEND_RESPONSE",
        "Content-Length:",
        "503",
        "\u{1b}[2J",
        "a-very-long-word-without-any-blank-in-it-that-is-wider-than-a-page-of-forty-columns-and-more",
    ]);
    (tag, prop::collection::vec(words, 0..8).prop_map(|words| words.join(" ")))
}

fn any_log() -> impl Strategy<Value = Vec<Transaction>> {
    let one = (1u64..5, prop::collection::vec(any_record(), 0..20));
    prop::collection::vec(one, 1..5).prop_map(|all| {
        let made = all.iter().map(|(vxid, records)| {
            let records: Vec<(Tag, &str)> =
                records.iter().map(|(tag, text)| (*tag, text.as_str())).collect();
            transaction(*vxid, &records)
        });
        made.filter(|transaction| transaction.vxid != Vxid(0)).collect()
    })
}

proptest! {
    #[test]
    fn any_log_gives_a_page_of_its_width(log in any_log(), width in 60usize..130, color: bool) {
        for focus in 1..5 {
            let there = log.iter().any(|transaction| transaction.vxid == Vxid(focus));
            let trace = Trace::build(&log, Vxid(focus));
            prop_assert_eq!(trace.is_some(), there);
            let Some(trace) = trace else { continue };
            prop_assert!(trace.focused().is_some());
            let plain = Options { width, color: false, zone: Zone::Utc, bar_width: width };
            let text = render(&trace, &plain);
            prop_assert!(text.lines().all(|line| line.chars().count() <= width), "{}", text);
            prop_assert!(!text.contains('\x1b'));
            let data = serde_json::to_string(&TraceData::new(&trace)).expect("plain data");
            prop_assert!(data.chars().all(|c| (' '..='~').contains(&c)), "{}", data);
            let page = html(std::slice::from_ref(&trace), &[], &HtmlOptions { zone: Zone::Utc, redacted: true });
            prop_assert!(page.chars().all(|c| c == '\n' || !c.is_control()), "{}", page);
            if let Ok(command) = curl(&trace) {
                prop_assert!(command.is_ascii() && !command.contains('\x1b'), "{}", command);
            }
            let colored = render(&trace, &Options { color, ..plain });
            prop_assert_eq!(colored.lines().count(), text.lines().count());
        }
    }
}
