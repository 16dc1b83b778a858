use super::*;

/// Whether this process ignores a signal, as the system sees it.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
    mask >> (signal - 1) & 1 == 1
}

#[test]
fn what_was_before_is_there_again() {
    // Numbers that no other test of this process uses.
    let signals = [libc::SIGWINCH, libc::SIGURG];
    assert!(!signals.into_iter().any(is_ignored));
    let ignored = IgnoredSignals::new(&signals).unwrap();
    assert!(signals.into_iter().all(is_ignored));
    drop(ignored);
    assert!(!signals.into_iter().any(is_ignored));
    assert!(IgnoredSignals::new(&[libc::SIGWINCH, libc::SIGKILL]).is_err());
    assert!(!is_ignored(libc::SIGWINCH));
}
