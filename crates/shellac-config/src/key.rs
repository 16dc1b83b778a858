//! What the key of a consistent hash is made of.

use crate::section::nearest;

/// A key as the file spells it, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTemplate {
    /// As it is in the file.
    pub text: String,
    /// Its parts in order; at least one of them is no text.
    pub parts: Vec<KeyPart>,
}

/// A piece of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPart {
    /// This text.
    Text(String),
    /// `$host`: the host of the request without its port, in lower case.
    Host,
    /// `$uri`: the path, decoded and normalized, without the query.
    Uri,
    /// `$request_uri`: path and query as they came.
    RequestUri,
    /// `$args`: the query.
    Args,
    /// `$arg_NAME`: a parameter of the query.
    Arg(String),
    /// `$http_NAME`: a header; in its name `_` stands for `-`.
    Header(String),
    /// `$cookie_NAME`: a cookie.
    Cookie(String),
    /// `$remote_addr`: the client's address without its port.
    RemoteAddr,
    /// `$request_method`: the method.
    Method,
}

/// Variables without a name of their own behind them.
const PLAIN: &[(&str, KeyPart)] = &[
    ("host", KeyPart::Host),
    ("uri", KeyPart::Uri),
    ("request_uri", KeyPart::RequestUri),
    ("args", KeyPart::Args),
    ("remote_addr", KeyPart::RemoteAddr),
    ("request_method", KeyPart::Method),
];

/// Longest key.
const LONGEST: usize = 1024;

impl KeyTemplate {
    /// Takes a key apart: text with variables in it, as `$host$uri` or `${host}/x`.
    ///
    /// # Errors
    ///
    /// What is wrong, for people: a variable that does not exist (with the nearest one), or none at all.
    pub fn parse(text: &str) -> Result<KeyTemplate, String> {
        if text.len() > LONGEST {
            return Err(format!("is longer than {LONGEST} bytes"));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            if at > 0 {
                parts.push(KeyPart::Text(rest[..at].to_owned()));
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
            parts.push(KeyPart::Text(rest.to_owned()));
        }
        Ok(KeyTemplate { text: text.to_owned(), parts })
    }
}

fn variable(name: &str) -> Result<KeyPart, String> {
    if let Some((_, part)) = PLAIN.iter().find(|(plain, _)| *plain == name) {
        return Ok(part.clone());
    }
    let named = [
        ("arg_", KeyPart::Arg as fn(String) -> KeyPart),
        ("http_", KeyPart::Header),
        ("cookie_", KeyPart::Cookie),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_variables() {
        let parts = |text| KeyTemplate::parse(text).unwrap().parts;
        assert_eq!(parts("$host$uri"), [KeyPart::Host, KeyPart::Uri]);
        let text = |text: &str| KeyPart::Text(text.to_owned());
        assert_eq!(
            parts("a${host}b-$arg_id/$http_x_user$cookie_sid."),
            [
                text("a"),
                KeyPart::Host,
                text("b-"),
                KeyPart::Arg("id".to_owned()),
                text("/"),
                KeyPart::Header("x_user".to_owned()),
                KeyPart::Cookie("sid".to_owned()),
                text("."),
            ]
        );
        assert_eq!(
            parts("$request_uri$args$remote_addr$request_method"),
            [KeyPart::RequestUri, KeyPart::Args, KeyPart::RemoteAddr, KeyPart::Method]
        );
    }

    #[test]
    fn what_is_no_key_says_why() {
        for (text, reason) in [
            ("$hots", "there is no variable `$hots`; did you mean `$host`?"),
            ("${host", "`${host` has no closing brace"),
            ("/index", "`/index` is the same for all requests; use variables such as `$host$uri`"),
            ("$arg_", "there is no variable `$arg_`; did you mean `$args`?"),
            (
                "$",
                "there is no variable `$`; there are $host, $uri, $request_uri, $args, $remote_addr, $request_method, $arg_NAME, $http_NAME and $cookie_NAME",
            ),
        ] {
            assert_eq!(KeyTemplate::parse(text).unwrap_err(), reason);
        }
    }
}
