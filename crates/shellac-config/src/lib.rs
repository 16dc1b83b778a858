//! The TOML file of the proxy as a typed configuration.
//!
//! [`Config::parse`] takes the text and gives a [`Config`] in which every name is resolved (a pool holds
//! indices of backends, a route the index of its pool) and every default is filled in, so that whoever
//! uses it has nothing left to check.
//!
//! A file with mistakes gives [`ConfigErrors`]: all of them that can be seen at once, each with the name
//! of the file, the line, the key and the reason. An unknown key is a mistake, and the table where it
//! belongs or the nearest known one is suggested.
//!
//! What the file says about health, keys and the next attempt is told in the words of `shellac-upstream`, which decides by it.
//!
//! Nothing here opens a file, a socket or a clock.

mod admin;
mod decode;
mod effective;
mod errors;
mod nodes;
mod read;
mod resolver;
mod section;
mod stray;
mod tls;
mod types;
mod unit;

pub use admin::{AdminAddress, AdminConfig, AdminSecret};
pub use decode::decode;
pub use effective::Effective;
pub use errors::{ConfigError, ConfigErrors};
pub use nodes::NodeMap;
pub use resolver::ResolverConfig;
pub use tls::{BackendTls, CertificateFiles, KeyText, ListenTls, ServerNameFrom, TlsVersion};
pub use types::{
    Action, BackendAddress, BackendConfig, BodyConfig, BodyOver, Config, ErrorPage, Limits,
    ListenAddress, ListenConfig, LogConfig, LogDialect, ParseOptions, PoolConfig, ProbeConfig,
    ProbeRequest, ProxyVersion, RetryConnection, RetryOn, RetryPolicy, Route, RouteTimeouts,
    SocketRights, Timeouts,
};
pub use unit::{parse_duration, parse_size_bytes};
