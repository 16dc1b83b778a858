//! The ncsa tool under the names of the stock tools.

use std::process::ExitCode;

use shellac_log::Compat;

use super::settings::Builder;
use super::{run, table};
use crate::reading::settings::Manner;
use crate::reading::stock::StockTool;
use crate::stock::getopt::Given;
use crate::stock::table::Row;

/// `varnishncsa` up to 7.
pub(super) struct Older(Builder);

/// `vinylncsa`, and `varnishncsa` where the newer generation is asked for.
pub(super) struct Newer(Builder);

fn builder(compat: Option<Compat>) -> Builder {
    let mut builder = Builder::new(Manner::Stock);
    builder.reading().compat(compat);
    builder
}

impl StockTool for Older {
    const ROWS: &'static [Row] = table::TABLE;

    fn new(compat: Option<Compat>) -> Older {
        Older(builder(compat))
    }

    fn take(&mut self, given: &Given) -> anyhow::Result<()> {
        self.0.take(given)
    }

    fn run(self) -> anyhow::Result<ExitCode> {
        run(self.0.finish()?)
    }
}

impl StockTool for Newer {
    const ROWS: &'static [Row] = table::NEWER;

    fn new(compat: Option<Compat>) -> Newer {
        Newer(builder(compat))
    }

    fn take(&mut self, given: &Given) -> anyhow::Result<()> {
        self.0.take(given)
    }

    fn run(self) -> anyhow::Result<ExitCode> {
        run(self.0.finish()?)
    }
}
