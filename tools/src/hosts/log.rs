//! The log of another machine while it comes.

use std::io::{self, Read};
use std::process::{Child, ChildStdout};
use std::thread::JoinHandle;

use super::ended;

/// A log on another machine, as a file of records; what goes wrong there is an error where the file would end.
#[derive(Debug)]
pub(crate) struct RemoteLog {
    child: Child,
    output: Option<ChildStdout>,
    complaints: Option<JoinHandle<()>>,
}

impl RemoteLog {
    pub(super) fn new(mut child: Child, complaints: JoinHandle<()>) -> RemoteLog {
        let output = child.stdout.take();
        RemoteLog { child, output, complaints: Some(complaints) }
    }

    /// Waits for the end of the process and of what it complains about.
    fn end(&mut self) -> io::Result<()> {
        self.output = None;
        let status = ended(&mut self.child);
        if let Some(complaints) = self.complaints.take() {
            let _ = complaints.join();
        }
        match status {
            Ok(0) => Ok(()),
            Ok(status) => {
                Err(io::Error::other(format!("shellac ended there with status {status}")))
            }
            Err(reason) => Err(io::Error::other(reason)),
        }
    }
}

impl Read for RemoteLog {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(output) = &mut self.output else { return Ok(0) };
        match output.read(out)? {
            0 if !out.is_empty() => self.end().map(|()| 0),
            len => Ok(len),
        }
    }
}

impl Drop for RemoteLog {
    fn drop(&mut self) {
        if self.output.is_some() {
            // Nobody reads on; without its pipe it would end, too, but perhaps not soon.
            let _ = self.child.kill();
            let _ = self.end();
        }
    }
}
