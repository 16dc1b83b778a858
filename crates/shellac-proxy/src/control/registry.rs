//! The configurations that are loaded, and which of them is the active one.

use std::sync::{Arc, Weak};

use shellac_config::{Config, ConfigError};

use super::status::ConfigurationStatus;
use crate::generation::Generation;

/// Most configurations, those that were discarded and still have requests included.
const MOST: usize = 100;
/// Longest name in bytes.
const NAME_BYTES: usize = 64;

/// Whether the backends of a configuration that is not active are looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temperature {
    /// As long as it is active, and after that until it is cooled or discarded.
    Auto,
    /// Always.
    Warm,
    /// Not before it is activated.
    Cold,
}

impl Temperature {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Temperature::Auto => "auto",
            Temperature::Warm => "warm",
            Temperature::Cold => "cold",
        }
    }
}

/// A configuration that was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Keys that differ from the active configuration and hold only after a restart.
    pub needs_restart: Vec<&'static str>,
    /// Why nobody can read the counters of its backends, if that is so.
    pub uncounted: Option<String>,
}

/// How many configurations there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Census {
    pub(crate) loaded: usize,
    /// Held by open requests only.
    pub(crate) discarded: usize,
    /// Backends of those that are loaded.
    pub(crate) backends: usize,
}

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// There is a configuration of that name.
    #[error("there is a configuration {name} already: choose another name, or discard that one")]
    Taken {
        /// The name.
        name: String,
    },
    /// There is no configuration of that name.
    #[error("no configuration is called {name}; there are: {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The active configuration stays as it is.
    #[error("{name} is the active configuration: activate another one first")]
    Active {
        /// The name.
        name: String,
    },
    /// A name is not possible.
    #[error(
        "{name:?} cannot be a name: take up to {NAME_BYTES} letters, digits, `_`, `-` and `:`, beginning with a letter"
    )]
    Name {
        /// What was given.
        name: String,
    },
    /// Certificates cannot be used.
    #[error("{}", certificates(errors))]
    Certificates {
        /// Which, and why; at least one.
        errors: Vec<ConfigError>,
    },
    /// There are as many as there may be.
    #[error("there are {MOST} configurations: discard some that are not needed")]
    TooMany,
}

#[derive(Debug)]
struct Entry {
    generation: Arc<Generation>,
    temperature: Temperature,
    warm: bool,
}

impl Entry {
    /// Counters of backends that nobody looks after are hidden.
    fn set_warm(&mut self, warm: bool) {
        self.warm = warm;
        self.generation.counters.show(warm);
    }
}

/// A configuration that is loaded, or still held by requests.
pub(super) struct Held {
    pub(super) generation: Arc<Generation>,
    pub(super) active: bool,
    pub(super) warm: bool,
}

/// All configurations.
#[derive(Debug)]
pub(super) struct Registry {
    /// In the order of loading.
    entries: Vec<Entry>,
    /// Those that were taken away, as long as requests hold them.
    discarded: Vec<Weak<Generation>>,
    active: Arc<Generation>,
    next_number: u64,
}

impl Registry {
    /// One configuration, which is active.
    pub(super) fn new(boot: Arc<Generation>) -> Registry {
        let next_number = boot.number + 1;
        let active = Arc::clone(&boot);
        let entry = Entry { generation: boot, temperature: Temperature::Auto, warm: true };
        Registry { entries: vec![entry], discarded: Vec::new(), active, next_number }
    }

    /// The active one.
    pub(super) fn active(&self) -> &Arc<Generation> {
        &self.active
    }

    /// The number for a configuration that may be added under this name.
    pub(super) fn admit(&mut self, name: &str) -> Result<u64, ControlError> {
        self.check(name)?;
        let number = self.next_number;
        self.next_number += 1;
        Ok(number)
    }

    fn check(&mut self, name: &str) -> Result<(), ControlError> {
        let name = || name.to_owned();
        if !is_name(&name()) {
            return Err(ControlError::Name { name: name() });
        }
        self.forget();
        if self.position(&name()).is_ok() {
            return Err(ControlError::Taken { name: name() });
        }
        if self.entries.len() + self.discarded.len() >= MOST {
            return Err(ControlError::TooMany);
        }
        Ok(())
    }

    /// Adds a configuration; it is warm.
    pub(super) fn insert(&mut self, generation: Arc<Generation>) -> Result<Loaded, ControlError> {
        // Another one may have taken the name meanwhile.
        self.check(&generation.name)?;
        let needs_restart = needs_restart(&self.active.config, &generation.config);
        let uncounted = generation.uncounted.clone();
        self.entries.push(Entry { generation, temperature: Temperature::Auto, warm: true });
        Ok(Loaded { needs_restart, uncounted })
    }

    /// Makes one the active one and returns it.
    pub(super) fn activate(&mut self, name: &str) -> Result<Arc<Generation>, ControlError> {
        let at = self.position(name)?;
        let entry = &mut self.entries[at];
        if entry.temperature == Temperature::Cold {
            entry.temperature = Temperature::Auto;
        }
        entry.set_warm(true);
        self.active = Arc::clone(&entry.generation);
        Ok(Arc::clone(&self.active))
    }

    /// Takes one away.
    pub(super) fn discard(&mut self, name: &str) -> Result<(), ControlError> {
        let at = self.position(name)?;
        self.not_active(at)?;
        let entry = self.entries.remove(at);
        self.discarded.push(Arc::downgrade(&entry.generation));
        drop(entry);
        self.forget();
        Ok(())
    }

    /// Warms or cools one.
    pub(super) fn set_temperature(
        &mut self,
        name: &str,
        temperature: Temperature,
    ) -> Result<(), ControlError> {
        let at = self.position(name)?;
        if temperature == Temperature::Cold {
            self.not_active(at)?;
        }
        let entry = &mut self.entries[at];
        entry.temperature = temperature;
        match temperature {
            Temperature::Auto => {}
            Temperature::Warm => entry.set_warm(true),
            Temperature::Cold => entry.set_warm(false),
        }
        Ok(())
    }

    /// All of them, also what was taken away and is still held, with whether it is the active one and whether it is warm.
    pub(super) fn generations(&self) -> Vec<Held> {
        let gone = self.discarded.iter().filter_map(Weak::upgrade);
        let gone = gone.map(|generation| Held { generation, active: false, warm: false });
        let loaded = self.entries.iter().map(|entry| Held {
            generation: Arc::clone(&entry.generation),
            active: entry.generation.number == self.active.number,
            warm: entry.warm,
        });
        loaded.chain(gone).collect()
    }

    /// How all of them are.
    pub(super) fn statuses(&mut self) -> Vec<ConfigurationStatus> {
        self.forget();
        let gone = self.discarded.iter().filter_map(Weak::upgrade).map(|generation| {
            ConfigurationStatus::new(&generation, false, true, Temperature::Auto, false)
        });
        let loaded = self.entries.iter().map(|entry| {
            let active = entry.generation.number == self.active.number;
            let Entry { generation, temperature, warm } = entry;
            ConfigurationStatus::new(generation, active, false, *temperature, *warm)
        });
        let mut all: Vec<ConfigurationStatus> = loaded.chain(gone).collect();
        all.sort_by_key(|status| status.number);
        all
    }

    /// How many there are.
    pub(super) fn census(&mut self) -> Census {
        self.forget();
        Census {
            loaded: self.entries.len(),
            discarded: self.discarded.len(),
            backends: self.entries.iter().map(|entry| entry.generation.endpoints.len()).sum(),
        }
    }

    fn position(&self, name: &str) -> Result<usize, ControlError> {
        self.entries.iter().position(|entry| &*entry.generation.name == name).ok_or_else(|| {
            let known: Vec<&str> =
                self.entries.iter().map(|entry| &*entry.generation.name).collect();
            ControlError::Unknown { name: name.to_owned(), known: known.join(", ") }
        })
    }

    fn not_active(&self, at: usize) -> Result<(), ControlError> {
        let generation = &self.entries[at].generation;
        if generation.number == self.active.number {
            return Err(ControlError::Active { name: generation.name.to_string() });
        }
        Ok(())
    }

    /// Drops what is left of those whose last request has ended.
    fn forget(&mut self) {
        self.discarded.retain(|generation| generation.strong_count() > 0);
    }
}

fn certificates(errors: &[ConfigError]) -> String {
    let line = |error: &ConfigError| {
        let ConfigError { line, key, reason } = error;
        format!("line {line}: {key}: {reason}")
    };
    errors.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Whether this can be the name of a configuration: a dot would end it in the name of a backend.
fn is_name(name: &str) -> bool {
    let possible = |c: char| c.is_ascii_alphanumeric() || "_-:".contains(c);
    name.len() <= NAME_BYTES
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(possible)
}

/// Keys of `next` that a running proxy cannot follow.
fn needs_restart(now: &Config, next: &Config) -> Vec<&'static str> {
    let keys = [
        ("log", now.log != next.log),
        ("threads", now.threads != next.threads),
        ("instance", now.instance != next.instance),
        ("workdir", now.workdir != next.workdir),
        ("group", now.group != next.group),
    ];
    keys.into_iter().filter(|&(_, differs)| differs).map(|(key, _)| key).collect()
}
