//! A file of rules, in TOML.
//!
//! ```toml
//! [[rule]]
//! name = "uploads"                        # in the index, the manifest, messages
//! on = "FetchError and ReqMethod eq POST" # or a list: any of them; or `rate = "..."`
//! before = "5s"
//! after = "500ms"
//! keep = "backend"                        # group, session, backend, all
//! actions = ["file", "counter", "exec"]
//! exec = ["/usr/local/bin/page", "--team", "web"]
//! exec-timeout = "10s"
//! severity = "critical"                   # info, warning, critical
//! owner = "web"
//! runbook = "https://wiki.example/503"
//! limit = "100/1m"                        # per class of error, or "off"
//! resolve = "2m"                          # over when it has not fired for so long
//! ```

use toml::de::DeTable;

use super::table::{self, Problems, Table};
use super::{Actions, Exec, Keep, Limit, On, Rule, RuleError, Severity};

/// Rules in a file at most.
const MAX_RULES: usize = 100;

/// The words of `actions`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    File,
    Counter,
    Exec,
}

const ACTIONS: [(&str, Action); 3] =
    [("file", Action::File), ("counter", Action::Counter), ("exec", Action::Exec)];

/// Reads the rules of a file.
///
/// # Errors
///
/// All mistakes, ordered by line.
pub fn parse(text: &str) -> Result<Vec<Rule>, Vec<RuleError>> {
    let mut problems = Problems::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        problems.add(at, "", error.message().replace('\n', ", "));
    }
    let mut rules: Vec<Rule> = Vec::new();
    if problems.list.is_empty() {
        let mut top = Table::new(document.get_ref(), String::new(), 0);
        let tables = top.tables(&mut problems, "rule");
        top.finish(&mut problems);
        if tables.is_empty() && problems.list.is_empty() {
            problems.add(0, "rule", "there is no rule; write [[rule]], once for each");
        }
        if tables.len() > MAX_RULES {
            problems.add(
                0,
                "rule",
                format!("there are {} rules, at most {MAX_RULES} are taken", tables.len()),
            );
        }
        for ((table, at), number) in tables.into_iter().zip(1..=MAX_RULES) {
            let table = Table::new(table, format!("rule {number}"), at);
            let Some(rule) = read(table, &mut problems) else { continue };
            if rules.iter().any(|other| other.name == rule.name) {
                problems.add(
                    at,
                    format!("rule \"{}\"", rule.name),
                    "there is another rule of this name",
                );
            }
            rules.push(rule);
        }
    }
    if problems.list.is_empty() {
        return Ok(rules);
    }
    problems.list.sort_by_key(|problem| problem.line);
    Err(problems.list)
}

/// Reads one rule. `None`, or anything that goes with a problem, is not used.
fn read(mut table: Table<'_, '_>, problems: &mut Problems<'_>) -> Option<Rule> {
    let name = table.take(problems, "name", table::name);
    match &name {
        Some(name) => table.name = format!("rule \"{name}\""),
        None if !table.has("name") => table.complain(problems, "name", "is missing"),
        None => {}
    }
    let on = on(&mut table, problems);
    let mut rule = Rule::new(name.unwrap_or_default(), on.unwrap_or(On::Outside));
    let times =
        [("before", &mut rule.before), ("after", &mut rule.after), ("resolve", &mut rule.resolve)];
    for (key, time) in times {
        if let Some(value) = table.take(problems, key, table::duration) {
            *time = value;
        }
    }
    if table.has("rate") && table.has("resolve") {
        let message =
            "stands beside `rate`, which says so itself: rate = \"... resolve VALUE for TIME\"";
        table.complain(problems, "resolve", message);
    }
    let has_window = !rule.before.is_zero() || !rule.after.is_zero();
    let keep = table.take(problems, "keep", |value| table::choice(value, &Keep::WORDS));
    rule.keep = keep.unwrap_or(if has_window { Keep::All } else { Keep::Group });
    rule.severity = table
        .take(problems, "severity", |value| table::choice(value, &Severity::WORDS))
        .unwrap_or_default();
    rule.owner = table.take(problems, "owner", table::name);
    rule.runbook = table.take(problems, "runbook", table::name);
    let limit = table.take(problems, "limit", |value| Limit::parse(&table::text(value)?));
    rule.limit = limit.unwrap_or(Some(Limit::DEFAULT));
    rule.actions = actions(&mut table, problems);
    if matches!(rule.on, On::Rate { .. }) && !has_window && !table.has("actions") {
        // There is nothing to keep of a number.
        rule.actions.file = false;
    }
    table.finish(problems);
    Some(rule)
}

fn on(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<On> {
    let queries = table.take(problems, "on", |value| {
        let texts = table::texts(value)?;
        let queries = texts.iter().map(|text| {
            super::parse_query(text)
                .map_err(|error| format!("`{text}`: {}", super::one_line(&error)))
        });
        queries.collect::<Result<Vec<_>, _>>()
    });
    let rate = table.take(problems, "rate", |value| super::rate(&table::text(value)?));
    match (table.has("on"), table.has("rate")) {
        (true, true) => {
            table.complain(problems, "rate", "stands beside `on`; a rule has one of them")
        }
        (false, false) => table.complain(problems, "on", "is missing; a rule has `on` or `rate`"),
        _ => {}
    }
    queries.map(On::Groups).or(rate)
}

fn actions(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Actions {
    let chosen = table.take(problems, "actions", |value| {
        let words = table::texts(value)?;
        words.iter().map(|word| table::pick(word, &ACTIONS)).collect::<Result<Vec<_>, _>>()
    });
    let command = table.take(problems, "exec", |value| {
        let command = table::texts(value)?;
        if command.iter().any(|word| word.contains('\0')) {
            return Err("contains a NUL".to_owned());
        }
        if command[0].starts_with('/') {
            Ok(command)
        } else {
            Err(format!("`{}` is no absolute path; no shell and no PATH is used", command[0]))
        }
    });
    let timeout = table.take(problems, "exec-timeout", |value| match table::duration(value)? {
        it if it.is_zero() => Err("must be longer than 0".to_owned()),
        it => Ok(it),
    });
    let mut actions = Actions::default();
    let mut wants_exec = command.is_some();
    if let Some(chosen) = chosen {
        actions.file = chosen.contains(&Action::File);
        actions.counter = chosen.contains(&Action::Counter);
        wants_exec = chosen.contains(&Action::Exec);
        if wants_exec && !table.has("exec") {
            table.complain(problems, "exec", "is missing; \"exec\" is among the actions");
        }
    }
    actions.exec = command
        .filter(|_| wants_exec)
        .map(|command| Exec { command, timeout: timeout.unwrap_or(Exec::TIMEOUT) });
    actions
}
