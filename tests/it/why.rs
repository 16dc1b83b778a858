//! `shellac why`: it finds what was planted, names nothing else, and shows nothing that a terminal would obey.

mod files;
mod live;
mod written;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs it on these arguments.
fn why(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shellac"))
        .arg("why")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("shellac starts")
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}: {}", output.status, complaints(output));
    String::from_utf8(output.stdout.clone()).expect("a report is text")
}

fn complaints(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The report about these files, as JSON.
fn report(files: &[&Path], more: &[&str]) -> Value {
    let mut arguments = vec!["--json"];
    arguments.extend(more);
    for file in files {
        arguments.extend(["-r", file.to_str().expect("a path of text")]);
    }
    let text = said(&why(&arguments));
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The conditions of each explanation: `backend=a|b`, `+header`, `-header`; of one explanation with `&`, sorted.
fn explanations(report: &Value) -> Vec<String> {
    let clause = |clause: &Value| match &clause["header"] {
        Value::String(name) if clause["present"] == true => format!("+{name}"),
        Value::String(name) => format!("-{name}"),
        _ => {
            let values = clause["values"].as_array().expect("values");
            let mut values: Vec<&str> =
                values.iter().map(|value| value.as_str().expect("text")).collect();
            values.sort_unstable();
            format!("{}={}", clause["dimension"].as_str().expect("a key"), values.join("|"))
        }
    };
    let explanation = |found: &Value| {
        let clauses = found["clauses"].as_array().expect("clauses");
        let mut clauses: Vec<String> = clauses.iter().map(clause).collect();
        clauses.sort();
        clauses.join("&")
    };
    report["explanations"].as_array().expect("a list").iter().map(explanation).collect()
}

/// The keys of dimensions, and names of headers with `+`, in one list of the report.
fn list(report: &Value, name: &str) -> Vec<String> {
    let subject = |subject: &Value| match &subject["header"] {
        Value::String(name) => format!("+{name}"),
        _ => subject["dimension"].as_str().expect("a key").to_owned(),
    };
    report[name].as_array().expect("a list").iter().map(subject).collect()
}
