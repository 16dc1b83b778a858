//! What may be pasted: header values that are secrets are replaced.

/// Names of headers whose value is a secret, lower case.
pub const SECRET_HEADERS: [&str; 4] =
    ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/// Whether the header called `name` carries a secret.
pub fn is_secret(name: &[u8]) -> bool {
    SECRET_HEADERS.iter().any(|secret| name.eq_ignore_ascii_case(secret.as_bytes()))
}

/// A header's value as it is shown: as it is, or how long it was.
pub fn header_value(name: &[u8], value: &[u8], redact: bool) -> String {
    if redact && is_secret(name) {
        format!("(redacted, {} bytes)", value.len())
    } else {
        crate::visible(value)
    }
}

#[cfg(test)]
mod tests {
    use super::header_value;

    #[test]
    fn secrets_are_replaced_in_any_case_and_others_are_not() {
        assert_eq!(header_value(b"COOKIE", b"sid=1", true), "(redacted, 5 bytes)");
        assert_eq!(header_value(b"Set-Cookie", b"sid=1; Path=/", true), "(redacted, 13 bytes)");
        assert_eq!(header_value(b"Host", b"example.org", true), "example.org");
        assert_eq!(header_value(b"authorization", b"Basic eDp5", false), "Basic eDp5");
    }
}
