//! Backends, probes, pools and the next attempt, from their tables.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use shellac_upstream::key::Template;
use shellac_upstream::next::NextUpstream;
use shellac_upstream::probe::ProbeSettings;
use shellac_upstream::{NginxSettings, Panic, PassiveSettings, Policy, Rules};
use toml::de::DeValue;

use super::{name, position};
use crate::section::{At, Problems, Section, boolean, choice, duration, integer, list, text};
use crate::types::{
    BackendAddress, BackendConfig, PoolConfig, ProbeConfig, ProbeRequest, ProxyVersion, Timeouts,
};

/// Weights of a pool with a consistent hash, all together: each is 160 points on its ring.
const WEIGHTS: u64 = 50_000;

pub(super) fn read_probes(
    sections: Vec<Section<'_, '_>>,
    problems: &mut Problems,
) -> Vec<At<ProbeConfig>> {
    let mut taken = HashSet::new();
    let mut probes: Vec<At<ProbeConfig>> = Vec::new();
    for mut section in sections {
        let name = section.required(problems, "name", name);
        let url = section.take(problems, "url", url);
        let request = section.take(problems, "request", |value| {
            let lines = list(value, text)?;
            if lines.is_empty() { Err("is empty".to_owned()) } else { Ok(lines) }
        });
        let expect = section.or(problems, "expect", 200, |value| status(value, 100..=599));
        let interval = section.or(problems, "interval", Duration::from_secs(5), duration);
        let retry_interval = section.or(problems, "retry_interval", interval, duration);
        let timeout = section.or(problems, "timeout", Duration::from_secs(2), duration);
        let window = section.or(problems, "window", 8, |value| small(value, 1..=64));
        let threshold =
            section.or(problems, "threshold", 3.min(window), |value| small(value, 1..=64));
        if threshold > window {
            let reason = format!("{threshold} of {window} probes (`window`) can never be good");
            problems.add(section.place("threshold"), section.key("threshold"), reason);
        }
        let initial = section
            .or(problems, "initial", threshold - 1, |value| small(value, 0..=threshold.into()));
        let request = match (url, request) {
            (Some(url), None) => ProbeRequest::Url(url.value),
            (None, Some(lines)) => ProbeRequest::Lines(lines.value),
            (None, None) => {
                section.absent(problems, "url", &"/".to_owned());
                ProbeRequest::Url("/".to_owned())
            }
            (Some(_), Some(lines)) => {
                problems.add(lines.at, section.key("request"), "stands beside `url`; one of them");
                ProbeRequest::Lines(lines.value)
            }
        };
        if let Some(At { value: name, at }) = name {
            unique(&mut taken, &name, at, &section, problems);
            let value = ProbeConfig {
                name,
                request,
                expect,
                timeout,
                settings: ProbeSettings {
                    interval,
                    retry_interval,
                    window,
                    threshold,
                    initial,
                    ..ProbeSettings::default()
                },
            };
            probes.push(At { value, at });
        }
        section.finish(problems);
    }
    probes
}

pub(super) fn read_backends(
    sections: Vec<Section<'_, '_>>,
    problems: &mut Problems,
    timeouts: &Timeouts,
    probes: &[At<ProbeConfig>],
) -> Vec<At<BackendConfig>> {
    let probes: Vec<&str> = probes.iter().map(|probe| probe.value.name.as_str()).collect();
    let mut taken = HashSet::new();
    let mut backends: Vec<At<BackendConfig>> = Vec::new();
    for mut section in sections {
        let name = section.required(problems, "name", name);
        let address = section.required(problems, "address", |value| {
            let spelled = text(value)?;
            Ok((crate::resolver::backend_address(&spelled)?, spelled))
        });
        let versions = [("v1", ProxyVersion::V1), ("v2", ProxyVersion::V2)];
        let send_proxy = section
            .take(problems, "send_proxy", |value| choice(value, &versions))
            .map(|found| found.value);
        let connect_timeout = section.or(problems, "connect_timeout", timeouts.connect, duration);
        let first_byte_timeout =
            section.or(problems, "first_byte_timeout", timeouts.first_byte, duration);
        let between_bytes_timeout =
            section.or(problems, "between_bytes_timeout", timeouts.between_bytes, duration);
        let send_timeout = section.or(problems, "send_timeout", timeouts.send, duration);
        let idle_timeout = section.or(problems, "idle_timeout", timeouts.backend_idle, duration);
        for (key, value, from) in [
            ("connect_timeout", connect_timeout, "timeouts.connect"),
            ("first_byte_timeout", first_byte_timeout, "timeouts.first_byte"),
            ("between_bytes_timeout", between_bytes_timeout, "timeouts.between_bytes"),
            ("send_timeout", send_timeout, "timeouts.send"),
            ("idle_timeout", idle_timeout, "timeouts.backend_idle"),
        ] {
            section.inherits(problems, key, &value, from);
        }
        let weight = section.or(problems, "weight", 1, |value| small(value, 1..=1000));
        let max_conns = section.or(problems, "max_conns", 0, |value| small(value, 0..=1_000_000));
        let backup = section.or(problems, "backup", false, boolean);
        let down = section.or(problems, "down", false, boolean);
        let max_fails = section.take(problems, "max_fails", max_fails).map(|found| found.value);
        let fail_timeout =
            section.take(problems, "fail_timeout", fail_timeout).map(|found| found.value);
        let node = section.take(problems, "node", text).map(|found| found.value);
        let zone = section.take(problems, "zone", text).map(|found| found.value);
        let probe = section
            .take(problems, "probe", |value| position(&probes, &text(value)?, "probe"))
            .map(|found| found.value);
        let tls = crate::tls::read_backend(&mut section, problems);
        if let Some(At { value: name, at }) = name {
            unique(&mut taken, &name, at, &section, problems);
            // Kept with a bad address too, so that a pool that names it is not called wrong.
            let (address, spelled) = address.map_or_else(
                || (BackendAddress::Ip(SocketAddr::from(([0, 0, 0, 0], 0))), String::new()),
                |found| found.value,
            );
            let value = BackendConfig {
                name,
                address,
                spelled,
                send_proxy,
                connect_timeout,
                first_byte_timeout,
                between_bytes_timeout,
                send_timeout,
                idle_timeout,
                weight,
                max_conns,
                backup,
                down,
                max_fails,
                fail_timeout,
                node,
                zone,
                probe,
                tls,
            };
            backends.push(At { value, at });
        }
        section.finish(problems);
    }
    backends
}

/// `implied` is the pool of all backends where there are no others; `node_header` is what the file says for all of them.
pub(super) fn read_pools(
    sections: Vec<Section<'_, '_>>,
    implied: Option<Section<'_, '_>>,
    problems: &mut Problems,
    backends: &[At<BackendConfig>],
    node_header: Option<&String>,
) -> Vec<At<PoolConfig>> {
    let names: Vec<&str> = backends.iter().map(|backend| backend.value.name.as_str()).collect();
    let places: HashMap<&str, usize> = names.iter().copied().zip(0..).collect();
    let mut taken = HashSet::new();
    let mut pools: Vec<At<PoolConfig>> = Vec::new();
    if let Some(mut section) = implied {
        let mut value = PoolConfig::new("default", (0..backends.len()).collect());
        value.node_header = node_header.cloned();
        section.absent(problems, "name", &value.name);
        section.absent(problems, "backends", &all_names(&names));
        section.absent(problems, "policy", &policy_name(value.policy));
        section.absent(problems, "panic", &"none".to_owned());
        section.inherits(problems, "node_header", &value.node_header, "node_header");
        value.health = read_health(section.table(problems, "health"), problems);
        pools.push(At { value, at: 0 });
    }
    for mut section in sections {
        let name = section.required(problems, "name", name);
        let members = section.required(problems, "backends", |value| {
            let mut members: Vec<usize> = Vec::new();
            let mut seen = vec![false; names.len()];
            for member in list(value, text)? {
                let index = match places.get(member.as_str()) {
                    Some(&index) => index,
                    None => position(&names, &member, "backend")?,
                };
                if std::mem::replace(&mut seen[index], true) {
                    return Err(format!("`{member}` stands there twice"));
                }
                members.push(index);
            }
            if members.is_empty() {
                Err("is empty; a pool needs a backend".to_owned())
            } else {
                Ok(members)
            }
        });
        let policy = section.take(problems, "policy", |value| choice(value, POLICIES));
        let key = section.take(problems, "key", |value| Template::parse(&text(value)?));
        let compat = section.take(problems, "compat", |value| choice(value, &[("nginx", ())]));
        let panic = section.take(problems, "panic", |value| choice(value, PANICS));
        let own_header = section.take(problems, "node_header", header_name);
        section.inherits(problems, "node_header", &node_header.cloned(), "node_header");
        let own_header = own_header.map(|found| found.value);
        section.absent(problems, "policy", &policy_name(Policy::default()));
        if compat.is_none() {
            section.absent(problems, "panic", &"none".to_owned());
        }
        let health = section.table(problems, "health");
        let health = match &compat {
            Some(_) => read_nginx(health, problems),
            None => read_health(health, problems),
        };
        let found = policy.as_ref().map_or(Policy::default(), |found| found.value);
        let hash = found == Policy::ConsistentHash;
        let wrong = [
            // A key that is wrong has been reported, one that is missing has not.
            (
                hash && key.is_none() && !section.has("key"),
                "policy",
                "needs a `key`, such as \"$host$uri\"",
            ),
            (!hash && key.is_some(), "key", "has no effect without `policy = \"consistent_hash\"`"),
            (
                compat.is_some() && found == Policy::RandomTwo,
                "policy",
                "`compat = \"nginx\"` knows \"round_robin\", \"least_connections\" and \"consistent_hash\"",
            ),
            (
                compat.is_some() && panic.is_some(),
                "panic",
                "has no effect with `compat = \"nginx\"`: when all backends are out, requests fail",
            ),
        ];
        for (_, key, reason) in wrong.into_iter().filter(|(is_wrong, ..)| *is_wrong) {
            problems.add(section.place(key), section.key(key), reason);
        }
        let members_at = members.as_ref().map_or(section.at, |found| found.at);
        let members = members.map(|found| found.value).unwrap_or_default();
        let of = |member: &usize| &backends[*member].value;
        let mut check = |is_wrong: bool, reason: String| {
            if is_wrong {
                problems.add(members_at, section.key("backends"), reason);
            }
        };
        let all_backups = !members.is_empty() && members.iter().all(|member| of(member).backup);
        check(all_backups, "are all `backup`; a pool needs another one".to_owned());
        let weights: u64 = members.iter().map(|member| u64::from(of(member).weight)).sum();
        check(
            hash && weights > WEIGHTS,
            format!("weigh {weights} together; a consistent hash has room for {WEIGHTS}"),
        );
        let backup = members.iter().find(|member| of(member).backup);
        if let (true, Some(_), Some(backup)) = (hash, &compat, backup) {
            let name = &of(backup).name;
            check(
                true,
                format!("`{name}` is a `backup`, which nginx does not have with a consistent hash"),
            );
        }
        if let Some(At { value: name, at }) = name {
            unique(&mut taken, &name, at, &section, problems);
            let value = PoolConfig {
                policy: found,
                key: key.map(|found| found.value),
                health,
                panic: panic.map_or(Panic::default(), |found| found.value),
                node_header: own_header.or_else(|| node_header.cloned()),
                ..PoolConfig::new(name, members)
            };
            pools.push(At { value, at });
        }
        section.finish(problems);
    }
    check_nginx(backends, &pools, problems);
    pools
}

/// The name of a header.
pub(super) fn header_name(value: &DeValue<'_>) -> Result<String, String> {
    let name = text(value)?;
    if name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)) {
        Ok(name)
    } else {
        Err(format!("`{name}` is not the name of a header, such as \"X-Node\""))
    }
}

const POLICIES: &[(&str, Policy)] = &[
    ("round_robin", Policy::RoundRobin),
    ("least_connections", Policy::LeastConnections),
    ("random_two", Policy::RandomTwo),
    ("consistent_hash", Policy::ConsistentHash),
];

const PANICS: &[(&str, Panic)] = &[("none", Panic::None), ("all", Panic::All)];

fn policy_name(policy: Policy) -> Option<String> {
    POLICIES.iter().find(|(_, known)| *known == policy).map(|(name, _)| (*name).to_owned())
}

fn all_names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn read_nginx(mut section: Section<'_, '_>, problems: &mut Problems) -> Rules {
    let default = NginxSettings::default();
    let max_fails = section.or(problems, "max_fails", default.max_fails, max_fails);
    let fail_timeout = section.or(problems, "fail_timeout", default.fail_timeout, fail_timeout);
    section.finish(problems);
    Rules::Nginx(NginxSettings { max_fails, fail_timeout })
}

fn max_fails(value: &DeValue<'_>) -> Result<u32, String> {
    small(value, 0..=1_000_000)
}

fn fail_timeout(value: &DeValue<'_>) -> Result<Duration, String> {
    match duration(value)? {
        whole if whole.subsec_nanos() == 0 => Ok(whole),
        _ => Err("has to be whole seconds, as with nginx".to_owned()),
    }
}

/// Backends with numbers that only the rules of nginx look at have to be in a pool with those.
fn check_nginx(backends: &[At<BackendConfig>], pools: &[At<PoolConfig>], problems: &mut Problems) {
    let nginx = pools
        .iter()
        .filter(|pool| matches!(pool.value.health, Rules::Nginx(_)))
        .flat_map(|pool| &pool.value.backends);
    let fits: HashSet<usize> = nginx.copied().collect();
    for (at, At { value: backend, at: place }) in backends.iter().enumerate() {
        let given = [
            ("max_fails", backend.max_fails.is_some()),
            ("fail_timeout", backend.fail_timeout.is_some()),
        ];
        for (key, _) in given.into_iter().filter(|&(_, given)| given && !fits.contains(&at)) {
            let reason = format!(
                "has no effect: no pool with `compat = \"nginx\"` has the backend `{}`; other pools have [pool.health]",
                backend.name
            );
            problems.add(*place, format!("backend.{key}"), reason);
        }
    }
}

fn read_health(mut section: Section<'_, '_>, problems: &mut Problems) -> Rules {
    let default = PassiveSettings::default();
    let percent = |value: &DeValue<'_>| small(value, 0..=100);
    let health = PassiveSettings {
        window: section.or(problems, "window", default.window, duration),
        failures: section
            .or(problems, "failures", default.failures, |value| small(value, 0..=65_535)),
        percent: section.or(problems, "percent", default.percent, percent),
        volume: section.or(problems, "volume", default.volume, |value| small(value, 1..=65_535)),
        statuses: section.or(problems, "statuses", default.statuses, |value| {
            list(value, |item| status(item, 400..=599))
        }),
        eject: section.or(problems, "eject", default.eject, duration),
        eject_max: section.or(problems, "eject_max", default.eject_max, duration),
        jitter_percent: section.or(problems, "jitter_percent", default.jitter_percent, percent),
        min_healthy: section.or(problems, "min_healthy", default.min_healthy, |value| {
            small(value, 1..=65_536).map(|found| found as usize)
        }),
        max_ejected_percent: section.or(
            problems,
            "max_ejected_percent",
            default.max_ejected_percent,
            percent,
        ),
        suspect: section.or(problems, "suspect", default.suspect, boolean),
        test_connect_timeout: section.or(
            problems,
            "test_connect_timeout",
            default.test_connect_timeout,
            duration,
        ),
    };
    if health.eject > health.eject_max {
        let reason = format!("is shorter than `eject` ({:?})", health.eject);
        problems.add(section.place("eject_max"), section.key("eject_max"), reason);
    }
    section.finish(problems);
    Rules::Ours(health)
}

/// The table `next_upstream` of a route to a pool with these rules.
pub(super) fn read_next(
    mut section: Section<'_, '_>,
    problems: &mut Problems,
    health: &Rules,
) -> NextUpstream {
    let default = NextUpstream::default();
    let on = section.take(problems, "on", next_on);
    let tries = section.or(problems, "tries", default.tries, |value| small(value, 0..=1000));
    let limit = section.take(problems, "limit", duration).map(|found| found.value);
    section.absent(problems, "on", &next_names(&default));
    section.finish(problems);
    let on = on.map_or(default, |found| found.value);
    NextUpstream { tries, limit, cuts: !matches!(health, Rules::Nginx(_)), ..on }
}

fn next_on(value: &DeValue<'_>) -> Result<NextUpstream, String> {
    const STATUSES: [u16; 7] = [500, 502, 503, 504, 403, 404, 429];
    let words = ["error", "timeout", "invalid_header", "non_idempotent", "off"];
    let statuses = STATUSES.map(|status| format!("http_{status}"));
    let choices: Vec<(&str, &str)> =
        words.iter().copied().chain(statuses.iter().map(String::as_str)).map(|w| (w, w)).collect();
    let given = list(value, |item| choice(item, &choices))?;
    let has = |word: &str| given.contains(&word);
    if has("off") && given.len() > 1 {
        return Err("\"off\" stands alone".to_owned());
    }
    Ok(NextUpstream {
        error: has("error"),
        timeout: has("timeout"),
        invalid_header: has("invalid_header"),
        non_idempotent: has("non_idempotent"),
        statuses: STATUSES.into_iter().filter(|status| has(&format!("http_{status}"))).collect(),
        ..NextUpstream::default()
    })
}

/// What [`next_on`] would have read.
fn next_names(next: &NextUpstream) -> Vec<String> {
    let words = [
        ("error", next.error),
        ("timeout", next.timeout),
        ("invalid_header", next.invalid_header),
        ("non_idempotent", next.non_idempotent),
    ];
    let words = words.into_iter().filter(|(_, given)| *given).map(|(word, _)| word.to_owned());
    words.chain(next.statuses.iter().map(|status| format!("http_{status}"))).collect()
}

/// Notes that a name is taken. There may be thousands, so they are not compared one by one.
fn unique(
    taken: &mut HashSet<String>,
    name: &str,
    at: usize,
    section: &Section<'_, '_>,
    problems: &mut Problems,
) {
    if !taken.insert(name.to_owned()) {
        let reason = format!("`{name}` is taken by another [[{}]]", section.name());
        problems.add(at, section.key("name"), reason);
    }
}

fn small(value: &DeValue<'_>, range: std::ops::RangeInclusive<u64>) -> Result<u32, String> {
    integer(value, range).map(|found| u32::try_from(found).unwrap_or(u32::MAX))
}

fn status(value: &DeValue<'_>, range: std::ops::RangeInclusive<u64>) -> Result<u16, String> {
    integer(value, range).map(|found| u16::try_from(found).unwrap_or(u16::MAX))
}

/// A URL as a request line has it: a path, perhaps with a query.
fn url(value: &DeValue<'_>) -> Result<String, String> {
    let url = text(value)?;
    if !url.starts_with('/') {
        return Err(format!("`{url}` does not start with `/`"));
    }
    if url.contains(|c: char| c.is_whitespace() || !c.is_ascii()) {
        return Err(format!("`{url}` has characters that a URL cannot have; write them as %XX"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
