//! Under the name of the stock tool we are that tool: output, messages and status for command lines that are listed and
//! for others that are made up by chance (`SHELLAC_SEED` makes others), over directories in which nothing changes any more.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use shellac_vsm::{ChildSet, MgtSet, PublishOptions, SetWriter};
use tempfile::TempDir;

use crate::support::beside::Beside;
use crate::support::dice::Dice;
use crate::support::differences::check;
use crate::support::fixture::unpacked_archive;
use crate::support::varnish;

/// Command lines. A blank separates words, `_` is a blank in one, `@` a directory.
const LINES: &[&str] = &[
    "-n @ -1",
    "-n @ -j",
    "-n @ -x",
    "-n @ -l",
    "-n @ -1 -r",
    "-n @ -1 -r -r",
    "-n @ -jr -I *.g*",
    "-n @ -l -1 -j -x",
    "-n @ -l1j",
    "-n @ -l -1",
    "-n @ -1x -I nothing",
    "-n @ -j -I nothing",
    "-n @ -l -X *",
    "-n @ -1 -I",
    "-n @ -1 -Z",
    "-n @ -1 -Z -I MGT.* -\u{e9}",
    "-n @ -1 -c",
    "-n @ -1 -f ^",
    "-n @ -1 -f ^MAIN.* -f *",
    "-n @ -1 -I M*.u* -X *",
    "-n @ -1 -I \\M* -I [",
    "-n @ -1 -t off",
    "-n @ -1 -t",
    "-n @ -1 x",
    "-n @ -1 -- -h",
    "-n @ -1 --",
    "-n @ x -1 -V",
    "-h",
    "-1hZ",
    "-Zh",
    "--help",
    "--optstring",
    "--synopsis",
    "--optstring -1 x",
    "-t x -h",
    "-t -1",
    "-t _5 -n @ -1",
    "-t 5_ -n @ -1",
    "-t 0x5 -n @ -1",
    "-t 0x -n @ -1",
    "-t 5. -n @ -1",
    "-t .5 -n @ -1",
    "-t +5 -n @ -1",
    "-t 1e1 -n @ -1",
    "-t inf",
    "-t nan",
    "-t OfF -n @ -1",
    "-t . -n @ -1",
    "-t 0 -n /nonexistent",
    "-t 0 -n /nonexistent -1 -Z",
    "-t 1.1 -n /nonexistent -j",
    "-n /nonexistent -n @ -1",
    "-t 0 -n nobody/here -1",
    "x",
    "-1 x",
    "-Vx",
];

/// What is more than the version in an answer to these is our own.
const VERSIONS: [&str; 2] = ["-n @ x -1 -V", "-Vx"];

fn words(line: &str, directory: &Path) -> Vec<String> {
    let directory = directory.to_str().expect("text");
    line.split(' ').map(|word| word.replace('_', " ").replace('@', directory)).collect()
}

/// Runs a program that calls itself varnishstat.
fn run(program: &str, args: &[String]) -> Output {
    let mut command = Command::new(program);
    command.arg0("varnishstat").args(args).stdin(Stdio::null());
    for variable in ["SHELLAC_N", "SHELLAC_COMPAT", "VARNISH_DEFAULT_N", "VSM_NOPID"] {
        command.env_remove(variable);
    }
    command.output().expect("it starts")
}

/// The text without the moment in which it was written.
pub(super) fn timeless(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split_inclusive('\n').map(|line| match line.find("timestamp") {
        Some(at) => line[at..].chars().filter(|it| !it.is_ascii_digit()).collect(),
        None => line.to_owned(),
    });
    lines.collect()
}

/// What is different, in words.
fn difference(args: &[String]) -> Option<String> {
    let ours = run(env!("CARGO_BIN_EXE_shellac"), args);
    let theirs = run("varnishstat", args);
    let parts = |it: &Output| {
        (it.status.code(), timeless(&it.stdout), String::from_utf8_lossy(&it.stderr).into_owned())
    };
    let (ours, theirs) = (parts(&ours), parts(&theirs));
    if ours == theirs {
        return None;
    }
    let line = ours.1.lines().zip(theirs.1.lines()).find(|(ours, theirs)| ours != theirs);
    Some(format!(
        "{args:?}: {:?} {:?}, expected {:?} {:?}; first other line {line:?} of {} and {} bytes",
        ours.0,
        ours.2,
        theirs.0,
        theirs.2,
        ours.1.len(),
        theirs.1.len()
    ))
}

/// Compares all of them on a few threads.
fn compare(cases: &[Vec<String>]) {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(args) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    found.lock().expect("nobody panicked").extend(difference(args));
                }
            });
        }
    });
    let found = found.into_inner().expect("nobody panicked");
    assert!(found.is_empty(), "{} of {} differ:\n{}", found.len(), cases.len(), found.join("\n"));
}

/// Puts a segment of counters, or of their description, there.
pub(super) fn segment(set: &mut SetWriter, class: &str, ident: &str, id: u64, body: &[u8]) {
    let file = set.allocate(class, ident, 32 + body.len() as u64).expect("room");
    file.write_bytes(8, &24u64.to_ne_bytes()).expect("it fits");
    file.write_bytes(16, &id.to_ne_bytes()).expect("it fits");
    file.write_bytes(24, body).expect("it fits");
    file.write_bytes(0, &1u32.to_ne_bytes()).expect("it fits");
}

/// A directory with counters of every kind and of values that no recorded one has.
fn made_by_hand() -> (TempDir, MgtSet, ChildSet) {
    let mut elements = Vec::new();
    let mut values = Vec::new();
    for (name, kind, format, value) in [
        ("uptime", "counter", "duration", 7),
        ("c", "counter", "integer", 1),
        ("c_large", "counter", "bytes", u64::MAX),
        ("c_that_is_longer_than_others", "counter", "integer", 1_000_000_000_000),
        ("c2", "counter", "integer", 20),
        ("g", "gauge", "integer", 3),
        ("g_below", "gauge", "bytes", (-5i64).cast_unsigned()),
        ("g_lowest", "gauge", "integer", 1 << 63),
        ("g_highest", "gauge", "integer", (1 << 63) - 1),
        ("b", "bitmap", "bitmap", u64::MAX),
        ("d", "gauge", "duration", 90_000),
        ("strange", "rumour", "shape", (-1i64).cast_unsigned()),
    ] {
        let index = values.len() * 8;
        values.push(value);
        elements.push(format!(
            r#""{name}": {{"type": "{kind}", "ctype": "uint64_t", "level": "debug", "oneliner": "About {name}, twice (%)",
            "format": "{format}", "index": {index}, "name": "{name}", "docs": ""}}"#
        ));
    }
    let doc = format!(
        r#"{{"version": "1", "name": "x", "oneliner": "X", "order": 1, "docs": "", "elements": {}, "elem": {{{}}}}}"#,
        elements.len(),
        elements.join(",")
    );
    let values: Vec<u8> = values.into_iter().flat_map(u64::to_ne_bytes).collect();
    let root = tempfile::tempdir().expect("a temporary directory");
    let options = PublishOptions::own(1);
    let mut mgt = MgtSet::create(root.path(), &options).expect("a set");
    let mut child = ChildSet::create(root.path(), &options).expect("a set");
    segment(&mut mgt, "StatDoc", "1", 1, doc.as_bytes());
    segment(&mut mgt, "Stat", "MGT", 1, &values);
    segment(&mut child, "StatDoc", "2", 2, doc.as_bytes());
    segment(&mut child, "Stat", "MAIN", 2, &values);
    segment(&mut child, "Stat", "VBE.a-configuration-with-a-name.and-a-backend", 2, &values);
    segment(&mut child, "Stat", "X", 2, &values);
    mgt.publish().expect("it is written");
    child.publish().expect("it is written");
    (root, mgt, child)
}

#[test]
fn listed_command_lines_do_what_the_stock_tool_does() {
    if !varnish::is_here() {
        return;
    }
    let recorded = unpacked_archive("snapshots/vsm-snapshot-7.1.1.tar.gz");
    let (made, _mgt, _child) = made_by_hand();
    let recorded = workdir(recorded.path());
    let mut cases = Vec::new();
    for line in LINES.iter().filter(|line| !VERSIONS.contains(line)) {
        cases.push(words(line, &recorded));
        if line.contains('@') {
            cases.push(words(line, made.path()));
        }
    }
    compare(&cases);
    for line in VERSIONS {
        let args = words(line, made.path());
        let ours = run(env!("CARGO_BIN_EXE_shellac"), &args);
        let theirs = run("varnishstat", &args);
        assert!(ours.stderr.starts_with(b"varnishstat (shellac "), "{line}: {ours:?}");
        assert!(theirs.stderr.starts_with(b"varnishstat (varnish-"), "{line}: {theirs:?}");
        assert_eq!((ours.status.code(), theirs.status.code()), (Some(0), Some(0)), "{line}");
    }
}

#[test]
fn the_keys_of_the_stock_tool_are_among_ours() {
    if !varnish::is_here() {
        return;
    }
    let keys = |program| {
        let found = run(program, &["--bindings".to_owned()]);
        assert!(found.status.success() && found.stderr.is_empty(), "{found:?}");
        let text = String::from_utf8(found.stdout).expect("text");
        let lines = text.lines().filter(|line| line.starts_with('<'));
        let keys = lines.flat_map(|line| line.split(" or ")).flat_map(|part| part.split(" and "));
        let keys = keys.flat_map(|part| part.split(", ")).map(|key| key.replace("CTRL+", "CTRL-"));
        keys.collect::<std::collections::BTreeSet<String>>()
    };
    let theirs = keys("varnishstat");
    let ours = keys(env!("CARGO_BIN_EXE_shellac"));
    assert!(theirs.len() > 20, "{theirs:?}");
    let missing: Vec<&String> = theirs.difference(&ours).collect();
    assert!(missing.is_empty(), "{missing:?} of {ours:?}");
}

/// The working directory in an unpacked archive.
fn workdir(root: &Path) -> std::path::PathBuf {
    if root.join("_.vsm_mgt").is_dir() {
        return root.to_owned();
    }
    let mut entries = std::fs::read_dir(root).expect("it is there");
    let inner = entries.find_map(|entry| {
        let path = entry.expect("an entry").path();
        path.join("_.vsm_mgt").is_dir().then_some(path)
    });
    inner.expect("an archive of a working directory")
}

#[test]
fn the_differences_are_as_they_are_described() {
    let (made, _mgt, _child) = made_by_hand();
    let workdir = made.path().to_str().expect("text");
    check("differences-stat.toml", 6, &Beside::new("varnishstat"), &[("WORKDIR", workdir)]);
}

const MADE_UP_LINES: usize = 150;

#[test]
fn made_up_command_lines_do_what_the_stock_tool_does() {
    if !varnish::is_here() {
        return;
    }
    let recorded = unpacked_archive("snapshots/vsm-snapshot-7.1.1.tar.gz");
    let (made, _mgt, _child) = made_by_hand();
    let recorded = workdir(recorded.path());
    let globs = [
        "*",
        "M*",
        "MAIN.*",
        "*.c*",
        "^*.g*",
        "^",
        "",
        "[A-M]*",
        "*[!e]",
        "MGT.uptime",
        "*.?",
        "V*a*",
        "SMA.s0.*",
        "*_*",
        "\\*",
        "^MGT*",
        "[[:upper:]]*.[[:lower:]]*",
        "*.*.*",
    ];
    let mut dice = Dice::new();
    eprintln!("seed {} (SHELLAC_SEED)", dice.seed());
    let cases: Vec<Vec<String>> = (0..MADE_UP_LINES)
        .map(|_| {
            let directory = if dice.percent(50) { &*recorded } else { made.path() };
            let mut args = words("-n @", directory);
            // Without a form it is a screen.
            args.push((*dice.one_of(&["-1", "-j", "-x", "-l"])).to_owned());
            for _ in 0..dice.below(6) {
                match dice.below(8) {
                    0 => args.push((*dice.one_of(&["-1", "-j", "-x", "-l", "-1r"])).to_owned()),
                    1 => args.push("-r".to_owned()),
                    2 if dice.percent(20) => {
                        args.push((*dice.one_of(&["-Z", "y", "--", "-"])).to_owned())
                    }
                    2 => args.extend([
                        "-t".to_owned(),
                        (*dice.one_of(&["0", "off", "3", ""])).to_owned(),
                    ]),
                    _ => {
                        let letter = *dice.one_of(&["-f", "-I", "-X"]);
                        let glob = *dice.one_of(&globs);
                        // An empty one would take the next word.
                        if dice.percent(30) && !glob.is_empty() {
                            args.push(format!("{letter}{glob}"));
                        } else {
                            args.extend([letter.to_owned(), glob.to_owned()]);
                        }
                    }
                }
            }
            args
        })
        .collect();
    compare(&cases);
}
