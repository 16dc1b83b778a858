//! The listening sockets of one thread, as the active configuration wants them.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use shellac_config::ListenAddress;
use tokio::task::JoinHandle;

use super::Worker;
use super::accept::{self, Door, Welcome};
use super::entrance::{Entrance, Sockets};
use crate::generation::Generation;
use crate::tls::Listening;

/// All of them.
#[derive(Default)]
pub(super) struct Doors {
    open: Vec<Open>,
}

struct Open {
    /// By which it is known.
    sockets: Arc<Sockets>,
    door: Rc<Door>,
    acceptor: JoinHandle<()>,
}

impl Doors {
    /// Opens what is new, closes what is gone, and has new connections received as the configuration says.
    ///
    /// What waits at one that is gone is accepted first.
    ///
    /// # Errors
    ///
    /// The last one with which a socket could not be used; the others are.
    pub(super) async fn follow(
        &mut self,
        worker: &Rc<Worker>,
        entrances: &[Entrance],
        active: &Generation,
    ) -> io::Result<()> {
        let same = |open: &Open, one: &Entrance| Arc::ptr_eq(&open.sockets, &one.sockets);
        let is_gone = |open: &mut Open| !entrances.iter().any(|one| same(open, one));
        for Open { door, acceptor, .. } in self.open.extract_if(.., is_gone).collect::<Vec<_>>() {
            acceptor.abort();
            // It holds the socket until it has ended.
            let _ = acceptor.await;
            accept::close(worker, door);
        }
        let mut result = Ok(());
        for one in entrances {
            if let Some(open) = self.open.iter().find(|open| same(open, one)) {
                open.door.set(|before| welcome(one, active, Some(before)));
                continue;
            }
            // One that could not be used is not there a second time.
            let Some(socket) = one.sockets.take(worker.index) else { continue };
            let unix = matches!(one.sockets.address, ListenAddress::Unix(_));
            match Door::open(socket, unix, welcome(one, active, None)) {
                Ok(door) => {
                    let door = Rc::new(door);
                    let accepting = accept::accept(Rc::clone(worker), Rc::clone(&door));
                    let acceptor = tokio::task::spawn_local(accepting);
                    self.open.push(Open { sockets: Arc::clone(&one.sockets), door, acceptor });
                }
                Err(error) => result = Err(error),
            }
        }
        result
    }

    /// Accepts nothing more.
    pub(super) fn close(&mut self) {
        self.open.drain(..).for_each(|open| open.acceptor.abort());
    }
}

/// How clients of an entrance are received. A configuration that does not know it leaves that as it was.
fn welcome(one: &Entrance, active: &Generation, before: Option<&Welcome>) -> Welcome {
    let listen = active.config.listen.iter().find(|listen| *listen.name == *one.name);
    let listening = active.secrets.listener(&one.name).cloned();
    Welcome {
        name: Arc::clone(&one.name),
        proxy: match listen {
            Some(listen) => listen.proxy_protocol,
            None => before.is_some_and(|before| before.proxy),
        },
        tls: listening
            .or_else(|| before.map(|before| before.tls.clone()))
            .unwrap_or(Listening::Plain),
        closed: before.map(|before| Rc::clone(&before.closed)).unwrap_or_default(),
    }
}
