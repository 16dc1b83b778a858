//! What the options of the tool stand for.

use anyhow::bail;
use shellac_log::{Compat, Grouping, Sides};

use super::profile::{Profile, Side};
use crate::reading::settings::{self, Manner, Reading};
use crate::stock::getopt::Given;
use crate::stock::number;

/// A checked command line.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) reading: Reading,
    pub(super) profile: Profile,
    /// Whose transactions the profile is about.
    pub(super) sides: Sides,
    pub(super) output: Output,
    /// Seconds between two pictures.
    pub(super) delay: f64,
    /// How many times as fast as ours the time of the log goes.
    pub(super) bend: Option<f64>,
}

/// Where the histogram goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Output {
    #[default]
    Screen,
    Text,
    Json,
}

/// Settings in the making.
#[derive(Debug)]
pub(super) struct Builder {
    reading: settings::Builder,
    profile: Option<String>,
    output: Output,
    delay: f64,
    bend: Option<f64>,
}

/// The shortest time between two pictures, in seconds: shorter ones nobody sees.
pub(super) const SHORTEST_DELAY: f64 = 0.001;
/// The longest one, ten days.
pub(super) const LONGEST_DELAY: f64 = 864_000.0;

impl Builder {
    pub(super) fn new(manner: Manner, compat: Option<Compat>) -> Builder {
        let mut reading = settings::Builder::new(manner);
        reading.compat(compat);
        Builder { reading, profile: None, output: Output::default(), delay: 1.0, bend: None }
    }

    /// Takes one option.
    pub(super) fn take(&mut self, given: &Given) -> anyhow::Result<()> {
        let text = given.value.to_string_lossy();
        match given.letter {
            'B' => self.bend = Some(bend(&text)?),
            'p' => self.delay = delay(&text)?,
            'P' => self.profile = Some(text.into_owned()),
            _ => self.reading.take(given)?,
        }
        Ok(())
    }

    /// Takes one option of our own; `value` is empty for one without an argument.
    pub(super) fn take_own(&mut self, name: &str, value: &str) -> anyhow::Result<()> {
        match name {
            "batch" if self.output == Output::Screen => self.output = Output::Text,
            "batch" => {}
            "json" => self.output = Output::Json,
            name => self.reading.take_own(name, value)?,
        }
        Ok(())
    }

    /// Checks what options say together.
    pub(super) fn finish(mut self) -> anyhow::Result<Settings> {
        if !matches!(self.reading.grouping, Grouping::Vxid | Grouping::Request) {
            let (word, _) = Grouping::WORDS
                .into_iter()
                .find(|(_, grouping)| *grouping == self.reading.grouping)
                .unwrap_or(Grouping::WORDS[0]);
            bail!("Invalid grouping mode: {word} (only vxid and request are supported)");
        }
        let profile = match &self.profile {
            Some(text) => Profile::parse(text)?,
            None => Profile::default(),
        };
        let sides = match profile.side {
            Side::Client => Sides { client: true, ..Sides::default() },
            Side::Backend => Sides { backend: true, ..Sides::default() },
            Side::Includes => Sides { client: true, includes: true, ..Sides::default() },
        };
        self.reading.filter.sides = sides;
        if self.output != Output::Screen {
            if self.bend.is_some() {
                bail!("-B: time is bent on a screen; --batch and --json read as fast as they can");
            }
            self.reading.dump = true;
        }
        let mut reading = self.reading.finish()?;
        // Hits and returns are looked at, too.
        reading.kept = None;
        let (output, delay, bend) = (self.output, self.delay, self.bend);
        Ok(Settings { reading, profile, sides, output, delay, bend })
    }
}

/// A factor above 0, in the words of the stock tool; what follows the number is not looked at.
fn bend(text: &str) -> anyhow::Result<f64> {
    let factor = number::decimal_start(text.trim_start_matches(number::is_blank).as_bytes());
    let factor = factor.unwrap_or(0.0);
    if factor < 0.0 {
        bail!(
            "-B: being able to bend time does not mean we can make it go backwards (invalid factor '{text}')"
        );
    }
    if factor == 0.0 {
        bail!("-B: being able to bend time does not mean we can stop it (invalid factor '{text}')");
    }
    Ok(factor)
}

/// Seconds, of which the stock tool counts thousandths.
fn delay(text: &str) -> anyhow::Result<f64> {
    let delay = number::decimal_start(text.trim_start_matches(number::is_blank).as_bytes());
    match delay {
        Some(delay) if (SHORTEST_DELAY..=LONGEST_DELAY).contains(&delay) => Ok(delay),
        _ => bail!("-p: invalid '{text}'"),
    }
}
