//! The forms that the kernel's files have. What is not as expected gives no number, never an error: kernels differ.

/// Lines that are looked at in one file; a row per processor or neighbour.
const MOST_LINES: usize = 100_000;

/// How a file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A line of names, then one row of hexadecimal numbers per processor.
    Rows,
    /// `Name: column column` followed by `Name: number number`.
    Pairs,
    /// `Name number` on each line.
    Words,
    /// `TCP: inuse 1 orphan 0`
    Sockets,
    /// One number.
    Number,
    /// The third of three numbers.
    Third,
    /// First and last of a range.
    Range,
    /// Numbers and ranges, with commas between.
    Ports,
    /// A heading, then a line per entry.
    Lines,
    /// A line per entry.
    Names,
    /// Hexadecimal rows without a heading: processed, dropped, time_squeeze.
    Softnet,
    /// `Max open files  SOFT  HARD  files`
    Limits,
    /// Open, free, most.
    FileNr,
}

/// The number that `column` has in a file of this form.
pub(super) fn number(form: Form, text: &str, column: &str) -> Option<u64> {
    match form {
        Form::Rows => rows(text, column),
        Form::Pairs => pairs(text, column),
        Form::Words => words(text, column),
        Form::Sockets => sockets(text, column),
        Form::Number => decimal(text.split_ascii_whitespace().next()?),
        Form::Third => decimal(text.split_ascii_whitespace().nth(2)?),
        Form::Range => range(text),
        Form::Ports => ports(text),
        Form::Lines => Some(entries(text).saturating_sub(1)),
        Form::Names => Some(entries(text)),
        Form::Softnet => softnet(text, column),
        Form::Limits => limits(text, column),
        Form::FileNr => {
            let at = if column == "max" { 2 } else { 0 };
            decimal(text.split_ascii_whitespace().nth(at)?)
        }
    }
}

fn decimal(word: &str) -> Option<u64> {
    word.parse().ok()
}

fn hexadecimal(word: &str) -> Option<u64> {
    u64::from_str_radix(word, 16).ok()
}

/// The sum over the rows. `entries` is one number for all processors, which each row repeats.
fn rows(text: &str, column: &str) -> Option<u64> {
    let mut lines = text.lines().take(MOST_LINES);
    let at = lines.next()?.split_ascii_whitespace().position(|name| name == column)?;
    let mut cells = lines.filter_map(|line| hexadecimal(line.split_ascii_whitespace().nth(at)?));
    let first = cells.next()?;
    if column == "entries" {
        return Some(first);
    }
    Some(cells.fold(first, u64::saturating_add))
}

/// `column` is `Name.column`.
fn pairs(text: &str, column: &str) -> Option<u64> {
    let (group, column) = column.split_once('.')?;
    let mut lines = text.lines().take(MOST_LINES).filter_map(|line| {
        let (name, cells) = line.split_once(':')?;
        (name == group).then_some(cells)
    });
    let (names, numbers) = (lines.next()?, lines.next()?);
    let at = names.split_ascii_whitespace().position(|name| name == column)?;
    decimal(numbers.split_ascii_whitespace().nth(at)?)
}

fn words(text: &str, column: &str) -> Option<u64> {
    text.lines().take(MOST_LINES).find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next()? == column).then(|| decimal(words.next()?))?
    })
}

/// `column` is `TCP.inuse`.
fn sockets(text: &str, column: &str) -> Option<u64> {
    let (group, column) = column.split_once('.')?;
    let line = text.lines().take(MOST_LINES).find_map(|line| {
        let (name, rest) = line.split_once(':')?;
        (name == group).then_some(rest)
    })?;
    let mut words = line.split_ascii_whitespace();
    words.find(|word| *word == column)?;
    decimal(words.next()?)
}

fn range(text: &str) -> Option<u64> {
    let mut words = text.split_ascii_whitespace();
    let (first, last) = (decimal(words.next()?)?, decimal(words.next()?)?);
    last.checked_sub(first)?.checked_add(1)
}

/// How many ports a list like `8080,9000-9010` names; an empty one names none.
fn ports(text: &str) -> Option<u64> {
    let mut sum: u64 = 0;
    for part in text.trim().split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let count = decimal(last.trim())?.checked_sub(decimal(first.trim())?)?.checked_add(1)?;
        sum = sum.checked_add(count)?;
    }
    Some(sum)
}

fn entries(text: &str) -> u64 {
    text.lines().filter(|line| !line.is_empty()).count() as u64
}

fn softnet(text: &str, column: &str) -> Option<u64> {
    let at = if column == "dropped" { 1 } else { 2 };
    let cells = text
        .lines()
        .take(MOST_LINES)
        .filter_map(|line| hexadecimal(line.split_ascii_whitespace().nth(at)?));
    cells.reduce(u64::saturating_add)
}

/// The soft limit; none is said as the largest number.
fn limits(text: &str, column: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(column))?;
    match rest.split_ascii_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => decimal(number),
    }
}
