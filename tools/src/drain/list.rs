//! The list of backends that an instance shows, and which of them patterns mean.

use shellac_upstream::admin::{Pattern, Scope, Selection, Subject};

/// One backend in one VCL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Backend {
    pub(super) vcl: String,
    pub(super) name: String,
    /// What an administrator said: `sick`, `healthy` or `probe`.
    pub(super) admin: String,
    pub(super) health: String,
}

impl Backend {
    pub(super) fn full_name(&self) -> String {
        format!("{}.{}", self.vcl, self.name)
    }

    /// Whether it takes requests.
    pub(super) fn is_healthy(&self) -> bool {
        self.admin != "sick" && self.health == "healthy"
    }
}

/// The backends that patterns mean, or what is wrong with these.
pub(super) fn select(
    all: &[Backend],
    active: &str,
    patterns: &[String],
) -> Result<Vec<Backend>, String> {
    if let Some(address) = patterns.iter().find(|it| it.trim_start_matches('!').starts_with('@')) {
        return Err(format!("{address}: a varnishd does not tell where its backends are"));
    }
    let subject = |one: &Backend, matches: &dyn Fn(&Subject<'_>) -> bool| {
        matches(&Subject {
            config: &one.vcl,
            name: &one.name,
            addresses: &[],
            active: one.vcl == active,
        })
    };
    let names: Vec<String> = all.iter().map(Backend::full_name).collect();
    for pattern in patterns.iter().filter(|it| !it.starts_with('!')) {
        let pattern = Pattern::parse(pattern).map_err(|error| error.to_string())?;
        let fits = |it: &Subject<'_>| pattern.matches(it, Scope::Every);
        if !all.iter().any(|one| subject(one, &fits)) {
            let nearest = pattern.nearest(names.iter().map(String::as_str)).join(", ");
            let nearest =
                if nearest.is_empty() { nearest } else { format!("\nnearest: {nearest}") };
            return Err(format!("No Backends matches {pattern}{nearest}"));
        }
    }
    let selection = Selection::parse(patterns).map_err(|error| error.to_string())?;
    let fits = |it: &Subject<'_>| selection.matches(it, Scope::Every);
    let meant: Vec<Backend> = all.iter().filter(|one| subject(one, &fits)).cloned().collect();
    if meant.is_empty() { Err("No Backends matches".to_owned()) } else { Ok(meant) }
}

/// Reads `backend.list`: older ones have no column for when it changed, later ones more columns.
pub(super) fn parse(text: &str) -> Vec<Backend> {
    let mut lines = text.lines().filter(|line| !line.starts_with([' ', '\t']));
    let Some(head) = lines.next() else { return Vec::new() };
    let words: Vec<&str> = head.split_ascii_whitespace().collect();
    // The name of the first column is two words.
    let has_health = words.contains(&"Health");
    lines
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let (vcl, name) = words.next()?.split_once('.')?;
            let admin = words.next()?;
            let probe = words.next()?;
            let health = if has_health { words.next()? } else { probe };
            Some(Backend {
                vcl: vcl.to_owned(),
                name: name.to_owned(),
                admin: admin.to_ascii_lowercase(),
                health: health.to_ascii_lowercase(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
