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

/// Has our program write what the recipe packages.
fn write_package_files(folder: &Path) {
    let mut recipe = Command::new(env!("CARGO"));
    recipe.args(["run", "--quiet", "--package", "xtask", "--", "package-files"]);
    recipe.arg(env!("CARGO_BIN_EXE_shellac")).arg(folder).current_dir(root());
    let output = recipe.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_packages_files_are_there() {
    let manifest = std::fs::read_to_string(root().join("tools/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let deb = &manifest["package"]["metadata"]["deb"];
    let assets = deb["assets"].as_array().unwrap();
    let mut installed = Vec::new();
    let written = tempfile::tempdir().unwrap();
    write_package_files(written.path());
    let built_or_written = |from: &str, to: &str| match from
        .strip_prefix("target/release/")
        .and_then(|name| name.strip_prefix("package/").or(Some(name)).map(|path| (name, path)))
    {
        Some(("shellac", _)) => assert_eq!(to, "usr/bin/"),
        Some((_, "shellacd")) => {
            let link = std::fs::read_link(written.path().join("shellacd")).unwrap();
            assert_eq!((to, link.as_path()), ("usr/bin/shellacd", Path::new("shellac")));
        }
        Some((_, path)) if path.ends_with("/*.1.gz") => {
            let folder = written.path().join(path.trim_end_matches("/*.1.gz"));
            for page in ["shellac", "shellacd", "shellac-record", "shellac-metrics"] {
                assert!(folder.join(format!("{page}.1.gz")).is_file(), "{from} has no {page}");
            }
        }
        Some((_, path)) => {
            let len = std::fs::metadata(written.path().join(path)).map(|file| file.len());
            assert!(len.is_ok_and(|len| len > 0), "{from}");
        }
        None => panic!("{from}"),
    };
    for asset in assets {
        let [from, to] = [0, 1].map(|at| asset[at].as_str().unwrap());
        installed.push(to);
        let place = root().join("tools").join(from);
        match from.strip_suffix("/*.md") {
            _ if from.starts_with("target/") => built_or_written(from, to),
            Some(folder) => {
                let place = root().join("tools").join(folder).join("README.md");
                assert!(place.is_file(), "{from}");
            }
            None => assert!(place.is_file(), "{from}"),
        }
    }
    // Both are written when there is a release; cargo-deb's revision is 1 unless it is told another.
    let log = std::fs::read_to_string(root().join("contrib/debian/changelog")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert!(log.starts_with(&format!("shellac ({version}-1) ")), "{version}: {log}");
    assert_eq!(deb["changelog"].as_str(), Some("../contrib/debian/changelog"));
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
