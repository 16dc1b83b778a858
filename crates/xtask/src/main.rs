//! The project's recipes: `cargo xtask ci | test | model | model-long | fuzz | bench | docs | pgo | package`.
//!
//! A person and the build server call the same ones, and none of them needs anything installed but a Rust
//! toolchain, except that `ci` and `fuzz` fetch cargo-fuzz when it is missing, `pgo` asks for a part
//! of the toolchain, and `package` for cargo-deb too.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

mod fuzz;
mod model;
mod package;
mod pgo;

/// How long each fuzz target runs: all of them together less than five minutes.
const FUZZ_SECONDS: u64 = 25;

const USAGE: &str = "\
usage: cargo xtask RECIPE

  ci           everything below but bench, pgo, package and model-long, in the order that fails fastest
  lint         rustfmt and clippy, warnings are errors
  test         the README's test command
  model        the ring's and the scoreboard's protocols under model checkers, with their mutants (at most 8 minutes)
  model-long   the same scenarios without the bounds that keep `model` short
  fuzz [SECS]  every fuzz target for SECS seconds (25)
  bench        the benches that benches/RESULTS.md quotes
  docs         the API documentation, warnings are errors
  pgo          programs that are built with a profile of what they do all day (needs llvm-tools of rustup)
  package      the Debian package of these, with manual pages and completions (needs cargo-deb)
  package-files PROGRAM DIR  only what PROGRAM, a built shellac, says of itself, into DIR";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let recipe = arguments.next().unwrap_or_default();
    match recipe.as_str() {
        "ci" => ci(),
        "lint" => lint(),
        "test" => test(),
        "model" => model::run(false),
        "model-long" => model::run(true),
        "fuzz" => {
            let seconds = match arguments.next() {
                Some(text) => {
                    text.parse().with_context(|| format!("not a number of seconds: {text}"))?
                }
                None => FUZZ_SECONDS,
            };
            fuzz::run(Duration::from_secs(seconds))
        }
        "bench" => cargo(["bench", "-p", "shellac", "--benches"]),
        "docs" => docs(),
        "pgo" => {
            eprintln!("xtask: programs in {}", pgo::build()?.programs().display());
            Ok(())
        }
        "package" => package::run(),
        "package-files" => match (arguments.next(), arguments.next()) {
            (Some(program), Some(folder)) => package::generate(program.as_ref(), folder.as_ref()),
            _ => bail!("{USAGE}"),
        },
        _ => bail!("{USAGE}"),
    }
}

fn ci() -> anyhow::Result<()> {
    step("lint", lint)?;
    step("docs", docs)?;
    step("test", test)?;
    step("model", || model::run(false))?;
    step("fuzz", || fuzz::run(Duration::from_secs(FUZZ_SECONDS)))
}

fn lint() -> anyhow::Result<()> {
    cargo(["fmt", "--all", "--", "--check"])?;
    cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
}

fn test() -> anyhow::Result<()> {
    cargo(["test", "--workspace"])
}

fn docs() -> anyhow::Result<()> {
    let mut command = cargo_command();
    command.args(["doc", "--workspace", "--no-deps", "--document-private-items"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    finish(command)
}

/// Runs one step and says how long it took.
fn step(name: &str, run: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    eprintln!("xtask: {name}");
    #[allow(clippy::disallowed_methods, reason = "a program may read the clock")]
    let start = Instant::now();
    run().with_context(|| format!("cargo xtask {name}"))?;
    eprintln!("xtask: {name} took {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn cargo<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> anyhow::Result<()> {
    let mut command = cargo_command();
    command.args(arguments);
    finish(command)
}

/// The cargo that runs this program, in the root of the workspace.
fn cargo_command() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

fn finish(mut command: Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    if !status.success() {
        bail!("{command:?}: {status}");
    }
    Ok(())
}

/// Runs it without a word unless it fails, when what it wrote to standard error is told, and returns what it printed.
fn finish_quietly(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

/// The triple that this toolchain builds for.
fn host() -> anyhow::Result<String> {
    let told = finish_quietly(Command::new(rustc()).args(["--version", "--verbose"]))?;
    let told = String::from_utf8_lossy(&told);
    let line = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc --version --verbose names no host")?.to_owned())
}

fn rustc() -> OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

/// The folder that cargo builds in.
fn target() -> PathBuf {
    let told = std::env::var_os("CARGO_TARGET_DIR").filter(|told| told != OsStr::new(""));
    root().join(told.unwrap_or_else(|| "target".into()))
}

/// The root of the workspace: two folders above this crate.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
