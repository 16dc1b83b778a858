//! The thread that looks after the others: what comes round, and what waits for networks that no request waits for.

use std::io;
use std::rc::Rc;
use std::thread::{Builder, JoinHandle};

use tokio::runtime::{self, LocalOptions};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

use super::Control;
use super::jobs::{self, Job, Round};
use crate::clock::Clock;
use crate::log::Xids;
use crate::log::{Log, LogSink, publish_on_panic};
use crate::stats::Chores;
use crate::worker::{Common, SWEEP};

/// The thread. Dropped, it ends.
#[derive(Debug)]
pub(crate) struct Caretaker {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Caretaker {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// There is no thread or no runtime to be had.
    pub(crate) fn start(
        control: Control,
        common: Common,
        sink: Box<dyn LogSink>,
        xids: Xids,
        mut chores: Chores,
        threads: usize,
    ) -> io::Result<Caretaker> {
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = std::sync::mpsc::channel();
        let run = move || {
            let made = runtime::Builder::new_current_thread()
                .enable_io()
                .enable_time()
                .build_local(LocalOptions::default());
            let runtime = match made {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = ready.send(Err(error));
                    return;
                }
            };
            // Heard unless the thread that waits for it is gone, and then this one is about to be told to stop.
            let _ = ready.send(Ok(()));
            let Common { grammar, stall, node, .. } = common;
            let log = Rc::new(Log::new(grammar, Clock::start(), stall, xids, sink));
            publish_on_panic(&log);
            let sweep = || {
                log.set_masked(control.masked());
                log.sweep();
                chores.sweep(&control, threads);
            };
            runtime.block_on(rounds(&control, &log, jobs::all(&node), sweep, stopped));
            // Ends what is left of the tasks.
            drop(runtime);
            jobs::log_notices(&control, &log);
            log.sweep();
            chores.sweep(&control, threads);
        };
        let thread = Builder::new().name("shellac-control".to_owned()).spawn(run)?;
        let caretaker = Caretaker { stop: Some(stop), thread: Some(thread) };
        started.recv().map_err(|_| io::Error::other("the control thread ended at once"))??;
        Ok(caretaker)
    }

    /// Whether it runs.
    pub(crate) fn runs(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Caretaker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic has been reported where it happened.
            let _ = thread.join();
        }
    }
}

/// Does what is due, ten times a second, until told to stop.
async fn rounds(
    control: &Control,
    log: &Rc<Log>,
    mut jobs: Vec<Job>,
    mut sweep: impl FnMut(),
    mut stopped: oneshot::Receiver<()>,
) {
    let mut due = vec![log.now(); jobs.len()];
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = &mut stopped => return,
        }
        sweep();
        let now = log.coarse();
        for (job, due) in jobs.iter_mut().zip(&mut due) {
            if now >= *due {
                // From now on and not from when it was due: what was missed is not made up for.
                *due = now.after(job.every);
                (job.run)(&Round { control, log });
            }
        }
    }
}
