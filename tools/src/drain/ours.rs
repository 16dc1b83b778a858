//! Draining backends of a shellacd: it knows what is in flight from the moment a backend is chosen.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use shellac_admin::Status;
use shellac_vsm::Attachment;

use super::args::{DrainArgs, UndrainArgs};
use super::link::{Link, Refusal};
use super::say::{self, Say, names, number};
use super::status;

/// Time between two lines about what is in flight.
const SAID_EVERY: Duration = Duration::from_secs(1);
/// Without contact for this long it is lost.
const CONTACT: Duration = Duration::from_secs(10);
/// Time between two attempts to get it back.
const PAUSE: Duration = Duration::from_millis(100);
/// Seconds that one question waits for a change.
const ASKED_SECONDS: &str = "0.5";

/// A shellacd.
pub(super) struct Ours<'a> {
    pub(super) attachment: &'a mut Attachment,
    pub(super) link: Link,
    pub(super) say: Say,
}

impl Ours<'_> {
    /// Orders it, and waits if that is wanted. The exit status.
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    pub(super) fn drain(&mut self, args: &DrainArgs, patterns: &[String]) -> anyhow::Result<u8> {
        let start = Instant::now();
        let plan = match self.data("drain.plan", &[], patterns) {
            Ok(plan) => plan,
            Err(error) => return self.refused(error),
        };
        self.matched(&plan)?;
        if plan["refused"] == true && !args.force {
            let few = names(&plan["pools"]).into_iter().filter(|line| line.ends_with(": too few"));
            let few: Vec<&str> = few.collect();
            return self.say.end(
                status::REFUSED,
                &format!("refused: {}; --force does it all the same", few.join("; ")),
            );
        }
        if args.dry_run {
            return self.say.end(0, "nothing was changed");
        }
        let mut options = vec![format!("by={}", author())];
        options.extend((!args.reason.is_empty()).then(|| format!("reason={}", args.reason)));
        // A time that is not a whole number of seconds is no shorter for that.
        let seconds = |ttl: Duration| ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
        options.extend(args.ttl.map(|ttl| format!("ttl={}", seconds(ttl).max(1))));
        options.extend(args.force.then(|| "force=yes".to_owned()));
        if let Err(error) = self.data("drain", &options, patterns) {
            return self.refused(error);
        }
        if args.close_idle {
            let closed = self.data("drain.close_idle", &[], patterns)?;
            let line = format!("{} idle connections were closed", number(&closed["closed"]));
            self.say.event("closed", closed, &line)?;
        }
        if !args.wait {
            let now = self.data("drain.status", &[], patterns)?;
            return self.say.end(0, &format!("out of service; {}", say::load(&now)));
        }
        self.wait(args, patterns, start)
    }

    fn matched(&self, plan: &Value) -> anyhow::Result<()> {
        let mut lines = names(&plan["backends"]).join("\n");
        let (count, shown) = (number(&plan["count"]), names(&plan["backends"]).len());
        if count > shown as u64 {
            lines += &format!("\nand {} more", count - shown as u64);
        }
        for pool in names(&plan["pools"]) {
            lines += &format!("\n{pool}");
        }
        for keys in plan["keys"].as_array().into_iter().flatten() {
            lines += &format!("\n{}", keys["text"].as_str().unwrap_or_default());
        }
        self.say.event("matched", plan.clone(), &lines)
    }

    /// Waits until nothing is in flight.
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn wait(
        &mut self,
        args: &DrainArgs,
        patterns: &[String],
        start: Instant,
    ) -> anyhow::Result<u8> {
        let mut contact = Instant::now();
        let mut said: Option<Instant> = None;
        // Attempts up to the moment from which on nothing was in flight.
        let mut quiet: Option<(Instant, u64)> = None;
        loop {
            let over = start.elapsed() >= args.timeout;
            // What there is to wait for is said at once.
            let seconds = [if said.is_none() { "0" } else { ASKED_SECONDS }.to_owned()];
            let found = match self.data("drain.wait", &seconds, patterns) {
                Ok(found) => found,
                Err(error) => match error.downcast_ref::<Refusal>() {
                    // All configurations that had them are gone, and with them the last request that held one.
                    Some(refusal) if refusal.status == Status::PARAMETER => {
                        return self.say.end(
                            0,
                            "drained: their configurations are gone, and nothing is in flight",
                        );
                    }
                    _ if contact.elapsed() >= CONTACT || over => {
                        let text = format!(
                            "contact was lost, so nobody knows what is in flight: {error:#}"
                        );
                        return self.say.end(status::LOST, &text);
                    }
                    _ => {
                        quiet = None;
                        thread::sleep(PAUSE);
                        self.reconnect();
                        continue;
                    }
                },
            };
            let back = names(&found["in_service"]);
            if !back.is_empty() {
                let text = format!("in service again, by somebody else: {}", back.join(", "));
                return self.say.end(status::CANCELLED, &text);
            }
            // A thread that has not acknowledged may still choose.
            let acknowledged = found["acknowledged"] == true;
            if acknowledged {
                contact = Instant::now();
            } else if contact.elapsed() >= CONTACT {
                return self.say.end(
                    status::LOST,
                    "a thread of the worker does not answer, so nobody knows what it chooses",
                );
            }
            let attempts = number(&found["attempts"]);
            if acknowledged && number(&found["in_flight"]) == 0 {
                match quiet {
                    Some((since, before)) if before == attempts => {
                        if since.elapsed() >= args.quiet {
                            let text = drained(number(&found["count"]));
                            return self.say.end(0, &text);
                        }
                    }
                    _ if args.quiet.is_zero() => {
                        let text = drained(number(&found["count"]));
                        return self.say.end(0, &text);
                    }
                    _ => quiet = Some((Instant::now(), attempts)),
                }
                let left = quiet.map_or(Duration::ZERO, |(since, _)| {
                    args.quiet.saturating_sub(since.elapsed())
                });
                if over {
                    return self.say.end(status::TIMED_OUT, "time is up: nothing is in flight, but it has not been quiet for long enough");
                }
                thread::sleep(left.min(PAUSE));
                continue;
            }
            quiet = None;
            self.hinder(args, patterns, start, &mut said)?;
            if over {
                let left = self.data("drain.status", &[], patterns)?;
                let xids: Vec<String> = say::requests(&left).iter().map(u64::to_string).collect();
                let text = format!("time is up: {}; XIDs {}", say::load(&left), xids.join(" "));
                return self.say.end(status::TIMED_OUT, &text);
            }
        }
    }

    /// Says once a second what is in flight, and ends it when it has had its time.
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn hinder(
        &mut self,
        args: &DrainArgs,
        patterns: &[String],
        start: Instant,
        said: &mut Option<Instant>,
    ) -> anyhow::Result<()> {
        let kills = args.kill_after.is_some_and(|after| start.elapsed() >= after);
        let says = said.is_none_or(|said| said.elapsed() >= SAID_EVERY);
        if !kills && !says {
            return Ok(());
        }
        // Without contact the next question tells.
        let Ok(now) = self.data("drain.status", &[], patterns) else { return Ok(()) };
        if says {
            *said = Some(Instant::now());
            self.say.event("waiting", now.clone(), &say::load(&now))?;
        }
        for xid in say::requests(&now).into_iter().filter(|_| kills) {
            // One that has ended by itself is none to end.
            let _ = self.link.ask(&["kill", &xid.to_string(), "drain"]);
        }
        Ok(())
    }

    /// Puts backends back.
    pub(super) fn undrain(&mut self, args: &UndrainArgs) -> anyhow::Result<u8> {
        let mut options = vec![format!("by={}", author())];
        options.extend((!args.reason.is_empty()).then(|| format!("reason={}", args.reason)));
        match self.data("undrain", &options, &args.patterns) {
            Ok(found) => {
                let line = names(&found["backends"]).join("\n");
                self.say.event("matched", found, &line)?;
                Ok(0)
            }
            Err(error) => self.refused(error),
        }
    }

    /// The orders in force.
    pub(super) fn list(&mut self) -> anyhow::Result<u8> {
        let orders = self.data("drain.list", &[], &[])?;
        let mut lines = String::new();
        for order in orders.as_array().into_iter().flatten() {
            let text = |key: &str| order[key].as_str().unwrap_or_default().to_owned();
            lines += &format!(
                "{} {} since {}",
                text("pattern"),
                text("mode"),
                local(number(&order["since"]))
            );
            if let Some(ttl) = order["ttl"].as_u64() {
                lines += &format!(" until {}", local(number(&order["since"]).saturating_add(ttl)));
            }
            for (key, word) in [("author", "by"), ("reason", "because")] {
                if !text(key).is_empty() {
                    lines += &format!(" {word} {}", text(key));
                }
            }
            lines.push('\n');
        }
        if lines.is_empty() {
            lines = "nothing is ordered".to_owned();
        }
        self.say.event("orders", serde_json::json!({"orders": orders}), &lines)?;
        Ok(0)
    }

    fn data(
        &mut self,
        command: &str,
        options: &[String],
        patterns: &[String],
    ) -> anyhow::Result<Value> {
        let options = options.iter().chain(patterns).map(String::as_str);
        let words: Vec<&str> = [command, "-j"].into_iter().chain(options).collect();
        let mut data = self.link.data(&words)?;
        say::hide_secrets(&mut data);
        Ok(data)
    }

    fn reconnect(&mut self) {
        self.attachment.refresh();
        if let Ok(link) = Link::open(self.attachment) {
            self.link = link;
        }
    }

    /// The status of a command that was not carried out.
    fn refused(&self, error: anyhow::Error) -> anyhow::Result<u8> {
        let Some(refusal) = error.downcast_ref::<Refusal>() else { return Err(error) };
        let status = match refusal.status {
            Status::PARAMETER => status::NO_MATCH,
            Status::CANNOT => status::REFUSED,
            _ => return Err(error),
        };
        self.say.end(status, &refusal.to_string())
    }
}

fn drained(count: u64) -> String {
    match count {
        1 => "drained: nothing is in flight there".to_owned(),
        count => format!("drained: nothing is in flight at {count} backends"),
    }
}

/// Who orders it.
fn author() -> String {
    let user =
        ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    user.filter(|user| !user.is_empty()).unwrap_or_else(|| "somebody".to_owned())
}

fn local(unix: u64) -> String {
    let at = i64::try_from(unix).ok().and_then(|unix| chrono::DateTime::from_timestamp(unix, 0));
    let at = at.map(|at| at.with_timezone(&chrono::Local).format("%Y-%m-%d %H:%M:%S").to_string());
    at.unwrap_or_else(|| unix.to_string())
}
