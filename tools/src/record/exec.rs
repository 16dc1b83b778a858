//! Programs that are told what happened: the group as JSON on standard input.
//!
//! No shell is involved. A program has a limited time, its output is limited, and few run at the same time; what
//! is one too many is counted and said, never waited for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Access, access};
use shellac_capture::rules::Exec;
use shellac_render::visible;

/// Programs that run at the same time.
const MAX_RUNNING: usize = 4;
/// Bytes of a program's output that are kept; the rest is read and forgotten.
const MAX_OUTPUT: usize = 256;
/// Between two looks whether a program has ended.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Starts programs and keeps count of them.
#[derive(Debug, Default)]
pub(super) struct Programs {
    running: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
    /// Those that were not started, because enough ran.
    skipped: u64,
    /// Those that failed, by rule.
    failed: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Programs {
    /// Starts `exec` with `input` as its standard input, if not too many run.
    pub(super) fn start(&mut self, rule: &str, exec: &Exec, input: Vec<u8>) {
        self.threads.retain(|thread| !thread.is_finished());
        if self.running.load(Ordering::Relaxed) >= MAX_RUNNING {
            self.skipped += 1;
            if self.skipped.is_power_of_two() {
                eprintln!(
                    "shellac: {rule}: {MAX_RUNNING} programs run already, so {} were not started so far",
                    self.skipped
                );
            }
            return;
        }
        self.running.fetch_add(1, Ordering::Relaxed);
        let (rule, exec) = (visible(rule.as_bytes()), exec.clone());
        let (running, failed) = (Arc::clone(&self.running), Arc::clone(&self.failed));
        let spawned = thread::Builder::new().name("exec".to_owned()).spawn(move || {
            if let Err(problem) = run(&exec, &input) {
                let program = visible(exec.command[0].as_bytes());
                match count(&failed, &rule) {
                    1 => eprintln!("shellac: {rule}: {program}: {problem}"),
                    // One that always fails is not told of with every failure.
                    times if times.is_power_of_two() => {
                        eprintln!("shellac: {rule}: {program}: {problem} ({times} failed so far)")
                    }
                    _ => {}
                }
            }
            running.fetch_sub(1, Ordering::Relaxed);
        });
        match spawned {
            Ok(thread) => self.threads.push(thread),
            Err(error) => {
                self.running.fetch_sub(1, Ordering::Relaxed);
                eprintln!("shellac: cannot start a thread: {error}");
            }
        }
    }

    /// Waits for those that run; their time is limited.
    pub(super) fn finish(self) {
        for thread in self.threads {
            // What a thread had to say it has said.
            let _ = thread.join();
        }
        if self.skipped > 0 {
            eprintln!("shellac: {} programs were not started, because others ran", self.skipped);
        }
    }
}

/// Counts one more for this rule.
fn count(failed: &Mutex<BTreeMap<String, u64>>, rule: &str) -> u64 {
    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
    let times = failed.entry(rule.to_owned()).or_default();
    *times += 1;
    *times
}

/// The program that a command names, so that it is found in any directory.
///
/// # Errors
///
/// It is not there, or cannot be run.
pub(super) fn program(name: &str) -> Result<String, String> {
    if name.contains('/') {
        let path = std::path::absolute(name).map_err(|error| error.to_string())?;
        if path.is_dir() {
            return Err("is a directory".to_owned());
        }
        access(&path, Access::EXEC_OK).map_err(|error| error.to_string())?;
        return Ok(path.display().to_string());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .any(|path| path.is_file() && access(&path, Access::EXEC_OK).is_ok());
    if found {
        Ok(name.to_owned())
    } else {
        Err(format!("no such program in PATH; ./{name} is one in this directory"))
    }
}

/// Runs a program to its end. What is wrong with it is the error.
fn run(exec: &Exec, input: &[u8]) -> Result<(), String> {
    let fault = |error: &dyn std::fmt::Display| error.to_string();
    // A file and not a pipe: a program that does not read cannot make us wait.
    let mut stdin = tempfile::tempfile().map_err(|error| fault(&error))?;
    stdin.write_all(input).and_then(|()| stdin.rewind()).map_err(|error| fault(&error))?;
    let (read, write) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(|error| fault(&error))?;
    let also: OwnedFd = write.try_clone().map_err(|error| fault(&error))?;
    let mut command = Command::new(&exec.command[0]);
    command
        .args(&exec.command[1..])
        .current_dir("/")
        // Of its own, so that what it starts can be ended with it.
        .process_group(0)
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::from(write))
        .stderr(Stdio::from(also));
    let child = command.spawn().map_err(|error| fault(&error))?;
    // Its ends of the pipe are ours as long as the command lives.
    drop(command);
    let mut output = Vec::new();
    let status = watch(child, &mut File::from(read), exec.timeout, &mut output)?;
    if status.success() {
        return Ok(());
    }
    let text = visible(output.trim_ascii());
    Err(if text.is_empty() { status.to_string() } else { format!("{status}: {text}") })
}

/// Reads what it says until it ends, or ends it when its time is over.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
fn watch(
    mut child: Child,
    pipe: &mut File,
    timeout: Duration,
    output: &mut Vec<u8>,
) -> Result<ExitStatus, String> {
    let start = Instant::now();
    let mut is_open = true;
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            while is_open && is_readable(pipe, Timespec { tv_sec: 0, tv_nsec: 0 }) {
                is_open = read_some(pipe, output);
            }
            return Ok(status);
        }
        if start.elapsed() >= timeout {
            end(&mut child);
            return Err(format!("ended after {} s, its time was over", timeout.as_secs_f64()));
        }
        if !is_open {
            thread::sleep(Duration::from_millis(50));
        } else if is_readable(pipe, LOOK) {
            is_open = read_some(pipe, output);
        }
    }
}

/// Ends a program and what it has started, as far as that is still in its group.
fn end(child: &mut Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended meanwhile; it is not waited for yet, so the number is still its own.
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn is_readable(pipe: &File, patience: Timespec) -> bool {
    matches!(poll(&mut [PollFd::new(pipe, PollFlags::IN)], Some(&patience)), Ok(ready) if ready > 0)
}

/// Reads what is there; `false` when nothing will come any more.
fn read_some(pipe: &mut File, output: &mut Vec<u8>) -> bool {
    let mut block = [0; 4096];
    match pipe.read(&mut block) {
        Ok(0) => false,
        Ok(len) => {
            let room = MAX_OUTPUT.saturating_sub(output.len());
            output.extend_from_slice(&block[..len.min(room)]);
            true
        }
        Err(error) => error.kind() == std::io::ErrorKind::Interrupted,
    }
}

#[cfg(test)]
mod tests;
