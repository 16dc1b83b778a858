//! Comparing long texts: the first line that differs, not megabytes.

/// Panics with the first line that differs.
pub(crate) fn assert_same(what: &str, got: &[u8], expected: &[u8]) {
    if got == expected {
        return;
    }
    let mut lines = got.split(|&byte| byte == b'\n').zip(expected.split(|&byte| byte == b'\n'));
    let difference = (1..).zip(&mut lines).find(|(_, (got, expected))| got != expected);
    match difference {
        Some((line, (got, expected))) => panic!(
            "{what}: line {line}\n     got: {}\nexpected: {}",
            got.escape_ascii(),
            expected.escape_ascii()
        ),
        None => panic!("{what}: {} bytes, expected {}", got.len(), expected.len()),
    }
}
