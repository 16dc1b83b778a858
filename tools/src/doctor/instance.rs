//! One instance: who runs it, what it publishes, who may read that, and what its counters complain about.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use shellac_counters::vsc::Counters;
use shellac_upstream::node;
use shellac_vsm::{AttachOptions, Attachment, Header, SetKind};

use super::clock;
use super::finding::Section;
use super::log::{self, Log};
use super::process::{self, Files};

/// What `statfs` says of a directory in memory.
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
/// A log that holds less than this is of no use to somebody who comes after the fact.
const SECONDS_LEAST: f64 = 60.0;
/// What it had better hold.
const SECONDS_GOOD: f64 = 600.0;
/// Crash files that are named.
const CRASHES_SHOWN: usize = 3;

/// What was found, and the worker that was found with it.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) section: Section,
    pub(super) worker: Option<u32>,
}

/// Looks at the instance in `workdir`, at its log for as long as `sample` says.
pub(super) fn examine(workdir: &Path, sample: Duration, now_unix: u64) -> Examined {
    let mut section = Section::new(workdir.display().to_string());
    let check_pid = std::env::var_os("VSM_NOPID").is_none();
    let mut attachment = match Attachment::open(workdir, AttachOptions { check_pid }) {
        Ok(attachment) => attachment,
        Err(error) => {
            let text = error.full_text();
            let (what, advice) = text
                .split_once('\n')
                .or_else(|| text.split_once("; "))
                .unwrap_or((&text, "start it, or name another one with -n"));
            section.wrong("manager", what, advice);
            return Examined { section, worker: None };
        }
    };
    attachment.refresh();
    let about = attachment.read_text("Arg", "-shellac").ok().flatten();
    let is_ours = about.is_some();
    let mut worker = None;
    for set in [SetKind::Mgt, SetKind::Child] {
        let pid = who(&mut section, &attachment, set, now_unix, is_ours);
        if set == SetKind::Child {
            worker = pid;
        }
    }
    version(&mut section, &attachment, about.as_deref());
    place(&mut section, &attachment, worker);
    clock::examine(&mut section, attachment.header(SetKind::Mgt), now_unix);
    if worker.is_some() {
        the_log(&mut section, &attachment, sample, now_unix, is_ours);
    }
    counters(&mut section, &attachment, is_ours);
    for problem in attachment.problems() {
        section.warn(
            "index",
            problem.to_string(),
            "the line was left out; whoever writes this directory is at fault",
        );
    }
    crashes(&mut section, workdir);
    Examined { section, worker }
}

/// The manager or the worker: its process, its age, its files.
fn who(
    section: &mut Section,
    attachment: &Attachment,
    set: SetKind,
    now_unix: u64,
    is_ours: bool,
) -> Option<u32> {
    let name = if set == SetKind::Mgt { "manager" } else { "worker" };
    let status = attachment.status();
    let runs = if set == SetKind::Mgt { status.mgt_running } else { status.worker_running };
    let Some(Header { pid, started_unix }) = attachment.header(set).filter(|_| runs) else {
        let advice = match is_ours {
            true => {
                "see what the manager says on standard error: it starts workers again, less and less often"
            }
            false => "`varnishadm status`, `varnishadm panic.show`; `varnishadm start` starts it",
        };
        section.wrong(name, "there is no worker: nothing is served and there is no log", advice);
        return None;
    };
    let age = duration(now_unix.saturating_sub(started_unix));
    section.fine(name, format!("pid {pid}, up {age}"));
    let files = match process::files(pid) {
        None => {
            let text = format!("the open files of the {name} are not shown to this user");
            section.note("files", text);
            return Some(pid);
        }
        Some(files) => files,
    };
    match files {
        Files { open, limit: Some(limit) } if open.saturating_mul(10) >= limit.saturating_mul(8) => section.warn(
            "files",
            format!("the {name} has {open} files open of {limit} that it may have"),
            "raise the limit (LimitNOFILE= in its unit, ulimit -n): at the end connections are refused",
        ),
        Files { open, limit } => {
            let limit = limit.map_or("no limit".to_owned(), |limit| format!("a limit of {limit}"));
            section.fine("files", format!("the {name} has {open} files open, with {limit}"));
        }
    }
    Some(pid)
}

fn version(section: &mut Section, attachment: &Attachment, about: Option<&str>) {
    let name = attachment.read_text("Arg", "-i").ok().flatten();
    let name = name.map_or(String::new(), |name| format!(", calls itself {}", name.trim_end()));
    match about {
        Some(about) => section.fine("version", format!("shellacd, {}{name}", about.trim_end())),
        None => {
            let text = format!("a varnishd or vinyld, which does not publish its version{name}");
            section.fine("version", text);
        }
    }
}

/// Where it lies, and who may read it.
fn place(section: &mut Section, attachment: &Attachment, worker: Option<u32>) {
    let workdir = attachment.workdir();
    if let Ok(stat) = rustix::fs::statfs(workdir) {
        if u64::try_from(stat.f_type).is_ok_and(|kind| IN_MEMORY.contains(&kind)) {
            let size = u64::try_from(stat.f_bsize).unwrap_or_default();
            let free = bytes((stat.f_bavail.saturating_mul(size)) as f64);
            section.fine("tmpfs", format!("the directory is in memory, with {free} free"));
        } else {
            section.warn(
                "tmpfs",
                "the directory is not in memory: the system writes pages of the log to a disk now and then, and whoever \
                 writes the log waits for it",
                "put the working directory on a tmpfs (below /run), or mount one there",
            );
        }
    }
    let set = if worker.is_some() { SetKind::Child } else { SetKind::Mgt };
    let directory = workdir.join(set.dir_name());
    match fs::metadata(&directory) {
        Ok(it) => {
            let mode = it.permissions().mode() & 0o7777;
            let who = match mode & 0o005 {
                0 => format!("user {} and group {}", it.uid(), it.gid()),
                _ => "everybody".to_owned(),
            };
            section.fine("rights", format!("{who} may read it (mode {mode:o})"));
        }
        Err(error) => section.warn(
            "rights",
            format!("{}: {error}", directory.display()),
            "run this as a user of its group, or as root",
        ),
    }
    for segment in attachment.segments() {
        if let Err(error) = attachment.map(segment)
            && !error.is_gone()
        {
            let advice = error.remedy().unwrap_or_else(|| "it is left out".to_owned());
            section.warn("rights", error.to_string(), advice);
        }
    }
}

fn the_log(
    section: &mut Section,
    attachment: &Attachment,
    sample: Duration,
    now_unix: u64,
    is_ours: bool,
) {
    let log = match log::look(attachment.workdir(), sample) {
        Ok(log) => log,
        Err(reason) => {
            let advice =
                "wait for the worker, or see why it is not there; with a damaged log start it anew";
            section.wrong("ring", reason, advice);
            return;
        }
    };
    section.fine("dialect", format!("records are of dialect {}", log.dialect));
    held(section, &log, now_unix, is_ours);
    clock::of_log(section, &log, now_unix);
    let lag = log.lag_percent;
    let speed = speed(&log);
    if log.overrun {
        section.warn(
            "reader",
            format!("records were overwritten before they could be read here; reading goes at {speed}"),
            "this machine is too busy for a reader, or the log too small: raise its size, run readers with a higher priority",
        );
    } else {
        section.fine(
            "reader",
            format!("a reader here was at most {lag} % of an overrun behind; it reads {speed}"),
        );
    }
    readers(section, attachment);
}

#[allow(clippy::cast_precision_loss, reason = "a rate is no exact number")]
fn speed(log: &Log) -> String {
    let seconds = log.read_in.as_secs_f64();
    if seconds > 0.0 && log.held_bytes > 0 {
        format!("{}/s", bytes(log.held_bytes as f64 / seconds))
    } else {
        "nothing yet".to_owned()
    }
}

#[allow(clippy::cast_precision_loss, reason = "an estimate for people")]
fn held(section: &mut Section, log: &Log, now_unix: u64, is_ours: bool) {
    let size = bytes(log.ring_bytes as f64);
    let key = if is_ours { "log.size" } else { "vsl_space" };
    let rate = match log.rate {
        rate if rate > 0.0 => format!("{}/s are written", bytes(rate)),
        _ => "nothing is written at the moment".to_owned(),
    };
    let Some(held) = log.held(now_unix) else {
        section.fine("ring", format!("{size}; {rate}"));
        return;
    };
    let mut text = format!("{size} hold {} of traffic; {rate}", duration(held.as_secs()));
    if let Some((first, _)) = log.moments {
        let age = now_unix.saturating_sub(first.as_secs());
        text += &format!(", the oldest record is of {} ago", duration(age));
    }
    let seconds = held.as_secs_f64();
    if seconds >= SECONDS_LEAST {
        section.fine("ring", text);
    } else {
        let wanted = bytes(log.ring_bytes as f64 * SECONDS_GOOD / seconds.max(0.001));
        section.warn(
            "ring",
            text,
            format!(
                "what failed is overwritten before somebody looks: raise {key} (about {wanted} hold ten minutes), or run \
                 `shellac record`"
            ),
        );
    }
}

/// Who else reads.
fn readers(section: &mut Section, attachment: &Attachment) {
    let Some(segment) = attachment.find("Log", "Log") else { return };
    let writers: Vec<u32> = [SetKind::Mgt, SetKind::Child]
        .into_iter()
        .filter_map(|set| Some(attachment.header(set)?.pid))
        .collect();
    let own = std::process::id();
    let found: Vec<String> = process::readers(&attachment.path(segment))
        .into_iter()
        .filter(|reader| reader.pid != own && !writers.contains(&reader.pid))
        .map(|reader| format!("{} ({})", reader.name, reader.pid))
        .collect();
    let text = match found.len() {
        0 => "nobody else reads the log, as far as this user may see".to_owned(),
        _ => format!("the log is also read by {}", found.join(", ")),
    };
    section.fine("readers", text);
}

/// A counter that should be 0, what it means when it is not, and what to do.
type Complaint = (&'static str, &'static str, &'static str);

const COMPLAINTS: &[Complaint] = &[
    (
        "MGT.child_panic",
        "workers ended in a panic",
        "`varnishadm panic.show`, or crash files in the directory",
    ),
    (
        "MGT.child_died",
        "workers were ended by a signal",
        "look in the system's log for who sent it, and for want of memory",
    ),
    (
        "LOG.dropped_records",
        "records were lost before they were in the log",
        "raise log.size; see LOG.refused and LOG.oldest_lag",
    ),
    (
        "LOG.dropped_transactions",
        "transactions were lost before they were in the log",
        "raise log.size; see LOG.refused and LOG.oldest_lag",
    ),
    (
        "LOG.waiting_bytes",
        "bytes wait to be written into the log",
        "a thread was held up in the middle of a write; if this stays, restart the worker",
    ),
    (
        "LOG.board_unshown",
        "requests were not on the scoreboard, which has too few places",
        "`shellac ps` and `drain` see less than there is",
    ),
    (
        "MAIN.sess_dropped",
        "client connections were dropped for want of threads",
        "raise thread_pool_max, or look for what keeps threads busy",
    ),
];

fn counters(section: &mut Section, attachment: &Attachment, is_ours: bool) {
    let mut counters = Counters::new();
    counters.refresh(attachment);
    let mut values = BTreeMap::new();
    counters.each(|set, info, value| {
        values.insert(format!("{set}.{}", info.name), value);
    });
    for problem in counters.problems() {
        section.warn(
            "counters",
            problem,
            "it is left out; whoever writes this directory is at fault",
        );
    }
    if values.is_empty() {
        let whose = if is_ours { "this shellacd" } else { "this instance" };
        section.warn(
            "counters",
            format!("{whose} publishes no counters"),
            "`shellac stat` and `shellac metrics` have nothing to show",
        );
        return;
    }
    section.fine("counters", format!("{} counters are published", values.len()));
    ports(section, &values);
    for &(name, text, advice) in COMPLAINTS {
        if let Some(value @ 1..) = values.get(name) {
            section.warn("counters", format!("{name} is {value}: {text}"), advice);
        }
    }
}

/// Local ports, of which there are so many for each destination.
fn ports(section: &mut Section, values: &BTreeMap<String, u64>) {
    let get = |name: &str| values.get(name).copied();
    let (Some(used), Some(all)) = (get("NODE.ports_in_use"), get("NODE.local_ports")) else {
        return;
    };
    let level =
        node::Level { used, limit: all.saturating_sub(get("NODE.reserved_ports").unwrap_or(0)) };
    if level.limit == 0 {
        return;
    }
    let (share, limit) = (level.share() * 100.0, level.limit);
    let text = format!(
        "{used} of {limit} local ports are in use for the busiest backend address ({share:.0} %)"
    );
    if level.share() >= node::Level::WARN {
        section.warn(
            "ports",
            text,
            "without a port connections fail with EADDRNOTAVAIL, which is no backend's fault: widen net.ipv4.ip_local_port_range, \
             or give the backend a second address",
        );
    } else {
        section.fine("ports", text);
    }
}

/// Logs of workers that died.
fn crashes(section: &mut Section, workdir: &Path) {
    let Ok(entries) = fs::read_dir(workdir) else { return };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with("crash-") && name.ends_with(".vsl"))
        .collect();
    names.sort();
    if let Some(last) = names.last() {
        let shown = names.iter().rev().take(CRASHES_SHOWN).cloned().collect::<Vec<_>>().join(", ");
        section.warn(
            "crashes",
            format!("workers have died and left their logs: {shown}"),
            format!("shellac log -r {} -g request", workdir.join(last).display()),
        );
    }
}

/// Bytes with a unit.
fn bytes(bytes: f64) -> String {
    let mut value = bytes;
    let mut units = ["bytes", "KB", "MB", "GB", "TB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for next in units {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if value < 10.0 && unit != "bytes" {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// Seconds in the largest unit that leaves a whole number worth reading.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
