//! The clock that all processes of a machine share and that nobody sets.

/// `CLOCK_MONOTONIC` in microseconds, which `Instant` does not give away.
///
/// For times that another process compares with its own; 0 where the system has no such clock.
pub fn monotonic_micros() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is writable, and nothing else is touched.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    if result != 0 {
        return 0;
    }
    let part = |value: i64| u64::try_from(value).unwrap_or_default();
    part(now.tv_sec).saturating_mul(1_000_000).saturating_add(part(now.tv_nsec) / 1_000)
}

#[cfg(test)]
mod tests;
