//! Engines in this process against scripted backends.
