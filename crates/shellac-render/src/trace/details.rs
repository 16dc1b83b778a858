//! What `VCL_Log fetch.KEY:VALUE` records add to an error text.

use super::fields::Micros;
use crate::error_text::{Classes, Phase};

/// Which rule of the route's policy stopped a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not name such a failure.
    Cause,
    /// It does not name the method.
    Method,
    /// The body cannot be sent again.
    Body,
    /// As many retries were made as it allows.
    Max,
    /// The time for all attempts is over.
    Time,
}

impl Refusal {
    fn from_words(words: &str) -> Option<Refusal> {
        match words.strip_prefix("no ")? {
            "cause" => Some(Refusal::Cause),
            "method" => Some(Refusal::Method),
            "body" => Some(Refusal::Body),
            "max" => Some(Refusal::Max),
            "time" => Some(Refusal::Time),
            _ => None,
        }
    }
}

/// The details of one exchange; each only where it is recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// Phase that failed.
    pub phase: Option<Phase>,
    /// How it failed.
    pub class: Option<Classes>,
    /// What the client did, where it is to blame.
    pub client: Option<Classes>,
    /// Why the head of the answer was of no use.
    pub head: Option<String>,
    /// System error number.
    pub errno: Option<i32>,
    /// Whether the connection came from the pool.
    pub reused: Option<bool>,
    /// Age of the connection.
    pub age: Option<Micros>,
    /// How long nothing had moved when it failed.
    pub waited: Option<Micros>,
    /// How long it would have been allowed to, where that was the reason.
    pub limit: Option<Micros>,
    /// The name of that limit: its key in the configuration.
    pub timeout: Option<String>,
    /// Bytes of the request's body handed to the kernel.
    pub sent_bytes: Option<u64>,
    /// Bytes of it that the backend's kernel acknowledged.
    pub acked_bytes: Option<u64>,
    /// Bytes of the request, its head included, that the backend's kernel acknowledged.
    pub taken_bytes: Option<u64>,
    /// Bytes promised: of the request's body, or of the answer's when the body of that failed.
    pub expected_bytes: Option<u64>,
    /// Bytes of the answer's body received.
    pub received_bytes: Option<u64>,
    /// Which attempt this is, from 1.
    pub attempt: Option<u32>,
    /// Why the request's body was not kept for another attempt.
    pub lost: Option<String>,
    /// Why no other attempt follows.
    pub refusal: Option<Refusal>,
    /// Address of the backend.
    pub address: Option<String>,
    /// Node behind the address.
    pub node: Option<String>,
}

impl Details {
    /// Takes one `fetch.KEY:VALUE` in. Unknown keys and values that do not parse are left out.
    pub fn take(&mut self, text: &str) {
        let Some((key, value)) = text.split_once(':') else { return };
        let value = value.trim();
        match key {
            "fetch.phase" => self.phase = Phase::from_word(value).or(self.phase),
            "fetch.class" => self.class = Classes::from_word(value).or(self.class),
            "fetch.client" => self.client = Classes::from_client_word(value).or(self.client),
            "fetch.head" => self.head = Some(value.to_owned()),
            "fetch.errno" => self.errno = value.parse().ok(),
            "fetch.reused" => self.reused = flag(value),
            "fetch.age" => self.age = Micros::parse(value.as_bytes()),
            "fetch.waited" => self.waited = Micros::parse(value.as_bytes()),
            "fetch.limit" => self.limit = Micros::parse(value.as_bytes()),
            "fetch.timeout" => self.timeout = Some(value.to_owned()),
            "fetch.sent" => self.sent_bytes = value.parse().ok(),
            "fetch.acked" => self.acked_bytes = value.parse().ok(),
            "fetch.taken" => self.taken_bytes = value.parse().ok(),
            "fetch.expected" => self.expected_bytes = value.parse().ok(),
            "fetch.rcvd" => self.received_bytes = value.parse().ok(),
            "fetch.lost" => self.lost = Some(value.to_owned()),
            "fetch.try" => self.attempt = value.parse().ok(),
            "fetch.retry" => self.refusal = Refusal::from_words(value),
            "fetch.addr" => self.address = Some(value.to_owned()),
            "fetch.node" => self.node = Some(value.to_owned()),
            _ => {}
        }
    }
}

fn flag(value: &str) -> Option<bool> {
    match value {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
