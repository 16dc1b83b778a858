//! A live log as tables: one for each hour, or whatever is asked for, or one of what the log holds.

use std::process::ExitCode;

use anyhow::{Context, bail};
use shellac_capture::Stamp;
use shellac_format::Dialect;
use shellac_log::{Group, Grouping, LogRecord};

use super::file::Table;
use super::folder::{Folder, Left};
use super::rows::Rows;
use super::{Args, redaction};
use crate::reading::follow::{Prepared, prepare};
use crate::reading::identity::Whose;
use crate::reading::pass::Sink;
use crate::reading::rotate::{Keep, Rotation};
use crate::reading::settings::{Builder, Manner, Reading};
use crate::reading::target::Written;
use crate::stock::getopt::Given;
use crate::when::{Clock, Zone, wall_seconds};

/// When a table is over, unless it is said.
const ROTATE: [&str; 2] = ["1h", "256M"];
/// Tables that are kept: a week of hours.
const KEEP: Keep = Keep::of(168);

/// Follows the log, or reads what it holds.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let reading = reading(args)?;
    let redaction = redaction(args);
    let target = if args.dump {
        Target::File(Some(Table::create(&args.output)?))
    } else {
        Target::Folder(Tables::begin(args)?)
    };
    let ready = match prepare(&reading)? {
        Prepared::Over(code) => return Ok(code),
        Prepared::Ready(ready) => ready,
    };
    let identity = Whose::of(&reading).identity();
    let instance = args.instance.as_deref().unwrap_or("live");
    let name = if identity.is_empty() { instance } else { &identity };
    let rows = Rows::new(name, &redaction);
    ready.run(&reading, |_| Ok(Export { rows, target }))
}

fn reading(args: &Args) -> anyhow::Result<Reading> {
    let mut builder = Builder::new(Manner::Own);
    builder.grouping = Grouping::Request;
    builder.dump = args.dump;
    for (letter, value) in [('n', &args.instance), ('t', &args.patience)] {
        if let Some(value) = value {
            builder.take(&Given { letter, value: value.into() })?;
        }
    }
    builder.take_own("orphans", "")?;
    if args.fail_on_loss {
        builder.take_own("fail-on-loss", "")?;
    }
    let mut reading = builder.finish()?;
    reading.query.clone_from(&args.query);
    reading.dialect = args.dialect;
    // SIGHUP ends a table.
    reading.reopens = !args.dump;
    Ok(reading)
}

/// Makes rows of groups.
struct Export<'a> {
    rows: Rows<'a>,
    target: Target,
}

/// Where rows go.
enum Target {
    /// `None` when it is finished, or cannot be.
    File(Option<Table>),
    Folder(Tables),
}

/// Tables, one after the other.
struct Tables {
    folder: Folder,
    rotations: Vec<Rotation>,
    /// Rows are written when they are so many bytes.
    group_bytes: usize,
    open: Option<Table>,
    /// That of the open table, of each rotation.
    periods: Vec<i64>,
    /// The second in which these were looked at.
    second: i64,
}

impl Tables {
    fn begin(args: &Args) -> anyhow::Result<Tables> {
        let mut texts: Vec<&str> = args.rotate.iter().map(String::as_str).collect();
        if texts.is_empty() {
            texts.extend(ROTATE);
        }
        let rotations =
            texts.iter().map(|text| Rotation::parse(text)).collect::<Result<Vec<_>, _>>();
        let rotations = rotations.context("--rotate")?;
        let keep = args.keep.as_deref().map(Keep::parse).transpose().context("--keep")?;
        let keep = keep.unwrap_or(KEEP);
        if keep.count() == 0 {
            bail!("--keep: a table that is not kept is of no use; at least 1");
        }
        let folder = Folder::open(&args.output, keep)?;
        for left in folder.settle()? {
            match left {
                Left::Whole(table) => {
                    say(&format!(
                        "{}: was left whole by an export that was killed",
                        table.display()
                    ));
                }
                Left::Removed(part) => say(&format!(
                    "{}: removed; the export that wrote it was killed, and its rows are in no table",
                    part.display()
                )),
            }
        }
        folder.thin_out()?;
        let least = rotations.iter().filter_map(|rotation| rotation.bytes()).min();
        let group_bytes = least.and_then(|it| usize::try_from(it).ok()).unwrap_or(usize::MAX);
        Ok(Tables { folder, rotations, group_bytes, open: None, periods: Vec::new(), second: 0 })
    }

    /// Finishes the table whose time or size is over.
    fn turn(&mut self) -> anyhow::Result<()> {
        let Some(table) = &self.open else { return Ok(()) };
        let len_bytes = table.len_bytes();
        let is_full = self.rotations.iter().any(|rotation| rotation.is_full(len_bytes, 0));
        let second = wall_seconds(Clock::of_system(Zone::Utc).now, Zone::Utc);
        if !is_full && second == self.second {
            return Ok(());
        }
        self.second = second;
        if is_full || self.periods_of(second) != self.periods { self.finish() } else { Ok(()) }
    }

    fn periods_of(&self, second: i64) -> Vec<i64> {
        self.rotations.iter().map(|rotation| rotation.period(second)).collect()
    }

    /// The table that is open, or a new one.
    fn open(&mut self) -> anyhow::Result<&mut Option<Table>> {
        if self.open.is_none() {
            let now = Clock::of_system(Zone::Utc).now;
            self.second = wall_seconds(now, Zone::Utc);
            self.periods = self.periods_of(self.second);
            let path = self.folder.name(Stamp::from_unix(now));
            self.open = Some(Table::create_known(&path, self.group_bytes)?);
        }
        Ok(&mut self.open)
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        if let Some(table) = self.open.take() {
            finish(table)?;
            self.folder.thin_out()?;
        }
        Ok(())
    }
}

/// Finishes a table, and says how much is in it.
fn finish(table: Table) -> anyhow::Result<()> {
    let (path, rows) = (table.path().display().to_string(), table.rows());
    table.finish().with_context(|| format!("{rows} rows are in no table"))?;
    say(&format!("{path}: {rows} rows"));
    Ok(())
}

fn say(line: &str) {
    eprintln!("shellac: {line}");
}

impl Export<'_> {
    /// Hands the rows of a group on. A table that could not be written to is given up.
    fn take(&mut self, group: &Group) -> anyhow::Result<()> {
        let open = match &mut self.target {
            Target::File(table) => table,
            Target::Folder(tables) => {
                tables.turn()?;
                tables.open()?
            }
        };
        let Some(table) = open else { return Ok(()) };
        let pushed = self.rows.of_group(group, |row| table.push(row));
        let rows = table.rows();
        if pushed.is_err() {
            *open = None;
        }
        pushed.with_context(|| format!("{rows} rows are in no table"))
    }
}

impl Sink for Export<'_> {
    fn set_dialect(&mut self, _: Dialect) -> anyhow::Result<()> {
        Ok(())
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
        self.take(group)?;
        Ok(Written::Fine)
    }

    fn record(&mut self, _: &LogRecord<'_>, _: &[u8]) -> anyhow::Result<Written> {
        // Records are no groups by themselves here.
        Ok(Written::Fine)
    }

    fn flush(&mut self) -> anyhow::Result<Written> {
        if let Target::Folder(tables) = &mut self.target {
            tables.turn()?;
        }
        Ok(Written::Fine)
    }

    fn reopen(&mut self) -> anyhow::Result<Written> {
        if let Target::Folder(tables) = &mut self.target {
            tables.finish()?;
        }
        Ok(Written::Fine)
    }

    fn end(&mut self) -> anyhow::Result<Written> {
        match &mut self.target {
            Target::File(table) => table.take().map_or(Ok(()), finish)?,
            Target::Folder(tables) => tables.finish()?,
        }
        Ok(Written::Fine)
    }
}
