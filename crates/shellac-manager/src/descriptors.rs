//! Open descriptors on their way to another program, beside bytes that carry them.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// Descriptors per byte; the kernel takes 253.
const AT_ONCE: usize = 64;

/// Sends duplicates of them, up to 64 with a byte.
///
/// # Errors
///
/// What the system says; some may have been sent.
pub(crate) fn send(to: &UnixStream, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    for some in descriptors.chunks(AT_ONCE) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(AT_ONCE))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !ancillary.push(SendAncillaryMessage::ScmRights(some)) {
            return Err(io::Error::other("too many descriptors at once"));
        }
        rustix::io::retry_on_intr(|| {
            sendmsg(to, &[IoSlice::new(&[0])], &mut ancillary, SendFlags::NOSIGNAL)
        })?;
    }
    Ok(())
}

/// Reads one byte and adds the descriptors that come with it.
///
/// # Errors
///
/// What the system says, the end of the connection, a byte without descriptors.
pub(crate) fn receive(from: &UnixStream, arrived: &mut Vec<OwnedFd>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(AT_ONCE))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let received = rustix::io::retry_on_intr(|| {
        recvmsg(from, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
    })?;
    let before = arrived.len();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            arrived.extend(descriptors);
        }
    }
    match received.bytes {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ if arrived.len() == before => {
            Err(io::Error::new(io::ErrorKind::InvalidData, "a byte came without descriptors"))
        }
        _ => Ok(()),
    }
}
