//! What the documentation shows is what the tools do: its examples are run.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::fixture::{path, unpacked_archive};

/// Something to type, and what it shows.
struct Example {
    command: String,
    output: String,
}

/// The examples of a chapter: lines behind `$ ` in blocks marked `console`.
fn examples(text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut is_console = false;
    for line in text.lines() {
        match (line, line.strip_prefix("$ ")) {
            ("```console", _) => is_console = true,
            ("```", _) => is_console = false,
            (_, Some(command)) if is_console => {
                examples.push(Example { command: command.to_owned(), output: String::new() });
            }
            (line, None) if is_console => {
                let example = examples.last_mut().expect("a command comes first");
                example.output.push_str(line);
                example.output.push('\n');
            }
            _ => {}
        }
    }
    examples
}

/// Whether this is what is shown. `...` at the end of it stands for anything; blanks at the end of lines do not count.
fn is_shown(expected: &str, got: &str) -> bool {
    let got: String = got.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    match expected.trim_end().strip_suffix("...") {
        Some(start) => got.starts_with(start.trim_end_matches(' ')),
        None => got == expected,
    }
}

#[test]
fn every_example_shows_what_happens() {
    let place = unpacked_archive("captures/captures.tar.zst");
    let programs = Path::new(env!("CARGO_BIN_EXE_shellac")).parent().expect("a directory");
    let mut count = 0;
    for entry in std::fs::read_dir(path("../docs")).expect("there is documentation") {
        let chapter = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&chapter).expect("text");
        for Example { command, output } in examples(&text) {
            count += 1;
            let ran = Command::new("sh")
                .args(["-c", &format!("PATH={}:$PATH; {command} 2>&1", programs.display())])
                .current_dir(place.path())
                .env("TZ", "UTC")
                .env("NO_COLOR", "1")
                .env_remove("SHELLAC_N")
                .env_remove("SHELLAC_COMPAT")
                .stdin(Stdio::null())
                .output()
                .expect("there is a shell");
            let got = String::from_utf8(ran.stdout).expect("text");
            assert!(is_shown(&output, &got), "{}: {command}\n{got}", chapter.display());
        }
    }
    assert!(count >= 8, "{count} examples");
}
