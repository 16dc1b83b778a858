//! The configurations that are loaded, as texts: what a new worker is handed.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chrono::DateTime;
use shellac_config::{Config, ParseOptions, decode};

use crate::handoff::HandoffConfiguration;

/// Most configurations that are loaded at a time.
const MOST: usize = 64;
/// Longest text of one in bytes.
const TEXT_BYTES_MOST: u64 = 8 << 20;
/// Longest name in bytes.
const NAME_BYTES_MOST: usize = 64;
/// How many configurations of earlier reloads are kept beside the active one.
const RELOADS_KEPT: usize = 3;
/// How the names of such begin.
const RELOAD_PREFIX: &str = "reload_";

/// The configurations in the order of loading, and which one is active.
#[derive(Debug)]
pub(crate) struct Shelf {
    configurations: Vec<HandoffConfiguration>,
    active: usize,
    options: ParseOptions,
}

impl Shelf {
    /// One configuration, which is active: that of the start.
    pub(crate) fn new(text: String, file_name: String, options: ParseOptions) -> Shelf {
        let boot = HandoffConfiguration {
            name: "boot".to_owned(),
            text,
            file_name,
            temperature: "auto".to_owned(),
        };
        Shelf { configurations: vec![boot], active: 0, options }
    }

    /// Those that another program had loaded.
    pub(crate) fn go_on(
        configurations: Vec<HandoffConfiguration>,
        active: usize,
        options: ParseOptions,
    ) -> Shelf {
        let active = active.min(configurations.len().saturating_sub(1));
        Shelf { configurations, active, options }
    }

    pub(crate) fn all(&self) -> &[HandoffConfiguration] {
        &self.configurations
    }

    pub(crate) fn active(&self) -> &HandoffConfiguration {
        &self.configurations[self.active]
    }

    pub(crate) fn active_index(&self) -> usize {
        self.active
    }

    pub(crate) fn find(&self, name: &str) -> Option<&HandoffConfiguration> {
        self.configurations.iter().find(|one| one.name == name)
    }

    /// A configuration that could be added; it is not yet. The error is for people.
    pub(crate) fn prepare(
        &self,
        name: &str,
        text: String,
        file_name: String,
        temperature: &str,
    ) -> Result<HandoffConfiguration, String> {
        check_name(name)?;
        if self.find(name).is_some() {
            return Err(format!("Already a VCL named {name}"));
        }
        if self.configurations.len() >= MOST {
            return Err(format!(
                "There are {MOST} configurations: discard some that are not needed"
            ));
        }
        Config::parse_with(&text, &file_name, self.options).map_err(|errors| errors.to_string())?;
        Ok(HandoffConfiguration {
            name: name.to_owned(),
            text,
            file_name,
            temperature: temperature.to_owned(),
        })
    }

    /// Adds one.
    pub(crate) fn add(&mut self, configuration: HandoffConfiguration) {
        self.configurations.push(configuration);
    }

    /// Makes one the active one; it is not cold then. Nothing happens if there is none of that name.
    pub(crate) fn activate(&mut self, name: &str) {
        if let Some(at) = self.configurations.iter().position(|one| one.name == name) {
            self.active = at;
            let temperature = &mut self.configurations[at].temperature;
            if temperature == "cold" {
                "auto".clone_into(temperature);
            }
        }
    }

    /// Takes one away, unless it is the active one.
    pub(crate) fn discard(&mut self, name: &str) {
        let active = self.active().name.clone();
        self.configurations.retain(|one| one.name != name || one.name == active);
        self.active = self.configurations.iter().position(|one| one.name == active).unwrap_or(0);
    }

    pub(crate) fn set_temperature(&mut self, name: &str, temperature: &str) {
        if let Some(one) = self.configurations.iter_mut().find(|one| one.name == name) {
            temperature.clone_into(&mut one.temperature);
        }
    }

    /// The names of configurations of earlier reloads that are not needed any more: not the active one, not the newest.
    pub(crate) fn outdated(&self) -> Vec<String> {
        let active = &self.active().name;
        let reloads: Vec<&str> = self
            .configurations
            .iter()
            .map(|one| one.name.as_str())
            .filter(|name| name.starts_with(RELOAD_PREFIX) && name != active)
            .collect();
        let surplus = reloads.len().saturating_sub(RELOADS_KEPT);
        reloads[..surplus].iter().map(|&name| name.to_owned()).collect()
    }

    /// A free name for a reload at this time, in seconds since 1970: `reload_YYYYMMDD_HHMMSS`, with a suffix where that is taken.
    pub(crate) fn reload_name(&self, now_unix: u64, taken: impl Fn(&str) -> bool) -> String {
        let plain = RELOAD_PREFIX.to_owned() + &utc(now_unix, "%Y%m%d_%H%M%S");
        let is_free = |name: &str| self.find(name).is_none() && !taken(name);
        if is_free(&plain) {
            return plain;
        }
        // There are fewer configurations than numbers.
        (2..)
            .map(|number: u32| format!("{plain}_{number}"))
            .find(|name| is_free(name))
            .unwrap_or(plain)
    }
}

/// Whether this can be the name of a configuration: a dot would end it in the names of its backends.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let illegal = |c: char| Err(format!("Illegal character in VCL name ('{c}')"));
    match name.chars().next() {
        None => return Err("A VCL name has at least one letter".to_owned()),
        Some(first) if !first.is_ascii_alphabetic() => return illegal(first),
        Some(_) => {}
    }
    if let Some(bad) = name.chars().find(|&c| !c.is_ascii_alphanumeric() && !"_-:".contains(c)) {
        return illegal(bad);
    }
    if name.len() > NAME_BYTES_MOST {
        return Err(format!("A VCL name has at most {NAME_BYTES_MOST} letters"));
    }
    Ok(())
}

/// Reads the text of a configuration; the error is for people.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    let failed =
        |what: &dyn std::fmt::Display| format!("Cannot read file '{}' ({what})", path.display());
    // A pipe would hold up everything until somebody writes to it.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .map_err(|error| failed(&error))?;
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(failed(&"it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(TEXT_BYTES_MOST + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > TEXT_BYTES_MOST) {
        return Err(failed(&format!("it has more than {} MiB", TEXT_BYTES_MOST >> 20)));
    }
    decode(bytes, &path.display().to_string()).map_err(|errors| errors.to_string())
}

/// A time of the form `Sun, 06 Nov 1994 08:49:37 GMT`, from seconds since 1970.
pub(crate) fn http_date(unix: u64) -> String {
    utc(unix, "%a, %d %b %Y %H:%M:%S GMT")
}

/// A time in seconds since 1970; one that no calendar has is its number.
fn utc(unix: u64, format: &str) -> String {
    let at = i64::try_from(unix).ok().and_then(|unix| DateTime::from_timestamp(unix, 0));
    at.map_or_else(|| unix.to_string(), |at| at.format(format).to_string())
}

#[cfg(test)]
mod tests;
