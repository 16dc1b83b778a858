//! Patterns as the shell knows them, over whole names: `*`, `?`, `[a-z]`, `[!a-z]`, `\x` and `{a,b}`.

/// Alternatives that one pattern may stand for.
const ALTERNATIVES: usize = 64;
/// Bytes of a pattern.
pub(super) const LONGEST: usize = 1024;

/// The patterns without braces that `pattern` stands for.
///
/// # Errors
///
/// What is wrong with it, for people.
pub(super) fn alternatives(pattern: &str) -> Result<Vec<String>, String> {
    if pattern.len() > LONGEST {
        return Err(format!("is longer than {LONGEST} bytes"));
    }
    let mut open = vec![pattern.to_owned()];
    let mut done = Vec::new();
    while let Some(text) = open.pop() {
        match braces(&text)? {
            None => done.push(text),
            Some(Braces { before, choices, after }) => {
                open.extend(choices.iter().rev().map(|choice| format!("{before}{choice}{after}")));
            }
        }
        if open.len() + done.len() > ALTERNATIVES {
            return Err(format!("stands for more than {ALTERNATIVES} patterns"));
        }
    }
    Ok(done)
}

/// The first pair of braces of a pattern, and what stands around it.
struct Braces<'a> {
    before: &'a str,
    choices: Vec<&'a str>,
    after: &'a str,
}

fn braces(text: &str) -> Result<Option<Braces<'_>>, String> {
    let mut depth = 0usize;
    let mut begin = 0;
    let mut choices = Vec::new();
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'{' => {
                depth += 1;
                if depth == 1 {
                    choices.push(at);
                    begin = at + 1;
                }
            }
            b',' if depth == 1 => {
                choices.push(at);
            }
            b'}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    choices.push(at);
                    let parts = choices.windows(2).map(|pair| &text[pair[0] + 1..pair[1]]);
                    return Ok(Some(Braces {
                        before: &text[..begin - 1],
                        choices: parts.collect(),
                        after: &text[at + 1..],
                    }));
                }
            }
            _ => {}
        }
    }
    if depth > 0 { Err("has a `{` without its `}`".to_owned()) } else { Ok(None) }
}

/// Whether `pattern`, without braces, fits the whole of `name`.
///
/// It takes at most as many steps as the product of their lengths.
pub(super) fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to go on when the rest does not fit: behind the last `*`, one more byte taken by it.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                star = Some((p, n));
                continue;
            }
            Some(_) => {
                if let Some(next) = one(pattern, p, name[n]) {
                    p = next;
                    n += 1;
                    continue;
                }
            }
            None => {}
        }
        let Some((after, taken)) = star else { return false };
        p = after;
        n = taken + 1;
        star = Some((p, n));
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// Where the pattern goes on if its element at `at` fits `byte`.
fn one(pattern: &[u8], at: usize, byte: u8) -> Option<usize> {
    match pattern[at] {
        b'?' => Some(at + 1),
        b'\\' => {
            let literal = *pattern.get(at + 1).unwrap_or(&b'\\');
            (literal == byte).then_some((at + 2).min(pattern.len()))
        }
        b'[' => match set(pattern, at, byte) {
            Some((fits, next)) => fits.then_some(next),
            // No set without its end: an ordinary bracket.
            None => (byte == b'[').then_some(at + 1),
        },
        literal => (literal == byte).then_some(at + 1),
    }
}

/// Whether `byte` is in the set at `at`, and where the pattern goes on; `None` without a closing bracket.
fn set(pattern: &[u8], at: usize, byte: u8) -> Option<(bool, usize)> {
    let mut here = at + 1;
    let negated = matches!(pattern.get(here), Some(b'!' | b'^'));
    here += usize::from(negated);
    let first = here;
    let mut found = false;
    loop {
        match *pattern.get(here)? {
            b']' if here > first => return Some((found != negated, here + 1)),
            low => {
                let range = pattern.get(here + 1) == Some(&b'-') && *pattern.get(here + 2)? != b']';
                if range {
                    found |= (low..=pattern[here + 2]).contains(&byte);
                    here += 3;
                } else {
                    found |= low == byte;
                    here += 1;
                }
            }
        }
    }
}
