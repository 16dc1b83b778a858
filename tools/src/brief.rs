//! `-h` and `--help`: what people need of a tool, on one screen; `--help-all` says everything, as the manual pages do.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

/// Lines and columns of the smallest screen.
const LINES: usize = 24;
const COLUMNS: usize = 80;

/// What stays where there is not enough room for all, by long name or letter; the first are the last to go.
const WANTED: &[&str] = &[
    "h", "help-all", "n", "r", "read", "q", "g", "by", "i", "since", "until", "d", "P", "1",
    "json", "j", "x", "c", "b", "k", "w", "t", "sort", "batch", "format", "schema", "F", "f", "p",
    "I", "X", "config", "listen",
];

/// The tools by what they are for; `shellac -h` shows these lines.
const TOOLS: &[(&str, &[&str])] = &[
    ("Read the log", &["log", "json", "ncsa", "top", "hist"]),
    ("Find failures", &["errors", "trace", "why", "explain"]),
    ("See what goes on", &["stat", "ps", "health", "doctor"]),
    ("Give commands", &["adm"]),
    ("Keep and hand on", &["record", "snapshot", "metrics", "export"]),
    ("Run the proxy", &["daemon", "demo"]),
    ("Set up", &["links", "completions", "man"]),
];

/// The page of the whole program.
pub(crate) fn page(command: &Command) -> String {
    let known = |name: &&str| command.find_subcommand(name).is_some();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut text = format!("{about}\n\nUsage: shellac TOOL [OPTIONS]\n\n");
    for (what, names) in TOOLS {
        let names: Vec<&str> = names.iter().filter(|name| known(name)).copied().collect();
        if !names.is_empty() {
            text.push_str(&format!("  {what:<18} {}\n", names.join("  ")));
        }
    }
    let listed = |name: &str| TOOLS.iter().any(|(_, names)| names.contains(&name));
    let others: Vec<&str> = command
        .get_subcommands()
        .filter(|tool| !tool.is_hide_set() && !listed(tool.get_name()))
        .map(Command::get_name)
        .collect();
    if !others.is_empty() {
        text.push_str(&format!("  {:<18} {}\n", "More", others.join("  ")));
    }
    text + "\nshellac --help-all says what each is for, shellac TOOL --help shows its options,\n\
            and shellac TOOL --help-all says everything about it.\n"
}

/// The options that ask for help.
const ASKING: [&str; 3] = ["-h", "--help", "--help-all"];

/// A tool with the options that ask for help, as it knows them when one of them is given.
pub(crate) fn with_help(tool: Command) -> Command {
    let short = Arg::new("help").short('h').long("help").action(ArgAction::HelpShort);
    let all = Arg::new("help_all").long("help-all").action(ArgAction::HelpLong);
    let short = short.help("Print what fits a screen");
    let all = all.help("Print all options, and all that is to be said about them");
    tool.disable_help_flag(true).arg(short).arg(all).mut_subcommands(with_help)
}

/// A tool as it is, or, if its arguments ask for help, one that answers with what fits a screen.
pub(crate) fn fitted_if_asked(tool: Command, arguments: &[OsString]) -> Command {
    let asks = arguments.iter().any(|argument| ASKING.iter().any(|asking| argument == asking));
    let asks_all = arguments.iter().any(|argument| argument == "--help-all");
    if asks { fitted(with_help(tool), asks_all) } else { tool }
}

/// The command line that means the same as `help` or `help TOOL`.
pub(crate) fn without_word(arguments: Vec<OsString>) -> Vec<OsString> {
    match &arguments[..] {
        [help, rest @ ..] if help == "help" => {
            rest.iter().cloned().chain(["--help".into()]).collect()
        }
        _ => arguments,
    }
}

/// A tool whose help fits a screen: a line for each option, and not for those that are wanted least. The whole help,
/// when that is what is asked for, tells defaults too.
fn fitted(mut tool: Command, asks_all: bool) -> Command {
    tool = tool.max_term_width(COLUMNS).mut_subcommands(|tool| fitted(tool, asks_all));
    if let Some(after) = tool.get_after_help().cloned()
        && tool.get_after_long_help().is_none()
    {
        tool = tool.after_long_help(after).after_help("");
    }
    if let Some(about) = tool.get_about().cloned()
        && tool.get_long_about().is_none()
    {
        let line = first_line(&about.to_string(), COLUMNS);
        tool = tool.long_about(about).about(line);
    }
    let left = tool.get_arguments().map(left_columns).max().unwrap_or(0);
    let room = COLUMNS.saturating_sub(left.min(COLUMNS / 2) + 2);
    tool = tool.mut_args(|arg| {
        let Some(help) = arg.get_help().cloned() else { return arg };
        let arg = match arg.get_long_help() {
            Some(_) => arg,
            None => arg.long_help(help.clone()),
        };
        let room = if left_columns(&arg) > COLUMNS / 2 { COLUMNS - 10 } else { room };
        let arg = arg.help(first_line(&help.to_string(), room));
        if arg.get_action().takes_values() { arg.hide_default_value(!asks_all) } else { arg }
    });
    while lines(&tool) > LINES {
        let Some(least) = least_wanted(&tool) else { break };
        tool = tool.mut_arg(least, |arg| arg.hide_short_help(true));
    }
    tool
}

/// Lines of what `--help` says.
fn lines(tool: &Command) -> usize {
    tool.clone().term_width(COLUMNS).render_help().to_string().trim_end().lines().count()
}

/// The option that is shown and can be done without first.
fn least_wanted(tool: &Command) -> Option<clap::Id> {
    let shown = tool.get_arguments().filter(|arg| !arg.is_hide_short_help_set());
    let shown = shown.filter(|arg| !arg.is_positional() && !arg.is_hide_set());
    let rank = |arg: &Arg| {
        let letter = arg.get_short().map(String::from);
        let is_it = |name: &&str| arg.get_long() == Some(*name) || letter.as_deref() == Some(*name);
        WANTED.iter().position(is_it).unwrap_or(WANTED.len())
    };
    shown.enumerate().max_by_key(|(at, arg)| (rank(arg), *at)).map(|(_, arg)| arg.get_id().clone())
}

/// Columns that an option and its value take, as clap lays them out.
fn left_columns(arg: &Arg) -> usize {
    let long = arg.get_long().map_or(0, |long| long.len() + 2);
    let value = if matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) {
        let names = arg.get_value_names().unwrap_or_default();
        names.iter().map(|name| name.len() + 3).sum()
    } else {
        0
    };
    // Two blanks, a letter with its comma, and two blanks behind it all.
    2 + 4 + long + value + 2
}

/// The beginning that says something by itself, not longer than so many columns.
fn first_line(text: &str, columns: usize) -> String {
    let text = text.lines().next().unwrap_or_default();
    let ends = ["; ", ". ", ": ", ", ", " (", " "];
    if text.len() <= columns {
        return text.to_owned();
    }
    let cut = |end: &str| {
        let at = text.match_indices(end).map(|(at, _)| at).take_while(|at| *at <= columns).last();
        at.filter(|at| *at > columns / 3)
    };
    let at = ends.iter().find_map(|end| cut(end)).unwrap_or(0);
    // What stands in brackets is not cut through.
    let open = text[..at].rfind(" (").filter(|open| !text[*open..at].contains(')'));
    let at = open.unwrap_or(at);
    text[..at].trim_end_matches([',', ':', ';', '.']).to_owned()
}

#[cfg(test)]
mod tests;
