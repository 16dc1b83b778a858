//! One writing thread: transactions until a limit is reached, at the speed that is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use shellac_ring::{Producer, PublishError};

use super::content::{Maker, Part};
use super::counts::Counts;

/// When to stop, and how fast to go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) transactions: Option<u64>,
    pub(crate) seconds: Option<f64>,
    pub(crate) bytes_per_second: Option<u64>,
    /// Batches ahead of the reader.
    pub(crate) window: Option<u64>,
    pub(crate) wait_for_reader: bool,
}

/// A thread and what it needs.
pub(crate) struct Writer {
    pub(crate) producer: Producer,
    pub(crate) maker: Maker,
    pub(crate) vxids: Arc<AtomicU64>,
    pub(crate) counts: Option<Arc<Counts>>,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) limits: Limits,
}

#[allow(clippy::disallowed_methods, reason = "a program: nobody hands it the time")]
fn now() -> Instant {
    Instant::now()
}

impl Writer {
    /// Writes whole transactions until a limit is reached or somebody interrupts.
    pub(crate) fn run(mut self) {
        if self.limits.wait_for_reader {
            self.wait_for_reader();
        }
        let started = now();
        let mut transactions = 0;
        loop {
            let is_over = self.limits.transactions.is_some_and(|limit| transactions >= limit)
                || self
                    .limits
                    .seconds
                    .is_some_and(|limit| started.elapsed().as_secs_f64() >= limit);
            if is_over || !self.wait_for_turn(started) {
                return;
            }
            let request = self.vxids.fetch_add(2, Ordering::Relaxed);
            for part in [Part::RequestBegins, Part::Attempt, Part::RequestEnds] {
                let max_bytes = self.producer.max_body_bytes();
                let batch = self.maker.batch(part, request, max_bytes);
                if !self.publish(&batch) {
                    return;
                }
            }
            transactions += 1;
        }
    }

    /// The first thread greets: a reader that begins at the end of the log says that it is there when it sees that.
    fn wait_for_reader(&mut self) {
        let is_greeting = self.limits.window.is_some() && self.maker.thread() == 0;
        let Some(counts) = self.counts.clone() else { return };
        while matches!(counts.read(), Ok(None)) && !self.stop.load(Ordering::Relaxed) {
            if is_greeting {
                let greeting = self.maker.greeting(self.vxids.fetch_add(2, Ordering::Relaxed));
                // Nobody else writes yet, so it cannot be refused.
                let _ = self.producer.publish(&greeting);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the rate and the reader allow more. `false`: interrupted.
    fn wait_for_turn(&self, started: Instant) -> bool {
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return false;
            }
            if self.is_ahead_of_rate(started) || self.is_ahead_of_reader() {
                thread::sleep(Duration::from_micros(200));
            } else {
                return true;
            }
        }
    }

    fn is_ahead_of_rate(&self, started: Instant) -> bool {
        self.limits.bytes_per_second.is_some_and(|rate| {
            self.maker.bytes() as f64 > started.elapsed().as_secs_f64() * rate as f64
        })
    }

    fn is_ahead_of_reader(&self) -> bool {
        let (Some(window), Some(counts)) = (self.limits.window, &self.counts) else { return false };
        match (counts.published(), counts.read()) {
            (Ok(published), Ok(Some(read))) => published > read.saturating_add(window),
            _ => false,
        }
    }

    /// Publishes, trying again while another thread is held up. `false`: interrupted, or it cannot be done.
    fn publish(&mut self, batch: &[u8]) -> bool {
        loop {
            match self.producer.publish(batch) {
                Ok(()) => break,
                Err(PublishError::Stalled) if !self.stop.load(Ordering::Relaxed) => {
                    thread::yield_now();
                }
                Err(_) => return false,
            }
        }
        match &self.counts {
            Some(counts) => counts
                .publish(self.maker.thread(), self.maker.batches(), self.maker.bytes())
                .is_ok(),
            None => true,
        }
    }
}
