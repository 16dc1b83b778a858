//! Telling systemd how it is going, with its protocol of readiness. Without `NOTIFY_SOCKET` nobody is told.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// How often the service manager is told that we live, whatever it asks for.
const BEAT_MOST: Duration = Duration::from_secs(1);

/// The service manager, if there is one.
#[derive(Debug)]
pub(crate) struct Notifier {
    /// How often it wants to be told that we live.
    watchdog: Option<Duration>,
    last: Option<Instant>,
}

impl Notifier {
    /// What the environment says.
    pub(crate) fn from_environment() -> Notifier {
        let mut micros = 0;
        let wanted = sd_notify::watchdog_enabled(false, &mut micros);
        // Half of the time, as its manual says.
        let watchdog = wanted.then(|| Duration::from_micros(micros / 2).min(BEAT_MOST));
        Notifier { watchdog, last: None }
    }

    /// Everything serves.
    pub(crate) fn ready(&self, status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(&one_line(status))]);
    }

    /// A configuration is being loaded, or another program takes over.
    pub(crate) fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
    }

    /// It ends.
    pub(crate) fn stopping(&self) {
        tell(&[NotifyState::Stopping, NotifyState::Status("finishing open requests")]);
    }

    /// One line about how it is.
    pub(crate) fn status(&self, status: &str) {
        tell(&[NotifyState::Status(&one_line(status))]);
    }

    /// Says that we live when it is time to; when the next time is.
    pub(crate) fn beat(&mut self, now: Instant) {
        let Some(every) = self.watchdog else { return };
        if self.last.is_none_or(|last| now.saturating_duration_since(last) >= every) {
            tell(&[NotifyState::Watchdog]);
            self.last = Some(now);
        }
    }

    /// When it has to be said again.
    pub(crate) fn next_beat(&self) -> Option<Instant> {
        self.last.and_then(|last| last.checked_add(self.watchdog?))
    }
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn tell(states: &[NotifyState<'_>]) {
    // A service manager that cannot be told is no reason not to serve.
    let _ = sd_notify::notify(false, states);
}
