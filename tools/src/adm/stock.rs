//! The tool under the names of the stock tools: options as getopt reads them up to the first word, messages word for word.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use shellac_log::Compat;

use super::{EXIT_NOBODY, Settings, give};
use crate::compat;
use crate::stock::front::print;
use crate::stock::getopt::Getopt;

/// The options as getopt is told them.
const OPTIONS: &str = "hn:pS:T:t:";

/// What the command line asks for.
enum Asked {
    Give(Settings),
    Usage,
    /// The complaint before the usage.
    Wrong(Vec<u8>),
}

/// Runs the tool as `program`, whose file name is that of a stock tool; what it says of itself is all of it.
pub(crate) fn run_as(program: &OsStr) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let [only] = &arguments[..]
        && only == "--optstring"
    {
        return print(io::stdout(), format!("{OPTIONS}\n").as_bytes());
    }
    let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy();
    let variable = std::env::var("SHELLAC_COMPAT").ok();
    let result = compat::decide(&name, variable.as_deref()).and_then(|compat| {
        let compat = compat.unwrap_or(Compat::V7);
        match asked(program, arguments, compat) {
            Asked::Give(settings) => give(&settings),
            Asked::Usage => Ok(print(io::stderr(), usage(compat).as_bytes())),
            Asked::Wrong(mut complaint) => {
                complaint.extend_from_slice(usage(compat).as_bytes());
                print(io::stderr(), &complaint);
                Ok(ExitCode::FAILURE)
            }
        }
    });
    result.unwrap_or_else(|error| {
        print(io::stderr(), format!("{error:#}\n").as_bytes());
        ExitCode::from(EXIT_NOBODY)
    })
}

fn asked(program: &OsStr, arguments: Vec<OsString>, compat: Compat) -> Asked {
    let has_value = |letter| {
        let at = OPTIONS.find(letter).filter(|_| letter != ':')?;
        Some(OPTIONS[at + 1..].starts_with(':'))
    };
    let text = |value: OsString| value.to_string_lossy().into_owned();
    let mut settings = Settings { stock: Some(compat), ..Settings::default() };
    let mut options = Getopt::until_a_word(arguments, &has_value);
    for option in options.by_ref() {
        let given = match option {
            Ok(given) => given,
            Err(mistake) => {
                let mut complaint = mistake.text(program);
                complaint.push(b'\n');
                return Asked::Wrong(complaint);
            }
        };
        match given.letter {
            'h' => return Asked::Usage,
            'n' => settings.name = Some(text(given.value)),
            'p' => settings.raw = true,
            'S' => settings.secret = Some(PathBuf::from(given.value)),
            'T' => settings.address = Some(text(given.value)),
            _ => settings.timeout = Some(text(given.value)),
        }
    }
    settings.words = options.rest().collect();
    let with_name = settings.name.is_some();
    if with_name && (settings.address.is_some() || settings.secret.is_some())
        || settings.secret.is_some() && settings.address.is_none()
    {
        return Asked::Wrong(Vec::new());
    }
    Asked::Give(settings)
}

fn usage(compat: Compat) -> String {
    let name = if compat == Compat::V7 { "ident" } else { "workdir" };
    format!(
        "Usage: varnishadm [-h] [-n {name}] [-p] [-S secretfile] [-T [address]:port] [-t timeout] [command [...]]\n\
         \t-n is mutually exclusive with -S and -T\n"
    )
}
