//! Listening addresses that come and go with configurations.

use std::sync::Arc;
use std::time::Duration;

use super::Control;
use crate::clock::steady_now;
use crate::engine::{EngineError, Listener};
use crate::worker::{Entrance, entrances};

/// How often it is asked whether all threads have followed.
const LOOK: Duration = Duration::from_millis(2);

/// Where clients are to come in, ready to be used: [`Control::activate_with`].
#[derive(Debug)]
pub struct Doorways(pub(super) Arc<[Entrance]>);

impl Control {
    /// Prepares listening addresses, which are all that there will be: those without sockets are the ones that are open.
    ///
    /// Nothing is accepted or closed yet.
    ///
    /// # Errors
    ///
    /// [`EngineError::NoSocket`] and [`EngineError::Thread`].
    pub fn doorways(&self, listeners: Vec<Listener>) -> Result<Doorways, EngineError> {
        let open = Arc::clone(&self.shared.orders.borrow().entrances);
        Ok(Doorways(entrances(listeners, &open, self.shared.threads)?.into()))
    }

    /// Waits until all serving threads have followed what they were told, for at most `patience`; whether they have.
    pub fn settle(&self, patience: Duration) -> bool {
        let epoch = self.barrier();
        let until = steady_now().saturating_add(patience);
        while !self.reached(epoch) {
            if steady_now() >= until {
                return false;
            }
            std::thread::sleep(LOOK);
        }
        true
    }
}
