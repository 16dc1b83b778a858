//! What another configuration wants of listening sockets, beside those that there are.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

use shellac_config::{Config, ListenAddress, ListenConfig, SocketRights};

use super::{BoundListener, bind_beside, unix};
use crate::ManagerError;

/// The difference, with what is new bound already. Dropped, it leaves everything as it is.
#[derive(Debug)]
pub(crate) struct Change {
    /// In the order of the configuration.
    next: Vec<Next>,
    /// Paths that are to have other rights.
    rights: Vec<(PathBuf, SocketRights)>,
    /// Something comes, goes, or has another name.
    is_one: bool,
}

/// A listener of the configuration.
#[derive(Debug)]
enum Next {
    /// It is there, at this place.
    Stays { at: usize, name: String, asked: ListenAddress },
    /// It is new.
    New(BoundListener),
}

/// What has come of a change, for people: names and addresses.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    pub(crate) opened: Vec<(String, ListenAddress)>,
    pub(crate) closed: Vec<(String, ListenAddress)>,
    /// What could not be done.
    pub(crate) notes: Vec<String>,
}

impl Change {
    /// What `config` wants beside `there`, which is what `before` wanted.
    ///
    /// # Errors
    ///
    /// The first address that cannot be had; nothing is bound then.
    pub(crate) fn plan(
        there: &[BoundListener],
        before: &Config,
        config: &Config,
        threads: usize,
    ) -> Result<Change, ManagerError> {
        let places = places(there, &config.listen);
        let mut next = Vec::new();
        let mut rights = Vec::new();
        for (listen, place) in config.listen.iter().zip(&places) {
            let Some(at) = *place else {
                next.push(Next::New(bind_beside(listen, threads, there)?));
                continue;
            };
            let was = before.listen.iter().find(|was| was.address == listen.address);
            if let ListenAddress::Unix(path) = &listen.address
                && was.is_some_and(|was| was.rights != listen.rights)
            {
                unix::check(&listen.rights).map_err(|error| super::failed(listen, error))?;
                rights.push((path.clone(), listen.rights.clone()));
            }
            let (name, asked) = (listen.name.clone(), listen.address.clone());
            next.push(Next::Stays { at, name, asked });
        }
        let same = |(place, next): (usize, &Next)| matches!(next, Next::Stays { at, name, .. } if *at == place && *name == there[place].name);
        let is_one = next.len() != there.len() || !next.iter().enumerate().all(same);
        Ok(Change { next, rights, is_one })
    }

    /// Whether there is anything that a worker has to know.
    pub(crate) fn is_nothing(&self) -> bool {
        !self.is_one
    }

    /// How a worker is told: name, address and number of new sockets of each listener.
    pub(crate) fn words(&self, there: &[BoundListener]) -> Vec<String> {
        let row = |next: &Next| match next {
            Next::Stays { at, name, .. } => {
                [name.clone(), there[*at].address.to_string(), "0".to_owned()]
            }
            Next::New(one) => {
                [one.name.clone(), one.address.to_string(), one.sockets.len().to_string()]
            }
        };
        self.next.iter().flat_map(row).collect()
    }

    /// What is new, in that order.
    pub(crate) fn new_listeners(&self) -> impl Iterator<Item = &BoundListener> {
        self.next.iter().filter_map(|next| match next {
            Next::New(one) => Some(one),
            Next::Stays { .. } => None,
        })
    }

    /// The new sockets, in that order.
    pub(crate) fn sockets(&self) -> Vec<BorrowedFd<'_>> {
        self.new_listeners().flat_map(|one| &one.sockets).map(AsFd::as_fd).collect()
    }

    /// Makes it so.
    pub(crate) fn carry_out(self, there: &mut Vec<BoundListener>) -> Moved {
        let mut moved = Moved::default();
        let mut before: Vec<Option<BoundListener>> = there.drain(..).map(Some).collect();
        for next in self.next {
            match next {
                Next::Stays { at, name, asked } => {
                    let Some(one) = before.get_mut(at).and_then(Option::take) else { continue };
                    there.push(BoundListener { name, asked, ..one });
                }
                Next::New(one) => {
                    moved.opened.push((one.name.clone(), one.address.clone()));
                    there.push(one);
                }
            }
        }
        let gone = before.into_iter().flatten();
        moved.closed = gone.map(|one| (one.name.clone(), one.address.clone())).collect();
        for (path, rights) in self.rights {
            if let Err(error) = unix::give(&path, &rights) {
                let path = path.display();
                moved.notes.push(format!(
                    "The rights of {path} stay as they are: {error}; a restart of shellacd sets them.\n"
                ));
            }
        }
        moved
    }
}

/// Where each listener of a configuration is among those that there are. None is taken twice.
fn places(there: &[BoundListener], wanted: &[ListenConfig]) -> Vec<Option<usize>> {
    let mut places = vec![None; wanted.len()];
    let mut free: Vec<usize> = (0..there.len()).collect();
    // Several may have asked for a port of the kernel's choice: then names say which is which.
    let ways: [fn(&BoundListener, &ListenConfig) -> bool; 3] = [
        |one, listen| one.asked == listen.address && one.name == listen.name,
        |one, listen| one.asked == listen.address,
        |one, listen| one.address == listen.address,
    ];
    for fits in ways {
        for (listen, place) in wanted.iter().zip(&mut places) {
            if place.is_none()
                && let Some(found) = free.iter().position(|&at| fits(&there[at], listen))
            {
                *place = Some(free.remove(found));
            }
        }
    }
    places
}

#[cfg(test)]
mod tests;
