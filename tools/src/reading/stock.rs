//! Reading tools under the names of stock tools: options as getopt reads them, messages word for word.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::ExitCode;

use shellac_log::{Compat, SourceError};

use super::settings::{Bare, WithStatus};
use crate::compat;
use crate::stock::front::{part, print, version};
use crate::stock::getopt::{Getopt, Given};
use crate::stock::system_text::system_text;
use crate::stock::table::{Row, usage};

/// A tool that can stand in for one of somebody else's.
pub(crate) trait StockTool: Sized {
    /// The options that it has.
    const ROWS: &'static [Row];

    /// With the generation that was asked for; `None`: the one that writes such logs.
    fn new(compat: Option<Compat>) -> Self;

    /// Takes one option.
    fn take(&mut self, given: &Given) -> anyhow::Result<()>;

    /// Checks what they say together, and does it.
    fn run(self) -> anyhow::Result<ExitCode>;
}

/// What the command line asks for.
enum Asked<T> {
    Run(T),
    Usage,
    Version,
    /// Complaint, and usage behind it.
    Wrong(Vec<u8>),
}

/// Runs the tool as `program`, whose file name is that of a stock tool; what it says of itself is all of it.
pub(crate) fn run_as<T: StockTool>(program: &OsStr) -> ExitCode {
    let name = program.to_string_lossy();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let [only] = &arguments[..]
        && let Some(text) = part(T::ROWS, only)
    {
        return print(io::stdout(), text.as_bytes());
    }
    match asked::<T>(program, arguments) {
        Ok(Asked::Run(tool)) => match tool.run() {
            Ok(code) => code,
            Err(error) => fail(&error),
        },
        Ok(Asked::Usage) => print(io::stderr(), usage(T::ROWS, &name).as_bytes()),
        Ok(Asked::Version) => print(io::stderr(), version(&name).as_bytes()),
        Ok(Asked::Wrong(mut complaint)) => {
            complaint.extend_from_slice(usage(T::ROWS, &name).as_bytes());
            print(io::stderr(), &complaint);
            ExitCode::FAILURE
        }
        Err(error) => fail(&error),
    }
}

fn asked<T: StockTool>(program: &OsStr, arguments: Vec<OsString>) -> anyhow::Result<Asked<T>> {
    let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy();
    let has_value = |letter| {
        let row = T::ROWS.iter().find(|row| row.letter == letter)?;
        Some(row.value.is_some())
    };
    let variable = std::env::var("SHELLAC_COMPAT").ok();
    let mut tool = T::new(compat::decide(&name, variable.as_deref())?);
    let mut options = Getopt::new(arguments, &has_value);
    for option in options.by_ref() {
        match option {
            Ok(Given { letter: 'h', .. }) => return Ok(Asked::Usage),
            Ok(Given { letter: 'V', .. }) => return Ok(Asked::Version),
            Ok(given) => tool.take(&given)?,
            Err(mistake) => {
                let mut complaint = mistake.text(program);
                complaint.push(b'\n');
                return Ok(Asked::Wrong(complaint));
            }
        }
    }
    if options.words() > 0 {
        return Ok(Asked::Wrong(Vec::new()));
    }
    Ok(Asked::Run(tool))
}

/// Says what went wrong as the stock tool would.
fn fail(error: &anyhow::Error) -> ExitCode {
    let status = error.downcast_ref::<WithStatus>().map_or(1, |it| it.status);
    let text = match error.downcast_ref::<SourceError>() {
        // A file that ends in the middle of a record is the end of a file to it.
        Some(SourceError::Damaged { .. }) => return ExitCode::SUCCESS,
        Some(error) => source_text(error),
        None => format!("{error:#}"),
    };
    let end = if error.is::<Bare>() { "" } else { "\n" };
    print(io::stderr(), format!("{text}{end}").as_bytes());
    ExitCode::from(status)
}

fn source_text(error: &SourceError) -> String {
    match error {
        SourceError::NotALog { found, .. } if found.starts_with("it ends") => {
            "VSL file read error: EOF".to_owned()
        }
        SourceError::NotALog { name, .. } => {
            let name = if name == "standard input" { "-" } else { name };
            format!("Not a VSL file: {name}")
        }
        SourceError::Io { source, .. } => format!("VSL file read error: {}", system_text(source)),
        other => other.to_string(),
    }
}
