//! `shellac export otlp`: whole trees of failing groups as traces.
//!
//! `sink` takes groups and decides with `sampling` which go out; `spans` makes spans of one, with
//! the numbers of `identity`; `queue` holds what waits, within bounds, `sender` is the thread behind it, and `tls` says whom it
//! believes.

mod identity;
mod queue;
mod sampling;
mod sender;
mod settings;
mod sink;
mod spans;
mod table;
mod tls;

use std::process::ExitCode;

use settings::Settings;
use sink::Export;

use crate::reading::follow::{Prepared, prepare};
use crate::reading::options::Options;

/// Options of `shellac export otlp`.
pub(crate) type Args = Options<table::OtlpTable>;

/// Runs the tool.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let settings = Settings::of(args)?;
    let Prepared::Ready(ready) = (match prepare(&settings.reading)? {
        Prepared::Over(code) => return Ok(code),
        ready => ready,
    }) else {
        return Ok(ExitCode::SUCCESS);
    };
    let account = queue::Account::default();
    let code =
        ready.run(&settings.reading, |dialect| Export::start(&settings, dialect, &account))?;
    let total = account.total();
    eprintln!("shellac: {}", total.words());
    Ok(if total.lost() > 0 { ExitCode::FAILURE } else { code })
}
