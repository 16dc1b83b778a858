//! What the system says about processes: their open files, and who has a log mapped.

use std::fs;
use std::path::Path;

/// Processes that are looked at when readers of a log are searched for.
const PROCESSES_MOST: usize = 20_000;
/// Of one process, bytes of its list of mappings.
const MAPS_BYTES_MOST: usize = 4 << 20;

/// Open files of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Files {
    pub(super) open: u64,
    /// `None`: as many as it likes.
    pub(super) limit: Option<u64>,
}

/// The open files of a process; `None` where the system does not tell this user.
pub(super) fn files(pid: u32) -> Option<Files> {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    Some(Files { open: u64::try_from(open).ok()?, limit: limit(&limits)? })
}

/// The soft limit of open files; `Some(None)` for none.
fn limit(limits: &str) -> Option<Option<u64>> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let soft = line.split_ascii_whitespace().next()?;
    if soft == "unlimited" { Some(None) } else { soft.parse().ok().map(Some) }
}

/// A process that has a file mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reader {
    pub(super) pid: u32,
    pub(super) name: String,
}

/// Processes that have this file mapped, as far as this user may see.
pub(super) fn readers(file: &Path) -> Vec<Reader> {
    // Mappings are named by where the file really is.
    let Ok(file) = file.canonicalize() else { return Vec::new() };
    let Some(file) = file.to_str() else { return Vec::new() };
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let has_mapped = |pid: &u32| {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
        maps.len() <= MAPS_BYTES_MOST && maps.lines().any(|line| line.ends_with(file))
    };
    let mut found: Vec<Reader> = pids
        .take(PROCESSES_MOST)
        .filter(has_mapped)
        .map(|pid| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            Reader { pid, name: name.trim_end().to_owned() }
        })
        .collect();
    found.sort_by_key(|reader| reader.pid);
    found
}

#[cfg(test)]
mod tests;
