use std::time::Duration;

use shellac_upstream::key::{Part, Template};
use shellac_upstream::next::NextUpstream;
use shellac_upstream::probe::ProbeSettings;
use shellac_upstream::{NginxSettings, Panic, PassiveSettings, Policy, Rules};

use crate::{
    BodyConfig, Config, Limits, PoolConfig, ProbeConfig, ProbeRequest, RetryPolicy, Timeouts,
};

const NGINX: &str = include_str!("../../../../../fixtures/config/nginx.toml");
const EXAMPLE: &str = include_str!("../../../../../shellac.example.toml");

/// Three backends, eleven lines.
const THREE: &str = "[[listen]]\naddress = '127.0.0.1:0'\n\
    [[backend]]\nname = 'b1'\naddress = '127.0.0.1:9001'\n\
    [[backend]]\nname = 'b2'\naddress = '127.0.0.1:9002'\n\
    [[backend]]\nname = 'b3'\naddress = '127.0.0.1:9003'\n";

const ALL: &str = r#"
[[probe]]
name = "web"
url = "/health?x=1"
expect = 204
interval = "1s"
retry_interval = "500ms"
timeout = "300ms"
window = 10
threshold = 7
initial = 7
[[probe]]
name = "raw"
request = ["HEAD / HTTP/1.1", "Host: x"]
[[listen]]
address = "127.0.0.1:0"
[[backend]]
name = "b1"
address = "127.0.0.1:9001"
weight = 3
max_conns = 7
node = "n1"
zone = "z"
probe = "raw"
[[backend]]
name = "b2"
address = "[::1]:9002"
backup = true
down = true
probe = "web"
[[pool]]
name = "p"
backends = ["b1", "b2"]
policy = "consistent_hash"
key = "$http_x_user/$arg_id"
panic = "all"
[pool.health]
window = "30s"
failures = 9
percent = 20
volume = 50
statuses = [502, 503]
eject = "5s"
eject_max = "1m"
jitter_percent = 0
min_healthy = 2
max_ejected_percent = 40
suspect = false
test_connect_timeout = "250ms"
[[route]]
[route.next_upstream]
on = ["timeout", "invalid_header", "http_404", "http_500", "non_idempotent"]
tries = 3
limit = "10s"
"#;

#[test]
fn every_key_is_read() {
    let config = Config::parse(ALL, "f").unwrap();
    let ms = Duration::from_millis;
    assert_eq!(
        config.probes,
        [
            ProbeConfig {
                name: "web".to_owned(),
                request: ProbeRequest::Url("/health?x=1".to_owned()),
                expect: 204,
                timeout: ms(300),
                settings: ProbeSettings {
                    interval: ms(1000),
                    retry_interval: ms(500),
                    jitter_percent: 10,
                    window: 10,
                    threshold: 7,
                    initial: 7,
                },
            },
            ProbeConfig {
                name: "raw".to_owned(),
                request: ProbeRequest::Lines(vec![
                    "HEAD / HTTP/1.1".to_owned(),
                    "Host: x".to_owned()
                ]),
                expect: 200,
                timeout: ms(2000),
                settings: ProbeSettings::default(),
            },
        ]
    );
    let [b1, b2] = &config.backends[..] else { panic!("{:?}", config.backends) };
    assert_eq!(
        (b1.weight, b1.max_conns, b1.backup, b1.down, b1.probe),
        (3, 7, false, false, Some(1))
    );
    assert_eq!((b1.node.as_deref(), b1.zone.as_deref()), (Some("n1"), Some("z")));
    assert_eq!(
        (b2.weight, b2.max_conns, b2.backup, b2.down, b2.probe),
        (1, 0, true, true, Some(0))
    );
    assert_eq!(b2.spelled, "[::1]:9002");
    let pool = &config.pools[0];
    assert_eq!((pool.policy, pool.panic), (Policy::ConsistentHash, Panic::All));
    let (user, id) = (Part::Header("x_user".to_owned()), Part::Arg("id".to_owned()));
    let key = Template::new(vec![user, Part::Text("/".to_owned()), id]);
    assert_eq!(pool.key, Some(key));
    assert_eq!(
        pool.health,
        Rules::Ours(PassiveSettings {
            window: ms(30_000),
            failures: 9,
            percent: 20,
            volume: 50,
            statuses: vec![502, 503],
            eject: ms(5000),
            eject_max: ms(60_000),
            jitter_percent: 0,
            min_healthy: 2,
            max_ejected_percent: 40,
            suspect: false,
            test_connect_timeout: ms(250),
        })
    );
    assert_eq!(
        config.routes[0].next,
        Some(NextUpstream {
            error: false,
            timeout: true,
            invalid_header: true,
            non_idempotent: true,
            statuses: vec![500, 404],
            tries: 3,
            limit: Some(ms(10_000)),
            cuts: true,
        })
    );
}

#[test]
fn a_configuration_of_nginx_in_our_words() {
    let config = Config::parse(NGINX, "nginx.toml").unwrap();
    let pool = &config.pools[0];
    let fail_timeout = Duration::from_secs(10);
    assert_eq!(pool.health, Rules::Nginx(NginxSettings { max_fails: 100, fail_timeout }));
    assert_eq!(pool.policy, Policy::ConsistentHash);
    assert_eq!(pool.key, Some(Template::new(vec![Part::Host, Part::Uri])));
    let spelled: Vec<&str> = config.backends.iter().map(|one| one.spelled.as_str()).collect();
    let four = [1, 2, 3, 4].map(|n| format!("127.0.0.{n}:10080"));
    assert_eq!(spelled, four);
    let next = config.routes[0].next.clone().unwrap();
    assert_eq!(
        next,
        NextUpstream { statuses: vec![502, 504], tries: 2, cuts: false, ..NextUpstream::default() }
    );
}

#[test]
fn a_backend_may_have_its_own_numbers_of_nginx() {
    let text = "[[listen]]\naddress = '127.0.0.1:1'\n\
        [[backend]]\nname = 'a'\naddress = '127.0.0.1:2'\nmax_fails = 3\nfail_timeout = '30s'\n\
        [[backend]]\nname = 'b'\naddress = '127.0.0.1:3'\nmax_fails = 0\n";
    let pool = "[[pool]]\nname = 'p'\nbackends = ['a', 'b']\ncompat = 'nginx'\n";
    let config = Config::parse(&format!("{text}{pool}"), "f").unwrap();
    let own = |at: usize| (config.backends[at].max_fails, config.backends[at].fail_timeout);
    assert_eq!(own(0), (Some(3), Some(Duration::from_secs(30))));
    assert_eq!(own(1), (Some(0), None));
    let why = |key: &str, name: &str, line: usize| {
        format!(
            "f:{line}: backend.{key}: has no effect: no pool with `compat = \"nginx\"` has the backend `{name}`; other pools have [pool.health]"
        )
    };
    let errors = Config::parse(text, "f").unwrap_err().to_string();
    let expected =
        [why("max_fails", "a", 4), why("fail_timeout", "a", 4), why("max_fails", "b", 9)];
    assert_eq!(errors.lines().collect::<Vec<_>>(), expected);
}

/// The example with what stands behind a `#` at the begin of a line put into force, but for keys that need another value
/// elsewhere or have no default.
fn uncommented() -> String {
    let others = ["compat", "limit", "max_fails", "fail_timeout"];
    let is_key = |key: &str| {
        key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && !others.contains(&key)
    };
    let line = |line: &'static str| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with('[') => rest,
        // That of a hash needs its policy.
        Some(rest) if rest.starts_with("key = \"$") => line,
        Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| is_key(key)) => rest,
        _ => line,
    };
    EXAMPLE.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_shows_the_defaults() {
    let config = Config::parse(EXAMPLE, "shellac.example.toml").unwrap();
    assert_eq!(config.pools, [PoolConfig::new("api", vec![0, 1])]);
    assert_eq!(config.probes, []);
    for backend in &config.backends {
        assert_eq!((backend.weight, backend.max_conns, backend.probe), (1, 0, None));
        assert!(!backend.backup && !backend.down);
    }
    assert_eq!(config.routes[0].next, None);
    assert_eq!(config.routes[0].retry, RetryPolicy::default());
    assert_eq!(config.timeouts, Timeouts::default());
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.body, BodyConfig::default());
}

#[test]
fn what_the_example_leaves_out_is_right_too() {
    let text = uncommented();
    // A route has one of two tables; everything else is there at once.
    let (before, behind) = text.split_once("[route.retry]").unwrap();
    let next = behind.find("[route.next_upstream]").unwrap();
    let text = format!("{before}{}", &behind[next..]);
    let config = Config::parse(&text, "f").unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let next = config.routes[0].next.clone().unwrap();
    assert_eq!(next, NextUpstream::default());
    let probe = &config.probes[0];
    assert_eq!(config.backends[0].probe, Some(0));
    assert_eq!(
        (probe.settings.window, probe.settings.threshold, probe.settings.initial),
        (8, 3, 2)
    );
    assert_eq!(config.pools[0].health, Rules::Ours(PassiveSettings::default()));
    assert_eq!(config.pools[0].policy, Policy::RoundRobin);
}

/// What is appended to [`THREE`], and every message expected for it.
const MISTAKES: &[(&str, &[&str])] = &[
    (
        "weight = 0\nmax_con = 1\nbackup = 'yes'\nprobe = 'x'\n",
        &[
            "f:12: backend.weight: 0 is not between 1 and 1000",
            "f:13: backend.max_con: is not a key; did you mean `max_conns`?",
            "f:14: backend.backup: is a string, not true or false",
            "f:15: backend.probe: there is no probe `x`; none is defined",
        ],
    ),
    (
        "[[probe]]\nname = 'w'\nurl = 'health'\nwindow = 65\n[[probe]]\nname = 'w'\nurl = '/'\nrequest = ['GET / HTTP/1.0']\nthreshold = 9\n",
        &[
            "f:14: probe.url: `health` does not start with `/`",
            "f:15: probe.window: 65 is not between 1 and 64",
            "f:17: probe.name: `w` is taken by another [[probe]]",
            "f:19: probe.request: stands beside `url`; one of them",
            "f:20: probe.threshold: 9 of 8 probes (`window`) can never be good",
        ],
    ),
    (
        "[[pool]]\nname = 'p'\nbackends = ['b1']\npolicy = 'hash'\n",
        &[
            "f:15: pool.policy: `hash` is not one of \"round_robin\", \"least_connections\", \"random_two\", \"consistent_hash\"",
        ],
    ),
    (
        "[[pool]]\nname = 'p'\nbackends = ['b1']\npolicy = 'consistent_hash'\n",
        &["f:15: pool.policy: needs a `key`, such as \"$host$uri\""],
    ),
    (
        "[[pool]]\nname = 'p'\nbackends = ['b1']\npolicy = 'consistent_hash'\nkey = '$ur'\n",
        &["f:16: pool.key: there is no variable `$ur`; did you mean `$uri`?"],
    ),
    (
        "[[pool]]\nname = 'p'\nbackends = ['b1']\nkey = '$uri'\n",
        &["f:15: pool.key: has no effect without `policy = \"consistent_hash\"`"],
    ),
    (
        "[[pool]]\nname = 'p'\nbackends = ['b1']\ncompat = 'nginx'\npanic = 'all'\npolicy = 'random_two'\n[pool.health]\nfail_timeout = '1500ms'\nfailures = 3\n",
        &[
            "f:16: pool.panic: has no effect with `compat = \"nginx\"`: when all backends are out, requests fail",
            "f:17: pool.policy: `compat = \"nginx\"` knows \"round_robin\", \"least_connections\" and \"consistent_hash\"",
            "f:19: pool.health.fail_timeout: has to be whole seconds, as with nginx",
            "f:20: pool.health.failures: is not a key; known here: max_fails, fail_timeout",
        ],
    ),
    (
        "backup = true\n[[pool]]\nname = 'p'\nbackends = ['b1', 'b3']\ncompat = 'nginx'\npolicy = 'consistent_hash'\nkey = '$uri'\n[[pool]]\nname = 'q'\nbackends = ['b3']\n[[route]]\npool = 'p'\n",
        &[
            "f:15: pool.backends: `b3` is a `backup`, which nginx does not have with a consistent hash",
            "f:21: pool.backends: are all `backup`; a pool needs another one",
        ],
    ),
    (
        "[[pool]]\nname = 'p'\nbackends = ['b1']\n[pool.health]\npercent = 101\nmax_fails = 1\neject = '5m'\neject_max = '1m'\n",
        &[
            "f:16: pool.health.percent: 101 is not between 0 and 100",
            "f:17: pool.health.max_fails: is not a key here; it belongs in [[backend]]",
            "f:19: pool.health.eject_max: is shorter than `eject` (300s)",
        ],
    ),
    (
        "[[route]]\n[route.retry]\nmax = 1\n[route.next_upstream]\non = ['off', 'error']\ntries = -1\n",
        &[
            "f:13: route.retry: stands beside [route.next_upstream], which decides in its place; one of them",
            "f:16: route.next_upstream.on: \"off\" stands alone",
            "f:17: route.next_upstream.tries: -1 is not between 0 and 1000",
        ],
    ),
    (
        "[[route]]\n[route.next_upstream]\non = ['http_501']\n",
        &[
            "f:14: route.next_upstream.on: item 1: `http_501` is not one of \"error\", \"timeout\", \"invalid_header\", \"non_idempotent\", \"off\", \"http_500\", \"http_502\", \"http_503\", \"http_504\", \"http_403\", \"http_404\", \"http_429\"",
        ],
    ),
];

#[test]
fn mistakes_name_line_key_and_reason() {
    for (more, expected) in MISTAKES {
        let text = format!("{THREE}{more}");
        let found = match Config::parse(&text, "f") {
            Ok(_) => String::new(),
            Err(errors) => errors.to_string(),
        };
        assert_eq!(found.lines().collect::<Vec<_>>(), *expected, "{text}");
    }
}

#[test]
fn a_ring_has_a_limit() {
    let mut text = "[[listen]]\naddress = '127.0.0.1:0'\n".to_owned();
    let names: Vec<String> = (0..51).map(|n| format!("b{n}")).collect();
    for name in &names {
        text += &format!("[[backend]]\nname = '{name}'\naddress = '127.0.0.1:1'\nweight = 1000\n");
    }
    text += &format!(
        "[[pool]]\nname = 'p'\nbackends = {names:?}\npolicy = 'consistent_hash'\nkey = '$uri'\n"
    );
    let errors = Config::parse(&text, "f").unwrap_err();
    assert_eq!(
        errors.errors[0].reason,
        "weigh 51000 together; a consistent hash has room for 50000"
    );
}
