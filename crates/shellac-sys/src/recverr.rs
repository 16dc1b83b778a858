//! Errors of datagrams (Linux, `IP_RECVERR`).

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Has the kernel report what goes wrong with datagrams of the UDP socket `fd`.
///
/// Without it a datagram that this machine drops, as with a full neighbour table, is sent as far as anybody can tell.
///
/// # Errors
///
/// What `setsockopt` says: `fd` is no socket of this family.
pub fn report_errors(fd: BorrowedFd<'_>, is_v6: bool) -> io::Result<()> {
    let (level, option) = if is_v6 {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
    } else {
        (libc::IPPROTO_IP, libc::IP_RECVERR)
    };
    let on: libc::c_int = 1;
    let len = libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap_or(0);
    // SAFETY: `on` is readable for `len` bytes, `fd` is open, and both live across the call.
    let result =
        unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, (&raw const on).cast(), len) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests;
