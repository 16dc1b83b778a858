//! From the tables of the file to a [`Config`].

mod action;
mod limits;
pub(crate) mod listen;
mod pools;

use shellac_upstream::Rules;
use shellac_upstream::spelling::nearest;
use toml::de::{DeTable, DeValue};

use crate::effective::Effective;
use crate::errors::{ConfigError, ConfigErrors};
use crate::section::{
    At, Problems, Section, boolean, choice, duration, integer, list, pause, text,
};
use crate::types::{
    Action, Config, ErrorPage, LogConfig, LogDialect, ParseOptions, PoolConfig, RetryConnection,
    RetryOn, RetryPolicy, Route,
};

/// Smallest log in production: readers of a smaller one are overrun in an instant.
const LOG_SIZE_LEAST: u64 = 16 << 20;
/// Smallest log at all: eight segments that hold a batch each.
const LOG_SIZE_TINY: u64 = 64 << 10;
/// Largest log: a position within a segment has 32 bits.
const LOG_SIZE_MOST: u64 = 64 << 30;

impl Config {
    /// Reads a configuration; `file_name` only appears in messages.
    ///
    /// # Errors
    ///
    /// Every mistake that can be seen at once, with file, line and key. Where the text is not TOML only that is reported.
    ///
    /// # Examples
    ///
    /// ```
    /// let text = "[[listen]]\naddress = '127.0.0.1:8080'\n[[backend]]\nname = 'api1'\naddress = '127.0.0.1:9001'\nport = 1\n";
    /// let errors = shellac_config::Config::parse(text, "shellac.toml").unwrap_err();
    /// assert!(errors.to_string().starts_with("shellac.toml:6: backend.port: is not a key"));
    /// ```
    pub fn parse(text: &str, file_name: &str) -> Result<Config, ConfigErrors> {
        Self::parse_with(text, file_name, ParseOptions::default())
    }

    /// Like [`Config::parse`], with liberties for tests and the demo.
    ///
    /// # Errors
    ///
    /// As [`Config::parse`].
    pub fn parse_with(
        text: &str,
        file_name: &str,
        options: ParseOptions,
    ) -> Result<Config, ConfigErrors> {
        Self::parse_effective(text, file_name, options).map(|(config, _)| config)
    }

    /// Like [`Config::parse_with`], with every value and its origin beside: what the file does not say is there too.
    ///
    /// # Errors
    ///
    /// As [`Config::parse`].
    ///
    /// # Examples
    ///
    /// ```
    /// use shellac_config::{Config, ParseOptions};
    ///
    /// let text = "[[listen]]\naddress = '127.0.0.1:8080'\n[[backend]]\nname = 'api1'\naddress = '127.0.0.1:9001'\n";
    /// let (config, effective) = Config::parse_effective(text, "f.toml", ParseOptions::default())?;
    /// let shown = effective.to_string();
    /// assert!(shown.contains("name = \"api1\"") && shown.contains("# f.toml:4") && shown.contains("# default"));
    /// assert_eq!(Config::parse(&shown, "shown")?, config);
    /// # Ok::<(), shellac_config::ConfigErrors>(())
    /// ```
    pub fn parse_effective(
        text: &str,
        file_name: &str,
        options: ParseOptions,
    ) -> Result<(Config, Effective), ConfigErrors> {
        let mut problems = Problems::new(text, file_name);
        let (document, syntax) = DeTable::parse_recoverable(text);
        for error in &syntax {
            let at = error.span().map_or(0, |span| span.start);
            problems.add(at, "", format!("not TOML: {}", error.message().replace('\n', ", ")));
        }
        let config =
            if syntax.is_empty() { read(document.get_ref(), &mut problems, options) } else { None };
        let mut errors: Vec<ConfigError> = problems.list;
        match config {
            Some(config) if errors.is_empty() => Ok((config, problems.effective)),
            _ => {
                errors.sort_by_key(|error| error.line);
                Err(ConfigErrors { file_name: file_name.to_owned(), errors })
            }
        }
    }
}

/// The configuration, or `None` with at least one problem noted.
fn read(document: &DeTable<'_>, problems: &mut Problems, options: ParseOptions) -> Option<Config> {
    let mut top = Section::top(document, problems);
    let instance = top.take(problems, "instance", text).map(|found| found.value);
    let workdir = top.take(problems, "workdir", text).map(|found| found.value.into());
    let user = top.take(problems, "user", text).map(|found| found.value);
    let group = top.take(problems, "group", text).map(|found| found.value);
    let threads =
        top.take(problems, "threads", |value| number(value, 1..=256)).map(|found| found.value);
    let log = read_log(top.table(problems, "log"), problems, options);
    let admin = crate::admin::read(top.table(problems, "admin"), problems);
    let resolver = crate::resolver::read(top.table(problems, "resolver"), problems);
    let timeouts = limits::read_timeouts(top.table(problems, "timeouts"), problems);
    let limits = limits::read_limits(top.table(problems, "limits"), problems);
    let body = limits::read_body(top.table(problems, "body"), problems);
    let error_page = read_error_page(top.table(problems, "error_page"), problems);

    let listen = listen::read_listen(top.tables(problems, "listen"), problems);
    let probes = pools::read_probes(top.tables(problems, "probe"), problems);
    let backends =
        pools::read_backends(top.tables(problems, "backend"), problems, &timeouts, &probes);
    let nodes = crate::nodes::read(top.tables(problems, "node"), problems);
    let node_header = top.take(problems, "node_header", pools::header_name);
    let node_header = node_header.map(|found| found.value);
    let sections = top.tables(problems, "pool");
    let implied = sections.is_empty().then(|| top.implied(problems, "pool"));
    let pools = pools::read_pools(sections, implied, problems, &backends, node_header.as_ref());
    let mut sections = top.tables(problems, "route");
    if sections.is_empty() {
        sections.push(top.implied(problems, "route"));
    }
    let routes = read_routes(sections, problems, &pools);
    for key in ["listen", "backend"] {
        let nothing = document
            .get(key)
            .is_none_or(|value| value.get_ref().as_array().is_some_and(|items| items.is_empty()));
        if nothing {
            problems.add(
                0,
                key,
                format!("is missing; at least one [[{key}]] with an address is needed"),
            );
        }
    }
    top.finish(problems);
    problems.note_strays();

    problems.list.is_empty().then(|| Config {
        instance,
        workdir,
        user,
        group,
        threads,
        log,
        admin,
        resolver,
        listen,
        probes: probes.into_iter().map(|found| found.value).collect(),
        backends: backends.into_iter().map(|found| found.value).collect(),
        nodes,
        pools: pools.into_iter().map(|found| found.value).collect(),
        timeouts,
        limits,
        body,
        error_page,
        routes,
    })
}

fn read_log(
    mut section: Section<'_, '_>,
    problems: &mut Problems,
    options: ParseOptions,
) -> LogConfig {
    let default = LogConfig::default();
    let least = if options.allow_small { LOG_SIZE_TINY } else { LOG_SIZE_LEAST };
    let dialects = LogDialect::ALL.map(|dialect| (dialect.as_str(), dialect));
    let log = LogConfig {
        size_bytes: section.size_or(problems, "size", default.size_bytes, least..=LOG_SIZE_MOST),
        dialect: section.choice(problems, "dialect", default.dialect, &dialects),
        reclen: section.or(problems, "reclen", default.reclen, |value| number(value, 64..=16384)),
        stall: section.or(problems, "stall", default.stall, duration),
    };
    section.finish(problems);
    log
}

fn read_error_page(mut section: Section<'_, '_>, problems: &mut Problems) -> ErrorPage {
    let default = ErrorPage::default();
    let page = ErrorPage {
        instance: section.or(problems, "instance", default.instance, boolean),
        time: section.or(problems, "time", default.time, boolean),
    };
    section.finish(problems);
    page
}

fn read_routes(
    sections: Vec<Section<'_, '_>>,
    problems: &mut Problems,
    pools: &[At<PoolConfig>],
) -> Vec<Route> {
    let names: Vec<&str> = pools.iter().map(|pool| pool.value.name.as_str()).collect();
    let mut routes: Vec<Route> = Vec::new();
    for mut section in sections {
        let host = section.take(problems, "host", host);
        let path = section.take(problems, "path", |value| {
            let path = text(value)?;
            if path.starts_with('/') {
                Ok(path)
            } else {
                Err(format!("`{path}` does not start with `/`"))
            }
        });
        let (methods, action, upgrade) = action::read(&mut section, problems);
        let in_pool = |value: &DeValue<'_>| position(&names, &text(value)?, "pool");
        let pool = if names.len() > 1 && !matches!(action, Action::Deny { .. }) {
            section.required(problems, "pool", in_pool)
        } else {
            section.take(problems, "pool", in_pool)
        };
        let has_next = section.has("next_upstream");
        if has_next && section.has("retry") {
            let reason =
                "stands beside [route.next_upstream], which decides in its place; one of them";
            problems.add(section.place("retry"), section.key("retry"), reason);
        }
        let timeouts = limits::read_route(section.table(problems, "timeouts"), problems);
        // The presence of either takes the other's place.
        let (retry, next) =
            (section.table(problems, "retry"), section.table(problems, "next_upstream"));
        if has_next { &retry } else { &next }.leave_out(problems);
        let retry = read_retry(retry, problems);
        let pool = pool.map_or(0, |found| found.value);
        section.absent(problems, "pool", &names.get(pool).map(|&name| name.to_owned()));
        let health = pools.get(pool).map_or(Rules::default(), |pool| pool.value.health.clone());
        let next = pools::read_next(next, problems, &health);
        let next = has_next.then_some(next);
        let at = path.as_ref().map_or(section.at, |found| found.at);
        let host = host.map(|found| found.value);
        section.absent(problems, "path", &"/".to_owned());
        let path = path.map_or_else(|| "/".to_owned(), |found| found.value);
        let same = |other: &Route| {
            (&other.host, &other.path) == (&host, &path) && overlap(&other.methods, &methods)
        };
        if routes.iter().any(same) {
            problems.add(at, section.key("path"), format!("`{path}` has a [[route]] already"));
        }
        routes.push(Route { host, path, methods, action, upgrade, pool, timeouts, retry, next });
        section.finish(problems);
    }
    routes
}

/// Whether two routes for the same place are both for one method. Naming a method goes before naming none.
fn overlap(one: &[String], other: &[String]) -> bool {
    one.is_empty() && other.is_empty() || one.iter().any(|method| other.contains(method))
}

fn read_retry(mut section: Section<'_, '_>, problems: &mut Problems) -> RetryPolicy {
    let default = RetryPolicy::default();
    let connections = [("fresh", RetryConnection::Fresh), ("any", RetryConnection::Any)];
    let on = section.take(problems, "on", retry_on);
    let methods = section.or(problems, "methods", default.methods, |value| list(value, method));
    let statuses = section.take(problems, "statuses", |value| {
        list(value, |item| {
            integer(item, 400..=599).map(|found| u16::try_from(found).unwrap_or(u16::MAX))
        })
    });
    let connection = section.choice(problems, "connection", default.connection, &connections);
    let max = section.or(problems, "max", default.max, |value| {
        integer(value, 0..=16).map(|found| u32::try_from(found).unwrap_or(0))
    });
    let backoff = section.take(problems, "backoff", pause);
    let backoff_max = section.take(problems, "backoff_max", duration);
    section.absent(problems, "backoff", &default.backoff);
    let wait = backoff.map_or(default.backoff, |found| found.value);
    let most = match backoff_max {
        Some(At { at, .. }) if wait.is_zero() => {
            problems.add(at, section.key("backoff_max"), "has no effect without `backoff`");
            default.backoff_max
        }
        Some(At { value, at }) if value < wait => {
            problems.add(at, section.key("backoff_max"), "is shorter than `backoff`");
            default.backoff_max
        }
        Some(At { value, .. }) => value,
        None => default.backoff_max.max(wait),
    };
    if !wait.is_zero() {
        section.absent(problems, "backoff_max", &most);
    }
    match (&on, &statuses) {
        (Some(At { value, at }), None) if value.status => {
            problems.add(
                *at,
                section.key("on"),
                "names \"status\", but there is no `statuses` to say which",
            );
        }
        (on, Some(At { value, at }))
            if !value.is_empty() && on.as_ref().is_none_or(|on| !on.value.status) =>
        {
            problems.add(
                *at,
                section.key("statuses"),
                "has no effect: `on` does not name \"status\"",
            );
        }
        _ => {}
    }
    section.absent(problems, "on", &retry_names(default.on));
    section.finish(problems);
    RetryPolicy {
        on: on.map_or(default.on, |found| found.value),
        methods,
        statuses: statuses.map(|found| found.value).unwrap_or_default(),
        connection,
        max,
        backoff: wait,
        backoff_max: most,
    }
}

/// Where a failure's switch is.
type Switch = fn(&mut RetryOn) -> &mut bool;

/// The failures by name, and where each of them is kept.
const RETRY_ON: [(&str, Switch); 6] = [
    ("connect", |on| &mut on.connect),
    ("eof_before_byte", |on| &mut on.eof_before_byte),
    ("reset_before_byte", |on| &mut on.reset_before_byte),
    ("reused", |on| &mut on.reused),
    ("first_byte_timeout", |on| &mut on.first_byte_timeout),
    ("status", |on| &mut on.status),
];

fn retry_on(value: &DeValue<'_>) -> Result<RetryOn, String> {
    let choices = RETRY_ON.map(|(name, _)| (name, name));
    let given = list(value, |item| choice(item, &choices))?;
    let mut on = RetryOn::default();
    for (name, switch) in RETRY_ON {
        *switch(&mut on) = given.contains(&name);
    }
    Ok(on)
}

fn retry_names(mut on: RetryOn) -> Vec<String> {
    let given = RETRY_ON.iter().filter(|(_, switch)| *switch(&mut on));
    given.map(|(name, _)| (*name).to_owned()).collect()
}

fn number(value: &DeValue<'_>, range: std::ops::RangeInclusive<u64>) -> Result<usize, String> {
    integer(value, range).map(|found| usize::try_from(found).unwrap_or(usize::MAX))
}

/// A name as records and counters can carry it: a letter, then letters, digits, `_` and `-`.
fn name(value: &DeValue<'_>) -> Result<String, String> {
    let name = text(value)?;
    let mut chars = name.chars();
    let good = chars.next().is_some_and(|first| first.is_ascii_alphabetic())
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if good {
        Ok(name)
    } else {
        Err(format!("`{name}` is not a name: a letter, then letters, digits, `_` and `-`"))
    }
}

fn host(value: &DeValue<'_>) -> Result<String, String> {
    let host = text(value)?;
    let port = host.rsplit_once(':').filter(|(name, port)| {
        !port.is_empty()
            && port.bytes().all(|b| b.is_ascii_digit())
            && (!name.contains(':') || name.ends_with(']'))
    });
    if let Some((name, _)) = port {
        return Err(format!("`{host}` has a port; write `{name}`"));
    }
    if host.contains(|c: char| c.is_whitespace() || c == '/') {
        return Err(format!("`{host}` is not a host"));
    }
    Ok(host.to_ascii_lowercase())
}

fn method(value: &DeValue<'_>) -> Result<String, String> {
    let method = text(value)?;
    let token =
        method.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    if !token {
        return Err(format!("`{method}` is not a method"));
    }
    if method.bytes().any(|b| b.is_ascii_lowercase()) {
        return Err(format!(
            "`{method}`: methods are case-sensitive; write `{}`",
            method.to_ascii_uppercase()
        ));
    }
    Ok(method)
}

/// Where `wanted` is among the names that exist.
fn position(names: &[&str], wanted: &str, what: &str) -> Result<usize, String> {
    names.iter().position(|&name| name == wanted).ok_or_else(|| match nearest(wanted, names) {
        Some(name) => format!("there is no {what} `{wanted}`; did you mean `{name}`?"),
        None if names.is_empty() => format!("there is no {what} `{wanted}`; none is defined"),
        None => format!("there is no {what} `{wanted}`; there are {}", names.join(", ")),
    })
}

#[cfg(test)]
mod tests;
