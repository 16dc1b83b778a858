//! Ways through the file system that root may go: nobody else can put something else there, nor anywhere a link on the way leads.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// As many links as the system follows.
const LINKS_MOST: usize = 40;
/// Who may write beside the owner.
const OTHERS: u32 = 0o022;
/// Where everybody may make files and nobody may touch those of others.
const STICKY: u32 = 0o1000;

/// Where `path` leads, without links. What is not there yet ends the search: whoever makes it owns it.
///
/// Every directory in which a name is looked up has to be root's, also those behind links; the place that `path` names itself is not
/// looked at, unless others could have made it.
///
/// # Errors
///
/// For people: which place others can change, and how it comes into play.
pub(crate) fn way(path: &Path) -> Result<PathBuf, String> {
    let failed = |at: &Path, error: io::Error| format!("{}: {error}", at.display());
    let from = std::path::absolute(path).map_err(|error| failed(path, error))?;
    let owner = std::fs::metadata("/").map_err(|error| failed(Path::new("/"), error))?.uid();
    // Where users have other numbers root is whoever has the root directory.
    let is_roots = |found: &Metadata| found.uid() == 0 || found.uid() == owner;
    let mut left: VecDeque<OsString> = names(&from);
    let mut at = PathBuf::from("/");
    let mut links = 0;
    while let Some(name) = left.pop_front() {
        if name == ".." {
            at.pop();
            continue;
        }
        let directory = std::fs::metadata(&at).map_err(|error| failed(&at, error))?;
        let is_shared = directory.mode() & OTHERS != 0;
        if !is_roots(&directory) || (is_shared && directory.mode() & STICKY == 0) {
            return Err(foreign(&at, &from, "chown root, chmod go-w"));
        }
        let next = at.join(&name);
        let found = match std::fs::symlink_metadata(&next) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(left.iter().fold(next, |path, name| path.join(name)));
            }
            Err(error) => return Err(failed(&next, error)),
        };
        // Whoever made something in such a directory can put something else in its place.
        if is_shared && !is_roots(&found) {
            return Err(foreign(&next, &from, "chown root, or choose another place"));
        }
        if !found.is_symlink() {
            at = next;
            continue;
        }
        links += 1;
        if links > LINKS_MOST {
            return Err(format!("{}: too many links", from.display()));
        }
        let target = std::fs::read_link(&next).map_err(|error| failed(&next, error))?;
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        for name in names(&target).into_iter().rev() {
            left.push_front(name);
        }
    }
    Ok(at)
}

fn names(path: &Path) -> VecDeque<OsString> {
    let name = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    };
    path.components().filter_map(name).collect()
}

fn foreign(place: &Path, from: &Path, remedy: &str) -> String {
    let by_link = if from.starts_with(place) {
        String::new()
    } else {
        format!(", to which a link in {} leads", from.display())
    };
    format!("others can change {}{by_link}: {remedy}", place.display())
}

#[cfg(test)]
mod tests;
