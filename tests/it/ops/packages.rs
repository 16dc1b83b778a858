//! What packages and units say: that it exists, and that the programs take it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The services, each with its lines.
fn units() -> Vec<(String, Vec<String>)> {
    let mut units: Vec<_> = std::fs::read_dir(root().join("contrib/systemd"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, text.lines().map(str::to_owned).collect())
        })
        .collect();
    units.sort();
    units
}

#[test]
fn the_packages_files_are_there() {
    let manifest = std::fs::read_to_string(root().join("tools/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let deb = &manifest["package"]["metadata"]["deb"];
    let assets = deb["assets"].as_array().unwrap();
    let mut installed = Vec::new();
    for asset in assets {
        let [from, to] = [0, 1].map(|at| asset[at].as_str().unwrap());
        installed.push(to);
        let place = root().join("tools").join(from);
        match from.strip_suffix("/*.md") {
            _ if from.starts_with("target/") => {}
            Some(folder) => {
                let place = root().join("tools").join(folder).join("README.md");
                assert!(place.is_file(), "{from}");
            }
            None => assert!(place.is_file(), "{from}"),
        }
    }
    for file in deb["conf-files"].as_array().unwrap() {
        let file = file.as_str().unwrap().trim_start_matches('/');
        assert!(installed.contains(&file), "{file} is not installed");
    }
    for (unit, _) in units() {
        let is_there = assets.iter().any(|asset| asset[0].as_str().unwrap().ends_with(&unit));
        assert!(is_there, "{unit} is not in the package");
    }
}

#[test]
fn units_start_what_the_programs_understand() {
    for (unit, lines) in units() {
        let started: Vec<&str> =
            lines.iter().filter_map(|line| line.strip_prefix("ExecStart=/usr/bin/")).collect();
        let [started] = started[..] else { panic!("{unit}: {started:?}") };
        let words: Vec<&str> = started.split(' ').collect();
        let (program, words) = match words[..] {
            ["shellacd", ref words @ ..] => (env!("CARGO_BIN_EXE_shellacd"), words),
            ["shellac", ref words @ ..] => (env!("CARGO_BIN_EXE_shellac"), words),
            _ => panic!("{unit}: {started}"),
        };
        // What its help does not know it does not understand.
        let mut help = Command::new(program);
        if let Some(tool) = words.first().filter(|word| !word.starts_with('-')) {
            help.arg(tool);
        }
        let help = help.arg("--help-all").stdin(Stdio::null()).output().unwrap();
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        for option in words.iter().filter(|word| word.starts_with('-')) {
            assert!(help.contains(option), "{unit}: {option} is not in\n{help}");
        }
        let says = |line: &str| lines.iter().any(|one| one == line);
        assert!(
            says("User=shellac") && says("NoNewPrivileges=yes") && says("ProtectSystem=strict")
        );
    }
}

#[test]
fn the_packages_rules_can_be_used() {
    let text = std::fs::read_to_string(root().join("contrib/debian/rules.toml")).unwrap();
    let rules = shellac_capture::rules::file::parse(&text).unwrap();
    assert_eq!(rules.len(), 1);
}
