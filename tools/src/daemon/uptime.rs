//! Saying how long a process runs that has nothing else to do.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use shellac_manager::Life;

/// Says it once a second, as long as it lives.
#[derive(Debug)]
pub(super) struct Clock {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Clock {
    pub(super) fn start(life: Life) -> std::io::Result<Clock> {
        let (stop, stopped) = mpsc::channel();
        let run = move || {
            while stopped.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                life.beat();
            }
        };
        let thread = Builder::new().name("shellac-uptime".to_owned()).spawn(run)?;
        Ok(Clock { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic has been reported where it happened.
            let _ = thread.join();
        }
    }
}
