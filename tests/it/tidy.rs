//! Rules of the workspace that no compiler checks: the arrows between crates, the wiring of tests and
//! benches, where unsafe code, atomics, clocks and async may be, and what no file may say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The arrows between the crates of the project, over `[dependencies]`. A new one is a design decision:
/// it is made in ARCHITECTURE.md, where this table is explained.
const ARROWS: &[(&str, &[&str])] = &[
    ("shellac-format", &[]),
    ("shellac-sys", &[]),
    ("shellac-vsm", &["sys"]),
    ("shellac-counters", &["sys", "vsm"]),
    ("shellac-ring", &["format", "sys"]),
    ("shellac-config", &["upstream"]),
    ("shellac-query", &["format"]),
    ("shellac-log", &["format", "vsm", "ring", "query"]),
    ("shellac-render", &["format", "log", "sys"]),
    ("shellac-measure", &[]),
    ("shellac-capture", &["format", "log", "measure", "query", "render"]),
    ("shellac-admin", &[]),
    ("shellac-http1", &[]),
    ("shellac-upstream", &["measure"]),
    ("shellac-proxy", &["format", "sys", "vsm", "ring", "counters", "config", "http1", "upstream"]),
    ("shellac-manager", &["format", "sys", "vsm", "ring", "counters", "config", "admin"]),
    ("xtask", &[]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below `dir` with one of these endings, without build output.
fn files(dir: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                let skipped = name.starts_with("target")
                    || name == ".git"
                    || name == "corpus"
                    || name == "artifacts";
                if !skipped {
                    open.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The Rust sources of the crates and tools, each with the crate it belongs to.
fn sources() -> Vec<(String, PathBuf, String)> {
    let mut sources = Vec::new();
    let mut dirs: Vec<PathBuf> =
        fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path()).collect();
    dirs.push(root().join("tools"));
    for dir in dirs {
        let name = dir.file_name().unwrap().to_string_lossy().into_owned();
        for path in files(&dir, &[".rs"]) {
            let text = read(&path);
            sources.push((name.clone(), path, text));
        }
    }
    assert!(sources.len() > 30, "the walk found only {} sources", sources.len());
    sources
}

/// The names under `[section]` of a manifest.
fn section(manifest: &str, section: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim() == format!("[{section}]");
        } else if inside
            && let Some(name) = line.split(['.', '=', ' ']).next().filter(|name| !name.is_empty())
        {
            names.insert(name.trim_start_matches('#').to_owned());
        }
    }
    names
}

#[test]
fn arrows_between_crates_are_the_table() {
    let expected: BTreeMap<&str, BTreeSet<String>> = ARROWS
        .iter()
        .map(|(name, arrows)| {
            (*name, arrows.iter().map(|arrow| format!("shellac-{arrow}")).collect())
        })
        .collect();
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let dir = entry.unwrap().path();
        let name = dir.file_name().unwrap().to_string_lossy().into_owned();
        let manifest = read(&dir.join("Cargo.toml"));
        assert!(
            manifest.contains(&format!("name = \"{name}\"")),
            "{name}: folder and crate differ"
        );
        let arrows: BTreeSet<String> = section(&manifest, "dependencies")
            .into_iter()
            .filter(|name| name.starts_with("shellac"))
            .collect();
        let allowed = expected
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} is not in the table of arrows"));
        assert_eq!(&arrows, allowed, "{name}: [dependencies] and the table of arrows differ");
        seen.insert(name);
    }
    let listed: BTreeSet<String> = expected.keys().map(|name| (*name).to_owned()).collect();
    assert_eq!(seen, listed, "crates/ and the table of arrows differ");
}

#[test]
fn every_version_is_in_the_workspace_manifest() {
    for path in files(&root().join("crates"), &["Cargo.toml"])
        .into_iter()
        .chain([root().join("tools/Cargo.toml")])
    {
        for line in read(&path).lines() {
            let own = line.starts_with("version")
                || line.starts_with("edition")
                || line.starts_with("rust-version");
            assert!(own || !line.contains("version = \""), "{}: {line}", path.display());
        }
    }
}

#[test]
fn every_test_and_bench_is_wired() {
    let manifest = read(&root().join("tools/Cargo.toml"));
    assert!(manifest.contains("path = \"../tests/it/main.rs\""));
    for path in files(&root().join("benches"), &[".rs"]) {
        if path.parent().is_some_and(|dir| dir.ends_with("benches")) {
            let wanted =
                format!("path = \"../benches/{}\"", path.file_name().unwrap().to_string_lossy());
            assert!(
                manifest.contains(&wanted),
                "tools/Cargo.toml lacks {wanted}: the bench would never be built"
            );
        }
    }
    let main = read(&root().join("tests/it/main.rs"));
    for path in files(&root().join("tests/it"), &[".rs"]) {
        let parent = path.parent().unwrap();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if parent.ends_with("it") && stem != "main" {
            assert!(main.contains(&format!("mod {stem};")), "tests/it/main.rs lacks `mod {stem};`");
        }
    }
    let entries: Vec<_> =
        fs::read_dir(root().join("tests")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(entries.len(), 1, "tests/ holds one binary: {entries:?}");
}

#[test]
fn unsafe_code_is_in_one_crate_and_every_block_says_why() {
    let mut blocks = 0;
    for (name, path, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let unsafe_here =
                ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "#[unsafe("]
                    .iter()
                    .any(|word| code.contains(word) && !code.contains(&format!("\"{word}")));
            if unsafe_here && !path.ends_with("tidy.rs") {
                assert_eq!(name, "shellac-sys", "{}:{}: {line}", path.display(), number + 1);
                blocks += 1;
            }
        }
    }
    assert!(blocks > 0, "shellac-sys has no unsafe code: the search is broken");
}

#[test]
fn atomics_are_in_four_crates() {
    for (name, path, text) in sources() {
        let allowed =
            ["shellac-sys", "shellac-ring", "shellac-counters", "shellac-upstream", "tools"];
        if text.contains("sync::atomic") && !allowed.contains(&name.as_str()) {
            let is_test = path.components().any(|part| part.as_os_str() == "tests")
                || path.file_name().is_some_and(|name| name == "tests.rs");
            assert!(
                is_test,
                "{}: atomics live in sys, ring, counters and upstream",
                path.display()
            );
        }
    }
}

#[test]
fn only_the_proxy_is_async() {
    for (name, path, text) in sources() {
        if name != "shellac-proxy" {
            let found =
                text.lines().find(|line| line.contains("async fn") || line.contains(".await"));
            assert_eq!(found, None, "{}", path.display());
        }
    }
}

#[test]
fn orderings_stronger_than_relaxed_name_their_partner() {
    let mut found = 0;
    let mut problems = Vec::new();
    for (name, path, text) in sources() {
        let is_test = path.components().any(|part| part.as_os_str() == "tests")
            || path.file_name().is_some_and(|name| name == "tests.rs");
        let watched = ["shellac-sys", "shellac-ring", "shellac-counters", "shellac-upstream"];
        if is_test || !watched.contains(&name.as_str()) {
            continue;
        }
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let strong =
                ["Acquire", "Release", "AcqRel", "SeqCst"].iter().any(|word| code.contains(word));
            if !strong || code.trim_start().starts_with("use ") {
                continue;
            }
            found += 1;
            let context = &lines[number.saturating_sub(8)..=number];
            if !context.iter().any(|line| line.contains("PAIRS WITH")) {
                problems.push(format!(
                    "{}:{}: no `PAIRS WITH:` in the lines above",
                    path.display(),
                    number + 1
                ));
            }
        }
    }
    assert!(found > 3, "only {found} orderings found: the search is broken");
    none(&problems);
}

#[test]
fn no_file_carries_a_path_of_one_machine_or_a_mark_to_come_back() {
    let endings = [".rs", ".toml", ".md", ".yml", "run"];
    let mut problems = Vec::new();
    for path in files(&root(), &endings) {
        let is_fixture = path.components().any(|part| part.as_os_str() == "fixtures");
        if path.ends_with("tidy.rs") || is_fixture {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            for word in ["/work/", "/root/", "/home/", "TODO", "FIXME", "XXX"] {
                if line.contains(word) {
                    problems.push(format!("{}:{}: {line}", path.display(), number + 1));
                }
            }
        }
    }
    none(&problems);
}

#[test]
fn files_stay_readable() {
    let mut problems = Vec::new();
    for (_, path, text) in sources() {
        let lines = text.lines().count();
        let is_test = path.components().any(|part| part.as_os_str() == "tests")
            || path.file_name().is_some_and(|name| name == "tests.rs");
        if !is_test && lines > 700 {
            problems.push(format!("{}: {lines} lines; look for the second idea", path.display()));
        }
        if !is_test && !text.starts_with("//!") {
            problems.push(format!("{}: the first line does not say what it is", path.display()));
        }
        if text.lines().any(|line| line.trim_start().starts_with("mod tests {")) {
            problems.push(format!("{}: tests stand in a file of their own", path.display()));
        }
    }
    none(&problems);
}

/// Fails with all of `problems`.
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}
