//! The tool under the names of the stock tools: options as getopt reads them, messages word for word.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use shellac_log::Compat;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::dash;
use super::filter::Filters;
use super::settings::{Forms, Settings};
use super::table;
use crate::attach::Patience;
use crate::compat;
use crate::stock::attach;
use crate::stock::front::{part, print, version};
use crate::stock::getopt::{Getopt, Given};
use crate::stock::table::{Row, usage};

/// How long an instance is waited for when `-t` does not say.
const DEFAULT_PATIENCE: Patience = Patience::For(Duration::from_secs(5));

/// What the command line asks for.
enum Asked {
    Counters(Settings),
    Usage,
    Version,
    /// There are words that are no options.
    Words,
}

/// Runs the tool as `program`, whose file name is that of a stock tool; what it says of itself is all of it.
pub(crate) fn run_as(program: &OsStr) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match run(program, arguments) {
        Ok(code) => code,
        Err(error) => {
            print(io::stderr(), format!("{error:#}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}

fn run(program: &OsStr, arguments: Vec<OsString>) -> anyhow::Result<ExitCode> {
    let name = program.to_string_lossy();
    let file_name = Path::new(program).file_name().unwrap_or(program).to_string_lossy();
    let variable = std::env::var("SHELLAC_COMPAT").ok();
    let compat = compat::decide(&file_name, variable.as_deref())?.unwrap_or(Compat::V7);
    let rows = table::rows(compat);
    if arguments == ["--bindings"] {
        return Ok(print(io::stdout(), dash::bindings().as_bytes()));
    }
    if let [only] = &arguments[..]
        && let Some(text) = part(&rows, only)
    {
        return Ok(print(io::stdout(), text.as_bytes()));
    }
    match asked(program, arguments, compat, &rows)? {
        Asked::Usage => Ok(print(io::stderr(), usage(&rows, &name).as_bytes())),
        Asked::Version => Ok(print(io::stderr(), version(&name).as_bytes())),
        Asked::Words => {
            print(io::stderr(), usage(&rows, &name).as_bytes());
            Ok(ExitCode::FAILURE)
        }
        Asked::Counters(settings) => show(settings),
    }
}

/// Reads the options. What is no option is complained about and left out, as the stock tool does it.
fn asked(
    program: &OsStr,
    arguments: Vec<OsString>,
    compat: Compat,
    rows: &[Row],
) -> anyhow::Result<Asked> {
    let has_value = |letter| {
        let row = rows.iter().find(|row| row.letter == letter)?;
        Some(row.value.is_some())
    };
    let mut settings = Settings {
        instance: None,
        patience: DEFAULT_PATIENCE,
        forms: Forms::default(),
        filters: Filters::default(),
        raw: false,
        compat,
    };
    let mut options = Getopt::new(arguments, &has_value);
    for option in options.by_ref() {
        let Given { letter, value } = match option {
            Ok(given) => given,
            Err(mistake) => {
                let mut complaint = mistake.text(program);
                complaint.push(b'\n');
                print(io::stderr(), &complaint);
                continue;
            }
        };
        match letter {
            'h' => return Ok(Asked::Usage),
            'V' => return Ok(Asked::Version),
            '1' => settings.forms.once = true,
            'c' => settings.forms.screen = true,
            'j' => settings.forms.json = true,
            'l' => settings.forms.list = true,
            'x' => settings.forms.xml = true,
            'r' => settings.raw = !settings.raw,
            'n' => settings.instance = Some(value.to_string_lossy().into_owned()),
            't' => settings.patience = attach::patience(&value.to_string_lossy())?,
            letter => settings.filters.add(letter, &value)?,
        }
    }
    Ok(if options.words() > 0 { Asked::Words } else { Asked::Counters(settings) })
}

fn show(settings: Settings) -> anyhow::Result<ExitCode> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // The second one ends the program at once, in case it hangs in a write.
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .context("cannot handle signals")?;
    }
    let attachment = attach::attach(
        settings.instance.as_deref(),
        Some(settings.compat),
        settings.patience,
        &|| stop.load(Ordering::Relaxed),
    )?;
    // The older ones draw into pipes, too.
    if settings.wants_screen(settings.compat == Compat::V7 || io::stdout().is_terminal()) {
        return dash::run(dash::Options {
            place: dash::Place::Attached(Box::new(attachment)),
            filters: settings.filters,
            raw: settings.raw,
            compat: settings.compat,
            stock: true,
            color: false,
        });
    }
    // What is damaged is left out without a word.
    settings.page(&attachment, &mut |_| {})
}
