//! What stays while workers come and go.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shellac_admin::Banner;
use shellac_config::{Config, ListenAddress, LogDialect, ParseOptions};
use shellac_format::{Dialect, Layout};
use shellac_vsm::{MgtSet, PublishOptions, SetKind, VsmError, group, publish};

use crate::admin::Door;
use crate::handoff::{Handoff, HandoffBefore, HandoffConfiguration, HandoffListener};
use crate::identity::{Identity, check_workdir};
use crate::keys::{self, Keys};
use crate::life::Life;
use crate::listen::{BACKLOG, BoundListener, Change, Moved, bind};
use crate::lock::PidFile;
use crate::params::Params;
use crate::place;
use crate::saved::Saved;
use crate::shelf::Shelf;
use crate::takeover::{FORMAT, KeptConfiguration, KeptListener, TakeOver};
use crate::{ManagerError, allowance};

/// The file system that lives in memory (`TMPFS_MAGIC`).
const TMPFS: u64 = 0x0102_1994;

/// What a manager is started with: the configuration, and what it left to its caller.
#[derive(Debug)]
pub struct Settings {
    /// The configuration.
    pub config: Config,
    /// Its text, for the workers.
    pub config_text: String,
    /// Name of its file, for messages.
    pub config_name: String,
    /// Whether a log below the least size is allowed.
    pub allow_small: bool,
    /// Machines of backends by address, as [`NodeMap`](shellac_config::NodeMap) has them: `CIDR=NAME`.
    pub node_map: Vec<String>,
    /// The shared-memory directory.
    pub workdir: PathBuf,
    /// Identity of this proxy.
    pub instance: String,
    /// Version of this program.
    pub version: String,
    /// Serving threads.
    pub threads: usize,
    /// Further pid files.
    pub pid_files: Vec<PathBuf>,
}

/// The locked working directory, the manager's published set and the bound sockets; dropping it takes all down.
#[derive(Debug)]
pub struct House {
    settings: Settings,
    banner: Banner,
    gid: Option<u32>,
    listeners: Vec<BoundListener>,
    /// A command stopped the worker: connections are refused.
    paused: bool,
    /// What is loaded.
    shelf: Shelf,
    /// What is set.
    params: Params,
    /// What workers asked to be kept.
    saved: Saved,
    /// Where commands come in.
    door: Option<Door>,
    // In the order in which they have to go: readers see the end before the directory is free for another.
    mgt: Option<MgtSet>,
    /// Its own counters.
    life: Life,
    /// What the program before this one has left.
    before: Option<Before>,
    /// What reads keys that this user cannot read.
    keys: Option<Keys>,
    pid_files: Vec<PidFile>,
    lock: PidFile,
}

/// What stays as it is when a program takes over.
struct Kept {
    lock: PidFile,
    pid_files: Vec<PidFile>,
    listeners: Vec<BoundListener>,
    saved: Saved,
    keys: Option<Keys>,
    gid: Option<u32>,
}

/// What another program has left beside.
#[derive(Debug)]
pub(crate) struct Before {
    /// Workers with their connections: they serve until they are asked to end.
    pub(crate) workers: Vec<(u32, OwnedFd)>,
    /// A command had stopped its worker.
    pub(crate) stopped: bool,
    pub(crate) version: String,
    pub(crate) xid: Option<(u64, Duration)>,
}

impl House {
    /// Locks, binds and publishes, in this order: a second manager changes nothing of the first.
    ///
    /// `now_unix` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`ManagerError`]; everything that was set up is taken down.
    pub fn open(settings: Settings, now_unix: u64) -> Result<House, ManagerError> {
        // Before another user's rights are all that there is.
        allowance::raise();
        let workdir = settings.workdir.as_path();
        let config = &settings.config;
        let gid = match &config.group {
            Some(name) => Some(
                group::gid_of(name)
                    .map_err(|source| ManagerError::Group { group: name.clone(), source })?,
            ),
            None => None,
        };
        let user = config.user.as_deref();
        let identity =
            user.map(|user| Identity::find(user, config.group.as_deref())).transpose()?;
        let identity = identity.filter(|identity| !identity.is_ours());
        check_workdir(config, workdir)?;
        place::prepare(workdir, gid)?;
        let lock = PidFile::acquire(&workdir.join("_.pid"))?;
        let pid_files = settings
            .pid_files
            .iter()
            .map(|path| PidFile::acquire(path))
            .collect::<Result<_, _>>()?;
        let listeners: Vec<BoundListener> = settings
            .config
            .listen
            .iter()
            .map(|listen| bind(listen, settings.threads))
            .collect::<Result<_, _>>()?;
        // We hold the lock: what workers and managers have left is left over from the dead.
        publish::remove_set(workdir, SetKind::Child)?;
        publish::remove_set(workdir, SetKind::Mgt)?;
        publish::remove_retired(workdir)?;
        let saved = Saved::open(workdir).map_err(saved_error(workdir))?;
        let mut keys = None;
        if let (Some(identity), Some(user)) = (identity, user) {
            keys =
                Keys::start(config, &identity).map_err(|source| ManagerError::Keys { source })?;
            // All that only another user can have is there.
            identity.give(workdir)?;
            identity.give(lock.path())?;
            if saved.exists() {
                identity.give(saved.path())?;
            }
            identity.assume(user)?;
        }
        let kept = Kept { lock, pid_files, listeners, saved, keys, gid };
        House::publish(settings, kept, None, now_unix)
    }

    /// Goes on with what another program has left to this one, in this process.
    ///
    /// `state` and the descriptors come from standard input; see [`TAKE_OVER`](crate::TAKE_OVER).
    ///
    /// # Errors
    ///
    /// [`ManagerError`]; the addresses are lost then, which a [`TRIAL`](crate::TRIAL) beforehand is there to avoid.
    pub fn take_over(version: &str, now_unix: u64) -> Result<House, ManagerError> {
        let failed = |why: String| ManagerError::TakeOver { why };
        let broken = |error: std::io::Error| failed(format!("cannot take over: {error}"));
        let input = std::io::stdin().as_fd().try_clone_to_owned().map_err(broken)?;
        let (state, mut descriptors) =
            TakeOver::receive(&UnixStream::from(input)).map_err(failed)?;
        // Nothing more comes from there.
        let nothing = std::fs::File::open("/dev/null").map_err(broken)?;
        rustix::stdio::dup2_stdin(&nothing).map_err(|error| broken(error.into()))?;
        let options = ParseOptions { allow_small: state.allow_small };
        let config = Config::parse_with(&state.config_text, &state.config_name, options)
            .map_err(|errors| failed(errors.to_string()))?;
        let lock = PidFile::adopt(state.workdir.join("_.pid"), descriptors.next().map_err(broken)?);
        let mut pid_files = Vec::new();
        for path in &state.pid_files {
            let file = descriptors.next().map_err(broken)?;
            pid_files.push(PidFile::adopt(path.clone(), file));
        }
        let mut listeners = Vec::new();
        for one in &state.listeners {
            let address = ListenAddress::parse(&one.address).ok_or_else(|| {
                failed(format!("{} is no address that can be taken over", one.address))
            })?;
            let asked = one.asked.as_deref().and_then(ListenAddress::parse);
            let asked = asked.unwrap_or_else(|| address.clone());
            let sockets = descriptors.take(one.sockets);
            listeners.push(BoundListener::adopt(one.name.clone(), address, asked, sockets));
        }
        let mut doors = Vec::new();
        for path in &state.doors {
            doors.push((path.clone(), descriptors.next().map_err(broken)?));
        }
        let mut workers = Vec::new();
        for &pid in &state.workers {
            workers.push((pid, descriptors.next().map_err(broken)?));
        }
        let keys = match state.keys {
            true => Some(descriptors.next().and_then(Keys::adopt).map_err(broken)?),
            false => None,
        };
        let saved = Saved::open(&state.workdir).map_err(saved_error(&state.workdir))?;
        let settings = Settings {
            config,
            config_text: state.config_text.clone(),
            config_name: state.config_name.clone(),
            allow_small: state.allow_small,
            node_map: state.node_map.clone(),
            workdir: state.workdir.clone(),
            instance: state.instance.clone(),
            version: version.to_owned(),
            threads: state.threads,
            pid_files: state.pid_files.clone(),
        };
        let kept = Kept { lock, pid_files, listeners, saved, keys, gid: state.gid };
        let before = Before {
            workers,
            stopped: state.stopped,
            version: state.version.clone(),
            xid: state.xid.map(|(base, seconds, nanos)| (base, Duration::new(seconds, nanos))),
        };
        let mut house = House::publish(settings, kept, Some(doors), now_unix)?;
        let configurations = state.configurations.iter().map(HandoffConfiguration::from).collect();
        house.shelf = Shelf::go_on(configurations, state.active, options);
        for (name, value) in &state.params {
            // One that this program does not have any more has nothing to be set.
            if let Ok((params, _)) = house.params.with(name, Some(value)) {
                house.params = params;
            }
        }
        house.life.go_on(&state.life);
        house.before = Some(before);
        Ok(house)
    }

    /// Publishes the manager's set; from here on it is the same for one that begins and one that goes on.
    fn publish(
        settings: Settings,
        kept: Kept,
        doors: Option<Vec<(Option<PathBuf>, OwnedFd)>>,
        now_unix: u64,
    ) -> Result<House, ManagerError> {
        let Kept { lock, pid_files, listeners, saved, keys, gid } = kept;
        let workdir = settings.workdir.as_path();
        let options = PublishOptions { gid, holds_lock: true, ..PublishOptions::own(now_unix) };
        let mut mgt = MgtSet::create(workdir, &options)?;
        mgt.add_identity(
            &settings.instance,
            settings.config.log.dialect.as_str(),
            &settings.version,
        )?;
        let door = Door::open(&settings.config.admin, workdir, &mut mgt, doors)?;
        let life = Life::publish(&mut mgt)?;
        mgt.publish()?;
        let shelf = Shelf::new(
            settings.config_text.clone(),
            settings.config_name.clone(),
            ParseOptions { allow_small: settings.allow_small },
        );
        let params = Params::new(&settings.config, settings.threads);
        let banner = banner(&settings);
        Ok(House {
            settings,
            banner,
            gid,
            listeners,
            paused: false,
            shelf,
            params,
            saved,
            door,
            mgt: Some(mgt),
            life,
            before: None,
            keys,
            pid_files,
            lock,
        })
    }

    /// What it was opened with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The sockets with the addresses that they really have.
    #[must_use]
    pub fn listeners(&self) -> &[BoundListener] {
        &self.listeners
    }

    /// The shared-memory directory.
    #[must_use]
    pub fn workdir(&self) -> &Path {
        &self.settings.workdir
    }

    /// The counters of the manager; clones count for the same.
    #[must_use]
    pub fn life(&self) -> &Life {
        &self.life
    }

    /// What is worth a warning about the place: a log that is not in memory costs writes to a disk.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let workdir = self.workdir();
        let mut warnings = match rustix::fs::statfs(workdir) {
            Ok(stat) if u64::try_from(stat.f_type).is_ok_and(|kind| kind != TMPFS) => {
                vec![format!(
                    "{} is not on tmpfs: the system writes the log to a disk now and then; a directory below /run is better",
                    workdir.display()
                )]
            }
            _ => Vec::new(),
        };
        if place::is_open(workdir) {
            warnings.push(format!(
                "{} can be read by everybody: chmod o-rwx it, or choose a directory that is used for nothing else",
                workdir.display()
            ));
        }
        warnings
    }

    /// The layout of the records that workers write.
    pub fn layout(&self) -> Layout {
        self.dialect().layout()
    }

    /// How workers write their log.
    pub(crate) fn dialect(&self) -> Dialect {
        match self.settings.config.log.dialect {
            LogDialect::V6_0 => Dialect::V6_0,
            LogDialect::V7_3 => Dialect::V7_3,
            LogDialect::Vs9_0 => Dialect::Vs9_0,
        }
    }

    /// What a worker, or this process, needs to serve; the sockets are duplicates.
    ///
    /// # Errors
    ///
    /// What the system says when there are too few descriptors.
    pub fn handoff(&self, xid_base: u64, before: Vec<HandoffBefore>) -> io::Result<Handoff> {
        let listeners = self
            .listeners
            .iter()
            .map(|listener| {
                let sockets = listener
                    .sockets
                    .iter()
                    .map(|socket| socket.try_clone())
                    .collect::<io::Result<_>>()?;
                Ok(HandoffListener {
                    name: listener.name.clone(),
                    address: listener.address.clone(),
                    sockets,
                })
            })
            .collect::<io::Result<_>>()?;
        let settings = &self.settings;
        Ok(Handoff {
            configurations: self.shelf.all().to_vec(),
            active: self.shelf.active_index(),
            fixed: HandoffConfiguration {
                name: String::new(),
                text: settings.config_text.clone(),
                file_name: settings.config_name.clone(),
                temperature: String::new(),
            },
            params: self.params.for_worker(),
            state: self.saved.text().to_owned(),
            allow_small: settings.allow_small,
            node_map: settings.node_map.clone(),
            workdir: settings.workdir.clone(),
            instance: settings.instance.clone(),
            gid: self.gid,
            threads: settings.threads,
            xid_base,
            before,
            // What cannot be read is missing, as it is for a worker that reads by itself.
            later: None,
            keys: self
                .shelf
                .all()
                .iter()
                .flat_map(|one| self.keys_for(one).unwrap_or_default())
                .filter_map(|(path, key)| Some((path, key?)))
                .collect(),
            listeners,
        })
    }

    /// Where commands are taken: an address and a port on each line; empty for nowhere.
    #[must_use]
    pub fn admin_addresses(&self) -> String {
        self.door.as_ref().map(Door::lines).unwrap_or_default()
    }

    /// What this program says of itself to those who give commands.
    pub(crate) fn banner(&self) -> &Banner {
        &self.banner
    }

    pub(crate) fn door(&self) -> Option<&Door> {
        self.door.as_ref()
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    pub(crate) fn shelf_mut(&mut self) -> &mut Shelf {
        &mut self.shelf
    }

    pub(crate) fn params(&self) -> &Params {
        &self.params
    }

    pub(crate) fn set_params(&mut self, params: Params) {
        self.params = params;
    }

    /// What the program before this one has left; only the first time.
    pub(crate) fn take_before(&mut self) -> Option<Before> {
        self.before.take()
    }

    /// Whether this program has taken over from another one.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.before.is_some()
    }

    pub(crate) fn gid(&self) -> Option<u32> {
        self.gid
    }

    /// Everything that a program needs to take this one's place; the rest has to be filled in by whoever knows it.
    pub(crate) fn leave(&self, token: String) -> (TakeOver, Vec<BorrowedFd<'_>>) {
        let settings = &self.settings;
        let listener = |one: &BoundListener| KeptListener {
            name: one.name.clone(),
            address: one.address.to_string(),
            asked: Some(one.asked.to_string()),
            sockets: one.sockets.len(),
        };
        let state = TakeOver {
            format: FORMAT,
            token,
            version: settings.version.clone(),
            config_text: settings.config_text.clone(),
            config_name: settings.config_name.clone(),
            allow_small: settings.allow_small,
            node_map: settings.node_map.clone(),
            workdir: settings.workdir.clone(),
            instance: settings.instance.clone(),
            threads: settings.threads,
            gid: self.gid,
            configurations: self.shelf.all().iter().map(KeptConfiguration::from).collect(),
            active: self.shelf.active_index(),
            params: self.params.changed(),
            xid: None,
            pid_files: self.pid_files.iter().map(|file| file.path().to_owned()).collect(),
            listeners: self.listeners.iter().map(listener).collect(),
            doors: self.door.as_ref().map(Door::paths).unwrap_or_default(),
            stopped: false,
            workers: Vec::new(),
            keys: false,
            life: self.life.all(),
        };
        let mut descriptors = vec![self.lock.as_fd()];
        descriptors.extend(self.pid_files.iter().map(PidFile::as_fd));
        descriptors.extend(self.listeners.iter().flat_map(|one| &one.sockets).map(AsFd::as_fd));
        descriptors.extend(self.door.iter().flat_map(Door::sockets));
        (state, descriptors)
    }

    /// The connection to what reads keys, which goes behind those to workers.
    pub(crate) fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// The keys that a configuration names and that workers cannot read.
    ///
    /// The error is for people.
    pub(crate) fn keys_for(&self, one: &HandoffConfiguration) -> Result<Vec<keys::Given>, String> {
        if self.keys.is_none() {
            return Ok(Vec::new());
        }
        let options = ParseOptions { allow_small: self.settings.allow_small };
        let config = Config::parse_with(&one.text, &one.file_name, options)
            .map_err(|errors| errors.to_string())?;
        keys::of(&config, self.keys.as_ref()).map_err(|why| format!("{}: {why}", one.file_name))
    }

    /// Keeps what a worker says, for the next one and for the next manager.
    pub(crate) fn keep_state(&mut self, text: String) -> io::Result<()> {
        self.saved.keep(text)
    }

    /// What it takes to listen where the configuration of this name says, with new addresses bound already.
    ///
    /// The error is for people.
    pub(crate) fn plan_listeners(&self, name: &str) -> Result<Change, String> {
        let settings = &self.settings;
        let options = ParseOptions { allow_small: settings.allow_small };
        let read = |one: &HandoffConfiguration| {
            Config::parse_with(&one.text, &one.file_name, options)
                .map_err(|errors| errors.to_string())
        };
        let wanted = self.shelf.find(name).ok_or_else(|| format!("No VCL named {name} known\n"))?;
        let (before, wanted) = (read(self.shelf.active())?, read(wanted)?);
        Change::plan(&self.listeners, &before, &wanted, settings.threads).map_err(|error| {
            let is_denied = matches!(&error, ManagerError::Listen { error, .. }
                if error.kind() == io::ErrorKind::PermissionDenied);
            let mut text = error.full_text();
            if let Some(user) = settings.config.user.as_ref().filter(|_| is_denied) {
                text.push_str(&format!(
                    "; this process has been user `{user}` since its start and has no other rights: a restart of shellacd opens what only root can"
                ));
            }
            text
        })
    }

    /// How a worker is told of a change.
    pub(crate) fn words_of(&self, change: &Change) -> Vec<String> {
        change.words(&self.listeners)
    }

    /// Listens as planned: what is gone is closed here, and whoever serves has done so.
    pub(crate) fn follow(&mut self, change: Change) -> Moved {
        if self.paused {
            // Those that are new are refused too.
            change.new_listeners().for_each(BoundListener::pause);
        }
        change.carry_out(&mut self.listeners)
    }

    /// Refuses connections while there is nobody to serve them; the addresses stay ours.
    pub(crate) fn pause_listeners(&mut self) {
        self.paused = true;
        self.listeners.iter().for_each(BoundListener::pause);
    }

    /// Takes connections again.
    pub(crate) fn resume_listeners(&mut self) -> io::Result<()> {
        if self.paused {
            for socket in self.listeners.iter().flat_map(|listener| &listener.sockets) {
                rustix::net::listen(socket, BACKLOG)?;
            }
            self.paused = false;
        }
        Ok(())
    }

    /// Stops listening: from here on connections are refused once the worker has closed its sockets too.
    pub fn close_listeners(&mut self) {
        self.listeners.clear();
    }

    /// Removes what a dead worker left.
    ///
    /// # Errors
    ///
    /// [`VsmError::Io`].
    pub fn remove_child_set(&self) -> Result<(), VsmError> {
        publish::remove_set(self.workdir(), SetKind::Child)
    }
}

fn saved_error(workdir: &Path) -> impl FnOnce(io::Error) -> ManagerError {
    let path = workdir.to_owned();
    move |source| ManagerError::File { action: "read what was saved by commands in", path, source }
}

/// What a program with these settings says of itself on this machine.
fn banner(settings: &Settings) -> Banner {
    let fact = |name: &str| {
        let text = std::fs::read_to_string(Path::new("/proc/sys/kernel").join(name));
        text.map_or_else(|_| "-".to_owned(), |text| text.trim().to_owned())
    };
    Banner {
        family: "Shellac".to_owned(),
        platform: format!(
            "{},{},{},-jnone,-snone,-hnone",
            fact("ostype"),
            fact("osrelease"),
            std::env::consts::ARCH
        ),
        version: format!("shellac-{} instance {}", settings.version, settings.instance),
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // Nobody is left to be told; the next manager removes what stays.
        let _ = self.remove_child_set();
        let _ = publish::remove_retired(self.workdir());
        self.door = None;
        self.mgt = None;
    }
}

#[cfg(test)]
mod tests;
