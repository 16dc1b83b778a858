//! The configuration file through the program.

mod example;

use std::process::{Command, Output, Stdio};

use rustix::process::Signal;
use shellac_config::{Config, ErrorPage, Limits, LogConfig, ResolverConfig, RetryPolicy, Timeouts};

use crate::support::daemon::{Daemon, signal_process};

fn shellacd(file: &std::path::Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shellacd"))
        .arg("-f")
        .arg(file)
        .args(["-n", "/run/never-made/w"])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .expect("shellacd starts")
}

#[test]
fn mistakes_are_told_all_at_once_with_file_line_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bad.toml");
    let text = "treads = 2\n[log]\nsize = \"1M\"\n[[listen]]\naddress = \"8080\"\n[[backend]]\nname = \"b\"\n";
    std::fs::write(&file, text).unwrap();
    for more in [&[][..], &["--check"], &["--single"]] {
        let output = shellacd(&file, more);
        assert_eq!(output.status.code(), Some(2));
        let name = file.display();
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            format!(
                "{name}:1: treads: is not a key; did you mean `threads`?\n\
                 {name}:3: log.size: 1M is too small; at least 16M\n\
                 {name}:5: listen.address: `8080` is neither IP:PORT, such as \"127.0.0.1:8080\" or \"[::1]:8080\", nor the /PATH of a socket\n\
                 {name}:6: backend.address: is missing\n"
            )
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_file_that_is_no_text_is_refused_with_the_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bad.toml");
    std::fs::write(&file, b"threads = 2\n# Andr\xe9\n").unwrap();
    let says = format!(
        "{}:2: column 7: the byte 0xe9 is not UTF-8; save the file in that encoding",
        file.display()
    );
    for more in [&[][..], &["--check"]] {
        let output = shellacd(&file, more);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("{says}\n"));
    }
    let config = Daemon::config("127.0.0.1:9".parse().unwrap(), "");
    let daemon = Daemon::start(&dir.path().join("w"), &config);
    let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["adm", "-n"])
        .arg(dir.path().join("w"))
        .args(["vcl.load", "other"])
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    let text = [output.stdout, output.stderr].concat();
    assert!(!output.status.success() && String::from_utf8_lossy(&text).contains(&says));
    drop(daemon);
}

#[test]
fn a_good_file_is_summed_up_and_nothing_is_started() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("good.toml");
    let text = "[[listen]]\naddress = \"127.0.0.1:0\"\n[[backend]]\nname = \"b\"\naddress = \"127.0.0.1:9\"\n";
    std::fs::write(&file, text).unwrap();
    let workdir = dir.path().join("not/made");
    for form in [&["-t", "-f"][..], &["--check"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_shellacd"))
            .args(form)
            .arg(&file)
            .arg("-n")
            .arg(&workdir)
            .stdin(Stdio::null())
            .output()
            .expect("shellacd starts");
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{text}");
        // Whether the temporary directory is in memory is the machine's business.
        let lines: Vec<&str> = text.lines().filter(|line| !line.contains("tmpfs")).collect();
        assert_eq!(
            lines,
            [format!(
                "{}: good: listens on 127.0.0.1:0; backends b; pools default; 1 routes; log of 80M (7.3-8.0) in {}",
                file.display(),
                workdir.display()
            )]
        );
        assert!(!workdir.exists());
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let output = shellacd(std::path::Path::new("/no/such.toml"), &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.starts_with("/no/such.toml: cannot read the configuration: No such file"),
        "{text}"
    );
}

#[test]
fn the_example_is_right_and_shows_the_defaults() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shellac.example.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let shown = Config::parse(&text, "example").unwrap();
    assert_eq!(shown.log, LogConfig::default());
    assert_eq!(shown.timeouts, Timeouts::default());
    assert_eq!(shown.resolver, ResolverConfig::default());
    assert_eq!(shown.limits, Limits::default());
    assert_eq!(shown.error_page, ErrorPage::default());
    assert_eq!(shown.routes[0].retry, RetryPolicy::default());

    // What stands behind a `#` has to be right too, and then no key is left that could be told. But for four keys that
    // another policy and other rules belong to.
    let others = ["# key = \"$", "# compat = ", "# max_fails = ", "# fail_timeout = "];
    let is_text = |rest: &str| !rest.contains(" = ") && !rest.starts_with('[');
    let line = |line: &'_ str| {
        let other = others.iter().any(|other| line.starts_with(other));
        let rest = line.strip_prefix("# ").filter(|rest| !other && !is_text(rest));
        rest.unwrap_or(line).to_owned() + "\n"
    };
    let all: String = text.lines().map(line).collect();
    // A route has one of two tables.
    let (all, next) = all.split_once("[route.next_upstream]").unwrap();
    let (before, _) = all.split_once("[route.retry]").unwrap();
    let next = format!("{before}[route.next_upstream]{next}");
    let all = all.replace("on = [", "on = [\"status\", ");
    // A longest pause needs one.
    let all = all.replace("backoff = \"0s\"", "backoff = \"100ms\"");
    let every = Config::parse(&all, "example").unwrap();
    assert_eq!(every.routes[0].host.as_deref(), Some("example.org"));
    assert_eq!((every.threads, every.group.as_deref()), (Some(2), Some("varnish")));
    assert_eq!(every.routes[0].retry.statuses, [502, 503]);
    assert_eq!((every.probes.len(), every.backends[0].probe), (1, Some(0)));
    let route = &Config::parse(&next, "example").unwrap().routes[0];
    assert_eq!(route.next.as_ref().map(|next| next.error), Some(true));
    for all in [all, next] {
        all_keys_are_shown(&all, &text);
    }
}

#[test]
fn a_network_on_the_command_line_names_nodes() {
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path().join("w");
    let more = "[[backend]]\nname = \"b1\"\naddress = \"127.0.0.2:9\"\nnode = \"own\"\n\
        [[backend]]\nname = \"b2\"\naddress = \"127.1.0.1:9\"\n\
        [[node]]\nname = \"file\"\ncidr = [\"127.0.0.0/24\", \"127.1.0.0/16\"]\n";
    let config = Daemon::config("127.0.0.1:9".parse().unwrap(), more);
    let mut daemon =
        Daemon::start_with(&workdir, &config, &["--node-map", "127.0.0.0/24=argument"]);
    let adm = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
        let output = command.args(["adm", "-n"]).arg(&workdir).args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    // A configuration that is loaded later, and a worker that is started later, have it too.
    adm(&["vcl.load", "later", workdir.with_extension("toml").to_str().unwrap()]);
    for _ in 0..2 {
        let list: serde_json::Value =
            serde_json::from_str(&adm(&["backend.list", "-j", "-p", "*.*"])).unwrap();
        for (name, node) in [("b0", "argument"), ("b1", "own"), ("b2", "file")] {
            for config in ["boot", "later"] {
                let found = &list[3][format!("{config}.{name}")]["shellac"]["node"];
                assert_eq!(found, node, "{config}.{name} in {list}");
            }
        }
        signal_process(daemon.worker_pid(), Signal::KILL);
        daemon.wait_for_line(" serves");
    }
    drop(daemon);

    let output = shellacd(&workdir.with_extension("toml"), &["-t", "--node-map", "10.0.0.1/8=n"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("--node-map: `10.0.0.1/8` has bits behind the first 8"), "{text}");
}

#[test]
fn a_directory_for_bodies_that_cannot_be_used_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("f.toml");
    let bodies = dir.path().join("bodies");
    let check = |keys: &str, body: &str| {
        let config = Daemon::config("127.0.0.1:9".parse().unwrap(), "");
        let text = format!("{keys}{config}[body]\ndir = \"{}\"\n{body}", bodies.display());
        std::fs::write(&file, text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_shellacd"))
            .arg("--check")
            .arg(&file)
            .arg("-n")
            .arg(dir.path().join("w"))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        // It costs no more than the second attempt of some requests.
        assert_eq!(output.status.code(), Some(0), "{text}");
        text
    };
    let is_told = |text: &str, why: &str| {
        let said = format!("warning: body.dir: {}: {why}", bodies.display());
        text.contains(&said) && text.contains("make it a directory that ")
    };
    let text = check("", "");
    assert!(is_told(&text, "No such file"), "{text}");
    assert!(!check("", "limit = \"64K\"\n").contains("body.dir"), "no file is ever used");
    std::fs::write(&bodies, "").unwrap();
    let text = check("", "");
    assert!(is_told(&text, "not a directory"), "{text}");
    std::fs::remove_file(&bodies).unwrap();
    std::fs::create_dir(&bodies).unwrap();
    assert!(!check("", "").contains("body.dir"));
    if rustix::process::geteuid().is_root() {
        // For the user that it becomes.
        let rights = |path: &std::path::Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        rights(dir.path(), 0o755);
        rights(&bodies, 0o755);
        let text = check("user = \"nobody\"\n", "");
        assert!(is_told(&text, "permission denied") && text.contains("that nobody can"), "{text}");
        rights(&bodies, 0o1777);
        assert!(!check("user = \"nobody\"\n", "").contains("body.dir"));
        rights(dir.path(), 0o700);
        let text = check("user = \"nobody\"\n", "");
        assert!(is_told(&text, "permission denied"), "the way there: {text}");
    }
}

/// Puts a key that does not exist into every table of `all`, and looks for those that do in `text`.
fn all_keys_are_shown(all: &str, text: &str) {
    let broken = all.lines().fold("nothing = 1\n".to_owned(), |broken, line| {
        let more = if line.starts_with('[') { "nothing = 1\n" } else { "" };
        broken + line + "\n" + more
    });
    let errors = Config::parse(&broken, "example").unwrap_err().errors;
    assert_eq!(errors.len(), 1 + all.lines().filter(|line| line.starts_with('[')).count());
    for error in errors {
        let (_, known) =
            error.reason.split_once("known here: ").expect("it lists the keys of its table");
        for key in known.split(", ") {
            let shown = text.contains(&format!("{key} = "))
                || text.contains(&format!("[{key}]"))
                || text.contains(&format!(".{key}]"));
            assert!(shown, "{} is not in the example: {key}", error.key);
        }
    }
}

#[test]
fn what_is_in_force_is_shown_with_its_origin_and_is_a_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("shown.toml");
    let text = "threads = 3\n[[listen]]\naddress = \"127.0.0.1:0\"\n[[backend]]\nname = \"b\"\naddress = \"127.0.0.1:9\"\n";
    std::fs::write(&file, text).unwrap();
    let shown = shellacd(&file, &["--print-config"]);
    assert_eq!(shown.status.code(), Some(0));
    let shown = String::from_utf8(shown.stdout).unwrap();
    let origin = |start: &str| {
        let line = shown.lines().find(|line| line.starts_with(start));
        let line = line.unwrap_or_else(|| panic!("{start} is not in\n{shown}"));
        line.split_once(" # ").expect("each value has an origin").1.to_owned()
    };
    assert_eq!(origin("threads = 3"), format!("{}:1", file.display()));
    assert_eq!(origin("workdir = \"/run/never-made/w\""), "-n on the command line");
    assert_eq!(origin("instance = "), "name of this machine");
    assert_eq!(origin("connect_timeout = \"3.5s\""), "timeouts.connect");
    assert_eq!(origin("head_bytes = \"32K\""), "default");

    let second = dir.path().join("second.toml");
    std::fs::write(&second, &shown).unwrap();
    let again = shellacd(&second, &["--print-config"]);
    let values = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| line.split(" # ").next().unwrap_or_default().trim_end().to_owned())
            .collect()
    };
    assert_eq!(values(&String::from_utf8(again.stdout).unwrap()), values(&shown));
}

#[test]
fn what_this_machine_does_not_have_is_told_before_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let file = dir.path().join("f.toml");
    let check = |keys: &str, listen: &str| {
        let text = format!(
            "{keys}\n[[listen]]\naddress = \"{listen}\"\n[[backend]]\nname = \"b\"\naddress = \"127.0.0.1:9\"\n[admin]\n\
             listen = [\"{address}\"]\nsecret = \"/no/such/secret\"\n"
        );
        std::fs::write(&file, text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_shellacd"))
            .arg("--check")
            .arg(&file)
            .arg("-n")
            .arg(dir.path().join("w"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let text = check("user = \"no-such-user\"", &address.to_string());
    for part in [
        format!("cannot listen on {address} (a0): Address already in use"),
        format!("cannot listen on {address} (admin): Address already in use"),
        "cannot become user `no-such-user`: there is no user".to_owned(),
        "admin.secret: /no/such/secret: No such file".to_owned(),
    ] {
        assert!(text.contains(&part), "{part} is not in\n{text}");
    }
    let text = check("", "/no/such/dir/socket");
    assert!(
        text.contains("cannot listen on /no/such/dir/socket (a0): /no/such/dir: No such file"),
        "{text}"
    );
    assert!(!text.contains("good"), "{text}");
}
