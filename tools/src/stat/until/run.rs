//! The loop around the looks: reads counters, waits, says what it waits for.

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use shellac_counters::vsc::{Counters, Semantics};
use shellac_vsm::Attachment;

use super::super::condition::Condition;
use super::super::points::shown;
use super::{End, Reading, Sample, TIMED_OUT, Watch};
use crate::reading::target::say;

/// Time after which what is waited for is said again.
const SAID_AGAIN: Duration = Duration::from_secs(10);

/// Shortest time between two looks.
const SHORTEST: Duration = Duration::from_millis(10);

/// What the options say.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) until: Vec<Condition>,
    pub(crate) fail_if: Vec<Condition>,
    /// Between two looks.
    pub(crate) interval: Duration,
    /// `None`: for ever; without `until` one look, or two when a change is asked for.
    pub(crate) timeout: Option<Duration>,
    /// Gauges below zero as they are.
    pub(crate) raw: bool,
}

/// Looks until it ends; what it ends with goes to standard output when it is well, otherwise to standard error.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
pub(crate) fn run(mut attachment: Attachment, options: Options) -> ExitCode {
    let mut watch = Watch::new(options.until, options.fail_if);
    let mut counters = Counters::new();
    let start = Instant::now();
    let mut said: Option<Instant> = None;
    loop {
        attachment.refresh();
        counters.refresh(&attachment);
        let mut now = Sample { at: start.elapsed(), ..Sample::default() };
        counters.each(|set, info, value| {
            let reading = Reading {
                value: shown(info.semantics, value, options.raw),
                grows: info.semantics == Semantics::Counter,
            };
            now.values.insert(format!("{set}.{}", info.name), reading);
        });
        let left = options.timeout.map(|timeout| timeout.saturating_sub(start.elapsed()));
        let pending = match watch.look(now) {
            // As long as there is time something may still go wrong.
            Err(End::Holds(_)) if !watch.is_waiting() && left.is_some_and(|it| !it.is_zero()) => {
                None
            }
            Err(end) => {
                let (status, text) = end.status();
                match end {
                    // What came about is told by the status too.
                    End::Holds(_) => _ = say(&format!("{text}\n")),
                    _ => eprintln!("shellac: {text}"),
                }
                return ExitCode::from(status);
            }
            Ok(pending) => Some(pending),
        };
        if let Some(pending) = pending {
            if left.is_some_and(|left| left.is_zero()) {
                eprintln!("shellac: time is up: {pending}");
                return ExitCode::from(TIMED_OUT);
            }
            if said.is_none_or(|said| said.elapsed() >= SAID_AGAIN) {
                eprintln!("shellac: {pending}");
                said = Some(Instant::now());
            }
        }
        let interval = options.interval.max(SHORTEST);
        thread::sleep(left.map_or(interval, |left| left.min(interval)));
    }
}
