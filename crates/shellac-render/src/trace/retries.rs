//! Why another attempt was made, or not, as far as the log tells.

use super::attempt::{Attempt, Exchange, Failure};
use super::details::Refusal;
use super::fields::Micros;
use super::request::Request;
use crate::error_text::{Class, Classes, Phase, Phases};
use crate::visible;

/// What follows an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Follow {
    /// Another attempt, and why.
    Retried(String),
    /// The attempt failed and none follows, and why.
    NotRetried(String),
}

impl Attempt {
    /// Whether and why another attempt follows; `None` where none is needed.
    pub fn follow(&self) -> Option<Follow> {
        let failed = self.last().and_then(|last| Some((last, self.failure(last)?)));
        if self.retried {
            return Some(Follow::Retried(self.why_retried(failed)));
        }
        let (last, failure) = failed.filter(|_| self.failed())?;
        Some(Follow::NotRetried(self.why_not_retried(last, &failure)))
    }

    /// Whether the failure is one that is retried: it was, or only the number of attempts stopped it.
    pub(super) fn is_of_retried_kind(&self) -> bool {
        let at_limit = |last: &Exchange| last.details.refusal == Some(Refusal::Max);
        self.retried
            || self.last().is_some_and(at_limit)
            || self.notes.iter().any(|note| note.starts_with("Too many retries"))
    }

    fn why_retried(&self, failed: Option<(&Exchange, Failure)>) -> String {
        let answered = self.answer.as_ref().and_then(|answer| answer.status);
        let because = match (&failed, answered) {
            (Some((_, failure)), _) => failure.words.to_owned(),
            (None, Some(status)) => format!("answered {status}"),
            (None, None) => "reason not recorded".to_owned(),
        };
        match failed.and_then(|(last, _)| policy(last)) {
            Some(words) => format!("{because}; the policy covers it (on: {words})"),
            None if self.state.is_empty() => because,
            None => format!("{because}; decided in {}", self.state),
        }
    }

    fn why_not_retried(&self, last: &Exchange, failure: &Failure) -> String {
        let note = |start: &str| self.notes.iter().find_map(|note| note.strip_prefix(start));
        if note("Too many retries").is_some() {
            return "the limit of retries was reached".to_owned();
        }
        if let Some(reason) = note("Retry not possible, ") {
            return reason.to_owned();
        }
        if self.page.is_none() && self.answer.is_some() {
            return "the backend's answer had begun".to_owned();
        }
        if failure.is_the_clients() {
            return "the client is at fault".to_owned();
        }
        if let Some(refusal) = last.details.refusal {
            return refused(refusal, policy(last), last.details.lost.as_deref());
        }
        match policy(last) {
            Some(words) => format!(
                "the route's policy does not cover it (on: {words}; methods), its `max` was reached, or the \
                 body was not kept; which of them is not recorded"
            ),
            None if last.details.phase.is_some() => "no policy covers such an error".to_owned(),
            None => "the reason is not recorded".to_owned(),
        }
    }

    /// How long the backend had been waited for when the body of its answer stopped, where no timestamp says
    /// so, and whether that is only the longest possible time: `above` is the client's request, which
    /// ended later.
    pub fn stopped(&self, above: Option<&Request>) -> Option<(Micros, bool)> {
        let last = self.last().filter(|last| !last.errors.is_empty() && last.waited.is_none())?;
        let failure = self.failure(last)?;
        if !failure.phases.within(Phases::of(&[Phase::Body])) || self.answer.is_none() {
            return None;
        }
        let end = above?.steps.iter().rev().find(|step| step.stamp.label == "Resp")?.stamp.at;
        let waited = end.since(self.steps.last()?.stamp.at);
        (waited.0 > 0).then_some((waited, true))
    }
}

impl Failure {
    /// Whether the client is at fault, whatever of it is possible.
    pub(super) const fn is_the_clients(&self) -> bool {
        use Class::{Client, ClientBad, ClientLeft, ClientSlow, ClientTls, TooLarge};
        self.classes
            .within(Classes::of(&[Client, ClientBad, ClientLeft, ClientSlow, ClientTls, TooLarge]))
    }

    /// Whether something came from the backend that made it fail, be it the end of the connection.
    pub(super) const fn came_from_the_backend(&self) -> bool {
        use Class::{
            Chunks, Coding, Eof, Framing, Junk, Overflow, Refused, Reset, Tls, TlsDate, TlsIssuer,
            TlsName, TlsOurs, TlsPlain, TlsVersion, Truncated, Unasked,
        };
        self.classes.within(Classes::of(&[
            Chunks, Coding, Eof, Framing, Junk, Overflow, Refused, Reset, Tls, TlsDate, TlsIssuer,
            TlsName, TlsOurs, TlsPlain, TlsVersion, Truncated, Unasked,
        ]))
    }
}

/// Which rule of the route stopped it; `on`: the words that cover the failure; `lost`: why the body is not there.
fn refused(refusal: Refusal, on: Option<String>, lost: Option<&str>) -> String {
    match (refusal, on) {
        (Refusal::Cause, Some(words)) => {
            format!("the route's policy does not cover it (`on` lacks {words})")
        }
        (Refusal::Cause, None) => "the route's policy does not cover it (`on`)".to_owned(),
        (Refusal::Method, _) => {
            "the route's policy does not name this method (`methods`)".to_owned()
        }
        (Refusal::Body, _) => {
            let why = match lost {
                None => String::new(),
                Some("limit") => ": it is longer than `body.limit`".to_owned(),
                Some("total") => {
                    ": all files of bodies together were as long as `body.total`".to_owned()
                }
                Some(other) if other.starts_with("disk") => format!(
                    ": {}; `body.dir` has to be a directory with room that the proxy's user can write to",
                    visible(other.as_bytes())
                ),
                Some(other) => format!(": {}", visible(other.as_bytes())),
            };
            format!("the request's body was not kept whole and cannot be sent again{why}")
        }
        (Refusal::Max, _) => "the route's limit of retries was reached (`max`)".to_owned(),
        (Refusal::Time, _) => "there was no time left for another one".to_owned(),
    }
}

/// The words in `route.retry.on` that cover a failure. Only known where the proxy logs details.
fn policy(last: &Exchange) -> Option<String> {
    let mut words = match (last.details.phase?, last.details.class?.single()) {
        (Phase::Connect | Phase::Tls, _) => vec!["connect"],
        (Phase::FirstByte, Some(Class::Timeout)) => vec!["first_byte_timeout"],
        (Phase::FirstByte, Some(Class::Eof)) => vec!["eof_before_byte"],
        (Phase::FirstByte | Phase::Send, Some(Class::Reset)) => {
            vec!["reset_before_byte", "eof_before_byte"]
        }
        _ => return None,
    };
    if last.reused() == Some(true) && words[0].ends_with("_before_byte") {
        words.push("reused");
    }
    Some(words.join(" or "))
}

#[cfg(test)]
mod tests;
