//! How many seconds the ring holds, and what `log.size` would be needed: said at the start, and when it changes.

use std::time::Duration;

/// The part of a ring that can be come back to: five segments of eight.
const SAFE: f64 = 5.0 / 8.0;
/// The rate is measured over about this time.
const SPAN: Duration = Duration::from_secs(10);
/// After so much time there is a first answer.
const FIRST: Duration = Duration::from_secs(2);
/// Between two messages.
const PAUSE: Duration = Duration::from_secs(30);
/// It is worth a message when it is so many times what was said, or so little.
const CHANGE: f64 = 2.0;
/// What is needed is recommended with so much more.
const RESERVE: f64 = 1.5;

/// Watches the rate of a log.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// What the rules ask for.
    asked: Duration,
    since: Option<(Duration, u64)>,
    /// Bytes per second.
    rate: Option<f64>,
    said: Option<Said>,
}

#[derive(Clone, Copy, Debug)]
struct Said {
    time: Duration,
    holds: f64,
    is_enough: bool,
}

impl Room {
    pub(super) fn new(asked: Duration) -> Room {
        Room { asked, ..Room::default() }
    }

    /// Rules ask for another span: what was said is not about it.
    pub(super) fn ask(&mut self, asked: Duration) {
        if self.asked != asked {
            (self.asked, self.said) = (asked, None);
        }
    }

    /// Another log: what was measured is not about it.
    pub(super) fn restart(&mut self) {
        (self.since, self.rate) = (None, None);
    }

    /// Takes in how many bytes were read in all, and says what there is to say.
    pub(super) fn look(&mut self, now: Duration, bytes: u64, ring_bytes: u64) -> Option<String> {
        let Some((time, before)) = self.since else {
            self.since = Some((now, bytes));
            return None;
        };
        let span = now.saturating_sub(time);
        let least = if self.rate.is_some() { SPAN / 4 } else { FIRST };
        if span < least {
            return None;
        }
        self.since = Some((now, bytes));
        let here = bytes.saturating_sub(before) as f64 / span.as_secs_f64();
        let weight = (span.as_secs_f64() / SPAN.as_secs_f64()).min(1.0);
        let rate = self.rate.map_or(here, |rate| rate + (here - rate) * weight);
        self.rate = Some(rate);
        self.say(now, rate, ring_bytes)
    }

    /// Takes what the ring itself tells: so many bytes were written in this time.
    pub(super) fn start_with(
        &mut self,
        span: Duration,
        bytes: u64,
        now: Duration,
        ring_bytes: u64,
    ) -> Option<String> {
        if span < FIRST {
            return None;
        }
        let rate = bytes as f64 / span.as_secs_f64();
        self.rate = Some(rate);
        self.say(now, rate, ring_bytes)
    }

    fn say(&mut self, now: Duration, rate: f64, ring_bytes: u64) -> Option<String> {
        if rate <= 0.0 {
            return None;
        }
        let holds = ring_bytes as f64 * SAFE / rate;
        let asked = self.asked.as_secs_f64();
        let is_enough = match self.said {
            // Not with every wave around the limit.
            Some(said) if said.is_enough => holds >= asked,
            _ => holds >= asked * 1.2,
        };
        let is_news = self.said.is_none_or(|said| {
            let factor = (holds / said.holds).max(said.holds / holds);
            let is_late = now.saturating_sub(said.time) >= PAUSE;
            // That there is far more than is asked for is no news, however much it is.
            let matters = holds.min(said.holds) < asked * 4.0 || self.asked.is_zero();
            is_late && (said.is_enough != is_enough || (factor >= CHANGE && matters))
        });
        if !is_news {
            return None;
        }
        self.said = Some(Said { time: now, holds, is_enough });
        let mut text = format!(
            "the ring ({}) holds the last {} at {}/s",
            size(ring_bytes as f64),
            seconds(holds),
            size(rate)
        );
        if !self.asked.is_zero() {
            let need = rate * asked * RESERVE / SAFE;
            let asked = seconds(asked);
            if is_enough {
                text.push_str(&format!("; {asked} are asked for"));
            } else {
                let mega = (need / 1_048_576.0).ceil().max(16.0);
                text.push_str(&format!("; {asked} are asked for, which needs log.size = \"{mega:.0}M\" (vsl_space={mega:.0}m)"));
            }
        }
        Some(text)
    }
}

fn seconds(seconds: f64) -> String {
    match seconds {
        _ if seconds < 10.0 => format!("{seconds:.1} s"),
        _ if seconds < 600.0 => format!("{seconds:.0} s"),
        _ if seconds < 36_000.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}

fn size(bytes: f64) -> String {
    match bytes {
        _ if bytes < 10_240.0 => format!("{bytes:.0} bytes"),
        _ if bytes < 10_485_760.0 => format!("{:.0} KB", bytes / 1024.0),
        _ => format!("{:.0} MB", bytes / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests;
