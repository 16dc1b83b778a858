//! `undrain --wait-healthy`: until backends that are back take requests.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::json;
use shellac_admin::Status;

use super::link::Link;
use super::list::{self, Backend};
use super::say::Say;
use super::status;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// Waits until `least` of the backends called `names` are healthy, at most so long. The exit status.
///
/// Those of the configuration that is used count, for nobody looks after those of a cold one; the others only when it has none.
#[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
pub(super) fn wait(
    link: &mut Link,
    active: &str,
    names: &[String],
    least: usize,
    most: Duration,
    say: Say,
) -> anyhow::Result<u8> {
    let names = of(active, names);
    if names.len() < least {
        let text = format!("--wait-healthy {least}: only {} are meant", names.len());
        return say.end(status::NO_MATCH, &text);
    }
    let start = Instant::now();
    let mut said = None;
    loop {
        let over = start.elapsed() >= most;
        let (healthy, sick) = look(link, &names)?;
        if healthy.len() >= least {
            let text = format!("healthy: {}", healthy.join(", "));
            say.event("healthy", json!({"healthy": healthy, "sick": sick}), &text)?;
            return Ok(0);
        }
        let text =
            format!("{} of {least} are healthy; not yet: {}", healthy.len(), sick.join(", "));
        if over {
            return say.end(status::TIMED_OUT, &format!("time is up: {text}"));
        }
        if said.as_ref() != Some(&text) {
            say.event("waiting", json!({"healthy": healthy, "sick": sick}), &text)?;
            said = Some(text);
        }
        thread::sleep(LOOK.min(most.saturating_sub(start.elapsed())));
    }
}

/// Those of the configuration that is used, or all when it has none of them.
pub(super) fn of<'n>(active: &str, names: &'n [String]) -> Vec<&'n str> {
    let is_active = |name: &&str| name.split_once('.').is_some_and(|(config, _)| config == active);
    let used: Vec<&str> = names.iter().map(String::as_str).filter(is_active).collect();
    if used.is_empty() { names.iter().map(String::as_str).collect() } else { used }
}

/// Which of them are healthy, and which are not.
fn look<'n>(link: &mut Link, names: &[&'n str]) -> anyhow::Result<(Vec<&'n str>, Vec<&'n str>)> {
    let mut found = (Vec::new(), Vec::new());
    for &name in names {
        let answer = link.ask(&["backend.list", name])?;
        if answer.status != Status::OK {
            bail!("backend.list {name}: {}", answer.text().trim_end());
        }
        let rows = list::parse(&answer.text());
        // One whose configuration is gone is nobody who takes requests.
        let is_healthy = !rows.is_empty() && rows.iter().all(Backend::is_healthy);
        if is_healthy { &mut found.0 } else { &mut found.1 }.push(name);
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
