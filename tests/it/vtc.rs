//! The tools under their stock names in scripts for varnishtest, which is what packagers and users of Varnish judge such tools with:
//! `vtc/*.vtc`, each run with the stock tools first in PATH, so that the script itself is known to be right, and with ours.
//! varnishd is always the real one. What the scripts use beside varnishtest is in `vtc/bin`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::support::deadline::Deadline;
use crate::support::skip::skipped;
use crate::support::varnish;

/// The tools whose names we answer to.
const TOOLS: [&str; 6] =
    ["varnishlog", "varnishncsa", "varnishstat", "varnishtop", "varnishhist", "varnishadm"];
/// So many scripts at a time: they wait more than they work.
const AT_A_TIME: &str = "3";
/// After which varnishtest gives a script up, in seconds; a busy machine needs a tenth of it.
const SCRIPT_SECONDS: &str = "100";
/// After which all of varnishtest is ended.
const ALL: Duration = Duration::from_secs(300);

/// Whose tools are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tools {
    Ours,
    Stock,
}

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/it/vtc");
    let folder = folder.canonicalize().expect("the folder of scripts");
    let entries = fs::read_dir(folder).expect("it can be read").map(|entry| entry.unwrap().path());
    let mut scripts: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|it| it == "vtc")).collect();
    scripts.sort();
    scripts
}

/// The directory in PATH in which a program is found first.
fn home_of(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|dir| dir.join(program).is_file())
}

/// Ends what a script that was given up has left in the background: whoever has a pid file in its directory and says that directory on
/// its command line.
fn end_leftovers(scratch: &Path) {
    let Ok(entries) = fs::read_dir(scratch) else { return };
    for directory in entries.flatten().map(|entry| entry.path()) {
        let Ok(files) = fs::read_dir(&directory) else { continue };
        for file in files.flatten().map(|entry| entry.path()) {
            if file.extension().is_none_or(|it| it != "pid") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap_or_default();
            let Some(pid) = text.trim().parse().ok().and_then(Pid::from_raw) else { continue };
            let words = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero()));
            let words = String::from_utf8_lossy(&words.unwrap_or_default()).into_owned();
            if words.contains(&*directory.to_string_lossy()) {
                // It may have ended meanwhile.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

/// Runs every script, with these tools first in PATH.
fn run(tools: Tools) {
    if !varnish::is_here() {
        return;
    }
    let (Some(stock), Some(_), Some(_)) =
        (home_of("varnishlog"), home_of("varnishtest"), home_of("bash"))
    else {
        return skipped("varnishtest or bash is not installed");
    };
    let scratch = tempfile::tempdir().expect("a temporary directory");
    // The worker of a varnishd that was started by root is somebody else, who has to get in.
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let links = scratch.path().join("bin");
    fs::create_dir(&links).expect("a directory");
    for tool in TOOLS {
        symlink(env!("CARGO_BIN_EXE_shellac"), links.join(tool)).expect("a link");
    }
    let scripts = scripts();
    assert!(scripts.len() > 8, "{scripts:?}");
    let helpers = scripts[0].parent().expect("a folder").join("bin");
    let path = std::env::var_os("PATH").expect("it was looked into");
    let first = if tools == Tools::Ours { links } else { stock.clone() };
    let path = [first, helpers].into_iter().chain(std::env::split_paths(&path));
    let path = std::env::join_paths(path).expect("no colon in a temporary directory");

    let said = scratch.path().join("said");
    let output = fs::File::create(&said).expect("a file");
    let mut child = Command::new("varnishtest")
        .args(["-k", "-j", AT_A_TIME, "-t", SCRIPT_SECONDS])
        .args(&scripts)
        .env("PATH", path)
        .env("TMPDIR", scratch.path())
        .env("STOCK", stock)
        .env("SHELLAC", env!("CARGO_BIN_EXE_shellac"))
        .env_remove("SHELLAC_N")
        .env_remove("SHELLAC_COMPAT")
        .env_remove("VARNISH_DEFAULT_N")
        .env_remove("VSM_NOPID")
        .current_dir(scratch.path())
        .stdin(Stdio::null())
        .stdout(output.try_clone().expect("a descriptor"))
        .stderr(output)
        .process_group(0)
        .spawn()
        .expect("varnishtest starts");
    let deadline = Deadline::after(ALL);
    let status = loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            break Some(status);
        }
        if deadline.left().is_none() {
            let group = Pid::from_child(&child);
            kill_process_group(group, Signal::KILL).expect("it runs");
            child.wait().expect("it is our child");
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    end_leftovers(scratch.path());
    let said = String::from_utf8_lossy(&fs::read(said).expect("the file")).into_owned();
    assert!(status.is_some_and(|it| it.success()), "{tools:?}: {status:?}\n{}", telling(&said));
    let passed = said.lines().filter(|line| line.contains(" passed (")).count();
    assert_eq!(passed, scripts.len(), "{tools:?}: not all of them were run\n{said}");
}

/// The report of a failure without what the log of the varnishd says, which is most of it.
fn telling(said: &str) -> String {
    let lines = said.lines().filter(|line| {
        let noise = [" vsl|", "shell_cmd|", "rxhdr|", "txresp|", " http["];
        !noise.iter().any(|it| line.contains(it))
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn the_stock_tools_do_what_the_scripts_say() {
    run(Tools::Stock);
}

#[test]
fn our_tools_do_what_the_scripts_say() {
    run(Tools::Ours);
}
