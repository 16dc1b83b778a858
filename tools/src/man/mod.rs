//! `shellac man DIR`: a manual page for each tool, made from the same tables as `--help-all`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Command;
use clap_mangen::Man;

use crate::reading::target::say;
use crate::{brief, drain};

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
    let mut said = String::new();
    for command in commands {
        write_with_tools(&args.directory, command, &mut said)?;
    }
    for command in drain::commands() {
        write(&args.directory, brief::with_help(command), &mut said)?;
    }
    say(&said)
}

/// Writes the page of a command, and of all commands within it; which ones is added to `said`.
fn write_with_tools(
    directory: &Path,
    mut command: Command,
    said: &mut String,
) -> anyhow::Result<()> {
    // Who needs help has `--help`, and a page for it would say no more.
    command = command.disable_help_subcommand(true);
    let above = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let usage = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    let tools = command.get_subcommands().filter(|tool| !tool.is_hide_set()).cloned();
    for tool in tools.collect::<Vec<_>>() {
        let name = format!("{above}-{}", tool.get_name());
        let usage = format!("{usage} {}", tool.get_name());
        let tool = tool.display_name(name).bin_name(usage).disable_version_flag(true);
        write_with_tools(directory, tool, said)?;
    }
    write(directory, command, said)
}

fn write(directory: &Path, command: Command, said: &mut String) -> anyhow::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let path = directory.join(format!("{name}.1"));
    let trouble = || format!("cannot write {}", path.display());
    // A list of all options says nothing that is not said below it.
    let usage = command.clone().render_usage().to_string();
    let command = command.override_usage(usage.trim_start_matches("Usage: ").to_owned());
    let mut page = Vec::new();
    let source = format!("shellac {}", env!("CARGO_PKG_VERSION"));
    // Without a date the other words of the title would take its place.
    let man = Man::new(command).date("\"\"").source(source).manual("Shellac");
    man.render(&mut page).with_context(trouble)?;
    let page = String::from_utf8_lossy(&page).replace("\n.SH EXTRA\n", "\n.SH NOTES\n");
    std::fs::write(&path, page).with_context(trouble)?;
    said.push_str(&format!("{}\n", path.display()));
    Ok(())
}
