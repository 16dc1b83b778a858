//! Shell patterns as the C library matches them.

use std::ffi::CStr;

/// Whether `text` matches `pattern` as `fnmatch` without flags has it: `*` matches dots and slashes too.
///
/// ```
/// use shellac_sys::glob_matches;
///
/// assert!(glob_matches(c"VBE.*.conn", c"VBE.boot.default.conn"));
/// assert!(!glob_matches(c"[!V]*", c"VBE.boot.default.conn"));
/// ```
pub fn glob_matches(pattern: &CStr, text: &CStr) -> bool {
    // SAFETY: both are strings with their NUL, and are only read.
    unsafe { libc::fnmatch(pattern.as_ptr(), text.as_ptr(), 0) == 0 }
}
