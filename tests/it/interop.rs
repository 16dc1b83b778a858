//! Debian's varnish tools beside ours, on our ring and on theirs.
