//! Text to tokens.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::one_of;
use nom::combinator::{not, recognize, value};
use nom::multi::many0_count;
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use crate::error::Fault;
use crate::token::{Kind, Token};

type Parsed<'a, T> = IResult<&'a [u8], T>;

/// The tokens of a text; the last one is [`Kind::End`] and has no length.
pub(crate) fn tokens(text: &[u8]) -> Result<Vec<Token<'_>>, Fault> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        // Nothing to skip is no failure, so there is always a rest.
        if let Ok((after, ())) = skipped(rest) {
            rest = after;
        }
        let start = text.len() - rest.len();
        if rest.is_empty() {
            tokens.push(Token { kind: Kind::End, raw: rest, start });
            return Ok(tokens);
        }
        if let [quote @ (b'"' | b'\''), ..] = rest {
            let (after, raw) = quoted(rest, *quote)
                .map_err(|len| Fault::at("Unterminated string", start..start + len).inside(len))?;
            tokens.push(Token { kind: Kind::Value, raw, start });
            rest = after;
            continue;
        }
        let Ok((after, kind)) = alt((symbol, keyword, word, line_end)).parse(rest) else {
            let fault = Fault::at("Syntax error", start..start + 1);
            // The stock tools mark it as an exact place where it touches a token.
            let touches = text[..start].last().is_some_and(|byte| !byte.is_ascii_whitespace());
            return Err(if touches { fault.inside(0) } else { fault });
        };
        tokens.push(Token { kind, raw: &rest[..rest.len() - after.len()], start });
        rest = after;
    }
}

/// Blanks, line ends behind a backslash, comments.
fn skipped(text: &[u8]) -> Parsed<'_, ()> {
    let blanks = take_while1(|byte| byte == b' ' || byte == b'\t');
    let comment = recognize(preceded(tag("#"), take_while(|byte| byte != b'\n')));
    many0_count(alt((blanks, tag("\\\n"), comment))).map(|_| ()).parse(text)
}

fn symbol(text: &[u8]) -> Parsed<'_, Kind> {
    alt((
        value(Kind::Equal, tag("==")),
        value(Kind::Unequal, tag("!=")),
        value(Kind::AtMost, tag("<=")),
        value(Kind::AtLeast, tag(">=")),
        value(Kind::NoMatch, tag("!~")),
        value(Kind::Less, tag("<")),
        value(Kind::Greater, tag(">")),
        value(Kind::Match, tag("~")),
        value(Kind::Open, tag("(")),
        value(Kind::Close, tag(")")),
        value(Kind::OpenField, tag("[")),
        value(Kind::CloseField, tag("]")),
        value(Kind::OpenLevel, tag("{")),
        value(Kind::CloseLevel, tag("}")),
        value(Kind::Colon, tag(":")),
        value(Kind::Comma, tag(",")),
    ))
    .parse(text)
}

/// A word of the language counts only where no longer word stands.
fn keyword(text: &[u8]) -> Parsed<'_, Kind> {
    terminated(
        alt((
            value(Kind::Same, tag("eq")),
            value(Kind::Different, tag("ne")),
            value(Kind::And, tag("and")),
            value(Kind::Or, tag("or")),
            value(Kind::Not, tag("not")),
            value(Kind::Vxid, tag("vxid")),
        )),
        not(one_of(WORD)),
    )
    .parse(text)
}

const WORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-.*";

fn word(text: &[u8]) -> Parsed<'_, Kind> {
    value(Kind::Value, take_while1(|byte| WORD.as_bytes().contains(&byte))).parse(text)
}

fn line_end(text: &[u8]) -> Parsed<'_, Kind> {
    value(Kind::End, tag("\n")).parse(text)
}

/// A string with its quotes, and what is behind it; or how long the beginning is that no quote ends.
fn quoted(text: &[u8], quote: u8) -> Result<(&[u8], &[u8]), usize> {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\n' => break,
            // A line end cannot be made literal.
            b'\\' if text.get(at + 1).is_some_and(|&next| next != b'\n') => at += 1,
            _ if byte == quote => {
                let (raw, rest) = text.split_at(at + 1);
                return Ok((rest, raw));
            }
            _ => {}
        }
        at += 1;
    }
    Err(at)
}
