//! A stock tool beside ours under its name: the same arguments, the same output, messages and status.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::fixture::unpacked_archive;

/// A directory with the recorded logs and us under the name of a stock tool.
pub(crate) struct Beside {
    directory: tempfile::TempDir,
    tool: &'static str,
}

impl Beside {
    /// With the recorded logs, beside this tool.
    pub(crate) fn new(tool: &'static str) -> Beside {
        let directory = unpacked_archive("captures/captures.tar.zst");
        let link = directory.path().join(tool);
        symlink(env!("CARGO_BIN_EXE_shellac"), link).expect("a link");
        std::fs::write(directory.path().join("Cargo.toml"), "no log").expect("a file");
        // What stands behind the NUL would be a mistake.
        std::fs::write(directory.path().join("nul.query"), "RespStatus\0 or (\n").expect("a file");
        Beside { directory, tool }
    }

    /// Where the logs are, a file that is none, `Cargo.toml`, and a query with a NUL in it, `nul.query`.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Us under the name of the tool.
    pub(crate) fn ours(&self) -> PathBuf {
        self.path().join(self.tool)
    }

    /// The name that both are called by.
    pub(crate) fn tool(&self) -> &str {
        self.tool
    }

    /// The stock tool.
    pub(crate) fn theirs(&self) -> &Path {
        Path::new(self.tool)
    }

    /// The logs, by name relative to the directory.
    pub(crate) fn logs(&self) -> Vec<String> {
        let mut logs = Vec::new();
        for folder in ["", "grouping"] {
            for entry in std::fs::read_dir(self.path().join(folder)).expect("it is there") {
                let path: PathBuf = entry.expect("an entry").path();
                if path.extension().is_some_and(|it| it == "vsl") {
                    let name = path.strip_prefix(self.path()).expect("it lies in there");
                    logs.push(name.to_str().expect("text").to_owned());
                }
            }
        }
        logs.sort();
        logs
    }

    /// What one of them does with these arguments.
    pub(crate) fn run(&self, program: &Path, args: &[String]) -> Output {
        let mut command = Command::new(program);
        std::os::unix::process::CommandExt::arg0(&mut command, self.tool);
        for variable in ["SHELLAC_N", "SHELLAC_COMPAT", "VARNISH_DEFAULT_N", "VSM_NOPID"] {
            command.env_remove(variable);
        }
        command
            .args(args)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .output()
            .expect("it starts")
    }

    /// What is different for these arguments, in words.
    fn difference(&self, args: &[String]) -> Option<String> {
        let ours = self.run(&self.ours(), args);
        let theirs = self.run(self.theirs(), args);
        // What ended by a signal of its own making is no example to follow.
        if theirs.status.code().is_none() {
            let died = ours.status.code().is_none();
            return died.then(|| format!("{args:?}: we died of {}", ours.status));
        }
        let same = ours.status.code() == theirs.status.code()
            && ours.stdout == theirs.stdout
            && ours.stderr == theirs.stderr;
        (!same).then(|| {
            format!(
                "{args:?}: status {:?}, expected {:?}\n{}{}",
                ours.status.code(),
                theirs.status.code(),
                first_difference("stdout", &ours.stdout, &theirs.stdout),
                first_difference("stderr", &ours.stderr, &theirs.stderr)
            )
        })
    }

    /// Compares all of them on a few threads, but those that are known to be different.
    pub(crate) fn compare(
        &self,
        cases: &[Vec<String>],
        is_known: impl Fn(&[String]) -> bool + Sync,
    ) {
        let next = AtomicUsize::new(0);
        let found = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(args) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if is_known(args) {
                            continue;
                        }
                        if let Some(difference) = self.difference(args) {
                            found.lock().expect("nobody panicked").push(difference);
                        }
                    }
                });
            }
        });
        let found = found.into_inner().expect("nobody panicked");
        let shown = found.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
        assert!(found.is_empty(), "{} of {} differ:\n{shown}", found.len(), cases.len());
    }
}

fn first_difference(what: &str, got: &[u8], expected: &[u8]) -> String {
    let lines = |text: &[u8]| -> Vec<Vec<u8>> {
        text.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    let (got, expected) = (lines(got), lines(expected));
    let len = got.len().max(expected.len());
    match (0..len).find(|&at| got.get(at) != expected.get(at)) {
        None => String::new(),
        Some(at) => {
            let line = |lines: &[Vec<u8>]| {
                lines.get(at).map_or("(nothing)".into(), |it| it.escape_ascii().to_string())
            };
            format!("  {what} line {}: {}\n    expected: {}\n", at + 1, line(&got), line(&expected))
        }
    }
}

/// Words of a line; a blank separates them, `_` stands for a blank in one.
pub(crate) fn words(line: &str) -> Vec<String> {
    line.split(' ').filter(|it| !it.is_empty()).map(|it| it.replace('_', " ")).collect()
}
