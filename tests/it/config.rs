//! The configuration file as a user meets it: errors with place and key.
