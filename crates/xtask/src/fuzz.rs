//! Runs every fuzz target for a while.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::{cargo_command, finish, host, root};

/// Runs each target in `fuzz/fuzz_targets` for `time`, with the seeds that lie in `fuzz/seeds/TARGET`.
///
/// Without a sanitizer (`-s none`) cargo-fuzz works on the stable toolchain; a target fails on a panic,
/// on an allocation of more than 512 MB and on an input that takes more than 10 seconds.
pub(crate) fn run(time: Duration) -> anyhow::Result<()> {
    install()?;
    let targets = root().join("fuzz/fuzz_targets");
    let mut names: Vec<String> = std::fs::read_dir(&targets)
        .with_context(|| format!("cannot list {}", targets.display()))?
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    if names.is_empty() {
        bail!("no fuzz target in {}", targets.display());
    }
    for name in names {
        eprintln!("xtask: fuzz {name} for {} s", time.as_secs());
        let corpus = format!("corpus/{name}");
        let seeds = format!("seeds/{name}");
        let mut command = cargo_command();
        command.current_dir(root().join("fuzz"));
        std::fs::create_dir_all(root().join("fuzz").join(&corpus))?;
        command.args(["fuzz", "run", "-s", "none", "--target", &host()?, &name, &corpus]);
        if root().join("fuzz").join(&seeds).is_dir() {
            command.arg(&seeds);
        }
        command.arg("--");
        command.arg(format!("-max_total_time={}", time.as_secs()));
        command.args([
            "-timeout=10",
            "-malloc_limit_mb=512",
            "-print_final_stats=1",
            "-verbosity=0",
        ]);
        finish(command)?;
    }
    Ok(())
}

fn install() -> anyhow::Result<()> {
    let there = Command::new("cargo").args(["fuzz", "--version"]).output();
    if there.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    eprintln!("xtask: cargo-fuzz is not here, installing it");
    let mut command = cargo_command();
    command.args(["install", "cargo-fuzz", "--locked"]);
    finish(command)
}
