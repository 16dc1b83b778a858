//! The TOML file of the proxy as a typed configuration.
//!
//! [`Config::parse`] takes the text and gives a [`Config`] in which every name is resolved (a pool holds
//! indices of backends, a route the index of its pool) and every default is filled in, so that whoever
//! uses it has nothing left to check.
//!
//! A file with mistakes gives [`ConfigErrors`]: all of them that can be seen at once, each with the name
//! of the file, the line, the key and the reason. An unknown key is a mistake, and the nearest known one is
//! suggested.
//!
//! Nothing here opens a file, a socket or a clock.

mod admin;
mod errors;
mod key;
mod nodes;
mod read;
mod resolver;
mod section;
mod types;
mod unit;

pub use admin::{AdminAddress, AdminConfig, AdminSecret};
pub use errors::{ConfigError, ConfigErrors};
pub use key::{KeyPart, KeyTemplate};
pub use nodes::NodeMap;
pub use resolver::ResolverConfig;
pub use types::{
    BackendAddress, BackendConfig, BodyOver, Config, ErrorPage, HealthConfig, HealthRules, Limits,
    ListenConfig, LogConfig, LogDialect, NextUpstreamConfig, ParseOptions, PoolConfig, PoolPanic,
    PoolPolicy, ProbeConfig, ProbeRequest, RetryConnection, RetryOn, RetryPolicy, Route, Timeouts,
};
pub use unit::{parse_duration, parse_size_bytes};
