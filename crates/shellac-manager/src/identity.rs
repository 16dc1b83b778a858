//! The user that the proxy becomes, from the lists of this machine.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use shellac_config::Config;
use shellac_vsm::group as groups;

use crate::{ManagerError, trusted};

/// Where users are listed.
const USER_FILE: &str = "/etc/passwd";
/// Where groups are listed, with their members.
const GROUP_FILE: &str = "/etc/group";

/// Who this process is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    uid: u32,
    gid: u32,
    /// All of them.
    groups: Vec<u32>,
}

/// Whether the user and the group of a configuration are there, and this process could become that user.
///
/// # Errors
///
/// [`ManagerError::User`] and [`ManagerError::Group`].
pub fn check_identity(config: &Config) -> Result<(), ManagerError> {
    let group = config.group.as_deref();
    if let Some(name) = group {
        groups::gid_of(name)
            .map_err(|source| ManagerError::Group { group: name.to_owned(), source })?;
    }
    let Some(user) = &config.user else { return Ok(()) };
    let identity = Identity::find(user, group)?;
    if identity.is_ours() || rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let source = io::ErrorKind::PermissionDenied.into();
    Err(ManagerError::User { user: user.clone(), source })
}

/// Whether root may make files in `workdir` and give them away: nobody else may be able to put something else there.
///
/// # Errors
///
/// [`ManagerError::Foreign`], when this process is root and is to become somebody else.
pub fn check_workdir(config: &Config, workdir: &Path) -> Result<(), ManagerError> {
    let Some(user) = &config.user else { return Ok(()) };
    // That there is no such user is found elsewhere.
    let Ok(identity) = Identity::find(user, config.group.as_deref()) else { return Ok(()) };
    if identity.is_ours() || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    trusted::way(workdir)
        .map(drop)
        .map_err(|why| ManagerError::Foreign { path: workdir.to_owned(), why })
}

/// Whether the user that the proxy of a configuration becomes could make files in a directory.
///
/// # Errors
///
/// What the system would say.
pub fn check_directory(config: &Config, dir: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};
    if !std::fs::metadata(dir)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    // What no user may do, as on a disk that is read-only, root may not do either.
    access(dir, Access::WRITE_OK | Access::EXEC_OK)?;
    let Some(user) = &config.user else { return Ok(()) };
    // That there is no such user is found elsewhere.
    let Ok(identity) = Identity::find(user, config.group.as_deref()) else { return Ok(()) };
    let way = dir.ancestors().all(|directory| identity.may(directory, 1));
    if identity.is_ours() || (way && identity.may(dir, 2)) {
        return Ok(());
    }
    Err(io::ErrorKind::PermissionDenied.into())
}

impl Identity {
    /// The user of this name or number, in `group` if one is given, else in the user's own.
    pub(crate) fn find(user: &str, group: Option<&str>) -> Result<Identity, ManagerError> {
        let failed = |source| ManagerError::User { user: user.to_owned(), source };
        let users = std::fs::read_to_string(USER_FILE).map_err(failed)?;
        let (name, uid, own) = find_user(&users, user).ok_or_else(|| {
            let text = format!("there is no user `{user}` in {USER_FILE}");
            failed(io::Error::new(io::ErrorKind::NotFound, text))
        })?;
        let gid = match group {
            Some(name) => groups::gid_of(name)
                .map_err(|source| ManagerError::Group { group: name.to_owned(), source })?,
            None => own,
        };
        let groups = std::fs::read_to_string(GROUP_FILE).unwrap_or_default();
        let mut groups = groups_of(&groups, &name);
        groups.extend([own, gid]);
        groups.sort_unstable();
        groups.dedup();
        Ok(Identity { uid, gid, groups })
    }

    /// Whether this process is that user already.
    pub(crate) fn is_ours(&self) -> bool {
        rustix::process::geteuid().as_raw() == self.uid
    }

    /// Gives what this process needs later to the user that it is about to become. Never what a link leads to, but for a directory: the
    /// way to that was looked at.
    pub(crate) fn give(&self, path: &Path) -> Result<(), ManagerError> {
        use std::os::unix::fs::{chown, lchown};
        let change = if path.is_dir() { chown::<&Path> } else { lchown::<&Path> };
        change(path, Some(self.uid), Some(self.gid)).map_err(|source| ManagerError::File {
            action: "give to the user",
            path: path.to_owned(),
            source,
        })
    }

    /// Whether it may read a file, as far as the rights of the file and of the directories on the way say.
    pub(crate) fn can_read(&self, path: &Path) -> bool {
        let way = path.ancestors().skip(1).all(|directory| self.may(directory, 1));
        way && self.may(path, 4)
    }

    /// Whether its bits of the mode have this one of the lowest three.
    fn may(&self, path: &Path, bit: u32) -> bool {
        let Ok(metadata) = std::fs::metadata(path) else { return false };
        let shift = match () {
            () if metadata.uid() == self.uid => 6,
            () if self.groups.contains(&metadata.gid()) => 3,
            () => 0,
        };
        metadata.mode() >> shift & bit != 0
    }

    /// Becomes that user. There is no way back.
    pub(crate) fn assume(&self, user: &str) -> Result<(), ManagerError> {
        shellac_sys::become_user(self.uid, self.gid, &self.groups)
            .map_err(|source| ManagerError::User { user: user.to_owned(), source })
    }
}

/// The name, number and group of a user by name or number.
fn find_user(list: &str, wanted: &str) -> Option<(String, u32, u32)> {
    let rows = list.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, _password) = (fields.next()?, fields.next()?);
        let (uid, gid) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some((name.to_owned(), uid, gid))
    });
    let rows: Vec<(String, u32, u32)> = rows.collect();
    let number = wanted.parse::<u32>().ok();
    let by_name = rows.iter().find(|(name, ..)| name == wanted);
    by_name.or_else(|| rows.iter().find(|(_, uid, _)| Some(*uid) == number)).cloned()
}

/// The groups that name a user as a member.
fn groups_of(list: &str, user: &str) -> Vec<u32> {
    list.lines()
        .filter_map(|line| {
            let mut fields = line.split(':').skip(2);
            let gid = fields.next()?.parse().ok()?;
            fields.next()?.split(',').any(|member| member == user).then_some(gid)
        })
        .collect()
}

#[cfg(test)]
mod tests;
