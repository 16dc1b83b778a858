//! What the kernel knows about a TCP connection (Linux, `TCP_INFO`).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Room for more than any kernel fills; it fills what it knows and says how much that is.
const ROOM_BYTES: usize = 512;

/// Numbers of one connection. A field that the running kernel does not have is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpInfo {
    /// State, as in the kernel's table (1 = established, 8 = close-wait, ...).
    pub state: u8,
    /// Segments that are sent and not acknowledged.
    pub unacked_segments: Option<u32>,
    /// Segments that were sent again, in all.
    pub total_retrans: Option<u32>,
    /// Smoothed round-trip time, in microseconds.
    pub rtt_us: Option<u32>,
    /// Bytes that the other side has acknowledged. Counts one more for the SYN of a connection that this
    /// side opened, and one for a FIN.
    pub bytes_acked: Option<u64>,
    /// Bytes that have arrived in order. Counts one more for the other side's FIN.
    pub bytes_received: Option<u64>,
    /// Bytes that were handed to the kernel and not sent yet.
    pub notsent_bytes: Option<u32>,
    /// Bytes that were sent, with those sent again.
    pub bytes_sent: Option<u64>,
    /// Bytes that were sent again.
    pub bytes_retrans: Option<u64>,
}

/// Asks the kernel about the connection behind `fd`.
///
/// # Errors
///
/// What `getsockopt` says: `fd` is not a TCP socket, or the system has no such option.
pub fn tcp_info(fd: BorrowedFd<'_>) -> io::Result<TcpInfo> {
    let mut bytes = [0u8; ROOM_BYTES];
    let mut len = libc::socklen_t::try_from(bytes.len()).unwrap_or(0);
    // SAFETY: `bytes` is writable for `len` bytes, `fd` is open, and both live across the call.
    let result = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            bytes.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(parse(bytes.get(..len as usize).unwrap_or(&bytes)))
}

/// The kernel only ever appends to this structure, so a field is there or is not.
fn parse(bytes: &[u8]) -> TcpInfo {
    fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
        Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
    }
    fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
        Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
    }
    TcpInfo {
        state: bytes.first().copied().unwrap_or(0),
        unacked_segments: u32_at(bytes, 24),
        rtt_us: u32_at(bytes, 68),
        total_retrans: u32_at(bytes, 100),
        bytes_acked: u64_at(bytes, 120),
        bytes_received: u64_at(bytes, 128),
        notsent_bytes: u32_at(bytes, 144),
        bytes_sent: u64_at(bytes, 200),
        bytes_retrans: u64_at(bytes, 208),
    }
}

#[cfg(test)]
mod tests;
