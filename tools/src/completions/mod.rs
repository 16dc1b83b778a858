//! `shellac completions SHELL`: what a shell has to know to complete tools and options.

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Command, ValueEnum};
use clap_complete::{Shell, generate};

use crate::reading::target::{Target, Written};

/// Options of `shellac completions`.
#[derive(clap::Args, Debug)]
#[command(after_help = "bash: shellac completions bash > /etc/bash_completion.d/shellac\n\
    zsh:  shellac completions zsh > /usr/share/zsh/vendor-completions/_shellac\n\
    fish: shellac completions fish > ~/.config/fish/completions/shellac.fish\n\
    Each program has a file of its own: shellac completions bash shellacd > /etc/bash_completion.d/shellacd")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: For,
    /// The program that is completed
    #[arg(value_name = "PROGRAM", default_value = "shellac")]
    program: Of,
}

/// Programs that there are completions for. Shells look for them by the name of the program, in a file for each.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    Shellac,
    Shellacd,
}

/// Shells that there are completions for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum For {
    Bash,
    Zsh,
    Fish,
}

/// What `-g` may be, as usage lists it.
const GROUPINGS: [&str; 4] = ["session", "request", "vxid", "raw"];

/// Tells the words that `-g` takes. Whoever reads the option says in words of its own what is wrong with another one.
fn with_words(command: Command) -> Command {
    let told = command.mut_args(|arg| {
        let words = match arg.get_value_names() {
            Some([words]) if arg.get_short() == Some('g') => words.clone(),
            _ => return arg,
        };
        let known = GROUPINGS.iter().filter(|known| words.split('|').any(|word| word == **known));
        let known: Vec<&str> = known.copied().collect();
        if known.is_empty() { arg } else { arg.value_parser(PossibleValuesParser::new(known)) }
    });
    told.mut_subcommands(with_words)
}

/// Writes what the shell reads about one of the two programs.
pub(crate) fn run(args: &Args, [tools, daemon]: [Command; 2]) -> anyhow::Result<ExitCode> {
    let shell = match args.shell {
        For::Bash => Shell::Bash,
        For::Zsh => Shell::Zsh,
        For::Fish => Shell::Fish,
    };
    let mut command = with_words(match args.program {
        Of::Shellac => tools,
        Of::Shellacd => daemon,
    });
    let name = command.get_name().to_owned();
    let mut text = Vec::new();
    generate(shell, &mut command, name, &mut text);
    let (Written::Fine | Written::NobodyReads) = Target::stdout().write(&text)?;
    Ok(ExitCode::SUCCESS)
}
