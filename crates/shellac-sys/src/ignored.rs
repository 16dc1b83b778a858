//! Signals that are ignored for a while, a change of program included.

use std::io;
use std::mem::MaybeUninit;

/// Ignores signals until it is dropped.
///
/// What is ignored stays so when this process becomes another program, while a signal that is caught would end that program
/// before it can say what it wants.
#[derive(Debug)]
pub struct IgnoredSignals {
    before: Vec<(i32, Disposition)>,
}

struct Disposition(libc::sigaction);

impl std::fmt::Debug for Disposition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Disposition")
    }
}

impl IgnoredSignals {
    /// Ignores these.
    ///
    /// # Errors
    ///
    /// What the system says of a number that is no signal, or one that cannot be ignored; everything is as before then.
    pub fn new(signals: &[i32]) -> io::Result<IgnoredSignals> {
        let mut ignored = IgnoredSignals { before: Vec::new() };
        for &signal in signals {
            let mut action = MaybeUninit::<libc::sigaction>::zeroed();
            let mut before = MaybeUninit::<libc::sigaction>::zeroed();
            // SAFETY: all bits zero is a value of this structure of numbers, a set of bits and an optional function.
            let action = unsafe { action.assume_init_mut() };
            action.sa_sigaction = libc::SIG_IGN;
            // SAFETY: both point to structures of this type that live through the call; no function is installed.
            let result = unsafe { libc::sigaction(signal, action, before.as_mut_ptr()) };
            if result != 0 {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: zeroes, or what the system wrote over them.
            let before = unsafe { before.assume_init() };
            ignored.before.push((signal, Disposition(before)));
        }
        Ok(ignored)
    }
}

impl Drop for IgnoredSignals {
    fn drop(&mut self) {
        for (signal, Disposition(before)) in self.before.drain(..).rev() {
            // SAFETY: what the system gave for this signal is put back as it was, the function in it included, which is still
            // there: nothing was unloaded since. That nothing is written to the null pointer is what it means.
            let _ = unsafe { libc::sigaction(signal, &raw const before, std::ptr::null_mut()) };
        }
    }
}

#[cfg(test)]
mod tests;
