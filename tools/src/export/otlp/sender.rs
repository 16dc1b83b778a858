//! The thread that sends: batches, and batches once more when the collector is busy or gone.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use super::queue::{Account, Item, Queue, Taken};
use super::settings::Settings;

/// Bytes of spans in one request.
const BATCH_BYTES: usize = 1 << 20;
/// One answer takes no longer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are looked at.
const ANSWER_BYTES: u64 = 64 << 10;
/// The first pause before a batch is tried once more; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Between two complaints.
const COMPLAINT_PAUSE: Duration = Duration::from_secs(10);
/// How long the queue is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What one attempt to send came to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// The collector has it, but for so many spans.
    Taken { rejected: u64 },
    /// It may take it later, not before this pause.
    Later { pause: Option<Duration>, why: String },
    /// It never will.
    Refused { why: String },
}

impl Outcome {
    /// By the rules of OTLP/HTTP: these four mean that it may be tried again.
    fn of_status(status: u16, retry_after: Option<&str>, body: &str) -> Outcome {
        match status {
            200..=299 => Outcome::Taken { rejected: rejected_in(body) },
            429 | 502..=504 => {
                let seconds = retry_after.and_then(|text| text.trim().parse().ok());
                let pause = seconds.map(Duration::from_secs);
                Outcome::Later { pause, why: format!("the collector answers {status}") }
            }
            status => {
                let said = shellac_render::visible(body.as_bytes());
                let said: String = said.chars().take(200).collect();
                Outcome::Refused { why: format!("the collector answers {status}: {said}") }
            }
        }
    }
}

/// Spans that an answer says were dropped.
fn rejected_in(body: &str) -> u64 {
    let answer: Value = serde_json::from_str(body).unwrap_or_default();
    // 64-bit numbers are texts in this format, and not everybody knows.
    let count = &answer["partialSuccess"]["rejectedSpans"];
    count.as_u64().or_else(|| count.as_str()?.parse().ok()).unwrap_or(0)
}

/// Sends what comes.
pub(super) struct Sender {
    agent: Agent,
    url: String,
    headers: Vec<(String, String)>,
    resource: Value,
    give_up: Duration,
    queue: Queue,
    account: Account,
    complained: Option<Instant>,
}

impl Sender {
    /// Starts the thread.
    pub(super) fn start(
        settings: &Settings,
        queue: Queue,
        account: Account,
    ) -> anyhow::Result<JoinHandle<()>> {
        let mut config = Agent::config_builder()
            .timeout_global(Some(REQUEST_TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            // What is sent is meant for the collector that was named.
            .proxy(None);
        if let Some(tls) = &settings.tls {
            config = config.tls_config(tls.clone());
        }
        let service = json!({"key": "service.name", "value": {"stringValue": settings.service}});
        let mut sender = Sender {
            agent: config.build().into(),
            url: settings.url.clone(),
            headers: settings.headers.clone(),
            resource: json!({"attributes": [service]}),
            give_up: settings.give_up,
            queue,
            account,
            complained: None,
        };
        Ok(thread::Builder::new().name("otlp".to_owned()).spawn(move || sender.run())?)
    }

    fn run(&mut self) {
        loop {
            match self.queue.take(BATCH_BYTES, PATIENCE) {
                Taken::Items(items) if self.is_too_late() => {
                    self.account.change(|total| total.given_up += items.len() as u64);
                }
                Taken::Items(items) => self.deliver(&items),
                Taken::Nothing => {}
                Taken::Closed => break,
            }
        }
        self.queue.leave();
    }

    /// Whether the time that there was at the end is over.
    fn is_too_late(&self) -> bool {
        self.queue.closing().flatten().is_some_and(|deadline| now() >= deadline)
    }

    /// Sends a batch, again and again if that helps.
    fn deliver(&mut self, items: &[Item]) {
        let body = self.body(items);
        let (groups, spans) =
            (items.len() as u64, items.iter().map(|item| item.spans).sum::<u64>());
        let begun = now();
        let mut pause = FIRST_PAUSE;
        loop {
            let why = match self.post(&body) {
                Outcome::Taken { rejected } => {
                    let rejected = rejected.min(spans);
                    self.account.change(|total| {
                        total.sent += groups;
                        total.sent_spans += spans - rejected;
                        total.rejected_spans += rejected;
                    });
                    return;
                }
                Outcome::Refused { why } => {
                    self.complain(&why);
                    return self.account.change(|total| total.refused += groups);
                }
                Outcome::Later { pause: asked, why } => {
                    pause = asked.unwrap_or(pause).min(LONGEST_PAUSE);
                    why
                }
            };
            self.complain(&why);
            let given_up = begun + self.give_up;
            let end = match self.queue.closing() {
                Some(Some(deadline)) => deadline.min(given_up),
                _ => given_up,
            };
            if now() + pause > end {
                return self.account.change(|total| total.given_up += groups);
            }
            self.queue.rest(pause);
            pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        }
    }

    fn body(&self, items: &[Item]) -> String {
        let spans: Vec<&str> = items.iter().map(|item| item.json.as_str()).collect();
        format!(
            "{{\"resourceSpans\":[{{\"resource\":{},\"scopeSpans\":[{{\"scope\":{},\"spans\":[{}]}}]}}]}}",
            self.resource,
            json!({"name": "shellac", "version": env!("CARGO_PKG_VERSION")}),
            spans.join(",")
        )
    }

    fn post(&self, body: &str) -> Outcome {
        let mut request = self.agent.post(&self.url).header("content-type", "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match request.send(body) {
            Ok(mut answer) => {
                let retry_after = answer.headers().get("retry-after").cloned();
                let retry_after = retry_after.as_ref().and_then(|value| value.to_str().ok());
                let status = answer.status().as_u16();
                let text = answer.body_mut().with_config().limit(ANSWER_BYTES).read_to_string();
                Outcome::of_status(status, retry_after, &text.unwrap_or_default())
            }
            Err(ureq::Error::BadUri(why)) => Outcome::Refused { why },
            Err(ureq::Error::Http(why)) => Outcome::Refused { why: why.to_string() },
            Err(error) => Outcome::Later {
                pause: None,
                why: format!("the collector cannot be reached: {error}"),
            },
        }
    }

    /// Says what is wrong, but not with every attempt.
    fn complain(&mut self, why: &str) {
        let now = now();
        if self.complained.is_none_or(|last| now.duration_since(last) >= COMPLAINT_PAUSE) {
            eprintln!("shellac: {}: {why}", self.url);
            self.complained = Some(now);
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
