//! Tokens to conditions.
//!
//! Everything is tried in one direction: a parser that has taken its first token either goes on or fails for good, so
//! the first mistake in the text is the one that is reported.

use nom::branch::alt;
use nom::combinator::{map, opt};
use nom::multi::{many0_count, separated_list1};
use nom::sequence::preceded;
use nom::{Err, IResult, Parser};
use shellac_format::{TagNameError, TagSet};

use crate::error::{Fault, QueryError};
use crate::lexer;
use crate::number::{Decimal, Order, c_integer, integer_operand};
use crate::predicate::{Comparison, Condition, Level, Pattern, Test};
use crate::query::{Compat, Options};
use crate::regex::Regex;
use crate::token::{Kind, Token, Tokens};

/// Parentheses in parentheses. Each costs stack, and nobody writes that many.
const DEPTH_MAX: usize = 64;

type Parsed<'a, T> = IResult<Tokens<'a>, T, Fault>;

/// The condition that a text stands for.
pub(crate) fn parse(text: &[u8], options: Options) -> Result<Condition, QueryError> {
    let tokens = lexer::tokens(text).map_err(|fault| fault.in_text(text))?;
    let grammar = Grammar { options, known: options.compat.tags() };
    match grammar.lines(Tokens(&tokens)) {
        Ok((_, lines)) => one_or(lines, Condition::Any).ok_or(QueryError::Empty),
        Err(Err::Error(fault) | Err::Failure(fault)) => Err(fault.in_text(text)),
        // Only parsers of streams ask for more.
        Err(Err::Incomplete(_)) => Err(Fault::at("Syntax error", 0..text.len()).in_text(text)),
    }
}

/// What the grammar depends on.
#[derive(Clone, Copy, Debug)]
struct Grammar {
    options: Options,
    /// Tags that have a name.
    known: TagSet,
}

impl Grammar {
    /// Lines that are not empty.
    fn lines(self, input: Tokens<'_>) -> Parsed<'_, Vec<Condition>> {
        let mut lines = Vec::new();
        let (mut rest, _) = many0_count(token(Kind::End)).parse(input)?;
        while rest.peek().is_some() {
            let (after, line) = self.any(rest, 0)?;
            lines.push(line);
            (rest, _) = required(Kind::End, "EOI")(after)?;
            (rest, _) = many0_count(token(Kind::End)).parse(rest)?;
        }
        Ok((rest, lines))
    }

    fn any(self, input: Tokens<'_>, depth: usize) -> Parsed<'_, Condition> {
        chain(Kind::Or, |input| self.all(input, depth), Condition::Any)(input)
    }

    fn all(self, input: Tokens<'_>, depth: usize) -> Parsed<'_, Condition> {
        chain(Kind::And, |input| self.not(input, depth), Condition::All)(input)
    }

    fn not(self, input: Tokens<'_>, depth: usize) -> Parsed<'_, Condition> {
        let group = |input| self.group(input, depth);
        let negated =
            map(preceded(token(Kind::Not), group), |group| Condition::Not(Box::new(group)));
        alt((negated, group)).parse(input)
    }

    fn group(self, input: Tokens<'_>, depth: usize) -> Parsed<'_, Condition> {
        let Ok((inside, open)) = token(Kind::Open)(input) else { return self.comparison(input) };
        if depth == DEPTH_MAX {
            return fail(Fault::at("Too many parentheses in parentheses", open.span()));
        }
        let (rest, condition) = self.any(inside, depth + 1)?;
        let (rest, _) = required(Kind::Close, "')'")(rest)?;
        Ok((rest, condition))
    }

    fn comparison(self, input: Tokens<'_>) -> Parsed<'_, Condition> {
        let (rest, level) = opt(level).parse(input)?;
        let tag = |input| self.tags(input);
        let (rest, names) = separated_list1(token(Kind::Comma), tag).parse(rest)?;
        let (rest, prefix) = opt(preceded(token(Kind::Colon), operand("string"))).parse(rest)?;
        let prefix = prefix.map(|token| token.value());
        let (rest, field) = opt(field).parse(rest)?;
        if names.contains(&Name::Vxid) {
            let alone = names.len() == 1 && level.is_none() && prefix.is_none() && field.is_none();
            return vxid(rest, self.options.compat, alone);
        }
        let tags = names.into_iter().fold(TagSet::EMPTY, |tags, name| match name {
            Name::Vxid => tags,
            Name::Tags(more) => tags.union(more),
        });
        let (rest, test) = self.test(rest)?;
        Ok((rest, Condition::Record(Comparison { level, tags, prefix, field, test })))
    }

    /// One item of a list of tags. What is none is a mistake: nothing else may stand there.
    fn tags(self, input: Tokens<'_>) -> Parsed<'_, Name> {
        if let Ok((rest, _)) = token(Kind::Vxid)(input) {
            return Ok((rest, Name::Vxid));
        }
        let (rest, token) = operand("VSL tag name")(input)?;
        let name = String::from_utf8_lossy(&token.value()).into_owned();
        match TagSet::named(&name, self.known) {
            Ok(tags) => Ok((rest, Name::Tags(tags))),
            Err(error) => fail(Fault::at(
                match error {
                    TagNameError::NoMatch => "Tag name matches zero tags",
                    TagNameError::Ambiguous => "Tag name is ambiguous",
                    TagNameError::Syntax => "Syntax error in tag name",
                },
                token.span(),
            )),
        }
    }

    fn test(self, input: Tokens<'_>) -> Parsed<'_, Test> {
        let Options { compat, caseless } = self.options;
        if let Ok((rest, order)) = order(input) {
            let (rest, number) = number(rest, compat)?;
            return Ok((
                rest,
                match number {
                    Number::Integer(operand) => Test::Integer(order, operand),
                    Number::Decimal(operand) => Test::Decimal(order, operand),
                },
            ));
        }
        let Some(next) = input.peek() else { return Ok((input, Test::Exists)) };
        let behind = Tokens(&input.0[1..]);
        match next.kind {
            Kind::Same | Kind::Different => {
                let (rest, token) = operand("string")(behind)?;
                let equal = next.kind == Kind::Same;
                Ok((rest, Test::Text { text: token.value(), caseless, equal }))
            }
            Kind::Match | Kind::NoMatch => {
                let (rest, token) = operand("regular expression")(behind)?;
                let pattern = pattern(token, caseless)?;
                Ok((rest, Test::Search { pattern, found: next.kind == Kind::Match }))
            }
            Kind::And | Kind::Or | Kind::Close | Kind::End => Ok((input, Test::Exists)),
            _ => fail(Fault::expected("operator", next)),
        }
    }
}

/// An item of a list of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Vxid,
    Tags(TagSet),
}

/// An operand of a comparison of numbers.
enum Number {
    Integer(i64),
    Decimal(Decimal),
}

/// Several of the same with a word between, as one condition.
fn chain<'a>(
    between: Kind,
    part: impl Fn(Tokens<'a>) -> Parsed<'a, Condition>,
    several: fn(Vec<Condition>) -> Condition,
) -> impl Fn(Tokens<'a>) -> Parsed<'a, Condition> {
    move |input| {
        let (rest, first) = part(input)?;
        let mut parts = vec![first];
        let mut rest = rest;
        while let Ok((after, _)) = token(between)(rest) {
            let (after, next) = part(after)?;
            parts.push(next);
            rest = after;
        }
        // There is at least the first one.
        let condition = one_or(parts, several).unwrap_or(Condition::Any(Vec::new()));
        Ok((rest, condition))
    }
}

/// The only one, or all as one; `None` when there is none.
fn one_or(
    mut parts: Vec<Condition>,
    several: fn(Vec<Condition>) -> Condition,
) -> Option<Condition> {
    if parts.len() > 1 { Some(several(parts)) } else { parts.pop() }
}

fn level(input: Tokens<'_>) -> Parsed<'_, Level> {
    let (rest, _) = token(Kind::OpenLevel)(input)?;
    let (rest, token) = operand("integer")(rest)?;
    let value = token.value();
    let (number, sign) = c_integer(&value);
    let Some(number) = small(number.map_or(0, |number| number.value)) else {
        return fail(Fault::at("Expected positive integer", token.span()));
    };
    let level = match sign {
        b"" => Level::Exactly(number),
        b"+" => Level::AtLeast(number),
        b"-" => Level::AtMost(number),
        _ => return fail(Fault::at("Syntax error in level limit", token.span())),
    };
    let (rest, _) = required(Kind::CloseLevel, "'}'")(rest)?;
    Ok((rest, level))
}

fn field(input: Tokens<'_>) -> Parsed<'_, usize> {
    let (rest, _) = token(Kind::OpenField)(input)?;
    let (rest, token) = operand("integer")(rest)?;
    let value = token.value();
    let (number, behind) = c_integer(&value);
    let number = number.and_then(|number| small(number.value)).filter(|&number| number > 0);
    let (Some(number), b"") = (number, behind) else {
        return fail(Fault::at("Expected positive integer", token.span()));
    };
    let (rest, _) = required(Kind::CloseField, "']'")(rest)?;
    Ok((rest, number as usize))
}

/// The stock tools keep 32 bits of a level or field, with a sign; `None` when that is negative.
fn small(number: i64) -> Option<u32> {
    #[allow(clippy::cast_possible_truncation, reason = "the low half is what counts")]
    u32::try_from(number as i32).ok()
}

/// What comes behind `vxid`.
fn vxid(input: Tokens<'_>, compat: Compat, alone: bool) -> Parsed<'_, Condition> {
    let Some(next) = input.peek() else { return fail(Fault::default()) };
    if !alone {
        return fail(Fault::at("Unexpected taglist selection for vxid", next.span()));
    }
    let Ok((rest, order)) = order(input) else {
        return fail(Fault::expected("vxid operator", next));
    };
    let operand = rest.peek();
    match (number(rest, compat)?, operand) {
        ((rest, Number::Integer(number)), _) => Ok((rest, Condition::Vxid(order, number))),
        ((_, Number::Decimal(_)), Some(token)) => fail(Fault::expected("integer", token).inside(0)),
        ((_, Number::Decimal(_)), None) => fail(Fault::default()),
    }
}

fn order(input: Tokens<'_>) -> Parsed<'_, Order> {
    alt((
        map(token(Kind::Equal), |_| Order::Equal),
        map(token(Kind::Unequal), |_| Order::Unequal),
        map(token(Kind::Less), |_| Order::Less),
        map(token(Kind::Greater), |_| Order::Greater),
        map(token(Kind::AtMost), |_| Order::AtMost),
        map(token(Kind::AtLeast), |_| Order::AtLeast),
    ))
    .parse(input)
}

/// A number; a point in it makes it a decimal one.
fn number(input: Tokens<'_>, compat: Compat) -> Parsed<'_, Number> {
    let (rest, token) = operand("number")(input)?;
    let value = token.value();
    let (number, mistake) = if value.contains(&b'.') {
        (Decimal::operand(compat, &value).map(Number::Decimal), "Floating point parse error")
    } else {
        (integer_operand(&value).map(Number::Integer), "Integer parse error")
    };
    match number {
        Some(number) => Ok((rest, number)),
        None => fail(Fault::at(mistake, token.span())),
    }
}

fn pattern(token: Token<'_>, caseless: bool) -> Result<Pattern, Err<Fault>> {
    let expression = token.value();
    if !caseless && let Some(pattern) = Pattern::of_plain_text(&expression) {
        return Ok(pattern);
    }
    Regex::new(&expression, caseless).map(Pattern::Regex).map_err(|error| {
        // The place is one in the value, but counted from the start of the token: as the stock tools have it.
        let message = format!("Regular expression error: {}", error.text);
        Err::Failure(Fault::at(message, token.span()).inside(error.offset))
    })
}

/// A token of this kind, or another alternative.
fn token<'a>(kind: Kind) -> impl Fn(Tokens<'a>) -> Parsed<'a, Token<'a>> {
    move |input| match input.peek() {
        Some(next) if next.kind == kind => Ok((Tokens(&input.0[1..]), next)),
        _ => Err(Err::Error(Fault::default())),
    }
}

/// A token of this kind and nothing else. The end of a line has a name where this fails.
fn required<'a>(kind: Kind, what: &'static str) -> impl Fn(Tokens<'a>) -> Parsed<'a, Token<'a>> {
    move |input| {
        token(kind)(input).or_else(|_| match input.peek() {
            Some(next) => fail(Fault::expected_before_end(what, next)),
            None => fail(Fault::default()),
        })
    }
}

/// A value and nothing else.
fn operand<'a>(what: &'static str) -> impl Fn(Tokens<'a>) -> Parsed<'a, Token<'a>> {
    move |input| {
        token(Kind::Value)(input).or_else(|_| match input.peek() {
            Some(next) => fail(Fault::expected(what, next)),
            None => fail(Fault::default()),
        })
    }
}

fn fail<T>(fault: Fault) -> Result<T, Err<Fault>> {
    Err(Err::Failure(fault))
}

#[cfg(test)]
mod tests;
