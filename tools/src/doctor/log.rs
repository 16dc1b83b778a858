//! The log of an instance: how big it is, how fast it fills, what it holds, and whether a reader here keeps up.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use shellac_format::Dialect;
use shellac_log::time::{stamps, timestamp};
use shellac_log::{Input, LiveOptions, LiveSource, Source};
use shellac_vsm::{AttachOptions, Attachment};

/// Reading all that there is takes no longer than this.
const READING_MOST: Duration = Duration::from_secs(5);
/// Pause after a look that found nothing.
const PAUSE: Duration = Duration::from_millis(10);

/// What is known about a log.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) dialect: Dialect,
    pub(super) ring_bytes: u64,
    /// What was read of it, from the oldest record that is safe.
    pub(super) held_bytes: u64,
    /// How long reading that took.
    pub(super) read_in: Duration,
    /// The first and the last moment in it, since 1970.
    pub(super) moments: Option<(Duration, Duration)>,
    /// Something was overwritten while it was read.
    pub(super) overrun: bool,
    /// Bytes per second, over the time of the look.
    pub(super) rate: f64,
    /// The farthest that this reader was behind, in percent of an overrun.
    pub(super) lag_percent: u32,
}

/// Looks at the log for as long as `sample` says.
///
/// # Errors
///
/// Why there is none, or why it cannot be read.
pub(super) fn look(workdir: &Path, sample: Duration) -> Result<Log, String> {
    let mut log = read_all(workdir)?;
    follow(workdir, sample, &mut log)?;
    Ok(log)
}

fn open(workdir: &Path, from_head: bool) -> Result<LiveSource, String> {
    let check_pid = std::env::var_os("VSM_NOPID").is_none();
    let attachment = Attachment::open(workdir, AttachOptions { check_pid })
        .map_err(|error| error.full_text())?;
    let options = LiveOptions { dialect: None, from_head, stop_at_tail: from_head };
    Ok(LiveSource::new(attachment, options))
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn read_all(workdir: &Path) -> Result<Log, String> {
    let mut source = open(workdir, true)?;
    let start = Instant::now();
    let mut moments: Option<(Duration, Duration)> = None;
    let mut overrun = false;
    let (mut ring_bytes, mut lag_percent) = (0, 0);
    while start.elapsed() < READING_MOST {
        let dialect = source.dialect();
        match source.next().map_err(|error| error.to_string())? {
            Input::Unit(records) | Input::Row(records) => {
                let times = stamps(dialect, records).filter_map(|record| timestamp(record.text()));
                for time in times {
                    moments = Some(match moments {
                        Some((first, last)) => (first.min(time), last.max(time)),
                        None => (time, time),
                    });
                }
            }
            Input::Lost(_) => overrun = true,
            Input::Unavailable(reason) => return Err(reason),
            Input::End | Input::Nothing | Input::Abandoned(_) => break,
            Input::Opened | Input::Reacquired => {
                ring_bytes = source.ring_bytes().unwrap_or_default();
                // It starts as far behind as it may.
                lag_percent = 0;
            }
        }
    }
    let (dialect, held_bytes) = (source.dialect(), source.walked_bytes());
    let read_in = start.elapsed();
    Ok(Log { dialect, ring_bytes, held_bytes, read_in, moments, overrun, rate: 0.0, lag_percent })
}

#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn follow(workdir: &Path, sample: Duration, log: &mut Log) -> Result<(), String> {
    let mut source = open(workdir, false)?;
    let start = Instant::now();
    while start.elapsed() < sample {
        match source.next().map_err(|error| error.to_string())? {
            Input::Nothing | Input::Unavailable(_) => thread::sleep(PAUSE),
            Input::Lost(_) => log.overrun = true,
            _ => {}
        }
        let lag = source.lag().map_or(0, |lag| lag.percent());
        log.lag_percent = log.lag_percent.max(lag);
    }
    let seconds = start.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a rate is no exact number")]
    let bytes = source.walked_bytes() as f64;
    log.rate = if seconds > 0.0 { bytes / seconds } else { 0.0 };
    Ok(())
}

impl Log {
    /// How long a record stays: as the log shows when it is full enough to tell, otherwise as it is written at the moment.
    /// `None` when neither tells.
    pub(super) fn held(&self, now_unix: u64) -> Option<Duration> {
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let (ring, held) = (self.ring_bytes as f64, self.held_bytes as f64);
        let seconds = match self.moments {
            // Quiet times belong to it, those since the last record too.
            Some((first, last)) if held * 2.0 >= ring => {
                let span = last.max(Duration::from_secs(now_unix)).saturating_sub(first);
                Some(ring * span.as_secs_f64() / held)
            }
            _ if self.rate > 0.0 => Some(ring / self.rate),
            _ => None,
        };
        seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    }
}

#[cfg(test)]
mod tests;
