//! `shellac man DIR`: a manual page for each tool, made from the same tables as `--help`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Command;
use clap_mangen::Man;

/// Options of `shellac man`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "man -l DIR/shellac-log.1 shows one; /usr/local/share/man/man1 is where man finds them."
)]
pub(crate) struct Args {
    /// Where the pages go; the directory must exist
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Writes the pages: those of the tools of the first command, and of the others.
pub(crate) fn run(args: &Args, commands: [Command; 2]) -> anyhow::Result<ExitCode> {
    let [program, daemon] = commands;
    let tools: Vec<Command> = program
        .get_subcommands()
        .filter(|tool| !tool.is_hide_set())
        .map(|tool| {
            let name = format!("{}-{}", program.get_name(), tool.get_name());
            let usage = format!("{} {}", program.get_name(), tool.get_name());
            tool.clone().display_name(name).bin_name(usage).disable_version_flag(true)
        })
        .collect();
    for command in [program, daemon].into_iter().chain(tools) {
        write(&args.directory, command)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write(directory: &Path, command: Command) -> anyhow::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let path = directory.join(format!("{name}.1"));
    let trouble = || format!("cannot write {}", path.display());
    let mut page = Vec::new();
    let source = format!("shellac {}", env!("CARGO_PKG_VERSION"));
    Man::new(command).source(source).render(&mut page).with_context(trouble)?;
    std::fs::write(&path, page).with_context(trouble)?;
    println!("{}", path.display());
    Ok(())
}
