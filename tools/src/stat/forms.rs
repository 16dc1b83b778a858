//! The forms of varnishstat, byte for byte.
//!
//! There nothing is escaped. Here what is more than printable ASCII is made visible, and what would end a string or a tag
//! early is escaped: names and descriptions as proxies publish them have neither.

use std::borrow::Cow;
use std::fmt::Write;

use chrono::{DateTime, Local};
use shellac_counters::vsc::Semantics;
use shellac_log::Compat;
use shellac_render::visible;

use super::points::{Point, Points};

/// How counters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `-1`
    Once,
    /// `-j`
    Json,
    /// `-x`
    Xml,
    /// `-l`
    List,
}

/// Columns of a name at least, in `-1`.
const NAME_LEAST: usize = 18;
/// Columns of a name at least, in `-l`.
const LISTED_NAME: usize = 30;

/// Everything that is written.
pub(super) fn page(form: Form, compat: Compat, points: &Points, now: DateTime<Local>) -> Vec<u8> {
    let time = now.format("%Y-%m-%dT%H:%M:%S").to_string();
    let mut text = String::new();
    let written = match form {
        Form::Once => once(&mut text, points),
        Form::Json => json(&mut text, points, &time),
        Form::Xml => xml(&mut text, points, &time, compat),
        Form::List => list(&mut text, points, compat),
    };
    // Writing to a string cannot fail.
    let _ = written;
    text.into_bytes()
}

fn once(out: &mut String, points: &Points) -> std::fmt::Result {
    let mut width = NAME_LEAST;
    for point in &points.points {
        let name = plain(&point.name);
        if name.len() >= width {
            // And so for all that follow.
            width = name.len() + 1;
        }
        out.push_str(&name);
        out.extend(std::iter::repeat_n(' ', width - name.len()));
        match (point.value, point.semantics) {
            // Of thousands of counters nearly all are 0, and numbers take their time.
            (0, Semantics::Counter) => out.push_str("           0         0.00"),
            (value, Semantics::Counter) => {
                write!(out, "{value:12} {:12.2}", rate(value, points.uptime))?;
            }
            (value, _) => write!(out, "{value:12}          .  ")?,
        }
        out.push(' ');
        out.push_str(&plain(&point.description));
        out.push('\n');
    }
    Ok(())
}

/// `text` with what is more than printable ASCII made visible.
fn plain(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(visible(text.as_bytes()))
}

#[allow(clippy::cast_precision_loss, reason = "so it is computed there")]
fn rate(value: u64, uptime: u64) -> f64 {
    if uptime == 0 { 0.0 } else { value as f64 / uptime as f64 }
}

fn json(out: &mut String, points: &Points, time: &str) -> std::fmt::Result {
    write!(out, "{{\n  \"version\": 1,\n  \"timestamp\": \"{time}\",\n  \"counters\": {{\n")?;
    for (at, Point { name, value, semantics, format, description }) in
        points.points.iter().enumerate()
    {
        let before = if at == 0 { "" } else { ",\n" };
        let (name, description) = (quotable(name), quotable(description));
        let flag = semantics.letter();
        write!(
            out,
            "{before}    \"{name}\": {{\n      \"description\": \"{description}\",\n      \"flag\": \"{flag}\",\n      \
             \"format\": \"{format}\",\n      \"value\": {value}\n    }}"
        )?;
    }
    out.push_str("\n  }\n}\n");
    Ok(())
}

/// Text between quotes.
fn quotable(text: &str) -> String {
    visible(text.as_bytes()).replace('\\', "\\\\").replace('"', "\\\"")
}

fn xml(out: &mut String, points: &Points, time: &str, compat: Compat) -> std::fmt::Result {
    let root = match compat {
        Compat::V7 => "varnishstat",
        Compat::V9 => "vinylstat",
    };
    write!(out, "<?xml version=\"1.0\"?>\n<{root} timestamp=\"{time}\">\n")?;
    for Point { name, value, semantics, format, description } in &points.points {
        let (name, description) = (markup(name), markup(description));
        let flag = semantics.letter();
        write!(
            out,
            "\t<stat>\n\t\t<name>{name}</name>\n\t\t<value>{value}</value>\n\t\t<flag>{flag}</flag>\n\t\t\
             <format>{format}</format>\n\t\t<description>{description}</description>\n\t</stat>\n"
        )?;
    }
    writeln!(out, "</{root}>")
}

/// Text between tags.
fn markup(text: &str) -> String {
    visible(text.as_bytes()).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn list(out: &mut String, points: &Points, compat: Compat) -> std::fmt::Result {
    let who = match compat {
        Compat::V7 => "Varnishstat",
        Compat::V9 => "Vinylstat",
    };
    writeln!(out, "{who} -f option fields:")?;
    for (left, right) in [("Field name", "Description"), ("----------", "-----------")] {
        writeln!(out, "{left}{}{right}", " ".repeat(21))?;
    }
    for point in &points.points {
        let name = visible(point.name.as_bytes());
        writeln!(out, "{name:<LISTED_NAME$} {}", visible(point.description.as_bytes()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
