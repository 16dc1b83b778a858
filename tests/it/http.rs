//! The proxy on the wire: raw clients against scripted origins.
