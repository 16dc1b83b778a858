//! `backend.list` and `backend.set_health`.

mod text;

use std::time::Duration;

use shellac_admin::{Answer, Envelope, Status};
use shellac_proxy::Control;
use shellac_upstream::admin::{Mode, Pattern, Scope};

/// What `backend.list` was asked.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked<'a> {
    json: bool,
    details: bool,
    pattern: Option<&'a str>,
}

/// The list, as table or JSON; `words` are the whole request and `now` is since 1970.
pub(super) fn list(control: &Control, words: &[&str], now: Duration) -> Answer {
    let asked = match asked(&words[1..]) {
        Ok(asked) => asked,
        Err(why) => return Answer::new(Status::PARAMETER, why),
    };
    let pattern = match Pattern::parse(asked.pattern.unwrap_or("*")) {
        Ok(pattern) => pattern,
        Err(error) => return Answer::new(Status::PARAMETER, error.to_string()),
    };
    let backends = control.backends(|subject| pattern.matches(subject, Scope::Active));
    if asked.json {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let body = text::json(&backends, asked.details);
        return Answer::ok(Envelope::new(3, &words, now).block(&body));
    }
    Answer::ok(text::table(&backends, asked.details))
}

/// Flags may stick together, and `-p` twice is none.
fn asked<'a>(args: &[&'a str]) -> Result<Asked<'a>, String> {
    let mut asked = Asked::default();
    let mut words = args.iter();
    for word in words.by_ref() {
        let Some(letters) = word.strip_prefix('-') else {
            asked.pattern = Some(word);
            break;
        };
        for letter in letters.chars() {
            match letter {
                'j' => asked.json = true,
                'p' => asked.details = !asked.details,
                other => return Err(format!("Invalid flag {other}")),
            }
        }
    }
    if words.next().is_some() {
        return Err("Too many arguments".to_owned());
    }
    Ok(asked)
}

/// Says what is wanted of backends.
pub(super) fn set_health(control: &Control, pattern: &str, state: &str) -> Answer {
    let mode = match state.to_ascii_lowercase().as_str() {
        "auto" => Mode::Auto,
        "healthy" => Mode::Healthy,
        "sick" => Mode::Sick,
        _ => return Answer::new(Status::PARAMETER, format!("Invalid state {state}")),
    };
    let pattern = match Pattern::parse(pattern) {
        Ok(pattern) => pattern,
        Err(error) => return Answer::new(Status::PARAMETER, error.to_string()),
    };
    match control.set_health(|subject| pattern.matches(subject, Scope::Active), mode) {
        0 => Answer::new(Status::PARAMETER, "No Backends matches"),
        _ => Answer::ok(""),
    }
}

#[cfg(test)]
mod tests;
