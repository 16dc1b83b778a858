//! Which packets belong to a connection: a filter for tcpdump.

use std::net::SocketAddr;

use super::attempt::Exchange;

impl Exchange {
    /// `tcp and host A and port P and host B and port Q`, from both ends of the connection.
    ///
    /// # Errors
    ///
    /// Why there is none, in words.
    pub fn packet_filter(&self) -> Result<String, &'static str> {
        let Some(open) = &self.open else { return Err("no connection") };
        let (local, remote) = match (&open.local, &open.remote) {
            (Some(local), Some(remote)) => (local, remote),
            _ => return Err("a UNIX socket, no packets"),
        };
        // What is pasted into a shell is built from parsed addresses, not from the log's text.
        let parse = |end: &str| end.parse::<SocketAddr>().map_err(|_| "not recorded as an address");
        let (local, remote) = (parse(local)?, parse(remote)?);
        Ok(format!(
            "tcp and host {} and port {} and host {} and port {}",
            local.ip(),
            local.port(),
            remote.ip(),
            remote.port()
        ))
    }
}

#[cfg(test)]
mod tests;
