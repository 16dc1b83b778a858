//! The numbers of traces and spans: those that a request brought along, and others that come out the same whenever the
//! same group is exported.

use std::fmt::Write;

/// A trace, and the span in it that is above ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Context {
    pub(super) trace: u128,
    /// 0 for none.
    pub(super) parent: u64,
    /// Of the trace, from whoever began it.
    pub(super) is_sampled: bool,
}

impl Context {
    /// Reads the value of a `traceparent` header: `00-TRACE-SPAN-FLAGS`, lower case. Later versions may say more behind it.
    pub(super) fn parse(value: &[u8]) -> Option<Context> {
        let value = str::from_utf8(value.trim_ascii()).ok()?;
        let mut parts = value.split('-');
        let mut hex = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            part.bytes().all(is_hex).then_some(part)
        };
        let (version, trace, parent, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
        if version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|&trace| trace != 0)?;
        let parent = u64::from_str_radix(parent, 16).ok().filter(|&parent| parent != 0)?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Context { trace, parent, is_sampled: flags & 1 == 1 })
    }

    /// The one of a group that brought none: made of the service, the number of the top and when it began.
    pub(super) fn of_group(service: &str, vxid: u64, start_nanos: u64) -> Context {
        let mut seed = mixed(vxid ^ mixed(start_nanos));
        for &byte in service.as_bytes() {
            seed = mixed(seed ^ u64::from(byte));
        }
        let high = mixed(seed);
        let trace = u128::from(high) << 64 | u128::from(mixed(high));
        Context { trace: trace.max(1), parent: 0, is_sampled: false }
    }

    /// The number of the span of a transaction in this trace.
    pub(super) fn span(&self, vxid: u64, start_nanos: u64) -> u64 {
        let [high, low] = [self.trace >> 64, self.trace]
            .map(|half| u64::try_from(half & u128::from(u64::MAX)).expect("64 bits are left"));
        mixed(vxid ^ mixed(start_nanos ^ mixed(high ^ mixed(low)))).max(1)
    }
}

/// Spreads every bit over all of them: the finisher of splitmix64.
pub(super) const fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A number of a trace as OTLP writes it in JSON.
pub(super) fn trace_digits(trace: u128) -> String {
    digits(format_args!("{trace:032x}"))
}

/// A number of a span, likewise; none for 0.
pub(super) fn span_digits(span: u64) -> String {
    if span == 0 { String::new() } else { digits(format_args!("{span:016x}")) }
}

fn digits(arguments: std::fmt::Arguments<'_>) -> String {
    let mut text = String::with_capacity(32);
    // Writing to a string cannot fail.
    let _ = text.write_fmt(arguments);
    text
}

#[cfg(test)]
mod tests;
