//! `shellac generate` as a process of a test.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread;

use shellac_format::Dialect;

use crate::support::deadline::Deadline;

/// What the generator says at its end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) bytes: u64,
    pub(crate) filler_bytes: u64,
    pub(crate) written_bytes: u64,
}

/// What one of its threads has published, as far as it has noted it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) batches: u64,
    pub(crate) bytes: u64,
}

/// A running generator; dropping it ends it.
pub(crate) struct Generator {
    child: Child,
    counts: File,
    summary: Arc<OnceLock<Summary>>,
    _lines: thread::JoinHandle<()>,
}

impl Generator {
    /// Starts it and waits until its log can be opened. It writes once the reader is there.
    pub(crate) fn start(
        workdir: &Path,
        dialect: Dialect,
        size: u64,
        options: &[&str],
    ) -> Generator {
        let counts: PathBuf = workdir.join("counts");
        let mut child = Command::new(env!("CARGO_BIN_EXE_shellac"))
            .args(["generate", "--stay", "--wait-for-reader", "-n"])
            .arg(workdir)
            .args(["--dialect", dialect.name(), "--size", &size.to_string(), "--counts"])
            .arg(&counts)
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().expect("the generator ended at once").unwrap();
        assert_eq!(first, "ready");
        let summary = Arc::new(OnceLock::new());
        let slot = summary.clone();
        let lines = thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = slot.set(parse(&line));
            }
        });
        let counts = File::options().read(true).write(true).open(counts).unwrap();
        Generator { child, counts, summary, _lines: lines }
    }

    /// Lets it begin.
    pub(crate) fn reader_is_there(&self) {
        self.reader_has_read(0);
    }

    /// Lets it go on, where it minds.
    pub(crate) fn reader_has_read(&self, batches: u64) {
        self.counts.write_all_at(&(batches + 1).to_ne_bytes(), 0).unwrap();
    }

    /// What each thread has published.
    pub(crate) fn counts(&self) -> Vec<Count> {
        let number = |at: u64| {
            let mut bytes = [0; 8];
            self.counts.read_exact_at(&mut bytes, at).unwrap();
            u64::from_ne_bytes(bytes)
        };
        (0..number(8))
            .map(|thread| Count {
                batches: number(16 + 16 * thread),
                bytes: number(24 + 16 * thread),
            })
            .collect()
    }

    pub(crate) fn published_batches(&self) -> u64 {
        self.counts().iter().map(|count| count.batches).sum()
    }

    pub(crate) fn published_bytes(&self) -> u64 {
        self.counts().iter().map(|count| count.bytes).sum()
    }

    /// The numbers at the end; `None` while it writes.
    pub(crate) fn summary(&self) -> Option<Summary> {
        self.summary.get().copied()
    }

    pub(crate) fn wait_for_summary(&self) -> Summary {
        Deadline::after(std::time::Duration::from_secs(120))
            .wait_for("the generator to finish", || self.summary())
    }

    /// SIGKILL: it has no chance to do anything more.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `done batches=.. bytes=.. filler_bytes=..`
fn parse(line: &str) -> Summary {
    let number = |name: &str| {
        let field = line.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        field.unwrap_or_else(|| panic!("no {name} in: {line}")).parse().unwrap()
    };
    Summary {
        bytes: number("bytes"),
        filler_bytes: number("filler_bytes"),
        written_bytes: number("written_bytes"),
    }
}
