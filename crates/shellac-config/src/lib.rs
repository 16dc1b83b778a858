//! The TOML file of the proxy as a typed configuration
