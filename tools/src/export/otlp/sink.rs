//! Takes groups: which go out, and on to the queue.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use shellac_format::Dialect;
use shellac_log::{Group, LogRecord};
use shellac_render::failures::Failures;

use super::queue::{Account, Queue};
use super::sampling::{Decision, Sampler};
use super::sender::Sender;
use super::settings::Settings;
use super::spans::Tree;
use crate::reading::pass::Sink;
use crate::reading::target::Written;

/// Who ends a live export waits no longer for what is under way.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// The way of groups to the sender.
pub(super) struct Export<'a> {
    settings: &'a Settings,
    sampler: Sampler,
    queue: Queue,
    account: Account,
    sender: Option<JoinHandle<()>>,
}

impl<'a> Export<'a> {
    /// Starts the sender.
    pub(super) fn start(
        settings: &'a Settings,
        _: Dialect,
        account: &Account,
    ) -> anyhow::Result<Export<'a>> {
        let queue = Queue::default();
        let sender = Sender::start(settings, queue.clone(), account.clone())?;
        Ok(Export {
            settings,
            sampler: Sampler::new(settings.max_failing, settings.sample),
            queue,
            account: account.clone(),
            sender: Some(sender),
        })
    }
}

impl Sink for Export<'_> {
    fn set_dialect(&mut self, _: Dialect) -> anyhow::Result<()> {
        Ok(())
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
        let failures = Failures::read(&group.transactions);
        if failures.is_none() && self.settings.sample == 0.0 {
            return Ok(Written::Fine);
        }
        let Some(tree) = Tree::read(group, &self.settings.service) else {
            return Ok(Written::Fine);
        };
        match self.sampler.decide(failures.is_some(), tree.context(), tree.second()) {
            Decision::LeftOut => {}
            Decision::OverRate => self.account.change(|total| total.over_rate += 1),
            Decision::Export => {
                let item = tree.spans(failures.as_ref(), &self.settings.redaction);
                // A file waits for us, a log does not.
                if !self.queue.push(item, !self.settings.is_live()) {
                    self.account.change(|total| total.no_room += 1);
                }
            }
        }
        Ok(Written::Fine)
    }

    fn record(&mut self, _: &LogRecord<'_>, _: &[u8]) -> anyhow::Result<Written> {
        Ok(Written::Fine)
    }

    fn flush(&mut self) -> anyhow::Result<Written> {
        Ok(Written::Fine)
    }

    fn reopen(&mut self) -> anyhow::Result<Written> {
        Ok(Written::Fine)
    }

    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn end(&mut self) -> anyhow::Result<Written> {
        let give_up = self.settings.give_up;
        let patience = if self.settings.is_live() { give_up.min(LAST_WAIT) } else { give_up };
        self.queue.close(Instant::now().checked_add(patience));
        if let Some(sender) = self.sender.take()
            && sender.join().is_err()
        {
            anyhow::bail!("the thread that sends ended by a mistake of ours");
        }
        Ok(Written::Fine)
    }
}

impl Drop for Export<'_> {
    fn drop(&mut self) {
        // After an error nobody waits for what is left.
        let left = self.queue.leave();
        self.account.change(|total| total.given_up += left);
        self.queue.close(None);
    }
}
