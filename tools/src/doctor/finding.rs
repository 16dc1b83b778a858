//! What the doctor found, apart from how it is shown.

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// As it should be.
    Good,
    /// Worth knowing; nothing to do.
    Note,
    /// It works, but not for long or not well.
    Warning,
    /// It does not work.
    Wrong,
}

impl Level {
    /// The word that stands for it, on screens and in JSON.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Level::Good => "ok",
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Wrong => "wrong",
        }
    }

    /// The exit status that goes with it.
    pub(super) const fn status(self) -> u8 {
        match self {
            Level::Good | Level::Note => 0,
            Level::Warning => 1,
            Level::Wrong => 2,
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// What was looked at, one word that scripts can rely on.
    pub(super) about: &'static str,
    pub(super) level: Level,
    pub(super) text: String,
    /// What to do about it.
    pub(super) advice: Option<String>,
}

/// Things that belong together: an instance, the node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) findings: Vec<Finding>,
}

impl Section {
    pub(super) fn new(title: impl Into<String>) -> Section {
        Section { title: title.into(), findings: Vec::new() }
    }

    /// Something that is as it should be, or no more than worth knowing.
    pub(super) fn fine(&mut self, about: &'static str, text: impl Into<String>) {
        self.add(about, Level::Good, text, None);
    }

    pub(super) fn note(&mut self, about: &'static str, text: impl Into<String>) {
        self.add(about, Level::Note, text, None);
    }

    pub(super) fn warn(
        &mut self,
        about: &'static str,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(about, Level::Warning, text, Some(advice.into()));
    }

    pub(super) fn wrong(
        &mut self,
        about: &'static str,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(about, Level::Wrong, text, Some(advice.into()));
    }

    fn add(
        &mut self,
        about: &'static str,
        level: Level,
        text: impl Into<String>,
        advice: Option<String>,
    ) {
        self.findings.push(Finding { about, level, text: text.into(), advice });
    }
}

/// The worst of all.
pub(super) fn worst(sections: &[Section]) -> Level {
    let levels = sections.iter().flat_map(|section| &section.findings).map(|it| it.level);
    levels.max().unwrap_or(Level::Good)
}
