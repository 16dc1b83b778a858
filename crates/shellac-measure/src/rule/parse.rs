//! The text of a rule to a [`RateRule`].

use std::fmt;
use std::time::Duration;

use super::{Measure, Order, Quantity, RateRule, Unit};

/// What is wrong with the text of a rule, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    text: String,
    at: usize,
    expected: String,
}

impl RuleError {
    /// Characters before the place, counted from the start of the text.
    pub const fn position(&self) -> usize {
        self.at
    }
}

impl fmt::Display for RuleError {
    /// What was expected and where; then the text, and a mark under the place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String =
            self.text.chars().map(|it| if it.is_control() { '?' } else { it }).collect();
        writeln!(f, "rule, character {}: {}", self.at + 1, self.expected)?;
        write!(f, "{shown}\n{:>width$}", '^', width = self.at + 1)
    }
}

impl std::error::Error for RuleError {}

/// No rule is longer than this, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// The shortest span that is looked at, and the longest.
const OVER: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3600));
/// Nothing is waited for longer.
const MAX_HOLD: Duration = Duration::from_secs(7 * 86_400);
/// A rate is looked at over the time of so many events at its threshold.
const EVENTS: f64 = 10.0;

impl RateRule {
    /// Reads a rule.
    ///
    /// # Errors
    ///
    /// [`RuleError`] with the first place that is wrong.
    ///
    /// ```
    /// use shellac_measure::RateRule;
    ///
    /// let rule = RateRule::parse("ratio(RespStatus >= 500, all) > 1%").unwrap();
    /// assert_eq!(rule.queries(), ["RespStatus >= 500", ""]);
    /// let error = RateRule::parse("rate(FetchError) > 10").unwrap_err();
    /// assert_eq!(error.position(), 21);
    /// ```
    pub fn parse(text: &str) -> Result<RateRule, RuleError> {
        let text = text.trim();
        let mut reader = Reader { text, rest: text };
        if text.len() > MAX_TEXT {
            return Err(reader.expected("a shorter rule"));
        }
        reader.rule()
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn expected(&self, what: &str) -> RuleError {
        self.expected_at(self.rest, what)
    }

    /// `place` is an end of the text.
    fn expected_at(&self, place: &str, what: &str) -> RuleError {
        let before = &self.text[..self.text.len() - place.len()];
        RuleError {
            text: self.text.to_owned(),
            at: before.chars().count(),
            expected: format!("expected {what}"),
        }
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn sign(&mut self, sign: char) -> Result<(), RuleError> {
        self.blanks();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.ok_or_else(|| self.expected(&format!("'{sign}'")))?;
        Ok(())
    }

    fn word(&mut self) -> &'a str {
        self.blanks();
        let is_letter = |byte: u8| byte.is_ascii_alphabetic();
        let len = self.rest.bytes().take_while(|&byte| is_letter(byte)).count();
        let (word, rest) = self.rest.split_at(len);
        self.rest = rest;
        word
    }

    fn rule(&mut self) -> Result<RateRule, RuleError> {
        let measure = match self.word() {
            "rate" => Measure::Rate,
            "ratio" => Measure::Ratio,
            "change" => Measure::Change,
            word => {
                let place = &self.rest;
                let start = self.text.len() - place.len() - word.len();
                let message = "rate(QUERY), ratio(QUERY, OF) or change(QUERY)";
                return Err(self.expected_at(&self.text[start..], message));
            }
        };
        self.sign('(')?;
        let (queries, by_backend) = self.queries(measure)?;
        let head_len = self.text.len() - self.rest.len();
        self.blanks();
        let order = match self.rest.as_bytes().first() {
            Some(b'>') => Order::Above,
            Some(b'<') => Order::Below,
            _ => return Err(self.expected("'>' or '<'")),
        };
        self.rest = &self.rest[1..];
        let threshold_at = self.rest.trim_start();
        let threshold = self.quantity(measure)?;
        // "Any at all" has a meaning for shares only.
        let may_be_zero = measure == Measure::Ratio && order == Order::Above;
        if threshold.value == 0.0 && !may_be_zero {
            return Err(self.expected_at(threshold_at, "a threshold above 0"));
        }
        let mut clauses = Clauses::default();
        while self.clause(measure, &mut clauses)? {}
        let over = clauses.over.unwrap_or_else(|| default_over(measure, threshold));
        let hold = clauses.hold.unwrap_or_default();
        let (resolve, resolve_at) = match clauses.resolve {
            Some((resolve, at)) => (resolve, at),
            None => (default_resolve(order, threshold), self.rest),
        };
        if order.is_bad(resolve.value, threshold.value) {
            let side = if order == Order::Above { "above" } else { "below" };
            let message = format!("a value to resolve at that is not {side} the threshold");
            return Err(self.expected_at(resolve_at, &message));
        }
        Ok(RateRule {
            text: self.text.to_owned(),
            head_len,
            measure,
            queries,
            by_backend,
            order,
            threshold,
            hold,
            over,
            min: clauses.min.unwrap_or(match measure {
                Measure::Rate => 1,
                Measure::Ratio => 100,
                Measure::Change => 10,
            }),
            resolve,
            resolve_hold: clauses.resolve_hold.unwrap_or(hold.max(Duration::from_secs(10))),
        })
    }

    /// What stands between the parentheses, and whether it ends in `by backend`.
    fn queries(&mut self, measure: Measure) -> Result<(Vec<String>, bool), RuleError> {
        let start = self.rest;
        let (inside, commas) = self.inside()?;
        let (inside, by_backend) = match inside.trim_end().strip_suffix("backend") {
            Some(before) if before.ends_with(char::is_whitespace) => {
                let before = before.trim_end();
                match before.strip_suffix("by") {
                    Some(query) if query.is_empty() || query.ends_with(char::is_whitespace) => {
                        (query, true)
                    }
                    _ => (inside, false),
                }
            }
            _ => (inside, false),
        };
        let query = |text: &str| match text.trim() {
            "all" => String::new(),
            text => text.to_owned(),
        };
        if measure != Measure::Ratio {
            return Ok((vec![query(inside)], by_backend));
        }
        // Commas without a blank are those between the tags of a query.
        let apart: Vec<usize> = commas
            .iter()
            .copied()
            .filter(|&at| start[at + 1..].starts_with(char::is_whitespace))
            .collect();
        let at = match (&apart[..], &commas[..]) {
            ([at], _) | ([], [at]) => *at,
            ([], []) => {
                return Err(self.expected_at(&start[inside.len()..], "', ' and a second query"));
            }
            _ => {
                let message = "one comma with a blank behind it, between the two queries";
                return Err(self.expected_at(start, message));
            }
        };
        Ok((vec![query(&inside[..at]), query(&inside[at + 1..])], by_backend))
    }

    /// Text up to the parenthesis that closes, and where commas are in it that are not in quotes or parentheses.
    fn inside(&mut self) -> Result<(&'a str, Vec<usize>), RuleError> {
        let start = self.rest;
        let mut commas = Vec::new();
        let (mut depth, mut quote, mut escaped) = (0usize, None, false);
        for (at, byte) in start.bytes().enumerate() {
            match (quote, byte) {
                (Some(_), _) if escaped => escaped = false,
                (Some(_), b'\\') => escaped = true,
                (Some(mark), _) if mark == byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'(') => depth += 1,
                (None, b')') if depth == 0 => {
                    self.rest = &start[at + 1..];
                    return Ok((&start[..at], commas));
                }
                (None, b')') => depth -= 1,
                (None, b',') if depth == 0 => commas.push(at),
                _ => {}
            }
        }
        let end = &start[start.len()..];
        Err(self.expected_at(end, if quote.is_some() { "the closing quote" } else { "')'" }))
    }

    /// Digits with or without a fraction.
    fn number(&mut self) -> Result<f64, RuleError> {
        self.blanks();
        let is_part = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        let len = self.rest.bytes().take_while(|&byte| is_part(byte)).count();
        let (number, rest) = self.rest.split_at(len);
        let value = number.parse().ok().filter(|value: &f64| *value <= 1e15);
        let value = value.ok_or_else(|| self.expected("a number"))?;
        self.rest = rest;
        Ok(value)
    }

    fn quantity(&mut self, measure: Measure) -> Result<Quantity, RuleError> {
        let number = self.number()?;
        let before = self.rest;
        self.blanks();
        let unit = |reader: &mut Reader<'a>, units: &[(&str, Unit)], what: &str| {
            let found = units.iter().find_map(|&(text, unit)| {
                let rest = reader.rest.strip_prefix(text)?;
                (!rest.starts_with(|it: char| it.is_alphanumeric())).then_some((rest, unit))
            });
            match found {
                Some((rest, unit)) => {
                    reader.rest = rest;
                    Ok(unit)
                }
                None => Err(reader.expected_at(before, what)),
            }
        };
        let unit = match measure {
            Measure::Rate => {
                let units =
                    [("/s", Unit::PerSecond), ("/m", Unit::PerMinute), ("/h", Unit::PerHour)];
                unit(self, &units, "'/s', '/m' or '/h' behind the number")?
            }
            Measure::Ratio => unit(self, &[("%", Unit::Percent)], "'%' behind the number")?,
            Measure::Change => unit(self, &[("x", Unit::Times)], "'x' behind the number")?,
        };
        Ok(Quantity { value: number * unit.scale(), unit })
    }

    fn duration(&mut self) -> Result<Duration, RuleError> {
        let start = self.rest.trim_start();
        let number = self.number()?;
        let scale = match self.word() {
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return Err(self.expected_at(start, "a time like 500ms, 5s, 10m, 2h or 1d")),
        };
        let duration = Duration::try_from_secs_f64(number * scale).ok();
        duration
            .filter(|it| *it <= MAX_HOLD)
            .ok_or_else(|| self.expected_at(start, "a time of at most 7d"))
    }

    /// One clause, if there is another one.
    fn clause(&mut self, measure: Measure, clauses: &mut Clauses<'a>) -> Result<bool, RuleError> {
        self.blanks();
        let start = self.rest;
        if start.is_empty() {
            return Ok(false);
        }
        let twice = match self.word() {
            "for" => clauses.hold.replace(self.duration()?).is_some(),
            "over" => {
                let place = self.rest.trim_start();
                let over = self.duration()?;
                if over < OVER.0 || over > OVER.1 {
                    return Err(self.expected_at(place, "a time of 1s to 1h"));
                }
                clauses.over.replace(over).is_some()
            }
            "min" => {
                let place = self.rest.trim_start();
                let number = self.number()?;
                if number.fract() != 0.0 {
                    return Err(self.expected_at(place, "a whole number"));
                }
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a number has no sign and is at most 1e15"
                )]
                clauses.min.replace(number as u64).is_some()
            }
            "resolve" => {
                let place = self.rest.trim_start();
                let resolve = self.quantity(measure)?;
                let (after, twice) = (self.rest, clauses.resolve.replace((resolve, place)));
                if self.word() == "for" {
                    clauses.resolve_hold = Some(self.duration()?);
                } else {
                    self.rest = after;
                }
                twice.is_some()
            }
            _ => {
                let message = "for TIME, over TIME, min NUMBER or resolve VALUE [for TIME]";
                return Err(self.expected_at(start, message));
            }
        };
        if twice { Err(self.expected_at(start, "each clause once")) } else { Ok(true) }
    }
}

#[derive(Default)]
struct Clauses<'a> {
    hold: Option<Duration>,
    over: Option<Duration>,
    min: Option<u64>,
    resolve: Option<(Quantity, &'a str)>,
    resolve_hold: Option<Duration>,
}

/// Long enough for the threshold to be a number of events that chance does not reach all the time.
fn default_over(measure: Measure, threshold: Quantity) -> Duration {
    match measure {
        Measure::Rate => Duration::try_from_secs_f64(EVENTS / threshold.value)
            .unwrap_or(OVER.1)
            .clamp(OVER.0, OVER.1),
        Measure::Ratio => Duration::from_secs(10),
        Measure::Change => Duration::from_secs(60),
    }
}

fn default_resolve(order: Order, threshold: Quantity) -> Quantity {
    match order {
        Order::Above => threshold.with(threshold.value / 2.0),
        Order::Below => threshold.with(threshold.value * 2.0),
    }
}
