//! Requests that are to be ended and that the serving worker does not have: one before it may still finish them. Such a worker
//! listens to no commands, but looks for files in its directory.

use std::path::PathBuf;
use std::time::Instant;

use shellac_admin::{Answer, Status};
use shellac_counters::live::LiveView;
use shellac_vsm::letters::order_kill;
use shellac_vsm::publish::retired_dir;

use crate::errands::Client;
use crate::supervise::{Supervisor, now};

/// Longest reason in characters.
const REASON_CHARS: usize = 200;

/// An order that a retiring worker has not taken yet.
#[derive(Debug)]
pub(crate) struct Letter {
    client: Client,
    path: PathBuf,
    pid: u32,
    deadline: Instant,
}

impl Supervisor<'_> {
    /// The serving worker has said `answer` to `kill XID [REASON]`, as it has no such request: hands the order to the one that does.
    pub(crate) fn kill_elsewhere(&mut self, client: Client, answer: Answer) {
        let (xid, reason) = client.call.args.split_first().unzip();
        let xid: Option<u64> = xid.and_then(|xid: &String| xid.parse().ok());
        let reason = reason.map(|words: &[String]| words.join(" ")).unwrap_or_default();
        let Some((xid, pid)) = xid.and_then(|xid| Some((xid, self.retiring_with(xid)?))) else {
            return self.reply(Some(&client), answer);
        };
        let mut reason: String =
            reason.chars().filter(|it| !it.is_control()).take(REASON_CHARS).collect();
        if reason.is_empty() {
            reason.push_str("by an administrator");
        }
        match order_kill(&retired_dir(self.house.workdir(), pid), xid, &reason) {
            Ok(path) => {
                let deadline = now() + self.house.params().worker_timeout();
                self.letters.push(Letter { client, path, pid, deadline });
            }
            Err(error) => {
                let text = format!(
                    "Request {xid} is with worker {pid}, which finishes its requests and cannot be told: {error}\n"
                );
                self.reply(Some(&client), Answer::new(Status::CANNOT, text));
            }
        }
    }

    /// The worker that finishes this request, or one whose present attempt has this number.
    fn retiring_with(&self, xid: u64) -> Option<u32> {
        let pids = self.retiring.iter().map(|one| one.worker.pid());
        pids.into_iter().find(|&pid| {
            let board = LiveView::of_retired(&retired_dir(self.house.workdir(), pid));
            let requests = board.ok().flatten().map(|board| board.snapshot().requests);
            let is_it = |xids: [Option<u64>; 2]| xid != 0 && xids.contains(&Some(xid));
            requests.is_some_and(|all| all.iter().any(|one| is_it([one.xid, one.attempt_xid])))
        })
    }

    /// Looks which orders were taken, and tells those who gave them.
    pub(crate) fn look_at_letters(&mut self) {
        let mut at = 0;
        while at < self.letters.len() {
            let letter = &self.letters[at];
            let is_taken = !letter.path.exists();
            if !is_taken && now() < letter.deadline {
                at += 1;
                continue;
            }
            let Letter { client, path, pid, .. } = self.letters.remove(at);
            let answer = if is_taken {
                Answer::ok("")
            } else {
                // It may be taken at this very moment.
                let _ = std::fs::remove_file(&path);
                let text = format!(
                    "The request is with worker {pid}, which finishes its requests and has not taken the order for {} s; ending that process ends it.\n",
                    self.house.params().worker_timeout().as_secs_f64()
                );
                Answer::new(Status::COMMUNICATION, text)
            };
            self.reply(Some(&client), answer);
        }
    }
}
