//! Matches as lines.

use shellac_render::trace::local_time;

use super::Report;
use crate::color::terminal_columns;
use crate::trace::select::Match;

impl Report<'_> {
    /// The newest `most` matches, a line each.
    pub(super) fn list(&self, most: usize) -> String {
        let Some(matches) = self.matches else { return String::new() };
        let mut text = self.rows(matches.newest_first.iter().take(most));
        let shown = matches.newest_first.len().min(most) as u64;
        if let Some(left_out) = matches.total.checked_sub(shown).filter(|&n| n > 0) {
            text += &format!("{left_out} older ones are not listed\n");
        }
        text
    }

    /// `XID  time  status  request  error`, cut to the width of the terminal.
    pub(super) fn rows<'a>(&self, matches: impl Iterator<Item = &'a Match>) -> String {
        let width = terminal_columns().max(60);
        let mut text = String::new();
        for found in matches {
            let time = found.time.map(|at| local_time(at, self.zone()));
            let time =
                time.as_deref().and_then(|time| time.get(..23)).unwrap_or("time not recorded");
            let status = found.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
            let url = self.redaction.parameters_in(&found.url);
            let mut line = format!("{:<12} {time}  {status:>3}  {} {url}", found.xid, found.method);
            let error = found.error.as_deref().map(|it| self.redaction.parameters_in(it));
            let more = [found.backend.as_deref(), error.as_deref()];
            more.into_iter().flatten().for_each(|part| line = format!("{line}  {part}"));
            if line.chars().count() > width {
                line = line.chars().take(width - 3).collect::<String>() + "...";
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }
}
