//! What the options of the ncsa tool stand for.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use shellac_log::{Compat, Filter, Grouping, Sides};
use shellac_render::ncsa::{Extensions, Format, FormatError, FormatOptions, Preset};

use crate::reading::rotate::{Keep, Rotation};
use crate::reading::settings::{self, Manner, Reading};
use crate::reading::target;
use crate::stock::getopt::Given;
use crate::stock::system_text::system_text;

/// Which format.
#[derive(Clone, Debug, Default)]
enum Wanted {
    #[default]
    Default,
    Text(Vec<u8>),
    Preset(Preset),
}

/// A checked command line.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) reading: Reading,
    wanted: Wanted,
    json: bool,
    /// Where lines go, if not to standard output.
    pub(super) file: Option<(PathBuf, File)>,
    pub(super) rotation: Option<Rotation>,
    /// Only these have lines, where groups have more.
    pub(super) lines_for: Option<Sides>,
}

impl Settings {
    /// The format by the rules of one generation.
    pub(super) fn format(&self, compat: Compat) -> Result<Format, FormatError> {
        parsed(&self.wanted, self.reading.manner, self.json, self.reading.zone, compat)
    }
}

fn parsed(
    wanted: &Wanted,
    manner: Manner,
    json: bool,
    zone: crate::when::Zone,
    compat: Compat,
) -> Result<Format, FormatError> {
    let extensions = match manner {
        Manner::Own => Extensions::Own,
        Manner::Stock => Extensions::Stock,
    };
    let options = FormatOptions { compat, extensions, json, zone };
    match wanted {
        Wanted::Default => Format::default_with(options),
        Wanted::Text(text) => Format::parse(text, options),
        Wanted::Preset(preset) => Format::preset(*preset, options),
    }
}

/// Settings in the making.
#[derive(Debug)]
pub(super) struct Builder {
    reading: settings::Builder,
    wanted: Wanted,
    json: bool,
    rotate: Option<Rotation>,
    keep: Option<Keep>,
    /// `-g` was given.
    is_grouped: bool,
}

impl Builder {
    pub(super) fn new(manner: Manner) -> Builder {
        Builder {
            reading: settings::Builder::new(manner),
            wanted: Wanted::Default,
            json: false,
            rotate: None,
            keep: None,
            is_grouped: false,
        }
    }

    /// What is shared with other tools.
    pub(super) const fn reading(&mut self) -> &mut settings::Builder {
        &mut self.reading
    }

    /// Takes one option.
    pub(super) fn take(&mut self, given: &Given) -> anyhow::Result<()> {
        match given.letter {
            'F' => self.want(Wanted::Text(
                std::os::unix::ffi::OsStrExt::as_bytes(given.value.as_os_str()).to_vec(),
            ))?,
            'f' => {
                self.check_unset()?;
                let text = first_line(Path::new(&given.value))?;
                self.want(Wanted::Text(text))?;
            }
            'j' => self.json = true,
            letter => {
                self.is_grouped |= letter == 'g';
                self.reading.take(given)?;
            }
        }
        Ok(())
    }

    /// Takes one option of our own.
    pub(super) fn take_own(&mut self, name: &str, value: &str) -> anyhow::Result<()> {
        match name {
            "format" => {
                let found = Preset::WORDS.into_iter().find(|(word, _)| *word == value);
                let Some((_, preset)) = found else { bail!("--format: {value:?} is no format") };
                self.want(Wanted::Preset(preset))?;
            }
            "rotate" => self.rotate = Some(Rotation::parse(value).context("--rotate")?),
            "keep" => self.keep = Some(Keep::parse(value).context("--keep")?),
            _ => self.reading.take_own(name, value)?,
        }
        Ok(())
    }

    fn check_unset(&self) -> anyhow::Result<()> {
        if !matches!(self.wanted, Wanted::Default) {
            bail!("Format already set");
        }
        Ok(())
    }

    fn want(&mut self, wanted: Wanted) -> anyhow::Result<()> {
        self.check_unset()?;
        self.wanted = wanted;
        Ok(())
    }

    /// Checks what options say together, in the order in which the stock tool does.
    pub(super) fn finish(mut self) -> anyhow::Result<Settings> {
        self.reading.check_daemon()?;
        let manner = self.reading.manner;
        if let Some((word, _)) = Grouping::WORDS.into_iter().find(|(_, grouping)| {
            *grouping == self.reading.grouping
                && !matches!(grouping, Grouping::Vxid | Grouping::Request)
        }) {
            bail!("Invalid grouping mode: {word}");
        }
        let sides = &mut self.reading.filter.sides;
        sides.client |= sides.all();
        let compat = self.reading.filter.compat;
        let formats = self.parse(compat)?;
        if self.json && matches!(self.wanted, Wanted::Preset(_)) {
            bail!("-j is for formats of -F and -f; those of --format have their own rules");
        }
        // All attempts of a request are together in its group only.
        let mut lines_for = None;
        if formats.iter().any(Format::has_attempts) {
            if self.is_grouped && self.reading.grouping == Grouping::Vxid {
                bail!("attempts are shown with requests: leave -g away, or write -g request");
            }
            self.reading.grouping = Grouping::Request;
            lines_for = Some(self.reading.filter.sides);
        }
        let rotation = match (self.rotate, self.keep) {
            (Some(rotation), keep) => Some(rotation.keeping(keep.unwrap_or_default())),
            (None, Some(_)) => bail!("--keep is for --rotate"),
            (None, None) => None,
        };
        let file = match self.reading.write.take() {
            Some(path) if path.as_os_str() != "-" => Some(path),
            _ if rotation.is_some() => bail!("--rotate is for files: write -w FILE too"),
            _ => None,
        };
        // Under our own name what is wrong with the rest is said before a file is begun anew.
        let append = self.reading.append;
        let opened = match (manner, &file) {
            (Manner::Stock, Some(path)) => Some(open(path, append)?),
            _ => None,
        };
        let mut reading = self.reading.finish()?;
        let file = match (file, opened) {
            (Some(path), opened) => {
                target::check_other(&reading.from, &path)?;
                let opened = opened.map_or_else(|| open(&path, append), Ok)?;
                Some((path, opened))
            }
            (None, _) => None,
        };
        // Somebody who moves the file away has it begun anew, also in front, where systemd has services.
        reading.reopens |= manner == Manner::Own && file.is_some();
        let mut kept = Filter::new();
        kept.compat = reading.filter.compat;
        formats.iter().for_each(|format| format.keep(&mut kept));
        reading.kept = Some(kept);
        Ok(Settings { reading, wanted: self.wanted, json: self.json, file, rotation, lines_for })
    }

    /// Reads the format by the rules that hold, or by those of each generation where the log decides later: a mistake is one by
    /// all of them.
    fn parse(&self, compat: Option<Compat>) -> anyhow::Result<Vec<Format>> {
        let zone = crate::when::Zone::default();
        let format = |compat| parsed(&self.wanted, self.reading.manner, self.json, zone, compat);
        match (compat, format(Compat::V7)) {
            (Some(compat), _) => Ok(vec![format(compat)?]),
            (None, Ok(older)) => Ok(std::iter::once(older).chain(format(Compat::V9)).collect()),
            (None, Err(error)) => match format(Compat::V9) {
                Ok(newer) => Ok(vec![newer]),
                Err(_) => Err(error.into()),
            },
        }
    }
}

/// Opens what `-w` names, in the words of the stock tool.
fn open(path: &Path, append: bool) -> anyhow::Result<File> {
    target::open(path, append)
        .map_err(|error| anyhow::anyhow!("Can't open output file ({})", system_text(&error)))
}

/// The longest line of a format file.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// The format in a file, in the words of the stock tool.
fn first_line(path: &Path) -> anyhow::Result<Vec<u8>> {
    let file = File::open(path)
        .map_err(|error| anyhow::anyhow!("Can't open format file ({})", system_text(&error)))?;
    let mut line = Vec::new();
    let read =
        BufReader::new(std::io::Read::take(file, MAX_LINE_BYTES)).read_until(b'\n', &mut line);
    match read {
        Err(error) => bail!("Can't read format from file ({})", system_text(&error)),
        Ok(0) => bail!("Empty format file"),
        Ok(_) => {}
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    // A text of C.
    line.truncate(memchr::memchr(0, &line).unwrap_or(line.len()));
    Ok(line)
}
