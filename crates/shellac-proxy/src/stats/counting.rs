//! Where counters are published, and which sets there are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use shellac_counters::vsc::table::{Health, Kind, Log, Main, Node, Vbe};
use shellac_counters::vsc::write::{Cluster, Published, publish};
use shellac_sys::MappedFileMut;
use shellac_vsm::{ChildSet, VsmError};

use crate::generation::lock;
use crate::log::{CLASS, REST};

/// The class of the segment that says how far the counters of a worker were seen that has made room for another one.
pub(crate) const BASE: &str = "Base";

/// Whether a counter is about the process and its log rather than about what was served.
pub(crate) fn is_of_the_process(counter: Main) -> bool {
    use Main::{ShmBytes, ShmCont, ShmCycles, ShmFlushes, ShmRecords, ShmWrites, Summs, Uptime};
    let own = [ShmBytes, ShmCont, ShmCycles, ShmFlushes, ShmRecords, ShmWrites, Summs, Uptime];
    own.contains(&counter)
}

/// The published counters of a worker. Clones are the same ones.
#[derive(Clone, Debug)]
pub struct Counting {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// `None` where nothing is published, or not any more.
    directory: Mutex<Option<ChildSet>>,
    main: Published<Main>,
    log: Published<Log>,
    node: Published<Node>,
    health: Published<Health>,
    /// The sets of backends that are counted in, by their names.
    backends: Mutex<Sets>,
    /// Sets of configurations that are gone, until somebody has the time to take them away.
    closing: Mutex<Vec<(Published<Vbe>, Cluster)>>,
}

/// Where sets of backends lie: a configuration's, and the place in them. `last` is the number of the newest configuration.
#[derive(Debug, Default)]
struct Sets {
    last: u64,
    by_name: BTreeMap<String, (u64, Published<Vbe>, usize)>,
}

/// Why the counters of a configuration's backends are not published, for people.
pub(crate) type Uncounted = String;

impl Default for Counting {
    /// Counters that nobody can read, for an engine without a directory.
    fn default() -> Counting {
        let (main, log) = (Published::private(1), Published::private(1));
        Counting::new(None, main, log, Published::private(1), Published::private(1))
    }
}

impl Counting {
    fn new(
        directory: Option<ChildSet>,
        main: Published<Main>,
        log: Published<Log>,
        node: Published<Node>,
        health: Published<Health>,
    ) -> Counting {
        let directory = Mutex::new(directory);
        let (backends, closing) = (Mutex::default(), Mutex::default());
        let shared = Shared { directory, main, log, node, health, backends, closing };
        Counting { shared: Arc::new(shared) }
    }

    /// Publishes the sets that are always there in `directory`, and keeps it for those that come.
    pub(crate) fn publish(mut directory: ChildSet) -> Result<Counting, VsmError> {
        let (main, _) = publish::<Main>(&mut directory, &[Main::NAME.to_owned()], true)?;
        let (log, _) = publish::<Log>(&mut directory, &[Log::NAME.to_owned()], true)?;
        let (node, _) = publish::<Node>(&mut directory, &[Node::NAME.to_owned()], true)?;
        let (health, _) = publish::<Health>(&mut directory, &[Health::NAME.to_owned()], true)?;
        Ok(Counting::new(Some(directory), main, log, node, health))
    }

    /// The worker as a whole.
    pub(crate) fn main(&self) -> &Published<Main> {
        &self.shared.main
    }

    /// Its log.
    pub(crate) fn log(&self) -> &Published<Log> {
        &self.shared.log
    }

    /// The node.
    pub(crate) fn node(&self) -> &Published<Node> {
        &self.shared.node
    }

    /// Whether failures concentrate.
    pub(crate) fn health(&self) -> &Published<Health> {
        &self.shared.health
    }

    /// Publishes a text in a segment of its own in place of the one before; `None` takes it away.
    ///
    /// # Errors
    ///
    /// [`VsmError`]; there is no text then.
    pub(crate) fn set_text(
        &self,
        class: &str,
        ident: &str,
        text: Option<&str>,
    ) -> Result<(), VsmError> {
        let mut directory = lock(&self.shared.directory);
        let Some(directory) = directory.as_mut() else { return Ok(()) };
        directory.remove_segment(class, ident)?;
        if let Some(text) = text {
            directory.add_bytes(class, ident, format!("{text}\0").as_bytes())?;
        }
        directory.publish()
    }

    /// Publishes the sets of a configuration's backends, in the order of their names.
    ///
    /// That it cannot be is no reason not to serve: they are counted for nobody then.
    pub(crate) fn backends_opened<'n>(
        &self,
        configuration: &str,
        names: impl Iterator<Item = &'n str>,
    ) -> (Backends, Option<Uncounted>) {
        let names: Vec<String> =
            names.map(|name| format!("{}.{configuration}.{name}", Vbe::NAME)).collect();
        let mut problem = None;
        let mut sets = None;
        if let Some(directory) = lock(&self.shared.directory).as_mut() {
            match publish::<Vbe>(directory, &names, true) {
                Ok((published, cluster)) => sets = Some((published, Some(cluster))),
                Err(error) => problem = Some(error.full_text()),
            }
        }
        let (published, cluster) = sets.unwrap_or_else(|| (Published::private(names.len()), None));
        let mut sets = lock(&self.shared.backends);
        sets.last += 1;
        let number = sets.last;
        for (at, name) in names.into_iter().enumerate() {
            sets.by_name.insert(name, (number, published.clone(), at));
        }
        drop(sets);
        (Backends { published, cluster, number, shared: Arc::clone(&self.shared) }, problem)
    }

    /// Hands the set of this name to `what`, if there is one.
    pub(crate) fn with_backend<T>(
        &self,
        name: &str,
        what: impl FnOnce(&Published<Vbe>, usize) -> T,
    ) -> Option<T> {
        let sets = lock(&self.shared.backends);
        sets.by_name.get(name).map(|(_, published, at)| what(published, *at))
    }

    /// Takes away the sets of configurations that are gone. It writes files, so it is nothing for a serving thread.
    pub(crate) fn tidy(&self) {
        let closing = std::mem::take(&mut *lock(&self.shared.closing));
        for (published, cluster) in closing {
            if let Some(directory) = lock(&self.shared.directory).as_mut() {
                // The sets are hidden in any case, and the directory goes with the worker.
                let _ = cluster.remove(directory, &published);
            }
        }
    }

    /// Makes room for `len_bytes` of log beside the one that there is; readers see it with the next publication. `None` where nothing
    /// is published.
    pub(crate) fn rest_of_log(&self, len_bytes: u64) -> Result<Option<MappedFileMut>, VsmError> {
        let mut directory = lock(&self.shared.directory);
        directory.as_mut().map(|set| set.allocate(CLASS, REST, len_bytes)).transpose()
    }

    /// Moves the directory out of the way of another worker's; what is counted is still counted there.
    pub(crate) fn move_to(&self, dir: &std::path::Path) -> Result<(), VsmError> {
        let mut directory = lock(&self.shared.directory);
        let Some(set) = directory.as_mut() else { return Ok(()) };
        // What nobody has seen here is added to the successor's counters.
        let seen = Main::ALL.iter().flat_map(|&one| self.shared.main.get(0, one).to_ne_bytes());
        set.add_bytes(BASE, Main::NAME, &seen.collect::<Vec<u8>>())?;
        let mut seen = Vec::new();
        for (name, (_, published, at)) in &lock(&self.shared.backends).by_name {
            seen.extend_from_slice(name.as_bytes());
            for &one in Vbe::ALL {
                seen.extend_from_slice(format!(" {}", published.get(*at, one)).as_bytes());
            }
            seen.push(b'\n');
        }
        set.add_bytes(BASE, Vbe::NAME, &seen)?;
        set.move_to(dir)?;
        set.publish()
    }

    /// Hands the directory back; nothing more is published then.
    pub(crate) fn close(&self) -> Option<ChildSet> {
        lock(&self.shared.directory).take()
    }
}

/// The sets of one configuration's backends. They go when it is dropped.
#[derive(Debug)]
pub(crate) struct Backends {
    published: Published<Vbe>,
    cluster: Option<Cluster>,
    /// Which configuration's they are.
    number: u64,
    shared: Arc<Shared>,
}

impl Backends {
    /// Their words.
    pub(crate) fn published(&self) -> &Published<Vbe> {
        &self.published
    }

    /// Shows them, or hides them as those of a configuration that is not looked after.
    pub(crate) fn show(&self, shown: bool) {
        self.published.show(shown);
    }
}

impl Drop for Backends {
    fn drop(&mut self) {
        // Whichever thread that is: what takes time is left to the next `tidy`.
        self.show(false);
        lock(&self.shared.backends).by_name.retain(|_, (number, ..)| *number != self.number);
        if let Some(cluster) = self.cluster.take() {
            lock(&self.shared.closing).push((self.published.clone(), cluster));
        }
    }
}
