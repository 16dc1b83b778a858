//! What can be asked of a running proxy, and what it can be told, from any thread.

mod ask;
mod backends;
mod doorways;
mod inherited;
mod jobs;
mod judge;
mod last_words;
mod names;
mod pools;
mod probes;
mod registry;
mod status;
mod thread;

use std::sync::{Arc, Mutex};

use shellac_config::{Config, ConfigError};
use shellac_format::{Layout, Tag, TagSet};
use shellac_upstream::admin::Table;
use tokio::sync::{mpsc, watch};

use crate::clock;
use crate::generation::{Around, Generation, lock};
use crate::log::Unfinished;
use crate::stats::Counting;
use crate::tls::{Secrets, Tickets};
use crate::worker::{Command, Entrance, Orders, Stage, WAITING};
pub use backends::{BackendLoad, BackendStatus, OpenRequest};
pub use doorways::Doorways;
pub use inherited::Inherited;
pub(crate) use names::Names;
pub use pools::{Keys, PoolLeft};
use registry::{Census, Registry};
pub use registry::{ControlError, Loaded, Temperature};
pub use status::ConfigurationStatus;
pub(crate) use thread::Caretaker;

/// The name of the configuration that a proxy starts with.
pub const BOOT: &str = "boot";

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
    names: Names,
    tickets: Tickets,
    commands: Vec<mpsc::Sender<Command>>,
    /// What was ordered, whatever is loaded.
    table: Mutex<Table>,
    notices: Mutex<Notices>,
    /// Of the log.
    layout: Layout,
    /// Batches of a worker that died.
    last_words: Mutex<Vec<Vec<u8>>>,
    /// Workers before this one whose log is handed on.
    unfinished: Unfinished,
}

/// Notices that wait for the control thread to log them.
#[derive(Debug, Default)]
struct Notices {
    waiting: Vec<(Tag, String)>,
    /// Those for which there was no room.
    lost: u64,
}

/// Notices that wait at most. Those beyond are counted.
const NOTICES: usize = 1000;

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
    /// A handle on a proxy of `threads` serving threads that begins with `config`, under this name, and with these entrances; and what
    /// each of them is asked.
    pub(crate) fn new(
        name: &str,
        config: Arc<Config>,
        entrances: Vec<Entrance>,
        threads: usize,
        counting: Counting,
    ) -> (Control, Vec<mpsc::Receiver<Command>>) {
        let now = clock::unix_seconds();
        let layout = crate::engine::dialect(config.log.dialect).layout();
        let names = Names::default();
        let around = Around { threads, counting: &counting, names: &names };
        let tickets = Tickets::new();
        let secrets = Secrets::read(&config, &tickets);
        let faults = complaints(&secrets);
        let boot = Generation::new(0, name, config, secrets, now, None, &around);
        probes::assume(&boot);
        let registry = Registry::new(Arc::new(boot));
        let active = Arc::clone(registry.active());
        let (orders, _) = watch::channel(Orders {
            stage: Stage::Serve,
            active,
            entrances: entrances.into(),
            epoch: 0,
            masked: TagSet::EMPTY,
        });
        let acks = Acks(Arc::new(Mutex::new(vec![0; threads])));
        let (commands, questions) = (0..threads).map(|_| mpsc::channel(WAITING)).unzip();
        let shared = Shared {
            threads,
            orders,
            registry: Mutex::new(registry),
            acks,
            counting,
            names,
            tickets,
            commands,
            table: Mutex::default(),
            notices: Mutex::default(),
            layout,
            last_words: Mutex::default(),
            unfinished: Unfinished::default(),
        };
        let control = Control { shared: Arc::new(shared) };
        faults.into_iter().for_each(|fault| control.notice(fault));
        (control, questions)
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

    /// All configurations, those that are held by open requests only among them.
    pub(crate) fn generations(&self) -> Vec<Arc<Generation>> {
        let held = lock(&self.shared.registry).generations();
        held.into_iter().map(|held| held.generation).collect()
    }

    /// Where counters are published.
    pub(crate) fn counting(&self) -> &Counting {
        &self.shared.counting
    }

    /// How many there are.
    pub(crate) fn census(&self) -> Census {
        lock(&self.shared.registry).census()
    }

    /// Makes a configuration ready to be activated; it is warm.
    ///
    /// Its log and its threads are those of the proxy for good; what differs is named in the answer. Listening addresses are opened and closed by
    /// whoever [activates](Control::activate_with) it.
    ///
    /// # Errors
    ///
    /// The name cannot be one, or is taken, or there are too many configurations, or certificates cannot be used.
    pub fn load(&self, name: &str, config: Arc<Config>) -> Result<Loaded, ControlError> {
        self.load_with(name, config, true)
    }

    /// Like [`load`](Control::load), for what was loaded before in another process: certificates that cannot be used any more are
    /// told in the log, and whoever needs them does without.
    ///
    /// # Errors
    ///
    /// As [`load`](Control::load), but for certificates.
    pub fn load_again(&self, name: &str, config: Arc<Config>) -> Result<Loaded, ControlError> {
        self.load_with(name, config, false)
    }

    fn load_with(
        &self,
        name: &str,
        config: Arc<Config>,
        strict: bool,
    ) -> Result<Loaded, ControlError> {
        let (number, before) = {
            let mut registry = lock(&self.shared.registry);
            (registry.admit(name)?, Arc::clone(registry.active()))
        };
        // Outside of the lock: thousands of backends take their time.
        let now = clock::unix_seconds();
        let Shared { threads, counting, names, tickets, .. } = &*self.shared;
        let mut secrets = Secrets::read(&config, tickets);
        if strict && !secrets.errors.is_empty() {
            secrets.errors.sort_by_key(|error| error.line);
            return Err(ControlError::Certificates { errors: secrets.errors });
        }
        complaints(&secrets).into_iter().for_each(|fault| self.notice(fault));
        let around = Around { threads: *threads, counting, names };
        let made = Generation::new(number, name, config, secrets, now, Some(&before), &around);
        let made = Arc::new(made);
        // Before anybody can choose from it.
        made.obey(&lock(&self.shared.table), clock::steady_now(), now);
        let loaded = lock(&self.shared.registry).insert(made)?;
        // The table may have changed meanwhile.
        self.obey();
        Ok(loaded)
    }

    /// New requests get this configuration from now on; open ones go on with theirs. It is warm afterwards. Clients come in where they did.
    ///
    /// # Errors
    ///
    /// No configuration has the name.
    pub fn activate(&self, name: &str) -> Result<(), ControlError> {
        self.activate_with(name, None)
    }

    /// [`activate`](Control::activate), and from the same moment on clients come in by `doorways`, if there are some.
    ///
    /// # Errors
    ///
    /// No configuration has the name; nothing is opened or closed then.
    pub fn activate_with(
        &self,
        name: &str,
        doorways: Option<Doorways>,
    ) -> Result<(), ControlError> {
        // Under the lock, so that of two calls the one that was later is so for the threads too.
        let mut registry = lock(&self.shared.registry);
        let active = registry.activate(name)?;
        self.shared.orders.send_modify(|orders| {
            orders.active = active;
            if let Some(Doorways(entrances)) = doorways {
                orders.entrances = entrances;
            }
        });
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

    /// Replaces the orders that hold whatever is loaded: in all configurations, those that will be loaded too.
    ///
    /// An order goes before what was said with [`set_health`](Control::set_health). It ends by itself when its time is over.
    pub fn apply(&self, table: Table) {
        *lock(&self.shared.table) = table;
        self.obey();
    }

    /// The orders in force.
    pub fn orders_in_force(&self) -> Table {
        lock(&self.shared.table).clone()
    }

    /// Writes a `Notice` to the log, within a tenth of a second.
    pub fn notice(&self, text: impl Into<String>) {
        self.say(Tag::Notice, text.into());
    }

    /// Writes a `CLI` record to the log, within a tenth of a second: what was asked of this worker, or what it answered.
    pub fn command(&self, text: impl Into<String>) {
        self.say(Tag::Cli, text.into());
    }

    fn say(&self, tag: Tag, text: String) {
        let mut notices = lock(&self.shared.notices);
        if notices.waiting.len() < NOTICES {
            notices.waiting.push((tag, text));
        } else {
            notices.lost += 1;
        }
    }

    /// Makes all orders hold in all configurations.
    fn obey(&self) {
        let (now, now_unix) = (clock::steady_now(), clock::unix_seconds());
        let held = lock(&self.shared.registry).generations();
        let table = lock(&self.shared.table);
        for held in held {
            let generation = &held.generation;
            for (backend, mode) in generation.obey(&table, now, now_unix) {
                let endpoint = &generation.endpoints[backend];
                let mut text = format!("backend: {}.{} ", generation.name, endpoint.name());
                text.push_str(mode.as_str());
                let addresses = endpoint.addresses();
                let subject = generation.subject(endpoint, &addresses, held.active);
                let order = table.order(&subject, now_unix);
                if let Some(entry) = order {
                    for (key, value) in [("by", &entry.author), ("reason", &entry.reason)] {
                        if !value.is_empty() {
                            text.push_str(&format!(" {key}={value}"));
                        }
                    }
                }
                self.notice(text);
            }
        }
    }

    /// Ends the orders whose time is over.
    fn end_orders(&self) {
        let over = lock(&self.shared.table).expire(clock::unix_seconds());
        if over.is_empty() {
            return;
        }
        for entry in over {
            let (mode, pattern) = (entry.mode.as_str(), &entry.pattern);
            self.notice(format!("backend: the time of `{mode} {pattern}` is over"));
        }
        self.obey();
    }

    /// The notices that nobody has logged yet.
    fn take_notices(&self) -> Vec<(Tag, String)> {
        let Notices { mut waiting, lost } = std::mem::take(&mut *lock(&self.shared.notices));
        if lost > 0 {
            waiting.push((Tag::Notice, format!("shellac: {lost} notices lost")));
        }
        waiting
    }

    /// Leaves records with these tags out of the log from now on, but for those without which nothing can be grouped.
    pub fn mask(&self, masked: TagSet) {
        let mut needed = TagSet::EMPTY;
        for tag in [Tag::Begin, Tag::End, Tag::Link] {
            needed.insert(tag);
        }
        self.shared.orders.send_modify(|orders| orders.masked = masked.without(needed));
    }

    /// What is left out of the log.
    pub(crate) fn masked(&self) -> TagSet {
        self.shared.orders.borrow().masked
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

    /// Ends the request with this number, or the one whose present attempt has it: a client that has no answer yet gets an
    /// error page, one that has a part of it sees its connection end. Whether there was one.
    pub fn kill(&self, xid: u64, reason: &str) -> bool {
        let reason: Arc<str> = reason.into();
        let kill = |reply| Command::Kill { xid, reason: Arc::clone(&reason), reply };
        ask::ask(&self.shared.commands, kill).contains(&true)
    }
}

/// What the log says of certificates that cannot be used.
fn complaints(secrets: &Secrets) -> Vec<String> {
    let complaint = |error: &ConfigError| {
        let ConfigError { line, key, reason } = error;
        format!("shellac: line {line} of the configuration: {key}: {reason}")
    };
    secrets.errors.iter().map(complaint).collect()
}
