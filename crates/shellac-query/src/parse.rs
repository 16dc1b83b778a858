//! The grammar.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while};
use nom::character::complete::{digit1, hex_digit1};
use nom::combinator::{all_consuming, map_opt, not, opt, peek};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};
use shellac_format::Vxid;

use crate::query::QueryError;

/// One number per line that is not empty.
pub(crate) fn query(text: &str) -> Result<Vec<Vxid>, QueryError> {
    let mut vxids = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        let code = line.split_once('#').map_or(line, |(code, _)| code);
        if !code.trim_matches([' ', '\t']).is_empty() {
            vxids.push(comparison(text, start, line, code)?);
        }
        start += line.len() + 1;
    }
    if vxids.is_empty() { Err(QueryError::Empty) } else { Ok(vxids) }
}

fn comparison(text: &str, start: usize, line: &str, code: &str) -> Result<Vxid, QueryError> {
    let caret = |rest: &str| {
        let column = code.len() - rest.len();
        format!("{}^", " ".repeat(code[..column].chars().count()))
    };
    let at = |rest: &str| (start + code.len() - rest.len()).min(text.len());
    let not_yet = |rest: &str| {
        let rest = rest.trim_start_matches([' ', '\t']);
        QueryError::NotYet { at: at(rest), line: line.to_owned(), caret: caret(rest) }
    };
    let (rest, ()) = keyword(code).map_err(|_| not_yet(code))?;
    let (rest, ()) = equals(rest).map_err(|_| not_yet(rest))?;
    let (rest, vxid) = number(rest).map_err(|_| {
        let rest = rest.trim_start_matches([' ', '\t']);
        QueryError::Syntax {
            at: at(rest),
            expected: "the number of a transaction",
            line: line.to_owned(),
            caret: caret(rest),
        }
    })?;
    all_consuming(blanks).parse(rest).map_err(|_| not_yet(rest))?;
    Ok(vxid)
}

fn blanks(text: &str) -> IResult<&str, &str> {
    take_while(|c| c == ' ' || c == '\t').parse(text)
}

/// Words count only when the next character cannot go on with them.
fn word_end(text: &str) -> IResult<&str, ()> {
    not(peek(nom::character::complete::satisfy(|c| {
        c.is_ascii_alphanumeric() || "_+-.*".contains(c)
    })))
    .parse(text)
}

fn keyword(text: &str) -> IResult<&str, ()> {
    delimited(blanks, tag("vxid"), word_end).map(|_| ()).parse(text)
}

fn equals(text: &str) -> IResult<&str, ()> {
    preceded(blanks, tag("==")).map(|_| ()).parse(text)
}

/// Decimal or `0x` hexadecimal, quoted or not.
fn number(text: &str) -> IResult<&str, Vxid> {
    let quoted = |quote: &'static str| delimited(tag(quote), digits, tag(quote));
    preceded(blanks, alt((terminated(digits, word_end), quoted("\""), quoted("'")))).parse(text)
}

fn digits(text: &str) -> IResult<&str, Vxid> {
    let hexadecimal = map_opt(preceded(alt((tag("0x"), tag("0X"))), hex_digit1), |digits| {
        u64::from_str_radix(digits, 16).ok()
    });
    let decimal = map_opt(preceded(opt(tag("+")), digit1), |digits: &str| digits.parse().ok());
    alt((hexadecimal, decimal)).map(Vxid).parse(text)
}
