//! A pasted line: where in it the error text stands, and what else it says.

use crate::causes::was_taken;
use crate::error_text::{self, Classes, Pattern, Phase, Phases, Source, Text};

/// A text and what stands around it.
#[derive(Debug, Default)]
pub(super) struct Pasted {
    /// The error text, as far as the shape of the line tells it from the rest.
    pub(super) text: String,
    /// Whether it is known for certain where the text begins.
    exact: bool,
    /// Whether it stands in a client's transaction.
    pub(super) of_client: Option<bool>,
    pub(super) phases: Option<Phases>,
    pub(super) classes: Option<Classes>,
    pub(super) reused: Option<bool>,
    pub(super) taken: Option<bool>,
}

/// A transaction number: digits alone, or behind `XID:`, `xid=`, `X-Varnish:`.
pub(super) fn transaction_number(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let digits = ["x-varnish", "xid", "vxid"]
        .iter()
        .find_map(|name| lower.strip_prefix(name))
        .map_or(lower.as_str(), |rest| rest.trim_start_matches([':', '=', ' ']));
    // Client and backend numbers stand together in an X-Varnish header of a hit; the first is ours.
    let first = digits.split(' ').next().filter(|first| first.len() > 3)?;
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ');
    all_digits.then(|| first.parse().ok()).flatten()
}

impl Pasted {
    pub(super) fn of(line: &str) -> Pasted {
        if let Some(pasted) = Pasted::of_errors(line).or_else(|| Pasted::of_log(line)) {
            return pasted;
        }
        let text = line.trim_matches(['"', '\'', '`']).trim();
        Pasted { text: text.to_owned(), ..Pasted::default() }
    }

    /// A line of `shellac errors`.
    fn of_errors(line: &str) -> Option<Pasted> {
        let (before, rest) = line.split_once(" error=\"")?;
        let text = rest.rsplit_once('"').map_or(rest, |(text, _)| text);
        let text = text.rsplit("; ").next().unwrap_or(text);
        let mut pasted = Pasted {
            text: text.to_owned(),
            exact: true,
            of_client: Some(false),
            ..Pasted::default()
        };
        let (mut taken, mut errno) = (None, None);
        for (key, value) in before.split(' ').filter_map(|field| field.split_once('=')) {
            match key {
                "phase" => {
                    pasted.phases = Phase::from_word(value).map(|phase| Phases::of(&[phase]))
                }
                "how" => pasted.classes = Classes::from_word(value),
                "reused" => pasted.reused = Some(value == "1"),
                "taken" => taken = value.parse::<u64>().ok(),
                "errno" => errno = value.parse().ok(),
                _ => {}
            }
        }
        pasted.taken = taken.and_then(|bytes| was_taken(bytes, pasted.classes?, errno));
        Some(pasted)
    }

    /// A line of `varnishlog`, grouped or raw: the name of a tag, then the text.
    fn of_log(line: &str) -> Option<Pasted> {
        let (tag, at) = ["FetchError", "VCL_Error", "Error"]
            .iter()
            .filter_map(|tag| line.find(tag).map(|at| (*tag, at)))
            .min_by_key(|(_, at)| *at)?;
        // Before it stand the level or the number, and nothing else.
        let only_level =
            line[..at].bytes().all(|byte| byte.is_ascii_digit() || b" -*\t".contains(&byte));
        let rest = &line[at + tag.len()..];
        if !only_level || !rest.starts_with([' ', '\t', ':']) {
            return None;
        }
        let rest = rest.trim_start_matches([' ', '\t', ':']);
        let (of_client, text) = match rest.split_once(' ') {
            Some(("c", text)) => (Some(true), text),
            Some(("b", text)) => (Some(false), text),
            _ => (None, rest),
        };
        Some(Pasted { text: text.trim().to_owned(), exact: true, of_client, ..Pasted::default() })
    }

    /// The row for it, and the part of the line that it is for.
    pub(super) fn find(&self) -> Option<(String, &'static Text)> {
        let whole = |row| (self.text.clone(), row);
        if let Some(row) = error_text::find(&self.text) {
            return Some(whole(row));
        }
        if self.exact {
            return None;
        }
        let flagged = || error_text::find_foreign(&self.text).or_else(|| self.flag());
        flagged().map(whole).or_else(|| self.inside())
    }

    /// A flag of another program among the words.
    fn flag(&self) -> Option<&'static Text> {
        let words: Vec<&str> = self.text.split_ascii_whitespace().collect();
        let row = |source: Source, flag: &str| {
            let mut rows = error_text::all().filter(|row| row.source == source);
            rows.find(|row| row.pattern.is_flag() && row.pattern.matches(flag))
        };
        if let Some(row) =
            words.iter().find_map(|word| row(Source::Haproxy, without_cookies(word)?))
        {
            return Some(row);
        }
        // Envoy: behind the status, several with commas between.
        let status = |word: &str| word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
        let at = words.iter().position(|word| status(word)).map_or(0, |at| at + 1);
        let flags = words.get(at).filter(|_| at > 0 || words.len() == 1)?;
        flags
            .split(',')
            .find_map(|flag| row(Source::Envoy, flag).or_else(|| row(Source::Haproxy, flag)))
    }

    /// A text of ours in the middle of a line: in quotes, or long enough to be no accident.
    fn inside(&self) -> Option<(String, &'static Text)> {
        const ENOUGH: usize = 24;
        const ENOUGH_IN_QUOTES: usize = 14;
        let text = &self.text;
        let found = text.char_indices().filter_map(|(at, _)| {
            let (rest, enough) = match text[..at].chars().next_back() {
                None | Some(' ' | ':' | '=' | '[' | '(') => (&text[at..], ENOUGH),
                Some(quote @ ('"' | '\'' | '`')) => {
                    (text[at..].split(quote).next().unwrap_or_default(), ENOUGH_IN_QUOTES)
                }
                Some(_) => return None,
            };
            let row = error_text::find(rest)?;
            (row.pattern.weight() >= enough).then(|| (rest.to_owned(), row))
        });
        found.max_by_key(|(_, row)| row.pattern.weight())
    }
}

/// The state of a session in a log line of haproxy: two letters, then two about cookies.
fn without_cookies(word: &str) -> Option<&str> {
    let (state, cookies) = word.split_at_checked(2)?;
    let about_cookies =
        cookies.len() == 2 && cookies.bytes().all(|byte| b"-NIDVEOUPR".contains(&byte));
    about_cookies.then_some(state)
}

impl Pattern {
    fn is_flag(self) -> bool {
        matches!(self, Pattern::Flag(_))
    }
}
