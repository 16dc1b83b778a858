//! Room for a request while it runs: as much of it as runs at a time, handed on from one request to the next.
//!
//! What a request needs between two waits is some kilobytes. An idle connection must not hold them, and asking the allocator
//! for them with every request would cost more than copying a pointer: so they are a future that serves one request after the
//! other and belongs to whichever connection has one.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use super::request::{self, After};
use super::session::{Heard, Session};
use crate::worker::Worker;

/// Most desks that are kept while nobody needs them.
const KEPT: usize = 256;

/// A request that waits to be served: whose it is, and what is known of its head.
type Job = (Box<Session>, Heard);

/// What goes to the future and what comes back.
#[derive(Default)]
struct Tray {
    job: Cell<Option<Job>>,
    done: Cell<Option<(Box<Session>, After)>>,
}

/// The room for one request.
pub(crate) struct Desk {
    tray: Rc<Tray>,
    clerk: Pin<Box<dyn Future<Output = Infallible>>>,
}

impl Desk {
    fn new() -> Desk {
        let tray = Rc::<Tray>::default();
        let clerk = Box::pin(serve_all(Rc::clone(&tray)));
        Desk { tray, clerk }
    }

    /// Serves the request whose head is in `session`.
    pub(super) async fn serve(session: Box<Session>, heard: Heard) -> (Box<Session>, After) {
        let worker = Rc::clone(session.worker());
        let mut desk = worker.desks.borrow_mut().pop().unwrap_or_else(Desk::new);
        desk.tray.job.set(Some((session, heard)));
        let served = poll_fn(|cx| {
            let Poll::Pending = desk.clerk.as_mut().poll(cx);
            desk.tray.done.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await;
        desk.put_away(&worker);
        served
    }

    fn put_away(self, worker: &Worker) {
        let mut desks = worker.desks.borrow_mut();
        if desks.len() < KEPT {
            desks.push(self);
        }
    }
}

/// Serves one request after the other, as they are put into the tray.
async fn serve_all(tray: Rc<Tray>) -> Infallible {
    loop {
        let job = poll_fn(|_| tray.job.take().map_or(Poll::Pending, Poll::Ready)).await;
        let (mut session, heard) = job;
        // Pinned where it is made: a future that is awaited by its value is copied, with all the room that it has.
        let after = pin!(request::serve(&mut session, heard)).await;
        tray.done.set(Some((session, after)));
    }
}
