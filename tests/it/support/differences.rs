//! Lists of what we do differently on purpose under a stock name: the command line, what both do, and the reason.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::beside::{Beside, words};
use super::{fixture, varnish};

/// One row of a list.
#[derive(Debug)]
pub(crate) struct Difference {
    command: String,
    ours: String,
    theirs: String,
    /// The exit statuses, ours and theirs; `None` where only the output is told.
    statuses: Option<[i64; 2]>,
    /// Where standard output goes instead of being looked at.
    stdout: Option<String>,
    reason: String,
}

/// The rows of a kind in a list among the fixtures; there need not be any.
pub(crate) fn rows(list: &str, kind: &str) -> Vec<toml::Value> {
    let text = std::fs::read_to_string(fixture::path(list)).expect("the list");
    let mut list: toml::Table = text.parse().expect("the list is TOML");
    match list.remove(kind) {
        Some(toml::Value::Array(rows)) => rows,
        Some(other) => panic!("{kind} is no array: {other}"),
        None => Vec::new(),
    }
}

/// What a row says under a key.
pub(crate) fn text<'a>(row: &'a toml::Value, key: &str) -> &'a str {
    let value = row.get(key).unwrap_or_else(|| panic!("no {key} in {row}"));
    value.as_str().unwrap_or_else(|| panic!("{key} is no text in {row}"))
}

/// The rows that a command line shows.
pub(crate) fn read(list: &str) -> Vec<Difference> {
    let row = |row: &toml::Value| {
        let statuses = row.get("statuses").map(|both| {
            [0, 1].map(|at| both.get(at).and_then(toml::Value::as_integer).expect("two numbers"))
        });
        Difference {
            command: text(row, "command").to_owned(),
            ours: text(row, "ours").to_owned(),
            theirs: text(row, "theirs").to_owned(),
            statuses,
            stdout: row.get("stdout").map(|_| text(row, "stdout").to_owned()),
            reason: text(row, "reason").to_owned(),
        }
    };
    let rows = rows(list, "difference");
    assert!(!rows.is_empty(), "{list} has no rows");
    rows.iter().map(row).collect()
}

/// Checks each row of a list, of which there are at most so many. Command lines are given to both tools, or to ours alone
/// where there is no varnish; `named` are words in them and in outputs that stand for others. What no command line shows
/// (`live`) names a test, which must be there.
pub(crate) fn check(list: &str, most: usize, place: &Beside, named: &[(&str, &str)]) {
    let known = read(list);
    let live = rows(list, "live");
    let count = known.len() + live.len();
    assert!(count <= most, "{list}: {count} differences");
    for row in &live {
        assert!(text(row, "ours") != text(row, "theirs") && !text(row, "reason").is_empty());
        assert_held(text(row, "held_by"));
    }
    let is_here = varnish::is_here();
    for row in &known {
        assert!(!row.reason.is_empty(), "{} has no reason", row.command);
        let differs = row.ours != row.theirs || row.statuses.is_some_and(|[a, b]| a != b);
        assert!(differs, "{} is the same", row.command);
        row.check(place, &place.ours(), 0, named);
        if is_here {
            row.check(place, place.theirs(), 1, named);
        }
    }
}

/// There is a test under this name: FILE, a blank, the function.
pub(crate) fn assert_held(held_by: &str) {
    let (file, test) = held_by.split_once(' ').expect("FILE TEST");
    let path = fixture::path("..").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert!(text.contains(&format!("\nfn {test}() {{\n")), "{file} has no {test}");
}

impl Difference {
    /// Whether a command line falls under this one. Rows about where output goes cover none.
    pub(crate) fn covers(&self, args: &[String]) -> bool {
        self.stdout.is_none() && args.ends_with(&words(&self.command))
    }

    /// Runs the first or second of both and compares with what the list says.
    fn check(&self, place: &Beside, program: &Path, at: usize, named: &[(&str, &str)]) {
        let filled = |text: &str| {
            named.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
        };
        let mut words: Vec<String> = words(&self.command).iter().map(|word| filled(word)).collect();
        let mut command = Command::new(program);
        command.arg0(place.tool());
        for variable in ["SHELLAC_N", "SHELLAC_COMPAT", "VARNISH_DEFAULT_N", "VSM_NOPID"] {
            command.env_remove(variable);
        }
        if let Some((variable, value)) = words[0].split_once('=') {
            command.env(variable, value);
            words.remove(0);
        }
        command.args(words.iter().map(|word| bytes(word))).current_dir(place.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(path) = &self.stdout {
            command.stdout(File::options().write(true).open(path).expect("a device"));
        }
        let child = command.spawn().expect("it starts");
        let output = child.wait_with_output().expect("it ends");
        let text = [output.stdout, output.stderr].concat();
        let text = shown(&text);
        let expected = filled([&self.ours, &self.theirs][at]);
        let same = match expected.strip_suffix("...\n") {
            Some(start) => text.starts_with(start),
            None => text == expected,
        };
        assert!(same, "{} {}: {text}", program.display(), self.command);
        if let Some(statuses) = self.statuses {
            let status = output.status.code().map(i64::from);
            assert_eq!(status, Some(statuses[at]), "{} {}", program.display(), self.command);
        }
    }
}

/// The text of an output, in which what is no text stands as `\xff`.
fn shown(output: &[u8]) -> String {
    let mut text = String::new();
    for part in output.utf8_chunks() {
        text.push_str(part.valid());
        text.push_str(&part.invalid().escape_ascii().to_string());
    }
    text
}

/// A word with `\xff` for a byte that no text can have.
fn bytes(word: &str) -> OsString {
    let parts: Vec<&[u8]> = word.split("\\xff").map(str::as_bytes).collect();
    OsString::from_vec(parts.join(&0xff))
}
