//! The command line of `shellac ncsa`.

use super::settings::{Builder, Settings};
use super::table::{NEWER, OWN};
use crate::reading::options::{Options, Table};
use crate::reading::settings::Manner;
use crate::reading::table::OwnRow;
use crate::stock::table::Row;

/// The options that there are.
#[derive(Clone, Debug)]
pub(crate) struct NcsaTable;

impl Table for NcsaTable {
    const ROWS: &'static [Row] = NEWER;
    const OWN: &'static [OwnRow] = OWN;
}

/// Options of `shellac ncsa`.
pub(crate) type Args = Options<NcsaTable>;

/// Checks what clap cannot.
pub(super) fn settings(args: &Args) -> anyhow::Result<Settings> {
    let mut builder = Builder::new(Manner::Own);
    args.given().iter().try_for_each(|given| builder.take(given))?;
    args.own().iter().try_for_each(|(name, value)| builder.take_own(name, value))?;
    builder.finish()
}
