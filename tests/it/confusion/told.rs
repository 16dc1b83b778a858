//! Each fault of the table once: what the client gets, what the log says, which has to be what varnish says, and what
//! `shellac trace` makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use shellac_log::{FileSource, Grouping};
use shellac_render::failures::Failures;

use super::faults::{FAULTS, Fault, Gets, RARE};
use super::scene::Scene;
use super::{alone, groups, verdict, verdicts};
use crate::support::deadline::Deadline;
use crate::support::fixture;

/// Faults that are met at the same time.
const AT_ONCE: usize = 8;

/// The head of an answer, its body as it came, and whether that has its end; `None` when there is no head.
pub(super) fn parts(answer: &str) -> Option<(&str, &str, bool)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    let length = field("Content-Length: ").and_then(|length| length.parse::<usize>().ok());
    let whole = match length {
        Some(length) => body.len() == length,
        None => {
            let chunked = field("Transfer-Encoding: chunked").is_some();
            chunked && body.ends_with("0\r\n\r\n")
        }
    };
    Some((head, body, whole))
}

/// Whether an answer is what was wanted.
fn check(gets: Gets, answer: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body, whole)) = parts(&text) else {
        let is_nothing = gets == Gets::Nothing && answer.is_empty();
        return if is_nothing { Ok(()) } else { Err(format!("no answer: {text:?}")) };
    };
    let wanted = match gets {
        Gets::Page(status) => {
            whole && head.starts_with(&format!("HTTP/1.1 {status} ")) && body.contains("Guru")
        }
        Gets::Cut => !whole && head.starts_with("HTTP/1.1 200 "),
        Gets::Nothing => false,
    };
    if wanted { Ok(()) } else { Err(format!("{gets:?} was wanted, and it is {text:?}")) }
}

/// A text without the name of the backend.
fn nameless(text: &str) -> String {
    match text.strip_prefix("backend ").and_then(|rest| rest.split_once(": ")) {
        Some((name, rest)) if !name.contains(' ') => format!("backend x: {rest}"),
        _ => text.to_owned(),
    }
}

/// The texts of each failed attempt in each recording that the table names, without the names of backends.
fn recorded() -> BTreeMap<&'static str, BTreeSet<Vec<String>>> {
    let captures = fixture::unpacked_archive("captures/captures.tar.zst");
    let names = FAULTS.iter().chain(RARE).filter_map(|fault| fault.recorded);
    names
        .map(|name| {
            let file = std::fs::File::open(captures.path().join(format!("{name}.vsl")));
            let file = file.unwrap_or_else(|error| panic!("{name}: {error}"));
            let mut source = FileSource::open(name.to_owned(), file, None).expect("it is a log");
            let mut texts = BTreeSet::new();
            groups(&mut source, Grouping::Request, |group| {
                let read = Failures::read(group);
                for failed in read.iter().flat_map(|read| &read.attempts) {
                    texts.insert(failed.error.split("; ").map(nameless).collect());
                }
            });
            (name, texts)
        })
        .collect()
}

/// What `shellac trace` says about the newest group with `target` in it.
fn trace(scene: &Scene, target: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
    command.args(["trace", "--url", target, "-n"]).arg(scene.workdir()).stdin(Stdio::null());
    let output = command.output().expect("it starts");
    String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_fault_is_answered_logged_in_varnishs_words_and_explained() {
    let recorded = recorded();
    let _alone = alone();
    let scene = Scene::set("6.0-7.2");
    let all: Vec<(&Fault, String)> = FAULTS
        .iter()
        .chain(RARE)
        .enumerate()
        .map(|(number, fault)| {
            let target = format!("{}/{}/{number}/1/100000", fault.place, fault.name);
            // An even length asks for a connection that is kept.
            (fault, if target.len().is_multiple_of(2) { target + "0" } else { target })
        })
        .collect();
    let queue = Mutex::new(all.clone());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let job = queue.lock().expect("nobody panics with it").pop();
                    let Some((fault, target)) = job else { return };
                    let answer = scene.inject(fault, &target);
                    if let Err(error) = check(fault.gets, &answer) {
                        wrong.lock().expect("nobody panics").push(format!("{target}: {error}"));
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().expect("nobody panics with it");
    let found = Deadline::generous().wait_for("a failure in the log for each fault", || {
        let found = verdicts(&scene.workdir());
        let missing = all.iter().find(|(_, target)| !found.contains_key(target));
        match missing {
            None => Some(found),
            Some((_, target)) => {
                scene.still_waited_for(target);
                None
            }
        }
    });
    let mut told = BTreeSet::new();
    for (fault, target) in &all {
        let failed = &found[target];
        let says: Vec<&str> = failed.error.split("; ").collect();
        if says != fault.says {
            wrong.push(format!("{target}: the log says {says:?}"));
        }
        let nameless: Vec<String> = says.iter().map(|text| nameless(text)).collect();
        if let Some(name) = fault.recorded
            && !recorded[name].contains(&nameless)
        {
            wrong.push(format!("{target}: {nameless:?}, but varnish: {:?}", recorded[name]));
        }
        if verdict(failed) != [fault.cause] {
            wrong.push(format!("{target}: {:?} and not {}", verdict(failed), fault.cause));
        }
        let more = explained(fault);
        if !told.insert(fault.cause) && more.is_empty() {
            // The same words as before.
            continue;
        }
        let shown = trace(&scene, target);
        let cause = shellac_render::causes::all().find(|cause| cause.id == fault.cause);
        let title = cause.expect("it is in the catalogue").title;
        // In the middle of a sentence it begins with a small letter.
        if !shown.contains(&title[1..]) {
            wrong.push(format!("{target}: trace does not say {title:?} in {shown}"));
        }
        for part in more {
            if !shown.contains(part) {
                wrong.push(format!("{target}: trace does not say {part:?} in {shown}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What else is told about a fault.
fn explained(fault: &Fault) -> &'static [&'static str] {
    match (fault.place, fault.name) {
        ("/again", _) => &["cannot be sent again: disk, errno 20 (Not a directory)"],
        ("/total", "stall-in-body") => &["the limit is 1.000 s (total)"],
        ("/rate", _) => &["body of the answer stopped, time-out"],
        (_, "bad-header") => &["junk bad header line: no colon HTTP/1.1 200 OK"],
        (_, "many-headers") => &["junk too many headers: X-Many: x HTTP/1.1 200 OK"],
        _ => &[],
    }
}
