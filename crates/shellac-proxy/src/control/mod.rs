//! What can be asked of a running proxy, and what it can be told, from any thread.

mod registry;
mod status;

use std::sync::{Arc, Mutex};

use shellac_config::Config;
use tokio::sync::watch;

use crate::clock;
use crate::generation::{Generation, lock};
use crate::stats::Counting;
use crate::worker::{Orders, Stage};
use registry::{Census, Registry};
pub use registry::{ControlError, Loaded, Temperature};
pub use status::ConfigurationStatus;

/// The name of the configuration that a proxy starts with.
const BOOT: &str = "boot";

/// A handle on a running proxy. Clones are the same handle; none of them keeps the proxy running.
#[derive(Clone, Debug)]
pub struct Control {
    shared: Arc<Shared>,
}

/// What the handles, the serving threads and the thread that looks after them share. Nothing of it is touched on the path
/// of a request.
#[derive(Debug)]
struct Shared {
    threads: usize,
    orders: watch::Sender<Orders>,
    registry: Mutex<Registry>,
    acks: Acks,
    counting: Counting,
}

/// A point in time that every serving thread passes when it has finished the choice of a backend that it was making.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(u64);

/// Up to which epoch each serving thread has come.
#[derive(Clone, Debug)]
pub(crate) struct Acks(Arc<Mutex<Vec<u64>>>);

impl Acks {
    /// Thread `index` has come to `epoch`.
    pub(crate) fn reach(&self, index: usize, epoch: u64) {
        if let Some(slot) = lock(&self.0).get_mut(index) {
            *slot = (*slot).max(epoch);
        }
    }
}

impl Control {
    /// A handle on a proxy of `threads` serving threads that begins with `config`.
    pub(crate) fn new(config: Arc<Config>, threads: usize, counting: Counting) -> Control {
        let boot = Generation::new(0, BOOT, config, threads, clock::unix_seconds(), &counting);
        let registry = Registry::new(Arc::new(boot));
        let active = Arc::clone(registry.active());
        let (orders, _) = watch::channel(Orders { stage: Stage::Serve, active, epoch: 0 });
        let acks = Acks(Arc::new(Mutex::new(vec![0; threads])));
        let registry = Mutex::new(registry);
        let shared = Shared { threads, orders, registry, acks, counting };
        Control { shared: Arc::new(shared) }
    }

    /// What the serving threads listen to.
    pub(crate) fn orders(&self) -> watch::Receiver<Orders> {
        self.shared.orders.subscribe()
    }

    /// Where the serving threads say how far they have come.
    pub(crate) fn acks(&self) -> Acks {
        self.shared.acks.clone()
    }

    /// Tells the serving threads to go on, or not.
    pub(crate) fn order(&self, stage: Stage) {
        self.shared.orders.send_modify(|orders| orders.stage = stage);
    }

    /// The configuration that new requests get.
    pub(crate) fn active(&self) -> Arc<Generation> {
        Arc::clone(lock(&self.shared.registry).active())
    }

    /// All configurations in the order of loading, with those that were discarded and still have requests.
    pub fn configurations(&self) -> Vec<ConfigurationStatus> {
        lock(&self.shared.registry).statuses()
    }

    /// How many there are.
    pub(crate) fn census(&self) -> Census {
        lock(&self.shared.registry).census()
    }

    /// Makes a configuration ready to be activated; it is warm.
    ///
    /// Its listening addresses, its log and its threads are those of the proxy for good; what differs is named in the answer.
    ///
    /// # Errors
    ///
    /// The name cannot be one, or is taken, or there are too many configurations.
    pub fn load(&self, name: &str, config: Arc<Config>) -> Result<Loaded, ControlError> {
        let number = lock(&self.shared.registry).admit(name)?;
        // Outside of the lock: thousands of backends take their time.
        let now = clock::unix_seconds();
        let Shared { threads, counting, .. } = &*self.shared;
        let made = Generation::new(number, name, config, *threads, now, counting);
        lock(&self.shared.registry).insert(Arc::new(made))
    }

    /// New requests get this configuration from now on; open ones go on with theirs. It is warm afterwards.
    ///
    /// # Errors
    ///
    /// No configuration has the name.
    pub fn activate(&self, name: &str) -> Result<(), ControlError> {
        // Under the lock, so that of two calls the one that was later is so for the threads too.
        let mut registry = lock(&self.shared.registry);
        let active = registry.activate(name)?;
        self.shared.orders.send_modify(|orders| orders.active = active);
        Ok(())
    }

    /// Takes a configuration away. Requests that have it go on; it is gone when the last of them is.
    ///
    /// # Errors
    ///
    /// No configuration has the name, or it is the active one.
    pub fn discard(&self, name: &str) -> Result<(), ControlError> {
        lock(&self.shared.registry).discard(name)
    }

    /// Says whether the backends of a configuration are looked after while it is not the active one.
    ///
    /// # Errors
    ///
    /// No configuration has the name, or it is the active one and would have to be cold.
    pub fn set_temperature(
        &self,
        name: &str,
        temperature: Temperature,
    ) -> Result<(), ControlError> {
        lock(&self.shared.registry).set_temperature(name, temperature)
    }

    /// Asks every serving thread to say when it has finished the choice of a backend that it is making.
    ///
    /// What was changed before this call holds for every choice after the epoch is [reached](Control::reached), and attempts
    /// that were chosen before are counted where they run.
    pub fn barrier(&self) -> Epoch {
        let mut epoch = 0;
        self.shared.orders.send_modify(|orders| {
            orders.epoch += 1;
            epoch = orders.epoch;
        });
        Epoch(epoch)
    }

    /// Whether every serving thread has come so far.
    pub fn reached(&self, epoch: Epoch) -> bool {
        lock(&self.shared.acks.0).iter().all(|&reached| reached >= epoch.0)
    }
}
