//! What the documentation shows is what the tools do: its examples are run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::export::{duckdb_python, without_duckdb};
use crate::support::client::Client;
use crate::support::daemon::Daemon;
use crate::support::deadline::Deadline;
use crate::support::fixture::{path, unpacked_archive};
use crate::support::origin::{Asked, Origin, Step, ok};

/// A block of a chapter that something is done with.
enum Block {
    /// Something to type, and what it shows.
    Example { command: String, output: String },
    /// A configuration, which has to be good. It is `shellac.toml` for the examples behind it.
    Configuration(String),
    /// A question to DuckDB.
    Question(String),
}

/// The examples of a chapter, lines behind `$ ` in blocks marked `console`, its configurations, marked `toml`, and its
/// questions, marked `sql`.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut mark = "";
    for line in text.lines() {
        match (mark, line.strip_prefix("```")) {
            (_, Some("toml")) => {
                blocks.push(Block::Configuration(String::new()));
                mark = "toml";
            }
            (_, Some("sql")) => {
                blocks.push(Block::Question(String::new()));
                mark = "sql";
            }
            (_, Some(begun)) => mark = begun,
            ("console", None) => match (line.strip_prefix("$ "), blocks.last_mut()) {
                (Some(command), _) => blocks
                    .push(Block::Example { command: command.to_owned(), output: String::new() }),
                (None, Some(Block::Example { output, .. })) => *output += &format!("{line}\n"),
                (None, _) => panic!("a command comes first: {line}"),
            },
            ("toml" | "sql", None) => {
                if let Some(Block::Configuration(text) | Block::Question(text)) = blocks.last_mut()
                {
                    *text += &format!("{line}\n");
                }
            }
            _ => {}
        }
    }
    blocks
}

/// Whether this line is what is shown, where `...` stands for anything and blanks at the end do not count.
fn is_line(expected: &str, got: &str) -> bool {
    let got = got.trim_end();
    let Some((start, rest)) = expected.trim_end().split_once("...") else {
        return expected.trim_end() == got;
    };
    let Some(got) = got.strip_prefix(start) else { return false };
    got.char_indices()
        .map(|(at, _)| at)
        .chain([got.len()])
        .any(|at| is_line(rest, got.get(at..).expect("the start of a character")))
}

/// Whether these lines are what is shown, where a line of `...` stands for any number of them.
fn is_shown(expected: &[&str], got: &[&str]) -> bool {
    match (expected, got) {
        ([], _) => got.is_empty(),
        (["..."], _) => true,
        (["...", rest @ ..], _) => (0..=got.len()).any(|from| is_shown(rest, &got[from..])),
        ([first, rest @ ..], [line, others @ ..]) => is_line(first, line) && is_shown(rest, others),
        ([_, ..], []) => false,
    }
}

/// An instance that has answered five requests, one of them with an error, and has a sixth in flight.
struct Scene {
    _daemon: Daemon,
    _client: Client,
    _origins: [Origin; 2],
}

impl Scene {
    fn start(workdir: &Path) -> Scene {
        let web = Origin::start(|asked: &Asked| match asked.target.starts_with("/slow") {
            true => vec![Step::Hang],
            false => vec![ok("hello")],
        });
        let orders = Origin::start(|_| vec![Step::CloseCleanly]);
        let config = format!(
            "instance = \"edge\"\nthreads = 2\n[log]\nsize = \"16M\"\n\
             [[listen]]\nname = \"main\"\naddress = \"127.0.0.1:0\"\n\
             [[backend]]\nname = \"api1\"\naddress = \"{}\"\n[[backend]]\nname = \"api2\"\naddress = \"{}\"\n\
             [[pool]]\nname = \"web\"\nbackends = [\"api1\"]\n[[pool]]\nname = \"orders\"\nbackends = [\"api2\"]\n\
             [[route]]\npath = \"/\"\npool = \"web\"\n[[route]]\npath = \"/orders\"\npool = \"orders\"\n\
             [timeouts]\nfirst_byte = \"10m\"\n",
            web.address(),
            orders.address()
        );
        let daemon = Daemon::start(workdir, &config);
        for (target, status) in
            [("/a", 200), ("/a", 200), ("/a", 200), ("/b", 200), ("/orders/17", 503)]
        {
            let mut client = Client::connect(daemon.address());
            client.send(format!(
                "GET {target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"
            ));
            assert_eq!(client.answer("GET").status, status);
        }
        let mut client = Client::connect(daemon.address());
        client.send("GET /slow?token=abc HTTP/1.1\r\nHost: shop.example\r\n\r\n");
        // What the examples show is there: counters, the log of all that ended, and where the last one waits.
        Deadline::generous().wait_for("the scene", || {
            let counters = daemon.tool("stat", &["-1", "-f", "MAIN.client_req", "-f", "VBE.*.req"]);
            let values = counters.lines().filter_map(|line| line.split_whitespace().nth(1));
            let is_counted = values.eq(["6", "5", "2"]);
            let log = daemon.tool("log", &["-d", "-g", "raw", "-i", "ReqAcct"]);
            let waits = daemon.tool("ps", &["--once"]).contains("first_byte 1");
            let is_there = is_counted && log.lines().count() == 5 && waits;
            is_there.then_some(())
        });
        Scene { _daemon: daemon, _client: client, _origins: [web, orders] }
    }
}

/// The files of the documentation, by name.
fn chapters() -> Vec<PathBuf> {
    let mut chapters: Vec<_> = std::fs::read_dir(path("../docs"))
        .expect("there is documentation")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    chapters.sort();
    chapters
}

/// A certificate and its key, for configurations that name them.
fn certificate(place: &Path) {
    let made = rcgen::generate_simple_self_signed(["shop.example".to_owned()])
        .expect("a certificate is made");
    let files = [("shop.pem", made.cert.pem()), ("shop.key", made.signing_key.serialize_pem())];
    for (name, text) in files {
        std::fs::write(place.join(name), text).expect("there is room");
    }
}

#[test]
fn every_example_shows_what_happens() {
    let place = unpacked_archive("captures/captures.tar.zst");
    let programs = Path::new(env!("CARGO_BIN_EXE_shellac")).parent().expect("a directory");
    let workdir = place.path().join("edge");
    let _scene = Scene::start(&workdir);
    certificate(place.path());
    let run = |command: &str| {
        let ran = Command::new("sh")
            .args(["-c", &format!("exec 2>&1; PATH={}:$PATH; {command}", programs.display())])
            .current_dir(place.path())
            .env("TZ", "UTC")
            .env("NO_COLOR", "1")
            .env("SHELLAC_N", &workdir)
            .env_remove("SHELLAC_COMPAT")
            .stdin(Stdio::null())
            .output()
            .expect("there is a shell");
        String::from_utf8(ran.stdout).expect("text")
    };
    let mut count = 0;
    let mut wrong = Vec::new();
    for chapter in chapters() {
        let text = std::fs::read_to_string(&chapter).expect("text");
        for block in blocks(&text) {
            count += 1;
            match block {
                Block::Example { command, output } => {
                    let got = run(&command);
                    let expected: Vec<&str> = output.lines().collect();
                    if !is_shown(&expected, &got.lines().collect::<Vec<_>>()) {
                        wrong.push(format!("{}: {command}\n{got}", chapter.display()));
                    }
                }
                Block::Question(_) => {}
                Block::Configuration(text) => {
                    let here = place.path().to_str().expect("a path of text");
                    let text = text.replace("/etc/shellac", here);
                    std::fs::write(place.path().join("shellac.toml"), &text)
                        .expect("there is room");
                    let got = run("shellacd -f shellac.toml --print-config > effective.toml");
                    if !got.is_empty() {
                        wrong.push(format!("{}:\n{text}{got}", chapter.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 60, "{count} examples");
}

#[test]
fn what_duckdb_is_asked_has_an_answer() {
    let Some(python) = duckdb_python() else {
        return without_duckdb();
    };
    let place = unpacked_archive("captures/captures.tar.zst");
    let made = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(["export", "parquet", "-o", "failures.parquet", "-r", "retry-error.vsl"])
        .current_dir(place.path())
        .output()
        .expect("shellac starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut questions = chapters().into_iter().flat_map(|chapter| {
        let text = std::fs::read_to_string(&chapter).expect("text");
        blocks(&text).into_iter().filter_map(|block| match block {
            Block::Question(question) => Some(question),
            Block::Example { .. } | Block::Configuration(_) => None,
        })
    });
    let question = questions.next().expect("there is one");
    assert!(questions.next().is_none(), "the answer to another one is not known here");
    let program = "import duckdb, sys; duckdb.sql('CREATE TABLE answer AS ' + sys.argv[1]); \
                   print(duckdb.sql('SELECT backend, class, failures FROM answer').fetchall())";
    let answer = Command::new(python)
        .args(["-c", program, &question])
        .current_dir(place.path())
        .output()
        .expect("python starts");
    assert_eq!(
        String::from_utf8_lossy(&answer.stdout),
        "[('good', 'closed_before_answer_fresh', 1)]\n",
        "{}",
        String::from_utf8_lossy(&answer.stderr)
    );
}
