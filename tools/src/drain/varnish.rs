//! Draining backends of a varnishd, with what it has: a health that can be set, and counters. What these do not show is said.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::json;
use shellac_admin::Status;
use shellac_counters::vsc::Counters;
use shellac_vsm::Attachment;

use super::args::{DrainArgs, UndrainArgs};
use super::link::Link;
use super::list::{Backend, parse, select};
use super::say::Say;
use super::status;

/// Time between two looks at counters, and between two at the list of backends.
const LOOK: Duration = Duration::from_millis(100);
const LOOK_AT_LIST: Duration = Duration::from_secs(1);
/// What counters do not show, and what to do about it.
const BLIND: &str = "a varnishd counts neither requests that are still connecting (before 7.7) nor those whose VCL is cold, \
                     and a VCL that is loaded meanwhile uses the backend again: --hold takes it out there too";

/// A varnishd.
pub(super) struct Varnish<'a> {
    pub(super) attachment: &'a mut Attachment,
    pub(super) link: Link,
    pub(super) say: Say,
    /// New requests go to this VCL.
    pub(super) active: String,
}

impl Varnish<'_> {
    /// Says that backends are sick, and waits if that is wanted. The exit status.
    pub(super) fn drain(&mut self, args: &DrainArgs, patterns: &[String]) -> anyhow::Result<u8> {
        if args.kill_after.is_some() || args.ttl.is_some() || args.close_idle {
            bail!("a varnishd has no --kill-after, --ttl and --close-idle");
        }
        let all = self.backends()?;
        let meant = match self.meant(&all, patterns) {
            Ok(meant) => meant,
            Err(text) => return self.say.end(status::NO_MATCH, &text),
        };
        let names: Vec<String> = meant.iter().map(Backend::full_name).collect();
        self.say.event(
            "matched",
            json!({"count": names.len(), "backends": names}),
            &names.join("\n"),
        )?;
        let left = all
            .iter()
            .filter(|one| one.vcl == self.active && one.health == "healthy" && one.admin != "sick")
            .filter(|one| !meant.contains(one))
            .count();
        if left == 0 && meant.iter().any(|one| one.vcl == self.active) && !args.force {
            let text = format!(
                "refused: no healthy backend would be left in {}; --force does it all the same",
                self.active
            );
            return self.say.end(status::REFUSED, &text);
        }
        if args.dry_run {
            return self.say.end(0, "nothing was changed");
        }
        for backend in &meant {
            self.set_health(backend, "sick")?;
        }
        eprintln!("shellac: {BLIND}");
        if !args.wait && !args.hold {
            return self.say.end(0, "sick; what is in flight is finished");
        }
        self.wait(args, patterns, meant)
    }

    /// Waits until counters say that nothing is in flight; with `--hold` until it is ended.
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn wait(
        &mut self,
        args: &DrainArgs,
        patterns: &[String],
        mut meant: Vec<Backend>,
    ) -> anyhow::Result<u8> {
        let start = Instant::now();
        let mut counters = Counters::new();
        let mut looked = Instant::now();
        let mut quiet: Option<(Instant, u64)> = None;
        let mut said: Option<u64> = None;
        let mut is_drained = false;
        loop {
            self.attachment.refresh();
            counters.refresh(self.attachment);
            let loads = loads(&counters, &meant);
            let in_flight: u64 = loads.values().map(|load| load.in_flight).sum();
            let sent: u64 = loads.values().map(|load| load.sent).sum();
            if loads.is_empty() && !args.hold {
                let text = "no counters of these backends are there (their VCLs are cold or gone): nobody knows what is in flight";
                return self.say.end(status::LOST, text);
            }
            let over = start.elapsed() >= args.timeout;
            match quiet {
                _ if in_flight > 0 => {
                    quiet = None;
                    if said != Some(in_flight) {
                        said = Some(in_flight);
                        self.say.event(
                            "waiting",
                            json!({"in_flight": in_flight}),
                            &format!("waiting: {in_flight} in flight"),
                        )?;
                    }
                }
                Some((since, before)) if before == sent => {
                    if since.elapsed() >= args.quiet && !is_drained {
                        is_drained = true;
                        let unseen = meant.len().saturating_sub(loads.len());
                        let mut text = format!(
                            "drained, as far as counters show: nothing is in flight at {} backends",
                            loads.len()
                        );
                        if unseen > 0 {
                            text +=
                                &format!("; {unseen} have no counters, for their VCLs are cold");
                        }
                        if !args.hold {
                            return self.say.end(0, &text);
                        }
                        self.say.event(
                            "drained",
                            json!({}),
                            &format!("{text}; holding until interrupted"),
                        )?;
                    }
                }
                _ => quiet = Some((Instant::now(), sent)),
            }
            if over && !is_drained && args.wait {
                return self
                    .say
                    .end(status::TIMED_OUT, &format!("time is up: {in_flight} in flight"));
            }
            if looked.elapsed() >= LOOK_AT_LIST {
                looked = Instant::now();
                if let Some(status) = self.look_again(args, patterns, &mut meant)? {
                    return Ok(status);
                }
            }
            thread::sleep(LOOK);
        }
    }

    /// Whether somebody has changed it meanwhile, or loaded another VCL.
    fn look_again(
        &mut self,
        args: &DrainArgs,
        patterns: &[String],
        meant: &mut Vec<Backend>,
    ) -> anyhow::Result<Option<u8>> {
        let all = self.backends()?;
        let Ok(now) = self.meant(&all, patterns) else { return Ok(None) };
        for backend in &now {
            let is_known = meant.iter().any(|one| one.full_name() == backend.full_name());
            if backend.admin == "sick" {
                continue;
            }
            if is_known {
                let text = format!("in service again, by somebody else: {}", backend.full_name());
                return self.say.end(status::CANCELLED, &text).map(Some);
            }
            if args.hold {
                self.set_health(backend, "sick")?;
                let name = backend.full_name();
                self.say.event(
                    "held",
                    json!({"backend": name}),
                    &format!("{name} was loaded, and is sick now too"),
                )?;
            } else {
                let text = format!(
                    "{} was loaded meanwhile and is in service: --hold would have taken it out",
                    backend.full_name()
                );
                return self.say.end(status::CANCELLED, &text).map(Some);
            }
        }
        *meant = now;
        Ok(None)
    }

    /// Puts backends back: their probes decide again, or they are healthy. The exit status, and who they are.
    pub(super) fn undrain(&mut self, args: &UndrainArgs) -> anyhow::Result<(u8, Vec<String>)> {
        let all = self.backends()?;
        let meant = match self.meant(&all, &args.patterns) {
            Ok(meant) => meant,
            Err(text) => return Ok((self.say.end(status::NO_MATCH, &text)?, Vec::new())),
        };
        for backend in &meant {
            self.set_health(backend, "auto")?;
        }
        let names: Vec<String> = meant.iter().map(Backend::full_name).collect();
        self.say.event(
            "matched",
            json!({"count": names.len(), "backends": names}),
            &names.join("\n"),
        )?;
        Ok((0, names))
    }

    fn set_health(&mut self, backend: &Backend, health: &str) -> anyhow::Result<()> {
        let name = backend.full_name();
        let answer = self.link.ask(&["backend.set_health", &name, health])?;
        if answer.status != Status::OK {
            bail!("{name}: {}", answer.text().trim_end());
        }
        Ok(())
    }

    /// All backends of all VCLs.
    fn backends(&mut self) -> anyhow::Result<Vec<Backend>> {
        let answer = self.link.ask(&["backend.list", "*.*"])?;
        if answer.status != Status::OK {
            bail!("backend.list: {}", answer.text().trim_end());
        }
        Ok(parse(&answer.text()))
    }

    fn meant(&self, all: &[Backend], patterns: &[String]) -> Result<Vec<Backend>, String> {
        select(all, &self.active, patterns)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Load {
    in_flight: u64,
    sent: u64,
}

/// What counters say of these backends; those without counters are not there.
fn loads(counters: &Counters, meant: &[Backend]) -> BTreeMap<String, Load> {
    let wanted: BTreeMap<String, String> =
        meant.iter().map(|one| (format!("VBE.{}", one.full_name()), one.full_name())).collect();
    let mut loads: BTreeMap<String, Load> = BTreeMap::new();
    counters.each(|set, info, value| {
        let Some(name) = wanted.get(set) else { return };
        let load = loads.entry(name.clone()).or_default();
        match &*info.name {
            // A gauge that fell below zero is nobody in flight.
            "conn" => load.in_flight = if value.cast_signed() < 0 { 0 } else { value },
            "req" => load.sent = value,
            _ => {}
        }
    });
    loads
}
