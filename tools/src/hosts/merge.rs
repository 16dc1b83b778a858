//! The answers of several machines as one.

use std::io::{ErrorKind, Write, stdout};

use serde_json::{Deserializer, Value, json};

use super::Answer;

/// Writes all of them: JSON as one array, text with the name of its machine above it. What did not work goes to standard
/// error.
pub(super) fn write(answers: &[Answer], is_json: bool) -> anyhow::Result<()> {
    let text = if is_json { array(answers)? } else { text(answers) };
    match stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    for answer in answers {
        if let Err(reason) = &answer.status {
            eprintln!("shellac: {}: {reason}", answer.host);
        }
    }
    Ok(())
}

pub(super) fn text(answers: &[Answer]) -> String {
    let mut text = String::new();
    for answer in answers.iter().filter(|answer| !answer.output.is_empty()) {
        if !text.is_empty() {
            text.push('\n');
        }
        text += &format!("== {}\n", answer.host);
        // It is our own program there, but what it is and what it shows is not ours.
        for c in answer.output.chars() {
            if c.is_control() && c != '\n' {
                text += &format!("\\x{:02x}", u32::from(c));
            } else {
                text.push(c);
            }
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

/// An object for each: the machine, its status, what it answered, and what went wrong.
pub(super) fn array(answers: &[Answer]) -> anyhow::Result<String> {
    let one = |answer: &Answer| {
        let values: Result<Vec<Value>, _> =
            Deserializer::from_str(&answer.output).into_iter::<Value>().collect();
        let (values, mut problem) = match values {
            Ok(values) => (values, None),
            Err(error) => (Vec::new(), Some(format!("its answer is no JSON: {error}"))),
        };
        if let Err(reason) = &answer.status {
            problem = Some(reason.clone());
        }
        json!({"host": answer.host, "status": answer.status.as_ref().ok(), "answers": values, "error": problem})
    };
    let all: Vec<Value> = answers.iter().map(one).collect();
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}
