//! `shellac explain`: what an error text means, without the log that it stands in.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};
use shellac_render::causes::{self, Cause, Missing};
use shellac_render::error_text::{Phase, Text};
use shellac_render::explain::{Explained, catalogue, explain, screen, texts_of};

use crate::color::{ColorWhen, page_columns};

/// Bytes that are read of standard input.
const MOST_INPUT: u64 = 1 << 20;

/// Options of `shellac explain`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
A text is that of a FetchError, Error or VCL_Error record, a line of `shellac
log` or `shellac errors`, a line of the log of nginx, haproxy or Envoy, one of
the flags that the last two have, a message of curl or of the kernel, or a
transaction number. Several causes are candidates: what would decide is said.

Exit status: 0 when all texts are known, 1 when not, 2 for wrong options.")]
pub(crate) struct Args {
    /// The text; "-" explains each line of standard input
    #[arg(value_name = "TEXT", required_unless_present = "list", allow_hyphen_values = true)]
    text: Vec<String>,

    /// Show the catalogue: every cause, its evidence, its texts
    #[arg(long, conflicts_with = "text")]
    list: bool,

    /// One JSON object per text, or per cause
    #[arg(long)]
    json: bool,

    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    color: ColorWhen,
}

/// Runs the tool.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.list {
        let text = if args.json {
            causes::all().map(|cause| listed(cause).to_string() + "\n").collect()
        } else {
            catalogue(page_columns(), args.color.decide())
        };
        put(&text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let texts = match &args.text[..] {
        [dash] if dash == "-" => lines()?,
        words => vec![words.join(" ")],
    };
    let mut all_known = true;
    let mut output = String::new();
    for (at, text) in texts.iter().enumerate() {
        let explained = explain(text);
        all_known &= !matches!(explained, Explained::Unknown(_));
        if args.json {
            output += &(object(text, &explained).to_string() + "\n");
        } else {
            if at > 0 {
                output.push('\n');
            }
            output += &screen(text, &explained, page_columns(), args.color.decide());
        }
    }
    put(&output)?;
    Ok(if all_known { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The lines of standard input that are not empty.
fn lines() -> anyhow::Result<Vec<String>> {
    let mut input = Vec::new();
    let count = io::stdin().take(MOST_INPUT + 1).read_to_end(&mut input);
    let count = count.context("cannot read standard input")?;
    if count as u64 > MOST_INPUT {
        anyhow::bail!(
            "standard input is longer than {MOST_INPUT} bytes: choose the lines to explain"
        );
    }
    let text = String::from_utf8_lossy(&input);
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

/// Writes; nobody reading any more is no mistake.
fn put(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

fn object(text: &str, explained: &Explained) -> Value {
    match explained {
        Explained::Known(known) => {
            let phases = Phase::ALL.iter().filter(|phase| known.reading.phases.contains(**phase));
            let missing = &known.diagnosis.missing;
            json!({
                "given": text,
                "text": known.text,
                "source": known.row.source.words(),
                "words": known.reading.words(),
                "phases": phases.map(|phase| phase.word()).collect::<Vec<_>>(),
                "candidates": known.diagnosis.candidates.iter().copied().map(cause).collect::<Vec<_>>(),
                "missing": missing.iter().copied().map(fact).collect::<Vec<_>>(),
            })
        }
        Explained::Xid(xid) => json!({ "given": text, "xid": xid }),
        Explained::Unknown(nearest) => json!({
            "given": text,
            "nearest": nearest.iter().copied().map(known_text).collect::<Vec<_>>(),
        }),
    }
}

fn cause(cause: &Cause) -> Value {
    json!({
        "id": cause.id,
        "title": cause.title,
        "means": cause.means,
        "todo": cause.todo,
        "proof": cause.proof,
        "sign": cause.sign,
        "needs": cause.needs().into_iter().map(Missing::word).collect::<Vec<_>>(),
    })
}

fn listed(listed: &Cause) -> Value {
    let mut object = cause(listed);
    object["texts"] = texts_of(listed).map(known_text).collect();
    object
}

fn fact(missing: Missing) -> Value {
    json!({ "fact": missing.word(), "text": missing.would_decide() })
}

fn known_text(row: &Text) -> Value {
    json!({ "text": row.pattern.shown(), "source": row.source.words() })
}
