//! What stays while workers come and go.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use shellac_admin::Banner;
use shellac_config::{Config, LogDialect, ParseOptions};
use shellac_format::Layout;
use shellac_vsm::{MgtSet, PublishOptions, SetKind, VsmError, group, publish};

use crate::ManagerError;
use crate::admin::Door;
use crate::handoff::{Handoff, HandoffConfiguration, HandoffListener};
use crate::life::Life;
use crate::listen::{BACKLOG, BoundListener, bind};
use crate::lock::PidFile;
use crate::params::Params;
use crate::saved::Saved;
use crate::shelf::Shelf;

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
    _pid_files: Vec<PidFile>,
    _lock: PidFile,
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
        let workdir = settings.workdir.as_path();
        let gid = match &settings.config.group {
            Some(name) => Some(
                group::gid_of(name)
                    .map_err(|source| ManagerError::Group { group: name.clone(), source })?,
            ),
            None => None,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(workdir)
            .map_err(|source| ManagerError::Workdir { path: workdir.to_owned(), source })?;
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
        // We hold the lock: a worker's directory is left over from the dead.
        publish::remove_set(workdir, SetKind::Child)?;
        let options = PublishOptions { gid, holds_lock: true, ..PublishOptions::own(now_unix) };
        let mut mgt = MgtSet::create(workdir, &options)?;
        mgt.add_identity(
            &settings.instance,
            settings.config.log.dialect.as_str(),
            &settings.version,
        )?;
        let door = Door::open(&settings.config.admin, workdir, &mut mgt)?;
        let life = Life::publish(&mut mgt)?;
        mgt.publish()?;
        let saved = Saved::open(workdir).map_err(|source| ManagerError::File {
            action: "read what was saved by commands in",
            path: workdir.to_owned(),
            source,
        })?;
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
            _pid_files: pid_files,
            _lock: lock,
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
        match rustix::fs::statfs(workdir) {
            Ok(stat) if u64::try_from(stat.f_type).is_ok_and(|kind| kind != TMPFS) => {
                vec![format!(
                    "{} is not on tmpfs: the system writes the log to a disk now and then; a directory below /run is better",
                    workdir.display()
                )]
            }
            _ => Vec::new(),
        }
    }

    /// The layout of the records that workers write.
    pub fn layout(&self) -> Layout {
        match self.settings.config.log.dialect {
            LogDialect::V6_0 => Layout::Words2,
            LogDialect::V7_3 | LogDialect::Vs9_0 => Layout::Words3,
        }
    }

    /// What a worker, or this process, needs to serve; the sockets are duplicates.
    ///
    /// # Errors
    ///
    /// What the system says when there are too few descriptors.
    pub fn handoff(&self, xid_base: u64) -> io::Result<Handoff> {
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

    /// Keeps what a worker says, for the next one and for the next manager.
    pub(crate) fn keep_state(&mut self, text: String) -> io::Result<()> {
        self.saved.keep(text)
    }

    /// Refuses connections while there is nobody to serve them; the addresses stay ours.
    pub(crate) fn pause_listeners(&mut self) {
        self.paused = true;
        // What is connected to a path waits until somebody takes it: such a socket could not be made to listen again.
        let ip = self.listeners.iter().filter(|listener| listener.address.ip().is_some());
        for socket in ip.flat_map(|listener| &listener.sockets) {
            // The system takes what waits away too. One that does not listen any more is what is wanted.
            let _ = rustix::net::shutdown(socket, rustix::net::Shutdown::Both);
        }
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
        self.door = None;
        self.mgt = None;
    }
}

#[cfg(test)]
mod tests;
