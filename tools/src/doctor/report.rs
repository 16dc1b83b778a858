//! The findings as a page, and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};
use shellac_render::visible;

use super::finding::{Finding, Level, Section, worst};

/// Columns of the word of a level, and of what a finding is about.
const LEVEL: usize = 8;
const ABOUT: usize = 14;
/// Columns before the text.
const INDENT: usize = 2 + LEVEL + ABOUT;

/// All of it as text of so many columns.
pub(super) fn page(sections: &[Section], columns: usize, colored: bool) -> String {
    let mut page = String::new();
    for section in sections {
        let _ = writeln!(page, "{}", visible(section.title.as_bytes()));
        for finding in &section.findings {
            write(&mut page, finding, columns, colored);
        }
        page.push('\n');
    }
    let count = |level| {
        sections.iter().flat_map(|section| &section.findings).filter(|it| it.level == level).count()
    };
    let summary = match (count(Level::Wrong), count(Level::Warning)) {
        (0, 0) => "Nothing is wrong.".to_owned(),
        (wrong, warnings) => {
            format!(
                "{}, {}.",
                many(wrong, "thing is wrong", "things are wrong"),
                many(warnings, "warning", "warnings")
            )
        }
    };
    page + &summary + "\n"
}

fn many(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

fn write(page: &mut String, finding: &Finding, columns: usize, colored: bool) {
    let word = match finding.level {
        Level::Wrong => "WRONG",
        Level::Warning => "WARNING",
        level => level.word(),
    };
    let (on, off) = match finding.level {
        _ if !colored => ("", ""),
        Level::Good => ("\x1b[32m", "\x1b[0m"),
        Level::Note => ("", ""),
        Level::Warning => ("\x1b[33m", "\x1b[0m"),
        Level::Wrong => ("\x1b[1;31m", "\x1b[0m"),
    };
    let _ = write!(page, "  {on}{word:<LEVEL$}{off}{:<ABOUT$}", finding.about);
    let width = columns.saturating_sub(INDENT).max(20);
    let text = wrapped(&visible(finding.text.as_bytes()), width);
    let advice = finding
        .advice
        .as_deref()
        .map(|it| wrapped(&format!("-> {}", visible(it.as_bytes())), width));
    for (number, line) in text.into_iter().chain(advice.into_iter().flatten()).enumerate() {
        let indent = if number == 0 { 0 } else { INDENT };
        let _ = writeln!(page, "{:indent$}{line}", "");
    }
}

/// Lines of at most so many columns; a word that is longer stands alone.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_ascii_whitespace() {
        let line = lines.last_mut().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// All of it for programs.
pub(super) fn json(sections: &[Section]) -> Value {
    let sections_json: Vec<Value> = sections
        .iter()
        .map(|section| {
            let findings: Vec<Value> = section
                .findings
                .iter()
                .map(|it| json!({"about": it.about, "level": it.level.word(), "text": it.text, "advice": it.advice}))
                .collect();
            json!({"title": section.title, "findings": findings})
        })
        .collect();
    json!({"version": 1, "worst": worst(sections).word(), "sections": sections_json})
}

#[cfg(test)]
mod tests;
