//! `shellac links DIR`: this program under the names of the stock tools that it can stand in for.

use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::reading::target::say;
use crate::{adm, hist, log, ncsa, stat, top};

/// Options of `shellac links`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Where the links go; the directory must exist
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// The names of the stock tools that there is a tool for.
fn names() -> impl Iterator<Item = &'static str> {
    let names = [
        log::STOCK_NAMES,
        ncsa::STOCK_NAMES,
        top::STOCK_NAMES,
        hist::STOCK_NAMES,
        stat::STOCK_NAMES,
        adm::STOCK_NAMES,
    ];
    names.into_iter().flatten()
}

/// Makes the links. One that is there already and leads here stays; anything else of that name is an error.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let program = std::env::current_exe().context("cannot find out where this program lies")?;
    let mut made = String::new();
    for name in names() {
        let link = args.directory.join(name);
        match symlink(&program, &link) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let there = std::fs::canonicalize(&link).ok();
                if there.is_none() || there != std::fs::canonicalize(&program).ok() {
                    bail!("{} is there already and is not this program", link.display());
                }
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot make {}", link.display()));
            }
        }
        made.push_str(&format!("{} -> {}\n", link.display(), program.display()));
    }
    say(&made)
}
