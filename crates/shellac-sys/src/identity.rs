//! Becoming another user.

use std::io;

/// Makes this process, with all its threads, one of user `uid` with group `gid` and these further groups. There is no way back.
///
/// # Errors
///
/// What the system says; only root may do this. The process may have the groups already then, but not the user.
pub fn become_user(uid: u32, gid: u32, groups: &[u32]) -> io::Result<()> {
    let done = |result: i32| {
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    };
    // SAFETY: the pointer is to as many numbers as is said, which live through the call.
    done(unsafe { libc::setgroups(groups.len(), groups.as_ptr()) })?;
    // SAFETY: a number goes in and nothing comes out.
    done(unsafe { libc::setgid(gid) })?;
    // SAFETY: as before.
    done(unsafe { libc::setuid(uid) })
}
