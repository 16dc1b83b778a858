//! A `shellac log` that runs beside a generator.

use std::io::Read;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::support::deadline::Deadline;

/// The process, with what it has said on standard error; dropping it ends it.
pub(crate) struct Reader {
    pub(crate) child: Child,
    said: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts it on the log in `workdir`; standard output is a pipe.
    pub(crate) fn start(workdir: &Path, options: &[&str]) -> Reader {
        Reader::start_tool("log", workdir, options)
    }

    /// The same with another tool that follows a log.
    pub(crate) fn start_tool(tool: &str, workdir: &Path, options: &[&str]) -> Reader {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shellac"))
            .args([tool, "-n"])
            .arg(workdir)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let listener = Some(listen(child.stderr.take().unwrap(), Arc::clone(&said)));
        Reader { child, said, listener }
    }

    /// What it has said on standard error so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it has said this.
    pub(crate) fn wait_until_it_says(&self, what: &str) {
        let said = || self.said().contains(what).then_some(());
        Deadline::generous().wait_for(&format!("\"{what}\""), said);
    }

    /// How often its threads have waited for something.
    pub(crate) fn sleeps(&self) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let status = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("status"));
        // A thread may end between the two.
        let texts = tasks.filter_map(|task| status(task.ok()?).ok());
        texts
            .filter_map(|text| {
                let line = text.lines().find_map(|it| it.strip_prefix("voluntary_ctxt_switches:"));
                line?.trim().parse::<u64>().ok()
            })
            .sum()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Asks it to end and waits for that.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        self.signal(rustix::process::Signal::TERM);
        let status =
            Deadline::generous().wait_for("the reader to end", || self.child.try_wait().unwrap());
        (status, self.all_it_said())
    }

    /// All that it has said, once it has ended.
    pub(crate) fn all_it_said(&mut self) -> String {
        self.listener.take().unwrap().join().unwrap();
        self.said()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(stderr: ChildStderr, said: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut stderr = stderr;
        let mut piece = [0; 4096];
        while let Ok(len @ 1..) = stderr.read(&mut piece) {
            let text = String::from_utf8_lossy(&piece[..len]);
            said.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        }
    })
}
