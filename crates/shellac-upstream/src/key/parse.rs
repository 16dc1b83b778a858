//! Keys as a configuration spells them.

use super::{Part, Template};
use crate::spelling::nearest;

/// Variables without a name of their own behind them.
const PLAIN: &[(&str, Part)] = &[
    ("host", Part::Host),
    ("uri", Part::Uri),
    ("request_uri", Part::RequestUri),
    ("args", Part::Args),
    ("remote_addr", Part::RemoteAddr),
    ("request_method", Part::Method),
];

/// Longest key.
const LONGEST: usize = 1024;

impl Template {
    /// Takes a key apart: text with variables in it, as `$host$uri` or `${host}/x`.
    ///
    /// # Errors
    ///
    /// What is wrong, for people: a variable that does not exist (with the nearest one), or none at all.
    pub fn parse(text: &str) -> Result<Template, String> {
        if text.len() > LONGEST {
            return Err(format!("is longer than {LONGEST} bytes"));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            if at > 0 {
                parts.push(Part::Text(rest[..at].to_owned()));
            }
            let after = &rest[at + 1..];
            let (name, behind) = match after.strip_prefix('{') {
                Some(braced) => braced
                    .split_once('}')
                    .ok_or_else(|| format!("`${after}` has no closing brace"))?,
                None => after.split_at(
                    after
                        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                        .unwrap_or(after.len()),
                ),
            };
            parts.push(variable(name)?);
            rest = behind;
        }
        if parts.is_empty() {
            return Err(format!(
                "`{text}` is the same for all requests; use variables such as `$host$uri`"
            ));
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Template { parts })
    }
}

fn variable(name: &str) -> Result<Part, String> {
    if let Some((_, part)) = PLAIN.iter().find(|(plain, _)| *plain == name) {
        return Ok(part.clone());
    }
    let named = [
        ("arg_", Part::Arg as fn(String) -> Part),
        ("http_", Part::Header),
        ("cookie_", Part::Cookie),
    ];
    for (prefix, part) in named {
        if let Some(name) = name.strip_prefix(prefix).filter(|name| !name.is_empty()) {
            return Ok(part(name.to_owned()));
        }
    }
    let known: Vec<&str> = PLAIN.iter().map(|(plain, _)| *plain).collect();
    Err(match nearest(name, &known) {
        Some(near) => format!("there is no variable `${name}`; did you mean `${near}`?"),
        None => format!(
            "there is no variable `${name}`; there are ${}, $arg_NAME, $http_NAME and $cookie_NAME",
            known.join(", $")
        ),
    })
}
