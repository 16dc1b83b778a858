//! The client's request as a command line for curl.
//!
//! Everything that came from the log stands in single quotes or, with other bytes than printable ones, in
//! `$'...'` of bash; what could not be sent as it was is named in a comment and left out.

use std::fmt::Write as _;

use super::attempt::RequestHead;
use super::fields::Header;
use super::model::{Node, Trace, What};

/// The command, several lines with comments before it.
///
/// # Errors
///
/// Why there is none, in words.
pub fn curl(trace: &Trace) -> Result<String, &'static str> {
    let asked = asked(trace).ok_or("no request is recorded that could be repeated")?;
    let head = asked.head;
    if head.method.is_empty() || head.url.is_empty() {
        return Err("its request line is not recorded");
    }
    if !is_token(head.method.as_bytes()) {
        return Err("its method is none that curl can send");
    }
    if head.url.contains("\\x") {
        return Err(
            "its URL has bytes that no URL can have, or a backslash that cannot be told from one",
        );
    }
    let mut command = Command::new(&asked);
    command.target(&asked);
    for header in &head.headers.0 {
        command.header(header, asked.client.as_deref());
    }
    command.body(head);
    Ok(command.finish())
}

/// The request to repeat.
struct Asked<'a> {
    node: &'a Node,
    head: &'a RequestHead,
    /// Where it went: address and port.
    to: Option<String>,
    /// Address and port of the client.
    client: Option<String>,
    is_attempt: bool,
}

/// The client's request above what was asked for, else the request to a backend.
fn asked(trace: &Trace) -> Option<Asked<'_>> {
    let (mut session, mut best) = (None, None);
    for root in &trace.roots {
        for node in root.walk() {
            match &node.what {
                What::Session(it) => session = session.or(Some(it)),
                What::Request(it) => {
                    let client = it.client.clone();
                    let from_client = best.is_none() || node.vxid == trace.focus;
                    if from_client && node.reason != shellac_log::Reason::Esi {
                        best = Some((node, &it.request, client));
                    }
                }
                _ => {}
            }
        }
    }
    if let Some((node, head, client)) = best {
        let to = session.and_then(|it| it.local.clone());
        return Some(Asked { node, head, to, client, is_attempt: false });
    }
    let node = trace.focused().filter(|node| node.as_attempt().is_some())?;
    let attempt = node.as_attempt()?;
    let to = attempt.last().and_then(|last| last.open.as_ref()?.remote.clone());
    Some(Asked { node, head: &attempt.request, to, client: None, is_attempt: true })
}

/// A command line that is being put together.
struct Command {
    comments: String,
    arguments: Vec<String>,
    /// curl adds these by itself: they are taken back when the request had none.
    has_agent: bool,
    has_accept: bool,
    needs_bash: bool,
}

impl Command {
    fn new(asked: &Asked<'_>) -> Command {
        let what = if asked.is_attempt { "request to a backend" } else { "client's request" };
        let comments = format!("# The {what} {} once more.\n", asked.node.vxid);
        let arguments = vec!["--globoff".to_owned(), "--path-as-is".to_owned()];
        Command { comments, arguments, has_agent: false, has_accept: false, needs_bash: false }
    }

    fn comment(&mut self, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.comments, "# {text}");
    }

    /// Method, protocol, URL, and the address that it went to.
    fn target(&mut self, asked: &Asked<'_>) {
        let head = asked.head;
        match head.protocol.as_str() {
            "HTTP/1.0" => self.arguments.push("--http1.0".to_owned()),
            "HTTP/2.0" | "HTTP/2" => self.arguments.push("--http2-prior-knowledge".to_owned()),
            _ => self.arguments.push("--http1.1".to_owned()),
        }
        match head.method.as_str() {
            "GET" => {}
            "HEAD" => self.arguments.push("--head".to_owned()),
            method => self.arguments.push(format!("--request {}", quoted(method))),
        }
        let host = head.headers.get("host").and_then(|host| std::str::from_utf8(host).ok());
        let host = host.filter(|host| {
            is_host(host) && head.headers.get_shown("host").as_deref() == Some(*host)
        });
        let to = asked.to.as_deref().filter(|to| to.parse::<std::net::SocketAddr>().is_ok());
        let Some(authority) = host.or(to) else {
            self.comment("Where it went to is not recorded: replace SERVER.");
            self.place(head, "SERVER");
            return;
        };
        if let Some(to) = to.filter(|to| *to != authority) {
            self.arguments.push(format!("--connect-to {}", quoted(&format!("::{to}"))));
        }
        self.place(head, authority);
    }

    fn place(&mut self, head: &RequestHead, authority: &str) {
        let url = &head.url;
        let plain = url.starts_with('/') && !url.contains(['#', ' ', '\\', '"', '<', '>']);
        if plain {
            self.arguments.push(quoted(&format!("http://{authority}{url}")));
        } else {
            // Whatever else the target was, it is sent as it is.
            self.arguments.push(format!("--request-target {}", quoted(url)));
            self.arguments.push(quoted(&format!("http://{authority}/")));
        }
    }

    fn header(&mut self, header: &Header, client: Option<&str>) {
        let name = header.shown_name();
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if !is_token(&header.name) {
            self.comment("A header whose name is none is left out.");
            return;
        }
        self.has_agent |= is("user-agent");
        self.has_accept |= is("accept");
        // curl counts the body itself.
        if is("content-length") {
            return;
        }
        let shown = header.shown_value();
        let is_whole = header.shown.is_none() || shown == crate::visible(&header.value);
        if !is_whole {
            if shown.starts_with("(redacted, ") {
                let variable = variable(&name);
                self.comment(&format!("{name}: {shown}. Set {variable} before."));
                self.arguments
                    .push(format!("--header {}\"${{{variable}?}}\"", quoted(&format!("{name}: "))));
            } else {
                self.comment(&format!("{name}: a part of its value is redacted."));
                self.arguments.push(format!("--header {}", quoted(&format!("{name}: {shown}"))));
            }
            return;
        }
        let mut value = header.value.as_slice();
        if is("x-forwarded-for")
            && let Some(client) = client
        {
            // The last address was added by the proxy, which adds it again.
            let address = client.rsplit_once(':').map_or(client, |(address, _)| address);
            let address = address.trim_matches(['[', ']']);
            let Some(rest) = value.strip_suffix(address.as_bytes()) else {
                return self.sent(&name, value);
            };
            value = rest.trim_ascii_end().strip_suffix(b",").unwrap_or(rest).trim_ascii_end();
            if value.is_empty() {
                return;
            }
        }
        if is("via") && value.ends_with(b"(Shellac)") {
            // So was the last proxy.
            let start = value.iter().rposition(|&byte| byte == b',').unwrap_or(0);
            value = value[..start].trim_ascii_end();
            if value.is_empty() {
                return;
            }
        }
        self.sent(&name, value);
    }

    fn sent(&mut self, name: &str, value: &[u8]) {
        if value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            self.comment(&format!("{name} is left out: its value has control characters."));
        } else if value.is_empty() {
            self.arguments.push(format!("--header {}", quoted(&format!("{name};"))));
        } else if value.iter().all(|byte| (b' '..=b'~').contains(byte)) {
            let text = crate::visible(value);
            self.arguments.push(format!("--header {}", quoted(&format!("{name}: {text}"))));
        } else {
            self.needs_bash = true;
            let mut text = format!("--header $'{name}: ");
            for &byte in value {
                match byte {
                    b'\'' | b'\\' => text.extend(['\\', char::from(byte)]),
                    b' '..=b'~' => text.push(char::from(byte)),
                    // Three digits, so that no digit behind belongs to it.
                    _ => drop(write!(text, "\\{byte:03o}")),
                }
            }
            self.arguments.push(text + "'");
        }
    }

    /// The body, which no log has.
    fn body(&mut self, head: &RequestHead) {
        let length = head.headers.content_length();
        let chunked = head.headers.get("transfer-encoding").is_some();
        if length.unwrap_or(0) == 0 && !chunked {
            return;
        }
        let bytes = match length {
            Some(length) => format!("{length} bytes"),
            None => "of unknown length".to_owned(),
        };
        self.comment(&format!("Its body ({bytes}) is not recorded: put one into the file BODY."));
        self.arguments.push("--data-binary @BODY".to_owned());
        if head.headers.get("content-type").is_none() {
            self.arguments.push("--header 'Content-Type:'".to_owned());
        }
        if head.headers.get("expect").is_none() {
            self.arguments.push("--header 'Expect:'".to_owned());
        }
    }

    fn finish(mut self) -> String {
        for (has, name) in [(self.has_agent, "User-Agent:"), (self.has_accept, "Accept:")] {
            if !has {
                self.arguments.push(format!("--header '{name}'"));
            }
        }
        if self.needs_bash {
            self.comment("The form $'...' needs bash, zsh or ksh.");
        }
        format!("{}curl -v {}\n", self.comments, self.arguments.join(" \\\n  "))
    }
}

/// A variable of the shell for the value of a header; `name` is a token.
fn variable(name: &str) -> String {
    let letters =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    format!("H_{}", letters.collect::<String>())
}

/// One word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Whether `text` is what HTTP calls a token: names and methods.
fn is_token(text: &[u8]) -> bool {
    let fine = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(fine)
}

/// Whether a `Host` can stand in a URL.
fn is_host(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    !text.is_empty() && text.chars().all(fine)
}

#[cfg(test)]
mod tests;
