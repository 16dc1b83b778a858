//! The command line of `shellac hist`.

use super::settings::{Builder, Settings};
use super::table::{OWN, TABLE};
use crate::reading::options::{Options, Table};
use crate::reading::settings::Manner;
use crate::reading::table::OwnRow;
use crate::stock::table::Row;

/// The options that there are.
#[derive(Clone, Debug)]
pub(crate) struct HistTable;

impl Table for HistTable {
    const ROWS: &'static [Row] = TABLE;
    const OWN: &'static [OwnRow] = OWN;
}

/// Options of `shellac hist`.
pub(crate) type Args = Options<HistTable>;

/// Checks what clap cannot.
pub(super) fn settings(args: &Args) -> anyhow::Result<Settings> {
    let mut builder = Builder::new(Manner::Own, None);
    args.given().iter().try_for_each(|given| builder.take(given))?;
    args.own().iter().try_for_each(|(name, value)| builder.take_own(name, value))?;
    builder.finish()
}
