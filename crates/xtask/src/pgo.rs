//! A build that knows what the program does all day: an instrumented one serves requests and reads their log, and its
//! counts tell the compiler which code runs together and which hardly ever does.
//!
//! Few instructions more or less decide little in a proxy; how much code a request touches does, and a compiler that
//! guesses spreads the path of a plain GET over three times what fits the first cache of a core.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::{cargo_command, finish, finish_quietly, host, root, rustc, target};

mod load;
mod origin;
#[cfg(test)]
mod tests;
mod train;

/// The folder of the build, in cargo's own: programs lie in `pgo/TRIPLE/release`.
const FOLDER: &str = "pgo";

/// Part of the name of a function that runs for every request, in the worker, as either way of mangling writes it.
const SERVES: &str = "7request5serve";

/// What came out.
pub(crate) struct Built {
    /// What cargo has to be told to find it: the folder of the build.
    pub(crate) folder: PathBuf,
    /// The triple that it is for.
    pub(crate) host: String,
}

impl Built {
    /// Where the programs are.
    pub(crate) fn programs(&self) -> PathBuf {
        self.folder.join(&self.host).join("release")
    }
}

/// Builds with counters, trains, builds again with what was counted; ten to twenty minutes on two cores.
pub(crate) fn build() -> anyhow::Result<Built> {
    let built = Built { folder: target().join(FOLDER), host: host()? };
    let merger = Merger::find()?;
    let (counting, counts) = (built.folder.join("counting"), built.folder.join("counts"));
    let profile = built.folder.join("shellac.profdata");
    // Counts of another program mean nothing, and cargo does not see that a profile has changed.
    for old in [&counts, &built.folder.join(&built.host)] {
        empty(old)?;
    }
    fs::create_dir_all(&counts).with_context(|| format!("cannot make {}", counts.display()))?;
    let counts = counts.canonicalize().context("cannot find the folder of the counts")?;

    eprintln!("xtask: pgo: a program that counts");
    compile(&counting, &built.host, &format!("-Cprofile-generate={}", counts.display()))?;
    eprintln!("xtask: pgo: training it");
    let program = counting.join(&built.host).join("release/shellac");
    let sent = train::run(&program)?;
    merger.merge(&counts, &profile)?;
    // The counts of a process are written when it ends: those of a worker could be lost with it.
    let served = merger.times(&profile, SERVES)?;
    ensure!(served >= sent, "{sent} requests were served, and {SERVES} was counted {served} times");

    eprintln!("xtask: pgo: the program");
    let profile = profile.canonicalize().context("cannot find the profile")?;
    compile(&built.folder, &built.host, &format!("-Cprofile-use={}", profile.display()))?;
    Ok(built)
}

/// Compiles the programs with `flag` behind the flags that the caller's environment has.
///
/// Without `lto`: with a profile it saved nothing more (23,430 and 23,464 instructions for a GET of 1 KB). With a triple named, cargo keeps the flags from what runs during the build.
fn compile(folder: &Path, host: &str, flag: &str) -> anyhow::Result<()> {
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let mut command = cargo_command();
    command.args(["build", "--release", "-p", "shellac", "--bins", "--target", host]);
    command.env("CARGO_TARGET_DIR", folder);
    command.env("RUSTFLAGS", format!("{flags} {flag}").trim());
    finish(command)
}

fn empty(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot empty {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn told_by(command: &mut Command) -> anyhow::Result<String> {
    Ok(String::from_utf8_lossy(&finish_quietly(command)?).into_owned())
}

/// LLVM's program for counts, which has to be as new as the LLVM in rustc.
struct Merger(PathBuf);

impl Merger {
    /// `LLVM_PROFDATA` says which; otherwise it is the toolchain's own.
    fn find() -> anyhow::Result<Self> {
        if let Some(told) = std::env::var_os("LLVM_PROFDATA") {
            return Ok(Self(told.into()));
        }
        let libraries = PathBuf::from(
            told_by(Command::new(rustc()).current_dir(root()).args(["--print", "target-libdir"]))?
                .trim(),
        );
        let own = libraries.with_file_name("bin").join("llvm-profdata");
        ensure!(
            own.is_file(),
            "no {}: `rustup component add llvm-tools`, or name an llvm-profdata as new as rustc's LLVM in LLVM_PROFDATA",
            own.display()
        );
        Ok(Self(own))
    }

    fn merge(&self, counts: &Path, profile: &Path) -> anyhow::Result<()> {
        told_by(Command::new(&self.0).arg("merge").arg("-o").arg(profile).arg(counts)).map(drop)
    }

    /// How often what ran most often in functions with this in their names ran.
    fn times(&self, profile: &Path, name: &str) -> anyhow::Result<u64> {
        let mut show = Command::new(&self.0);
        show.args(["show", "--counts"]).arg(format!("--function={name}")).arg(profile);
        most(&told_by(&mut show)?).with_context(|| format!("no {name} in the profile"))
    }
}

/// The largest of the counts of blocks that `llvm-profdata show --counts` prints.
fn most(shown: &str) -> Option<u64> {
    let blocks = shown.lines().filter_map(|line| line.trim().strip_prefix("Block counts: ["));
    blocks
        .flat_map(|line| line.trim_end_matches(']').split(", "))
        .filter_map(|count| count.parse().ok())
        .max()
}
