//! System calls of a process while something runs, counted by strace, and the memory that idle clients cost.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::load::Client;

/// System calls of all threads of `pid` while `run` runs; `None` where strace is not installed or not allowed.
pub(crate) fn count(pid: u32, directory: &Path, run: impl FnOnce()) -> Option<f64> {
    let file = directory.join("strace");
    let mut strace = Command::new("strace")
        .args(["-c", "-f", "-o"])
        .arg(&file)
        .args(["-p", &pid.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let is_traced = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
    };
    let mut looks = 0;
    while !is_traced() {
        looks += 1;
        if looks > 500 || !matches!(strace.try_wait(), Ok(None)) {
            let _ = strace.kill();
            let _ = strace.wait();
            return None;
        }
        thread::sleep(Duration::from_millis(10));
    }
    run();
    kill_process(Pid::from_child(&strace), Signal::INT).expect("it is our child");
    strace.wait().expect("it is our child");
    let text = fs::read_to_string(&file).ok()?;
    let total = text.lines().rfind(|line| line.ends_with(" total"))?;
    total.split_ascii_whitespace().nth(3)?.parse().ok()
}

/// Memory of its own, in megabytes, that a process has while so many clients have a connection that they have used once.
pub(crate) fn idle_megabytes(pid: u32, proxy: SocketAddr, clients: usize, request: &[u8]) -> f64 {
    let idle: Vec<Client> = (0..clients)
        .map(|_| {
            let mut client = Client::connect(proxy);
            client.ask(request);
            client.answer();
            client.forget();
            client
        })
        .collect();
    // Once more, so that none of them is still being put away.
    thread::sleep(Duration::from_millis(300));
    let found = anonymous_megabytes(pid);
    drop(idle);
    found
}

/// What `RssAnon` says.
pub(crate) fn anonymous_megabytes(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    line.split_ascii_whitespace().next().and_then(|it| it.parse::<f64>().ok()).unwrap_or(0.0) / 1e3
}
