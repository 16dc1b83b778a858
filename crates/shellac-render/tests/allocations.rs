//! A line of an access log costs no allocation: counted.

use std::alloc::System;

use shellac_format::record::encode_text;
use shellac_format::{Dialect, Side, Tag, Vxid};
use shellac_log::{Compat, Group, Transaction};
use shellac_render::lines::Text;
use shellac_render::ncsa::{Extensions, Format, FormatOptions, LineMaker, Preset};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DIALECT: Dialect = Dialect::V6_0;

fn transaction(vxid: u64, side: Side, records: &[(Tag, &str)]) -> Transaction {
    let mut bytes = Vec::new();
    for (tag, text) in records {
        let number = tag.number(DIALECT).expect("a tag of the dialect");
        let layout = DIALECT.layout();
        encode_text(&mut bytes, layout, number, Vxid(vxid), side, text.as_bytes(), 1024);
    }
    Transaction::from_records(DIALECT, 1, bytes).expect("they are whole")
}

/// A request with an attempt that failed and one that did not, which began in this second.
fn group(second: u32) -> Group {
    let start = format!("Start: {}.500000 0.000000 0.000000", 1_795_304_400 + second);
    let request = transaction(
        2,
        Side::Client,
        &[
            (Tag::Begin, "req 1 rxreq"),
            (Tag::Timestamp, &start),
            (Tag::ReqStart, "192.0.2.1 40000 a0"),
            (Tag::ReqMethod, "GET"),
            (Tag::ReqUrl, "/a?b=\"c\""),
            (Tag::ReqProtocol, "HTTP/1.1"),
            (Tag::ReqHeader, "Host: shop.example"),
            (Tag::ReqHeader, "Authorization: Basic dXNlcjpwYXNz"),
            (Tag::ReqHeader, "User-Agent: caf\u{e9}"),
            (Tag::VclCall, "RECV"),
            (Tag::VclCall, "PASS"),
            (Tag::RespStatus, "200"),
            (Tag::VclLog, "key: value"),
            (Tag::ReqAcct, "1 2 3 4 5 6"),
            (Tag::End, ""),
        ],
    );
    let attempt = |vxid, begin: &str, error: &[(Tag, &str)]| {
        let first = [
            (Tag::Begin, begin),
            (Tag::Timestamp, "Fetch: 1795304400.500000 0.000100 0.000100"),
            (Tag::BackendOpen, "1 b 127.0.0.1 80 127.0.0.1 4 connect"),
        ];
        let last = [(Tag::BerespStatus, "503"), (Tag::End, "")];
        transaction(vxid, Side::Backend, &[&first, error, &last].concat())
    };
    let failed = attempt(3, "bereq 2 pass", &[(Tag::FetchError, "first byte timeout")]);
    Group { transactions: vec![request, failed, attempt(4, "bereq 3 retry", &[])] }
}

// The count is of the whole process, so there is no test harness, whose thread allocates when it likes.
fn main() {
    let options = FormatOptions {
        compat: Compat::V7,
        extensions: Extensions::Own,
        ..FormatOptions::default()
    };
    let all = b"%h %u %t %{%c %s}t \"%r\" %s %b %I %O %D %T %{Host}i %{X}o %{VCL_Log:key}x %{VSL:ReqAcct[2]}x %{Varnish:handling}x %{upstream_addr}x %{upstream_status}x %{upstream_response_time}x";
    let presets = Preset::WORDS.map(|(_, preset)| Format::preset(preset, options));
    let formats =
        [Format::default_with(options), Format::parse(all, options)].into_iter().chain(presets);
    for format in formats {
        let mut lines = LineMaker::new(&format.expect("a format"), DIALECT);
        let mut out = Text::with_capacity(1 << 20);
        // The first makes room for whatever is used again, and looks at the clock's zone.
        lines.group(&group(0), &mut out);
        let groups: Vec<Group> = (1..100).map(group).collect();
        let region = Region::new(COUNTED);
        let count: usize = groups.iter().map(|group| lines.group(group, &mut out)).sum();
        let change = region.change();
        assert_eq!((change.allocations, change.reallocations), (0, 0));
        // Attempts here have no start, so formats with a moment leave them out.
        assert!([99, 3 * 99].contains(&count), "{count}");
    }
}
