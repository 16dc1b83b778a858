//! What stands behind a `#` in the example, one option at a time.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// Options that need others: how both begin.
const COMPANIONS: &[(&str, &str)] = &[
    ("max_fails = 1", "compat = "),
    ("fail_timeout = ", "compat = "),
    ("probe = ", "[[probe]]"),
    ("probe = ", "name = \"web\""),
    ("cert = ", "key = \"/"),
    ("key = \"/", "cert = "),
];
/// Options that need another value elsewhere: how they begin, what is there, and what has to be.
const VALUES: &[(&str, &str, &str)] = &[
    ("key = \"$", "\"round_robin\"", "\"consistent_hash\""),
    ("statuses = [502, 503]", "on = [\"connect\"", "on = [\"status\", \"connect\""),
    ("backoff_max = ", "backoff = \"0s\"", "backoff = \"100ms\""),
];
/// Options that take the place of others, which go: a table with its keys, or a key.
const PLACES: &[(&str, &[&str])] =
    &[("compat = ", &["[pool.health]", "panic = "]), ("[route.next_upstream]", &["[route.retry]"])];

/// What stands behind the `#`, if that is a key with a value or a table.
fn option(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("# ")?;
    let is_key = rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    (is_key || rest.starts_with('[')).then_some(rest)
}

/// Also what goes on from the line above.
fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// The example with one option, and what it needs.
fn with(lines: &[&str], at: usize) -> String {
    let begins =
        |line: usize, start: &str| option(lines[line]).is_some_and(|it| it.starts_with(start));
    // The commented table that an option stands in begins behind an empty line or another option that counts.
    let table_of = |at: usize| {
        let before =
            lines[..=at].iter().rposition(|line| !is_comment(line) || line.starts_with("# ["));
        before.filter(|&line| lines[line].starts_with("# ["))
    };
    let mut on = BTreeSet::from([at]);
    let mut before = 0;
    while on.len() > before {
        before = on.len();
        for one in on.clone() {
            on.extend(table_of(one));
            if option(lines[one]).is_some_and(|it| it.starts_with('[')) {
                let of_table = (one..lines.len()).take_while(|&line| is_comment(lines[line]));
                on.extend(of_table.filter(|&line| lines[line].contains("# needed")));
            }
            for (start, other) in COMPANIONS.iter().filter(|(start, _)| begins(one, start)) {
                let there = (0..lines.len()).find(|&line| begins(line, other));
                on.insert(there.unwrap_or_else(|| panic!("{start} needs {other}")));
            }
        }
    }
    let has = |start: &str| on.iter().any(|&one| begins(one, start));
    let gone: Vec<&str> = PLACES
        .iter()
        .filter(|(start, _)| has(start))
        .flat_map(|(_, gone)| *gone)
        .copied()
        .collect();
    let (mut text, mut is_in_gone) = (String::new(), false);
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with('[') || line.is_empty() {
            is_in_gone = gone.iter().any(|gone| gone.starts_with('[') && line.starts_with(gone));
        }
        let is_gone = is_in_gone || gone.iter().any(|gone| line.starts_with(gone));
        if on.contains(&at) {
            text.push_str(option(line).expect("it was found as one"));
        } else if !is_gone {
            text.push_str(line);
        }
        text.push('\n');
    }
    for (_, from, to) in VALUES.iter().filter(|(start, ..)| has(start)) {
        text = text.replacen(from, to, 1);
    }
    text
}

/// What this machine has of what the example names.
fn here(text: &str, place: &Path) -> String {
    let id = |what: &str| {
        let output = Command::new("id").args([what]).output().expect("there is id");
        String::from_utf8(output.stdout).expect("a name").trim().to_owned()
    };
    let text = text.replace("\"/etc/shellac/", &format!("\"{}/", place.display()));
    let text = text.replace("user = \"shellac\"", &format!("user = \"{}\"", id("-un")));
    text.replace("group = \"varnish\"", &format!("group = \"{}\"", id("-gn")))
}

#[test]
fn every_option_of_the_example_can_be_taken_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let made = rcgen::generate_simple_self_signed(["shop.example".to_owned()]).unwrap();
    for name in ["a", "me", "ca"] {
        std::fs::write(place.join(format!("{name}.pem")), made.cert.pem()).unwrap();
        std::fs::write(place.join(format!("{name}.key")), made.signing_key.serialize_pem())
            .unwrap();
    }
    std::fs::write(place.join("secret"), "known to both").unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shellac.example.toml");
    let example = std::fs::read_to_string(example).unwrap();
    // Addresses that another test may have are not looked at here.
    let example = example.replace("\"127.0.0.1:8080\"", "\"127.0.0.1:0\"");
    let lines: Vec<&str> = example.lines().collect();
    let options: Vec<usize> = (0..lines.len()).filter(|&at| option(lines[at]).is_some()).collect();
    assert!(options.len() > 60, "{options:?}");
    let file = place.join("one.toml");
    let mut wrong = Vec::new();
    for at in options {
        std::fs::write(&file, here(&with(&lines, at), place)).unwrap();
        let checked = Command::new(env!("CARGO_BIN_EXE_shellacd"))
            .arg("--check")
            .arg(&file)
            .arg("-n")
            .arg(place.join("w"))
            .stdin(Stdio::null())
            .output()
            .expect("shellacd starts");
        if !checked.status.success() {
            let said = String::from_utf8_lossy(&checked.stderr).into_owned();
            wrong.push(format!("{}: {said}", lines[at]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
