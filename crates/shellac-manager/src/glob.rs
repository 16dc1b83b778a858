//! Patterns for the names of configurations: `*` and `?`.

/// Whether `pattern` fits the whole of `name`. It takes at most the product of both lengths.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut in_name) = (0, 0);
    // The last star, and what of the name it stands for so far ends here.
    let mut star: Option<(usize, usize)> = None;
    while in_name < name.len() {
        match (pattern.get(at), star) {
            (Some(b'*'), _) => {
                star = Some((at, in_name));
                at += 1;
            }
            (Some(&byte), _) if byte == b'?' || byte == name[in_name] => {
                at += 1;
                in_name += 1;
            }
            (_, Some((star_at, until))) => {
                star = Some((star_at, until + 1));
                at = star_at + 1;
                in_name = until + 1;
            }
            (_, None) => return false,
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests;
