//! Recorded logs: what we print is what the stock tools printed for them.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use super::{command, text};
use crate::support::fixture::{unpacked_archive, unpacked_file};
use crate::support::text::assert_same;

const GROUPINGS: [&str; 4] = ["raw", "vxid", "request", "session"];

/// Files of a directory with this extension, sorted.
fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("the directory is there");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == extension))
        .collect();
    files.sort();
    files
}

/// Runs `work` for every item on a few threads.
fn for_each<T: Send>(items: Vec<T>, work: impl Fn(T) + Sync) {
    let items = Mutex::new(items);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(item) = { items.lock().unwrap_or_else(|it| it.into_inner()).pop() } {
                    work(item);
                }
            });
        }
    });
}

/// What it prints for a file in which trees are cut off: all that may be said is that they are not shown, or given up.
fn shown(args: &[&str]) -> Vec<u8> {
    let output = super::output(args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.lines().all(|line| line.contains(" not shown") || line.contains(" given up")),
        "{args:?}: {said}"
    );
    output.stdout
}

#[test]
fn every_capture_reads_as_it_was_recorded() {
    let directory = unpacked_archive("captures/captures.tar.zst");
    let captures = files(directory.path(), "vsl");
    assert!(captures.len() >= 90, "{} captures", captures.len());
    let cases: Vec<_> =
        captures.iter().flat_map(|path| GROUPINGS.map(|grouping| (path, grouping))).collect();
    for_each(cases, |(path, grouping)| {
        let expected = std::fs::read(path.with_extension(format!("{grouping}.txt"))).unwrap();
        let got = text(&["-r", path.to_str().unwrap(), "-g", grouping]);
        assert_same(&format!("{} {grouping}", path.display()), &got, &expected);
    });
}

/// Files made by hand and at random, with the output of varnishlog for them: diagnostics, transactions given
/// up, trees that contradict themselves. The middle of the name of an output says which options made it.
#[test]
fn broken_trees_are_grouped_and_diagnosed_the_same() {
    let directory = unpacked_archive("captures/captures.tar.zst");
    let cases = files(&directory.path().join("grouping"), "txt");
    assert!(cases.len() >= 300, "{} cases", cases.len());
    for_each(cases, |path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let words: Vec<&str> = name.split('.').collect();
        let file = path.with_file_name(format!("{}.vsl", words[0]));
        let mut args = vec!["-r", file.to_str().unwrap(), "-g", words[1]];
        match words[2..] {
            ["txt"] => {}
            ["L1", "txt"] => args.extend(["-L", "1"]),
            ["L2", "txt"] => args.extend(["-L", "2"]),
            ["T0", "txt"] => args.extend(["-T", "0"]),
            ["v", "txt"] => args.extend(["-v", "-x", "ReqURL"]),
            _ => panic!("what is {name}?"),
        }
        assert_same(name, &shown(&args), &std::fs::read(&path).unwrap());
    });
}

/// The options with which the stock tools wrote a golden file.
fn options(name: &str) -> &'static [&'static str] {
    match name {
        "log-raw.txt" => &["-g", "raw"],
        "log-vxid.txt" => &["-g", "vxid"],
        "log-vxid-b-i.txt" => &["-g", "vxid", "-b", "-i", "BereqURL,FetchError"],
        "log-request.txt" => &["-g", "request"],
        "log-request-q-status.txt" => &["-g", "request", "-q", "RespStatus >= 500"],
        "log-request-q-url.txt" => {
            &["-g", "request", "-q", "ReqURL ~ \"^/a\" and not Timestamp:Resp[2] > 0.01"]
        }
        // What theirs are limited to is not enough for some of the sessions.
        "log-session.txt" => &["-g", "session", "-L", "1000"],
        _ => panic!("how was {name} made?"),
    }
}

/// Megabytes of mixed traffic, by the writers of two dialects that share a layout. Nobody says which it is.
#[test]
fn the_corpora_read_as_the_stock_tools_of_their_version_read_them() {
    let corpora = [("8", "7.3-8.0", 6), ("9", "9.0-vs", 7)].map(|(version, dialect, count)| {
        let directories = ["", "-more"]
            .map(|part| unpacked_archive(&format!("corpus/golden-{version}{part}.tar.zst")));
        let golden: Vec<PathBuf> =
            directories.iter().flat_map(|directory| files(directory.path(), "txt")).collect();
        assert_eq!(golden.len(), count, "{golden:?}");
        let file = directories[0].path().join("mix.vsl");
        std::fs::write(&file, unpacked_file(&format!("corpus/mix-{version}.vsl.zst"))).unwrap();
        (directories, golden, file.to_str().unwrap().to_owned(), dialect)
    });
    let cases: Vec<_> = corpora
        .iter()
        .flat_map(|(_, golden, file, _)| golden.iter().map(move |golden| (golden, file)))
        .collect();
    for_each(cases, |(golden, file)| {
        let options = options(golden.file_name().unwrap().to_str().unwrap());
        let got = shown(&[&["-r", file], options].concat());
        assert_same(&golden.display().to_string(), &got, &std::fs::read(golden).unwrap());
    });
    for (_, _, file, dialect) in &corpora {
        let sessions = shown(&["-r", file, "-g", "session", "-i", "VSL"]);
        let cut = b"store overflow";
        assert!(!sessions.windows(cut.len()).any(|it| it == cut), "{file}: all are whole");
        let output = super::output(&["-r", file, "-v", "-k", "1"]);
        let said = String::from_utf8(output.stderr).unwrap();
        let expected = format!("table of tags: {dialect}, as its first 1000 records look");
        assert!(output.status.success() && said.contains(&expected), "{said}");
    }
}

#[test]
fn a_copy_of_a_file_has_the_same_bytes() {
    for (mix, dialect) in [("mix-7", "6.0-7.2"), ("mix-8", "7.3-8.0")] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mix.vsl");
        let bytes = unpacked_file(&format!("corpus/{mix}.vsl.zst"));
        std::fs::write(&file, &bytes).unwrap();
        let copy = directory.path().join("copy.vsl");
        let args = ["-r", file.to_str().unwrap(), "-g", "raw", "--dialect", dialect, "-w"];
        let printed = text(&[&args[..], &[copy.to_str().unwrap()]].concat());
        assert!(printed.is_empty());
        assert!(std::fs::read(&copy).unwrap() == bytes, "{mix}: the copy differs");
    }
}

/// Working directories that were copied while their processes ran.
#[test]
fn recorded_directories_read_as_the_stock_tools_read_them() {
    for (archive, dialect, expected) in [
        ("vsm-snapshot-7.1.1.tar.gz", "6.0-7.2", &[("raw", "")][..]),
        (
            "vsm-snapshot-8.0.0.tar.zst",
            "7.3-8.0",
            &[("raw", "log-d-raw.txt"), ("request", "log-d-request.txt")],
        ),
        (
            "vsm-snapshot-9.0.2.tar.zst",
            "9.0-vs",
            &[("raw", "log-d-raw.txt"), ("request", "log-d-request.txt")],
        ),
    ] {
        let directory = unpacked_archive(&format!("snapshots/{archive}"));
        for (grouping, file) in expected {
            let args = ["-n", directory.path().to_str().unwrap(), "-d", "-g", grouping];
            // One half is told what it is, the other finds out.
            for args in [&args[..], &[&args[..], &["--dialect", dialect]].concat()] {
                let output = command(args).env("VSM_NOPID", "1").output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success() && said.is_empty(), "{said}");
                let expected = if file.is_empty() {
                    std::fs::read(crate::support::fixture::path(
                        "snapshots/vsm-snapshot-7.1.1.raw.txt",
                    ))
                } else {
                    std::fs::read(directory.path().join(file))
                };
                assert_same(&format!("{archive} {grouping}"), &output.stdout, &expected.unwrap());
            }
        }
    }
}

/// The older tools do not look at it.
#[test]
fn the_newer_tools_take_the_instance_from_a_variable() {
    let directory = unpacked_archive("snapshots/vsm-snapshot-9.0.2.tar.zst");
    let links = tempfile::tempdir().unwrap();
    for (name, compat, found) in
        [("vinyllog", None, true), ("varnishlog", Some("9"), true), ("varnishlog", None, false)]
    {
        let link = links.path().join(name);
        // The same name may come twice.
        let _ = std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_shellac"), &link);
        let mut command = std::process::Command::new(&link);
        command.args(["-d", "-g", "raw", "-t", "0"]).env_remove("SHELLAC_COMPAT");
        command.env("VARNISH_DEFAULT_N", directory.path()).env("VSM_NOPID", "1");
        command.envs(compat.map(|compat| ("SHELLAC_COMPAT", compat)));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if found {
            let expected = std::fs::read(directory.path().join("log-d-raw.txt")).unwrap();
            assert!(output.status.success() && said.is_empty(), "{said}");
            assert_same(name, &output.stdout, &expected);
        } else {
            assert!(
                said.ends_with("VSM: Could not get hold of varnishd, is it running?\n"),
                "{said}"
            );
        }
    }
}

/// One record, which another table would call `FetchError`.
#[test]
fn a_single_record_is_read_with_the_right_table() {
    let path = crate::support::fixture::path("dialects/crafted-8.0-ReqURL.vsl");
    assert_eq!(text(&["-r", path.to_str().unwrap(), "-g", "raw"]), {
        b"      1001 ReqURL         c /foo\n"
    });
}

#[test]
fn a_tie_is_warned_of_and_can_be_decided() {
    use shellac_format::record::encode_text;
    use shellac_format::{Dialect, Side, Vxid};
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("debug.vsl");
    let layout = Dialect::Vs9_0.layout();
    let mut bytes = layout.file_magic().to_vec();
    encode_text(&mut bytes, layout, 1, Vxid(0), Side::None, b"anything", 255);
    std::fs::write(&file, bytes).unwrap();
    let args = ["-r", file.to_str().unwrap(), "-g", "raw"];
    let output = super::output(&args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("warning") && said.contains("9.0-vs is taken"), "{said}");
    for dialect in ["7.3-8.0", "8.0.1-vs", "9.0-vs"] {
        assert_eq!(text(&[&args[..], &["--dialect", dialect]].concat()), output.stdout);
    }
}

#[test]
fn a_recorded_directory_of_dead_processes_is_no_running_instance() {
    let directory = unpacked_archive("snapshots/vsm-snapshot-7.1.1.tar.gz");
    let output = super::output(&["-n", directory.path().to_str().unwrap(), "-d", "-t", "0"]);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint.contains("its manager, process 28240, is dead"), "{complaint}");
}

#[test]
fn under_the_older_name_nobody_asks_for_processes() {
    // Who wrote it is not there, or is in another pid namespace: 7.1.1 reads it, and later ones say no.
    let directory = unpacked_archive("snapshots/vsm-snapshot-7.1.1.tar.gz");
    let links = tempfile::tempdir().unwrap();
    for (name, is_read) in [("varnishlog", true), ("vinyllog", false)] {
        let link = links.path().join(name);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_shellac"), &link).unwrap();
        let output = std::process::Command::new(&link)
            .args(["-d", "-g", "raw", "-t", "0", "-n", directory.path().to_str().unwrap()])
            .env_remove("SHELLAC_COMPAT")
            .env_remove("VSM_NOPID")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.success(), !output.stdout.is_empty()),
            (is_read, is_read),
            "{said}"
        );
    }
    let own = command(&["-d", "-t", "0", "-n", directory.path().to_str().unwrap()])
        .env_remove("VSM_NOPID")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&own.stderr);
    assert!(said.contains("pid namespace") && said.contains("VSM_NOPID=1"), "{said}");
}
