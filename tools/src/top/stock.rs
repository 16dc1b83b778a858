//! The tool under the names of the stock tools.

use std::process::ExitCode;

use shellac_log::Compat;

use super::settings::Builder;
use super::{run, table};
use crate::reading::settings::Manner;
use crate::reading::stock::StockTool;
use crate::stock::getopt::Given;
use crate::stock::table::Row;

/// `varnishtop`.
pub(super) struct Stock(Builder);

impl StockTool for Stock {
    const ROWS: &'static [Row] = table::TABLE;

    fn new(compat: Option<Compat>) -> Stock {
        Stock(Builder::new(Manner::Stock, compat))
    }

    fn take(&mut self, given: &Given) -> anyhow::Result<()> {
        self.0.take(given)
    }

    fn run(self) -> anyhow::Result<ExitCode> {
        run(self.0.finish()?)
    }
}
