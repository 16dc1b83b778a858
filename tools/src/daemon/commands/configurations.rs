//! Configurations: loaded, used and discarded as the manager says, which keeps their list.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use shellac_admin::{Answer, Status};
use shellac_config::{Config, ConfigErrors, KeyText, NodeMap, ParseOptions};
use shellac_proxy::{Control, ControlError, Doorways, Temperature};

use super::Loadable;

/// How long threads have to open and close listening sockets: they look when the next thing happens to them.
const SETTLES: Duration = Duration::from_secs(2);

/// Loads one. The answer names what of it needs a restart.
pub(super) fn load(
    control: &Control,
    name: &str,
    file_name: &str,
    text: &str,
    temperature: &str,
    keys: &[(PathBuf, KeyText)],
    nodes: &NodeMap,
) -> Answer {
    // The manager has found it good, with the liberties that were given at start.
    let mut config = match Config::parse_with(text, file_name, ParseOptions { allow_small: true }) {
        Ok(config) => config,
        Err(errors) => return Answer::new(Status::PARAMETER, errors.to_string()),
    };
    config.nodes.prefer(nodes);
    config.give_keys(keys);
    match control.load(name, Arc::new(config)) {
        Ok(loaded) => {
            warm(control, name, temperature);
            if loaded.needs_restart.is_empty() {
                return Answer::ok("");
            }
            let keys = loaded.needs_restart.join(", ");
            Answer::ok(format!("What it says about {keys} needs a restart of shellacd.\n"))
        }
        Err(ControlError::Certificates { errors }) => {
            let errors = ConfigErrors { file_name: file_name.to_owned(), errors };
            Answer::new(Status::PARAMETER, errors.to_string())
        }
        Err(error) => refused(&error),
    }
}

/// Loads those that were loaded before this worker began.
pub(super) fn restore(control: &Control, others: Vec<Loadable>) -> Result<(), ControlError> {
    for one in others {
        control.load_again(&one.name, one.config)?;
        warm(control, &one.name, &one.temperature);
    }
    Ok(())
}

/// Makes one the active one; with its listening addresses, if they are other ones.
pub(super) fn switch(
    control: &Control,
    name: &str,
    doorways: Option<Result<Doorways, String>>,
) -> Answer {
    let moves = doorways.is_some();
    let doorways = match doorways.transpose() {
        Ok(doorways) => doorways,
        Err(why) => return Answer::new(Status::CANNOT, format!("{why}\n")),
    };
    if let Err(error) = control.activate_with(name, doorways) {
        return refused(&error);
    }
    if moves && !control.settle(SETTLES) {
        // It follows as soon as it can.
        return Answer::ok("A thread still listens where it did.\n");
    }
    Answer::ok("")
}

pub(super) fn discard(control: &Control, name: &str) -> Answer {
    control.discard(name).map_or_else(|error| refused(&error), |()| Answer::ok(""))
}

pub(super) fn temper(control: &Control, name: &str, wanted: &str) -> Answer {
    control
        .set_temperature(name, temperature(wanted))
        .map_or_else(|error| refused(&error), |()| Answer::ok(""))
}

/// A line for each: name, requests that hold it, `warm` or `cold`, `loaded` or `discarded`.
pub(super) fn list(control: &Control) -> Answer {
    let lines: Vec<String> = control
        .configurations()
        .into_iter()
        .map(|one| {
            let warmth = if one.warm { "warm" } else { "cold" };
            let there = if one.discarded { "discarded" } else { "loaded" };
            format!("{} {} {warmth} {there}\n", one.name, one.in_flight)
        })
        .collect();
    Answer::ok(lines.concat())
}

/// A configuration is warm at first.
fn warm(control: &Control, name: &str, wanted: &str) {
    if wanted != "auto" {
        // It was loaded a moment ago; one that is gone by now needs no temperature.
        let _ = control.set_temperature(name, temperature(wanted));
    }
}

fn temperature(word: &str) -> Temperature {
    match word {
        "warm" => Temperature::Warm,
        "cold" => Temperature::Cold,
        _ => Temperature::Auto,
    }
}

fn refused(error: &ControlError) -> Answer {
    let status = match error {
        ControlError::Active { .. } | ControlError::TooMany => Status::CANNOT,
        _ => Status::PARAMETER,
    };
    Answer::new(status, format!("{error}\n"))
}
