//! The requests that one thread has open, for whoever asks what runs and for whoever wants to end one.
//!
//! A request writes plain words of its thread here where it begins to wait. Its place is used again by later requests.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use shellac_counters::live::Phase;

use crate::clock::Micros;

/// A backend of a configuration, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// The generation's number.
    pub(crate) generation: u64,
    /// The backend's position there.
    pub(crate) backend: usize,
}

/// A request that is open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Open {
    /// Number of its transaction; 0 while its head is being read.
    pub(crate) xid: u64,
    /// Number of the present attempt's transaction; 0 before the first.
    pub(crate) attempt_xid: u64,
    /// The backend that is busy with it.
    pub(crate) place: Option<Place>,
    pub(crate) phase: Option<Phase>,
    /// When its first byte came.
    pub(crate) started: Micros,
    /// When it began to wait for this.
    pub(crate) since: Micros,
    pub(crate) client: Option<SocketAddr>,
    /// Method, blank and the beginning of the URL.
    pub(crate) request: Vec<u8>,
    /// It is to end, for this reason.
    killed: Option<Arc<str>>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Running {
    slots: RefCell<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    /// Those in use and those that are free; the latter keep their memory.
    open: Vec<Open>,
    free: Vec<usize>,
}

impl Running {
    /// Adds a request.
    pub(super) fn enter(self: &Rc<Self>, started: Micros, client: SocketAddr) -> Entry {
        let mut slots = self.slots.borrow_mut();
        let key = slots.free.pop().unwrap_or_else(|| {
            slots.open.push(Open::default());
            slots.open.len() - 1
        });
        let open = &mut slots.open[key];
        let mut request = std::mem::take(&mut open.request);
        request.clear();
        let phase = Some(Phase::ReadHead);
        let client = Some(client);
        *open = Open { phase, started, since: started, client, request, ..Open::default() };
        Entry { running: Rc::clone(self), key }
    }

    /// Those that a backend is busy with.
    pub(super) fn at_backends(&self) -> Vec<Open> {
        let slots = self.slots.borrow();
        slots.open.iter().filter(|open| open.place.is_some()).cloned().collect()
    }

    /// Marks a request by its number or that of its present attempt. Whether there is one.
    pub(super) fn kill(&self, xid: u64, reason: &Arc<str>) -> bool {
        let mut slots = self.slots.borrow_mut();
        let found = slots.open.iter_mut().find(|open| open.xid == xid || open.attempt_xid == xid);
        match found {
            Some(open) if xid != 0 => {
                open.killed.get_or_insert_with(|| Arc::clone(reason));
                true
            }
            _ => false,
        }
    }
}

/// A request's place. Dropping it takes the request off the list.
#[derive(Debug)]
pub(crate) struct Entry {
    running: Rc<Running>,
    key: usize,
}

/// Bytes of a request that are kept to be shown.
const SHOWN: usize = 256;

impl Open {
    /// What is asked for.
    pub(super) fn asks(&mut self, method: &str, url: &str) {
        self.request.extend_from_slice(method.as_bytes());
        self.request.push(b' ');
        let room = SHOWN.saturating_sub(self.request.len());
        self.request.extend_from_slice(&url.as_bytes()[..url.len().min(room)]);
    }
}

impl Entry {
    /// Changes what is known.
    pub(super) fn edit(&self, change: impl FnOnce(&mut Open)) {
        change(&mut self.running.slots.borrow_mut().open[self.key]);
    }

    /// Whether somebody wants it to end.
    pub(super) fn is_killed(&self) -> bool {
        self.running.slots.borrow().open[self.key].killed.is_some()
    }

    /// Why it is to end.
    pub(super) fn reason(&self) -> Option<Arc<str>> {
        self.running.slots.borrow().open[self.key].killed.clone()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut slots = self.running.slots.borrow_mut();
        let open = &mut slots.open[self.key];
        (open.xid, open.attempt_xid, open.place, open.killed) = (0, 0, None, None);
        slots.free.push(self.key);
    }
}
