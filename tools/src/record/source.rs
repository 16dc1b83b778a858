//! What is read: a live log or a file, with places to come back to.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use shellac_capture::history::{FilePlace, LogFile, Moment, Place};
use shellac_capture::trigger::last_time;
use shellac_format::Dialect;
use shellac_log::{Choice, FileSource, LiveOptions, LiveSource, PastNext, Source};

use super::settings::{From, Settings};
use super::signals::Signals;
use crate::attach::attach;

/// Class and ident of the segments in which an instance describes itself.
const ABOUT: [(&str, &str); 2] = [("Arg", "-shellac"), ("Arg", "-i")];
/// What came before us is noted so often.
const NOTED_BYTES: u64 = 256 << 10;

/// An open source.
pub(super) enum Opened {
    Live(Box<LiveSource>),
    File {
        source: Box<FileSource<Box<dyn Read>>>,
        path: Option<PathBuf>,
        file: Option<Arc<LogFile>>,
    },
}

impl Opened {
    /// Opens what the options name. `None`: a signal ended the wait for an instance.
    pub(super) fn open(settings: &Settings, signals: &Signals) -> anyhow::Result<Option<Opened>> {
        let dialect = settings.dialect;
        match &settings.from {
            From::Live { instance, patience } => {
                let stop = || signals.stop();
                let Some(attached) = attach(instance.as_deref(), *patience, &stop)? else {
                    return Ok(None);
                };
                let options =
                    LiveOptions { dialect, from_head: attached.has_waited, stop_at_tail: false };
                let source = LiveSource::new(attached.attachment, options);
                Ok(Some(Opened::Live(Box::new(source))))
            }
            From::File(path) => {
                let (reader, name): (Box<dyn Read>, String) = if path.as_os_str() == "-" {
                    (Box::new(io::stdin()), "standard input".to_owned())
                } else {
                    let name = path.display().to_string();
                    let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
                    (Box::new(file), name)
                };
                let is_regular = path.metadata().is_ok_and(|metadata| metadata.is_file());
                let source = Box::new(FileSource::open(name, reader, dialect)?);
                Ok(Some(Opened::File {
                    source,
                    // What cannot be read twice has no history.
                    path: Some(path.clone()).filter(|_| is_regular),
                    file: None,
                }))
            }
        }
    }

    pub(super) const fn is_live(&self) -> bool {
        matches!(self, Opened::Live(_))
    }

    pub(super) fn source(&mut self) -> &mut dyn Source {
        match self {
            Opened::Live(source) => source.as_mut(),
            Opened::File { source, .. } => source.as_mut(),
        }
    }

    pub(super) fn choice(&self) -> Choice {
        match self {
            Opened::Live(source) => source.choice(),
            Opened::File { source, .. } => source.choice(),
        }
    }

    /// A log was opened, so its dialect is known.
    pub(super) fn opened(&mut self, dialect: Dialect) {
        if let Opened::File { path: Some(path), file, .. } = self {
            *file = Some(Arc::new(LogFile { path: path.clone(), dialect }));
        }
    }

    /// Where reading is.
    pub(super) fn place(&self) -> Option<Place> {
        match self {
            Opened::Live(source) => source.mark().map(Place::Ring),
            Opened::File { source, file, .. } => {
                let file = Arc::clone(file.as_ref()?);
                Some(Place::File(FilePlace { file, offset: source.position() }))
            }
        }
    }

    /// Bytes of the log that were read.
    pub(super) fn walked_bytes(&self) -> u64 {
        match self {
            Opened::Live(source) => source.walked_bytes(),
            Opened::File { source, .. } => source.position(),
        }
    }

    pub(super) fn ring_bytes(&self) -> Option<u64> {
        match self {
            Opened::Live(source) => source.ring_bytes(),
            Opened::File { .. } => None,
        }
    }

    pub(super) fn problems(&mut self) -> Vec<String> {
        match self {
            Opened::Live(source) => source.problems(),
            Opened::File { .. } => Vec::new(),
        }
    }

    /// The name of the instance, by its own word.
    pub(super) fn instance(&self) -> Option<String> {
        let Opened::Live(source) = self else { return None };
        let attachment = source.attachment();
        let text = |(class, ident): (&str, &str)| attachment.read_text(class, ident).ok().flatten();
        let named = text(ABOUT[0]).and_then(|about| {
            let mut words = about.split_ascii_whitespace();
            words.find_map(|word| word.strip_prefix("instance=").map(str::to_owned))
        });
        let name = named.or_else(|| text(ABOUT[1]).map(|name| name.trim().to_owned()));
        name.filter(|name| !name.is_empty()).map(|name| shellac_render::visible(name.as_bytes()))
    }

    /// Places in what lies in the ring already, with the times that its records name: what happens
    /// in the first moment has a history as well. Bytes are counted so that `walked_bytes` is where reading is.
    pub(super) fn past(&self, now: Duration) -> Vec<Moment> {
        let (Opened::Live(source), Some(here)) = (self, self.place()) else { return Vec::new() };
        let Place::Ring(mark) = &here else { return Vec::new() };
        let dialect = source.choice().dialect;
        let Ok((mut past, _)) = mark.oldest().and_then(|oldest| oldest.open()) else {
            return Vec::new();
        };
        let mut unit = Vec::new();
        let (mut bytes, mut noted) = (0, None);
        let mut found: Vec<(Duration, Place, u64)> = Vec::new();
        let mut place = Place::Ring(past.mark());
        while let Ok(PastNext::Unit) = past.next(Some(mark), &mut unit) {
            let time = last_time(dialect, &unit).filter(|time| *time <= now);
            let is_due = noted.is_none_or(|noted| bytes - noted >= NOTED_BYTES);
            if let (Some(time), true) = (time, is_due) {
                noted = Some(bytes);
                // Times are in order: of what comes earlier than something before it, that is the time.
                let time = found.last().map_or(time, |(last, _, _)| time.max(*last));
                found.push((time, place, bytes));
            }
            bytes += unit.len() as u64;
            place = Place::Ring(past.mark());
        }
        let end = source.walked_bytes();
        found
            .into_iter()
            .map(|(time, place, before)| Moment {
                time,
                place,
                walked_bytes: end.saturating_sub(bytes - before),
            })
            .collect()
    }
}
