//! Which methods a route takes, and what becomes of its requests.

use toml::de::DeValue;

use super::method;
use crate::section::{At, Problems, Section, integer, list, text};
use crate::types::Action;

/// What `action` can say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Pass,
    Pipe,
    Deny,
}

/// The phrases of statuses that a refusal is likely to have.
const REASONS: &[(u16, &str)] = &[
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (410, "Gone"),
    (429, "Too Many Requests"),
    (451, "Unavailable For Legal Reasons"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (503, "Service Unavailable"),
];

/// `methods`, `action` with `status` and `reason`, and `upgrade`.
pub(super) fn read(
    section: &mut Section<'_, '_>,
    problems: &mut Problems,
) -> (Vec<String>, Action, Vec<String>) {
    let methods = section.take(problems, "methods", |value| match list(value, method)? {
        methods if methods.is_empty() => Err("is empty; without it all methods count".to_owned()),
        methods => Ok(methods),
    });
    let words = [("pass", Word::Pass), ("pipe", Word::Pipe), ("deny", Word::Deny)];
    let action = section.choice(problems, "action", Word::Pass, &words);
    let status = section.take(problems, "status", |value| {
        integer(value, 400..=599).map(|found| u16::try_from(found).unwrap_or(u16::MAX))
    });
    let reason = section.take(problems, "reason", phrase);
    let upgrade = section.take(problems, "upgrade", |value| list(value, protocol));
    let mut wrong = |key: &'static str, reason: &str| {
        problems.add(section.place(key), section.key(key), reason);
    };
    if action != Word::Deny {
        for (key, given) in [("status", status.is_some()), ("reason", reason.is_some())] {
            if given {
                wrong(key, "has no effect without `action = \"deny\"`");
            }
        }
    } else if upgrade.is_some() {
        wrong("upgrade", "has no effect with `action = \"deny\"`");
    }
    let connect = methods.as_ref().is_some_and(|found| found.value.iter().any(|m| m == "CONNECT"));
    if connect {
        if action == Word::Pass {
            wrong("methods", "CONNECT cannot be passed on; it needs `action = \"pipe\"`");
        }
        if section.has("path") {
            wrong("path", "a request with CONNECT has none");
        }
    }
    let action = match action {
        Word::Pass => Action::Pass,
        Word::Pipe => Action::Pipe,
        Word::Deny => {
            let status = status.map_or(403, |found| found.value);
            let known = REASONS.iter().find(|(known, _)| *known == status);
            let reason =
                reason.map(|found| found.value).or(known.map(|(_, text)| (*text).to_owned()));
            Action::Deny { status, reason: reason.unwrap_or_else(|| "Refused".to_owned()) }
        }
    };
    let value = |found: Option<At<Vec<String>>>| found.map(|found| found.value).unwrap_or_default();
    (value(methods), action, value(upgrade))
}

/// What stands behind a status.
fn phrase(value: &DeValue<'_>) -> Result<String, String> {
    let phrase = text(value)?;
    if phrase.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && !phrase.contains(['<', '>', '&'])
    {
        Ok(phrase)
    } else {
        Err(format!("`{phrase}` has characters that a phrase behind a status cannot have"))
    }
}

/// The name of a protocol, as it stands in `Upgrade`.
fn protocol(value: &DeValue<'_>) -> Result<String, String> {
    let protocol = text(value)?;
    let is_token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    if protocol.eq_ignore_ascii_case("h2c") {
        return Err(format!(
            "`{protocol}`: its requests would go past every route and into no log"
        ));
    }
    if protocol.split('/').count() <= 2 && protocol.split('/').all(is_token) {
        Ok(protocol.to_ascii_lowercase())
    } else {
        Err(format!("`{protocol}` is not the name of a protocol, such as \"websocket\""))
    }
}
