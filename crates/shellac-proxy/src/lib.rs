//! The proxy worker: connections, fetch state machine, retries, log events
