//! Who may do and see what.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::support::client::Client;
use crate::support::daemon::Daemon;
use crate::support::origin::{Origin, ok};
use crate::support::skip::skipped;

/// A user that every system has.
const NOBODY: u32 = 65534;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn nobody_else_can_read_what_is_made() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("run/w");
    std::fs::create_dir(root.path().join("run")).unwrap();
    let daemon = Daemon::start(&workdir, &Daemon::config("127.0.0.1:9".parse().unwrap(), ""));
    let mut waiting = vec![workdir.clone()];
    let mut seen = 0;
    while let Some(path) = waiting.pop() {
        // The pid file is for everybody who may come as far as to it.
        let is_pid = path.file_name().is_some_and(|name| name == "_.pid");
        assert!(is_pid || mode(&path) & 0o007 == 0, "{}: {:o}", path.display(), mode(&path));
        seen += 1;
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    assert!(seen > 10, "{seen} files and directories");
    drop(daemon);
}

#[test]
fn root_becomes_somebody_else_once_everything_is_open() {
    if !rustix::process::geteuid().is_root() {
        return skipped("only root can become another user");
    }
    let origin = Origin::start(|_| vec![ok("yes")]);
    let root = tempfile::tempdir().unwrap();
    std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let workdir = root.path().join("w");
    // A port that only root can have, on an address that is this test's.
    let id = std::process::id();
    let address = format!("127.{}.{}.9:81", 1 + (id >> 8) % 200, id % 256);
    let config = Daemon::config(origin.address(), "").replace("127.0.0.1:0", &address).replacen(
        "instance",
        "user = \"nobody\"\ninstance",
        1,
    );
    let mut daemon = Daemon::start(&workdir, &config);
    for process in [daemon.pid(), daemon.worker_pid()] {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        for (key, what) in [("Uid:", "user"), ("Gid:", "group")] {
            let line = status.lines().find(|line| line.starts_with(key)).unwrap();
            let ids = line.split_whitespace().skip(1);
            assert!(ids.clone().count() == 4 && ids.clone().all(|id| id != "0"), "{what}: {line}");
        }
        let groups = status.lines().find(|line| line.starts_with("Groups:")).unwrap();
        assert!(groups.split_whitespace().skip(1).all(|id| id != "0"), "{groups}");
    }
    assert_eq!(std::fs::metadata(&workdir).unwrap().uid(), NOBODY);
    let ask = || {
        let mut client = Client::connect(daemon.address());
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        client.answer("GET").text()
    };
    assert_eq!(ask(), "yes");
    daemon.tool("adm", &["param.set", "cli_timeout", "33"]);
    // Whoever comes later has the sockets already.
    let worker = daemon.worker_pid();
    crate::support::daemon::signal_process(worker, Signal::KILL);
    daemon.wait_for_line("serves in its place");
    let mut client = Client::connect(daemon.address());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(client.answer("GET").text(), "yes");
    daemon.signal(Signal::TERM);
    assert!(daemon.wait().success());
    assert!(!workdir.join("_.pid").exists() && !workdir.join("_.vsm_mgt").exists());
}

#[test]
fn the_worker_may_have_all_the_files_that_the_system_allows() {
    let root = tempfile::tempdir().unwrap();
    let mut command = Command::new("prlimit");
    command.args(["--nofile=256:1000", env!("CARGO_BIN_EXE_shellacd")]);
    let config = Daemon::config("127.0.0.1:9".parse().unwrap(), "");
    let daemon = Daemon::start_by(command, &root.path().join("w"), &config, &[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.worker_pid())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[3..], ["1000", "1000", "files"]);
}

#[test]
fn a_user_that_there_is_not_is_told() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("f.toml");
    let config = Daemon::config("127.0.0.1:9".parse().unwrap(), "");
    std::fs::write(&file, format!("user = \"no-such-user\"\n{config}")).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_shellacd"))
        .args(["-f".as_ref(), file.as_os_str(), "-n".as_ref(), root.path().join("w").as_os_str()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("cannot become user `no-such-user`") && text.contains("/etc/passwd"),
        "{text}"
    );
}

#[test]
fn root_does_not_work_where_others_can_put_something_else() {
    if !rustix::process::geteuid().is_root() {
        return skipped("only root gives anything away");
    }
    let root = tempfile::tempdir().unwrap();
    let mode = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(root.path(), 0o755);
    let theirs = root.path().join("theirs");
    std::fs::create_dir_all(theirs.join("w")).unwrap();
    std::os::unix::fs::chown(&theirs, Some(NOBODY), None).unwrap();
    // Not as it is written, but where it leads.
    let link = root.path().join("link");
    std::os::unix::fs::symlink(theirs.join("w"), &link).unwrap();
    let file = root.path().join("f.toml");
    let config = Daemon::config("127.0.0.1:9".parse().unwrap(), "");
    std::fs::write(&file, format!("user = \"nobody\"\n{config}")).unwrap();
    for place in [link.clone(), theirs.join("w"), theirs.join("new")] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_shellacd"))
            .args(["-f".as_ref(), file.as_os_str(), "-n".as_ref(), place.as_os_str()])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(&format!("{} is no place for root", place.display())), "{text}");
        assert!(text.contains(&format!("others can change {}", theirs.display())), "{text}");
        let checked = std::process::Command::new(env!("CARGO_BIN_EXE_shellacd"))
            .args(["--check".as_ref(), file.as_os_str(), "-n".as_ref(), place.as_os_str()])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&checked.stderr);
        assert!(!checked.status.success() && text.contains("is no place for root"), "{text}");
    }
    // Nor does it write where a link leads that the user of an earlier start has made.
    let ours = root.path().join("ours");
    std::fs::create_dir(&ours).unwrap();
    let victim = root.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, ours.join("_.pid")).unwrap();
    std::os::unix::fs::chown(&ours, Some(NOBODY), None).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_shellacd"))
        .args(["-f".as_ref(), file.as_os_str(), "-n".as_ref(), ours.as_os_str()])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("_.pid"), "{text}");
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
    assert_eq!(std::fs::metadata(theirs.join("w")).unwrap().uid(), 0, "nothing was given away");
    assert!(!theirs.join("new").exists());
}
