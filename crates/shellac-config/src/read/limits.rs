//! Times, sizes and numbers, from their tables.

use std::path::PathBuf;

use super::number;
use crate::section::{At, Problems, Section, deadline, duration, size, text};
use crate::types::{BodyConfig, BodyOver, Limits, RouteTimeouts, Timeouts};

/// Longest body that can be kept: it is on a disk.
const BODY_MOST: u64 = 1 << 40;
/// Most of a body that can be kept in memory.
const MEMORY_MOST: u64 = 1 << 30;

pub(super) fn read_timeouts(mut section: Section<'_, '_>, problems: &mut Problems) -> Timeouts {
    let default = Timeouts::default();
    let total = section.take(problems, "total", deadline);
    let pipe_total = section.take(problems, "pipe_total", deadline);
    for key in ["total", "pipe_total"] {
        section.absent(problems, key, &"none".to_owned());
    }
    let timeouts = Timeouts {
        connect: section.or(problems, "connect", default.connect, duration),
        first_byte: section.or(problems, "first_byte", default.first_byte, duration),
        between_bytes: section.or(problems, "between_bytes", default.between_bytes, duration),
        client_head: section.or(problems, "client_head", default.client_head, duration),
        client_idle: section.or(problems, "client_idle", default.client_idle, duration),
        client_body: section.or(problems, "client_body", default.client_body, duration),
        send: section.or(problems, "send", default.send, duration),
        backend_idle: section.or(problems, "backend_idle", default.backend_idle, duration),
        total: total.map_or(default.total, |found| found.value),
        linger: section.or(problems, "linger", default.linger, duration),
        pipe_idle: section.or(problems, "pipe_idle", default.pipe_idle, duration),
        pipe_total: pipe_total.map_or(default.pipe_total, |found| found.value),
    };
    section.finish(problems);
    timeouts
}

pub(super) fn read_route(mut section: Section<'_, '_>, problems: &mut Problems) -> RouteTimeouts {
    let mut own = |key| section.take(problems, key, duration).map(|found| found.value);
    let (first_byte, between_bytes) = (own("first_byte"), own("between_bytes"));
    let (send, client_body) = (own("send"), own("client_body"));
    let pipe_idle = own("pipe_idle");
    let mut own = |key| section.take(problems, key, deadline).map(|found| found.value);
    let (total, pipe_total) = (own("total"), own("pipe_total"));
    section.finish(problems);
    RouteTimeouts { first_byte, between_bytes, send, client_body, total, pipe_idle, pipe_total }
}

pub(super) fn read_limits(mut section: Section<'_, '_>, problems: &mut Problems) -> Limits {
    let default = Limits::default();
    let rates = 0..=1 << 30;
    let limits = Limits {
        head_bytes: section.size_or(problems, "head_bytes", default.head_bytes, 1024..=1 << 20),
        headers: section.or(problems, "headers", default.headers, |value| number(value, 8..=1024)),
        idle_per_backend: section.or(
            problems,
            "idle_per_backend",
            default.idle_per_backend,
            |value| number(value, 0..=65536),
        ),
        pipe_max: section
            .or(problems, "pipe_max", default.pipe_max, |value| number(value, 0..=1 << 20)),
        client_body_rate: section.size_or(
            problems,
            "client_body_rate",
            default.client_body_rate,
            rates.clone(),
        ),
        response_rate: section.size_or(
            problems,
            "response_rate",
            default.response_rate,
            rates.clone(),
        ),
        delivery_rate: section.size_or(
            problems,
            "delivery_rate",
            default.delivery_rate,
            rates.clone(),
        ),
        rate_grace: section.or(problems, "rate_grace", default.rate_grace, duration),
    };
    section.finish(problems);
    limits
}

pub(super) fn read_body(mut section: Section<'_, '_>, problems: &mut Problems) -> BodyConfig {
    let default = BodyConfig::default();
    let over = [("stream", BodyOver::Stream), ("refuse", BodyOver::Refuse)];
    let memory = section.take(problems, "memory", |value| size(value, 0..=MEMORY_MOST));
    let limit = section.take(problems, "limit", |value| size(value, 0..=BODY_MOST));
    let total = section.take(problems, "total", |value| size(value, 0..=BODY_MOST));
    let dir = section.or(problems, "dir", default.dir, |value| {
        let path = PathBuf::from(text(value)?);
        if path.is_absolute() {
            Ok(path)
        } else {
            Err(format!("`{}` is not an absolute path", path.display()))
        }
    });
    let over = section.choice(problems, "over", default.over, &over);
    let limit_bytes = limit.as_ref().map_or(default.limit_bytes, |found| found.value);
    if let (Some(At { value, at }), Some(limit)) = (&memory, &limit)
        && *value > limit.value
    {
        problems.add(*at, section.key("memory"), "is more than `limit`, so no file is ever used");
    }
    // What of a body can be in a file.
    let memory_bytes = memory.map_or(default.memory_bytes, |found| found.value).min(limit_bytes);
    let total_bytes = total.as_ref().map_or(default.total_bytes, |found| found.value);
    if limit_bytes - memory_bytes > total_bytes {
        let (key, at) = match (&total, &limit) {
            (Some(At { at, .. }), _) => ("total", *at),
            (None, Some(At { at, .. })) => ("limit", *at),
            (None, None) => ("limit", section.at),
        };
        let reason = "a single body that is as long as `limit` does not fit into `total`";
        problems.add(at, section.key(key), reason);
    }
    section.absent_size(problems, "memory", memory_bytes);
    section.absent_size(problems, "limit", limit_bytes);
    section.absent_size(problems, "total", total_bytes);
    section.finish(problems);
    BodyConfig { memory_bytes, limit_bytes, total_bytes, dir, over }
}
