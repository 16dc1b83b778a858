//! All rules of a recorder: those of the options, those of the file, which can be read again, and that of snapshots.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use shellac_capture::rules::{Keep, Rule, Severity, file};
use shellac_render::visible;

use super::settings::outside;
use super::{SNAPSHOT, exec};

/// Where rules come from.
#[derive(Debug)]
pub(super) struct Origin {
    /// Those of options come first, so that their places never change.
    pub(super) options: Vec<Rule>,
    /// `--rules`.
    pub(super) file: Option<PathBuf>,
    /// `--before`.
    pub(super) before: Option<Duration>,
}

/// What is to be looked for.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// All; the last one is that of snapshots.
    pub(super) all: Arc<[Rule]>,
    /// The `before` that needs the most of the log; what comes after is read when it comes.
    pub(super) span: Duration,
}

impl Origin {
    /// Reads the file, and puts all together.
    pub(super) fn read(&self) -> anyhow::Result<Rules> {
        let mut rules = self.options.clone();
        if let Some(path) = &self.file {
            let name = path.display();
            let text = std::fs::read_to_string(path).with_context(|| format!("--rules {name}"))?;
            match file::parse(&text) {
                Ok(more) => rules.extend(more),
                Err(errors) => {
                    let errors: Vec<String> = errors
                        .iter()
                        .map(|error| format!("{name}:{}", visible(error.to_string().as_bytes())))
                        .collect();
                    bail!("the rules cannot be used:\n{}", errors.join("\n"));
                }
            }
        }
        for rule in &mut rules {
            let Some(exec) = &mut rule.actions.exec else { continue };
            let program = exec::program(&exec.command[0]);
            exec.command[0] = program.map_err(|why| {
                let (rule, name) = (&rule.name, &exec.command[0]);
                anyhow::anyhow!("{}", visible(format!("{rule}: exec: {name}: {why}").as_bytes()))
            })?;
        }
        if let Some(rule) = rules.iter().find(|rule| rule.has_span_for_nothing()) {
            eprintln!(
                "shellac: {}: with \"group\" nothing but the group itself is kept, so before and after change nothing",
                visible(rule.name.as_bytes())
            );
        }
        let windows = rules.iter().filter(|rule| rule.has_window());
        let span = windows.map(|rule| rule.before).max().unwrap_or_default();
        let before = self
            .before
            .unwrap_or_else(|| rules.iter().map(|rule| rule.before).max().unwrap_or_default());
        let severity = Severity::Info;
        rules.push(Rule { keep: Keep::All, before, limit: None, severity, ..outside(SNAPSHOT) });
        Ok(Rules { all: rules.into(), span })
    }
}

impl Rules {
    /// How many somebody has written.
    pub(super) fn count(&self) -> usize {
        self.all.len().saturating_sub(1)
    }
}
