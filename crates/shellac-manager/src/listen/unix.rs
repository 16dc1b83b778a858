//! Sockets in the file system.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use shellac_config::SocketRights;
use shellac_vsm::group;
use socket2::{Domain, SockAddr, Socket, Type};

use super::BACKLOG;

/// The file of a socket. Dropped, it removes the file, if that is still the one that was made.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    pub(super) fn new(path: &Path) -> io::Result<SocketFile> {
        let found = std::fs::symlink_metadata(path)?;
        Ok(SocketFile { path: path.to_owned(), device: found.dev(), inode: found.ino() })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let is_ours = std::fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode));
        if is_ours {
            // What stays is removed by whoever listens there next.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Listens on `path`. Nobody can connect before the rights are what they should be.
pub(super) fn bind(path: &Path, rights: &SocketRights) -> io::Result<(OwnedFd, SocketFile)> {
    remove_dead_socket(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let file = SocketFile::new(path)?;
    give(path, rights)?;
    socket.listen(BACKLOG)?;
    Ok((socket.into(), file))
}

/// Gives the file of a socket its rights.
pub(super) fn give(path: &Path, rights: &SocketRights) -> io::Result<()> {
    let (user, group) = check(rights)?;
    if user.is_some() || group.is_some() {
        chown(path, user, group)?;
    }
    if let Some(mode) = rights.mode {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// The user and the group, which have to be there.
pub(super) fn check(rights: &SocketRights) -> io::Result<(Option<u32>, Option<u32>)> {
    let user = rights.user.as_deref().map(group::uid_of).transpose()?;
    let group = rights.group.as_deref().map(group::gid_of).transpose()?;
    Ok((user, group))
}

/// Removes a socket that nobody listens on; anything else of that name is left, and binding will fail.
pub(crate) fn remove_dead_socket(path: &Path) -> io::Result<()> {
    let is_socket =
        std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    if is_socket && UnixStream::connect(path).is_err_and(refused) {
        std::fs::remove_file(path)?;
    }
    Ok(())
}
