//! Groups by name, and what somebody who may not read something can do.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Where groups and users are listed.
const GROUP_FILE: &str = "/etc/group";
const USER_FILE: &str = "/etc/passwd";

/// The number of the group called `name`, or of the group that `name` is the number of.
///
/// # Errors
///
/// That there is none, or that the list of groups cannot be read.
pub fn gid_of(name: &str) -> io::Result<u32> {
    let list = std::fs::read_to_string(GROUP_FILE)?;
    find_gid(&list, name).or_else(|| name.parse().ok()).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            format!("there is no group `{name}` in {GROUP_FILE}"),
        )
    })
}

/// The number of the user called `name`, or of the user that `name` is the number of.
///
/// # Errors
///
/// That there is none, or that the list of users cannot be read.
pub fn uid_of(name: &str) -> io::Result<u32> {
    let list = std::fs::read_to_string(USER_FILE)?;
    // Number and name stand where they do for groups.
    find_gid(&list, name).or_else(|| name.parse().ok()).ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("there is no user `{name}` in {USER_FILE}"))
    })
}

/// The name of a group; `None` where it has none or the list cannot be read.
#[must_use]
pub fn name_of(gid: u32) -> Option<String> {
    find_name(&std::fs::read_to_string(GROUP_FILE).ok()?, gid)
}

/// What to do when `path` cannot be opened because of its rights.
///
/// The thing to blame is the first directory on the way that may not be searched, or else the file itself.
pub(crate) fn remedy(path: &Path, error: &io::Error) -> Option<String> {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return None;
    }
    // A component whose metadata can be had lies in a directory that may be searched: the last such one refuses.
    let mut way: Vec<&Path> =
        path.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
    way.reverse();
    let (blamed, metadata) = way
        .into_iter()
        .map_while(|part| std::fs::metadata(part).ok().map(|found| (part, found)))
        .last()?;
    Some(advice(blamed, metadata.mode(), metadata.gid(), name_of(metadata.gid()).as_deref()))
}

/// The text of the remedy, from what the file system says about the thing that refused.
fn advice(blamed: &Path, mode: u32, gid: u32, group: Option<&str>) -> String {
    let name = blamed.display();
    if mode & 0o040 == 0 {
        return format!(
            "{name} has mode {:04o}, no group may read it: run this as its owner or as root",
            mode & 0o7777
        );
    }
    match group {
        // Whoever joins it may do much more than read a log.
        Some(_) if gid == 0 => format!(
            "{name} is for root only: run this as root, or give the proxy's log to a group of its own (`group` in its configuration)"
        ),
        Some(group) => format!(
            "{name} is for group `{group}`: join it (`usermod -a -G {group} YOU`, then log in again), or run this as root"
        ),
        None => format!(
            "{name} is for group number {gid}, which has no name: run this as root or with that group"
        ),
    }
}

fn find_gid(list: &str, name: &str) -> Option<u32> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok()).flatten()
    })
}

fn find_name(list: &str, gid: u32) -> Option<String> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(gid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests;
