//! HTTP/1.1 heads, body framing and header policy, without input or output
