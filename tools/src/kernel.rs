//! The kernel's files about this node, for tools that look at it themselves.

use std::fs::{self, File};
use std::io::Read;

use shellac_upstream::node::{Sample, Source};

/// A longer file is cut; rows for thousands of processors or neighbours fit.
const MOST_BYTES: u64 = 8 << 20;
/// Open files that are counted.
const MOST_NAMES: usize = 1 << 20;

/// Reads the node as this process sees it, or as process `pid` does.
pub(crate) fn sample(pid: Option<u32>) -> Sample {
    Sample::read(&mut |path| {
        let place = match pid {
            Some(pid) => path.replacen("/proc/net/", &format!("/proc/{pid}/net/"), 1).replacen(
                "/proc/self/",
                &format!("/proc/{pid}/"),
                1,
            ),
            None => path.to_owned(),
        };
        if path == Source::Files.path() { names(&place) } else { text(&place) }
    })
}

fn text(path: &str) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(MOST_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

/// One line for each name in a directory. What they are does not matter.
fn names(path: &str) -> Option<String> {
    let entries = fs::read_dir(path).ok()?.take(MOST_NAMES).filter_map(Result::ok);
    Some(entries.map(|_| "x\n").collect())
}
