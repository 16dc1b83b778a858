//! The shared-memory directory: index grammar, publishing and attaching
