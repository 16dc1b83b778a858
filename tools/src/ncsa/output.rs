//! Where lines go: standard output, or a file that is begun anew now and then.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use shellac_format::Dialect;
use shellac_log::{Group, LogRecord};
use shellac_render::lines::Text;
use shellac_render::ncsa::LineMaker;

use super::settings::Settings;
use crate::reading::pass::Sink;
use crate::reading::rotate::Rotation;
use crate::reading::target::{Target, Written};
use crate::when::{Clock, Zone};

/// Bytes that are collected before they are written.
const WRITE_BYTES: usize = 64 << 10;

/// The output of the tool.
pub(super) struct Output<'a> {
    settings: &'a Settings,
    lines: LineMaker,
    buffer: Text,
    target: Target,
    rotating: Option<Rotating>,
}

/// A file that is begun anew by itself.
struct Rotating {
    rotation: Rotation,
    path: PathBuf,
    len_bytes: u64,
    period: i64,
}

fn maker(settings: &Settings, dialect: Dialect) -> anyhow::Result<LineMaker> {
    let format = settings.format(settings.reading.compat(dialect))?;
    let maker = LineMaker::new(&format, dialect);
    Ok(match settings.lines_for {
        Some(sides) => maker.with_lines_for(sides),
        None => maker,
    })
}

impl<'a> Output<'a> {
    pub(super) fn open(settings: &'a Settings, dialect: Dialect) -> anyhow::Result<Output<'a>> {
        let lines = maker(settings, dialect)?;
        let target = match &settings.file {
            Some((path, file)) => {
                let file = file.try_clone().context("cannot duplicate the output file")?;
                Target::File { file, name: path.display().to_string() }
            }
            None => Target::stdout(),
        };
        let rotating = match (&settings.file, settings.rotation) {
            (Some((path, file)), Some(rotation)) => {
                Some(Rotating::new(rotation, path, file, settings.reading.zone)?)
            }
            _ => None,
        };
        let buffer = Text::with_capacity(2 * WRITE_BYTES);
        Ok(Output { settings, lines, buffer, target, rotating })
    }

    fn begin_anew(&mut self) -> anyhow::Result<()> {
        let Some(rotating) = &mut self.rotating else { return Ok(()) };
        if rotating.len_bytes > 0 {
            rotating.rotation.shift(&rotating.path)?;
            self.target.reopen(&rotating.path)?;
            rotating.len_bytes = 0;
        }
        Ok(())
    }
}

impl Rotating {
    fn new(rotation: Rotation, path: &Path, file: &File, zone: Zone) -> anyhow::Result<Rotating> {
        let metadata = file.metadata().context("cannot examine the output file")?;
        // What was appended to is of the time when something was written to it last.
        let written = metadata.modified().ok().filter(|_| metadata.len() > 0);
        let written = written.and_then(|it| it.duration_since(std::time::UNIX_EPOCH).ok());
        let seconds = match written {
            Some(written) => crate::when::wall_seconds(written, zone),
            None => now(zone),
        };
        let path = std::path::absolute(path)?;
        let period = rotation.period(seconds);
        Ok(Rotating { rotation, path, len_bytes: metadata.len(), period })
    }
}

/// Seconds on the wall since 1970.
fn now(zone: Zone) -> i64 {
    crate::when::wall_seconds(Clock::of_system(zone).now, zone)
}

impl Sink for Output<'_> {
    fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()> {
        self.lines = maker(self.settings, dialect)?;
        Ok(())
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Written> {
        let before = self.buffer.len();
        self.lines.group(group, &mut self.buffer);
        let is_over = self.rotating.as_ref().is_some_and(|rotating| {
            rotating.rotation.is_full(rotating.len_bytes, self.buffer.len())
        });
        if is_over && before > 0 {
            // What was there before this group is the last that the file holds.
            let group = self.buffer.as_bytes()[before..].to_vec();
            self.buffer.truncate(before);
            let written = self.flush()?;
            self.buffer.push(&group);
            return Ok(written);
        }
        if self.buffer.len() >= WRITE_BYTES { self.flush() } else { Ok(Written::Fine) }
    }

    fn record(&mut self, _: &LogRecord<'_>, _: &[u8]) -> anyhow::Result<Written> {
        // Records are no groups by themselves here: that grouping is refused.
        Ok(Written::Fine)
    }

    fn flush(&mut self) -> anyhow::Result<Written> {
        if let Some(rotating) = &mut self.rotating {
            let period = rotating.rotation.period(now(self.settings.reading.zone));
            let is_over = period != rotating.period
                || rotating.rotation.is_full(rotating.len_bytes, self.buffer.len());
            rotating.period = period;
            if is_over {
                self.begin_anew()?;
            }
        }
        if self.buffer.is_empty() {
            return Ok(Written::Fine);
        }
        if let Some(rotating) = &mut self.rotating {
            rotating.len_bytes += self.buffer.len() as u64;
        }
        let written = self.target.write(self.buffer.as_bytes());
        self.buffer.clear();
        written
    }

    fn reopen(&mut self) -> anyhow::Result<Written> {
        let written = self.flush()?;
        if let Some((path, _)) = &self.settings.file {
            self.target.reopen(path)?;
            if let (Some(rotating), Target::File { file, .. }) = (&mut self.rotating, &self.target)
            {
                rotating.len_bytes = file.metadata().map_or(0, |it| it.len());
            }
        }
        Ok(written)
    }
}
