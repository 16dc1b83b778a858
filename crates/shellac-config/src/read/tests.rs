use std::time::Duration;

use super::*;
use crate::{
    BackendAddress, BackendConfig, BodyConfig, BodyOver, Limits, ResolverConfig, RouteTimeouts,
    Timeouts,
};
use crate::{ListenAddress, ProxyVersion, SocketRights};

/// The smallest file that is right.
const LEAST: &str =
    "[[listen]]\naddress = '127.0.0.1:0'\n[[backend]]\nname = 'b1'\naddress = '127.0.0.1:9001'\n";

const FULL: &str = r#"
instance = "edge-1"
workdir = "/run/shellac/one"
user = "shellac"
group = "varnish"
threads = 3
[log]
size = "16M"
dialect = "6.0-7.2"
reclen = 255
stall = "500ms"
[[listen]]
address = "127.0.0.1:8080"
[[listen]]
name = "six"
address = "[::1]:8080"
[[backend]]
name = "api1"
address = "127.0.0.1:9001"
first_byte_timeout = "2m"
[[backend]]
name = "api2"
address = "[::1]:9002"
send_timeout = "30s"
idle_timeout = "4s"
[[pool]]
name = "api"
backends = ["api2", "api1"]
[[pool]]
name = "web"
backends = ["api1"]
[timeouts]
connect = "1s"
first_byte = "7s"
total = "90s"
linger = "1s"
[limits]
head_bytes = "16K"
headers = 100
idle_per_backend = 0
pipe_max = 7
client_body_rate = "1K"
response_rate = 20
delivery_rate = 0
rate_grace = "3s"
[body]
memory = "2K"
limit = 4096
total = "1M"
dir = "/srv/bodies"
over = "refuse"
[error_page]
instance = true
time = false
[[route]]
host = "Example.ORG"
path = "/orders"
pool = "api"
[route.retry]
on = ["reused", "status"]
methods = ["POST", "PUT"]
statuses = [502, 503]
connection = "any"
max = 2
backoff = "100ms"
backoff_max = "2s"
[route.timeouts]
first_byte = "1m"
between_bytes = "2m"
send = "3m"
client_body = "4m"
pipe_idle = "5m"
pipe_total = "none"
total = "none"
[[route]]
pool = "web"
"#;

#[test]
fn every_key_is_read() {
    let config = Config::parse(FULL, "full.toml").unwrap();
    assert_eq!(config.instance.as_deref(), Some("edge-1"));
    assert_eq!(config.workdir.as_deref(), Some(std::path::Path::new("/run/shellac/one")));
    assert_eq!(config.group.as_deref(), Some("varnish"));
    assert_eq!(config.threads, Some(3));
    assert_eq!(
        config.log,
        LogConfig {
            size_bytes: 16 << 20,
            dialect: LogDialect::V6_0,
            reclen: 255,
            stall: Duration::from_millis(500)
        }
    );
    let listen: Vec<_> =
        config.listen.iter().map(|l| (l.name.as_str(), l.address.to_string())).collect();
    assert_eq!(listen, [("a0", "127.0.0.1:8080".to_owned()), ("six", "[::1]:8080".to_owned())]);
    let second = Duration::from_secs;
    assert_eq!(
        config.backends,
        [
            BackendConfig {
                name: "api1".to_owned(),
                address: BackendAddress::Ip("127.0.0.1:9001".parse().unwrap()),
                spelled: "127.0.0.1:9001".to_owned(),
                send_proxy: None,
                connect_timeout: second(1),
                first_byte_timeout: second(120),
                between_bytes_timeout: second(60),
                send_timeout: second(60),
                idle_timeout: second(60),
                weight: 1,
                max_conns: 0,
                backup: false,
                down: false,
                max_fails: None,
                fail_timeout: None,
                node: None,
                zone: None,
                probe: None,
                tls: None,
            },
            BackendConfig {
                name: "api2".to_owned(),
                address: BackendAddress::Ip("[::1]:9002".parse().unwrap()),
                spelled: "[::1]:9002".to_owned(),
                send_proxy: None,
                connect_timeout: second(1),
                first_byte_timeout: second(7),
                between_bytes_timeout: second(60),
                send_timeout: second(30),
                idle_timeout: second(4),
                weight: 1,
                max_conns: 0,
                backup: false,
                down: false,
                max_fails: None,
                fail_timeout: None,
                node: None,
                zone: None,
                probe: None,
                tls: None,
            },
        ]
    );
    let pools: Vec<_> =
        config.pools.iter().map(|p| (p.name.as_str(), p.backends.as_slice())).collect();
    assert_eq!(pools, [("api", &[1, 0][..]), ("web", &[0][..])]);
    assert_eq!(
        config.timeouts,
        Timeouts {
            connect: second(1),
            first_byte: second(7),
            total: Some(second(90)),
            linger: second(1),
            ..Timeouts::default()
        }
    );
    assert_eq!(
        config.limits,
        Limits {
            head_bytes: 16384,
            headers: 100,
            idle_per_backend: 0,
            pipe_max: 7,
            client_body_rate: 1024,
            response_rate: 20,
            delivery_rate: 0,
            rate_grace: second(3),
        }
    );
    assert_eq!(
        config.body,
        BodyConfig {
            memory_bytes: 2048,
            limit_bytes: 4096,
            total_bytes: 1 << 20,
            dir: "/srv/bodies".into(),
            over: BodyOver::Refuse,
        }
    );
    assert_eq!(config.error_page, ErrorPage { instance: true, time: false });
    assert_eq!(config.routes.len(), 2);
    let orders = &config.routes[0];
    assert_eq!(
        (orders.host.as_deref(), orders.path.as_str(), orders.pool),
        (Some("example.org"), "/orders", 0)
    );
    let nothing = RetryOn {
        connect: false,
        eof_before_byte: false,
        reset_before_byte: false,
        reused: false,
        first_byte_timeout: false,
        status: false,
    };
    assert_eq!(
        orders.retry,
        RetryPolicy {
            on: RetryOn { reused: true, status: true, ..nothing },
            methods: vec!["POST".to_owned(), "PUT".to_owned()],
            statuses: vec![502, 503],
            connection: RetryConnection::Any,
            max: 2,
            backoff: Duration::from_millis(100),
            backoff_max: second(2),
        }
    );
    assert_eq!(
        orders.timeouts,
        RouteTimeouts {
            first_byte: Some(second(60)),
            between_bytes: Some(second(120)),
            send: Some(second(180)),
            client_body: Some(second(240)),
            total: Some(None),
            pipe_idle: Some(second(300)),
            pipe_total: Some(None),
        }
    );
    assert_eq!(config.routes[1], Route { pool: 1, ..Route::default() });
}

#[test]
fn the_least_file_gets_the_defaults() {
    let config = Config::parse(LEAST, "least.toml").unwrap();
    assert_eq!(config.log.size_bytes, 80 << 20);
    assert_eq!(config.log.dialect.as_str(), "7.3-8.0");
    assert_eq!(config.timeouts, Timeouts::default());
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.body, BodyConfig::default());
    assert_eq!(config.pools, [PoolConfig::new("default", vec![0])]);
    assert_eq!(config.routes, [Route::default()]);
    assert_eq!(
        (config.instance, config.workdir, config.group, config.threads),
        (None, None, None, None)
    );
}

/// What is appended to [`LEAST`] (five lines), and every message expected for it.
const MISTAKES: &[(&str, &[&str])] = &[
    ("[log]\nsiez = '80M'\n", &["f:7: log.siez: is not a key; did you mean `size`?"]),
    (
        "[log]\nfrobnicate = 1\n",
        &["f:7: log.frobnicate: is not a key; known here: size, dialect, reclen, stall"],
    ),
    ("[logs]\n", &["f:6: logs: is not a key; did you mean `log`?"]),
    ("[log]\nsize = '8M'\n", &["f:7: log.size: 8M is too small; at least 16M"]),
    ("[log]\nsize = '65G'\n", &["f:7: log.size: 65G is too large; at most 64G"]),
    ("[log]\nsize = true\n", &["f:7: log.size: is a boolean, not a size such as \"80M\""]),
    (
        "[log]\ndialect = '8'\n",
        &["f:7: log.dialect: `8` is not one of \"6.0-7.2\", \"7.3-8.0\", \"9.0-vs\""],
    ),
    ("[log]\nreclen = 1\n", &["f:7: log.reclen: 1 is not between 64 and 16384"]),
    ("[log]\nreclen = -1\n", &["f:7: log.reclen: -1 is not between 64 and 16384"]),
    ("[log]\nreclen = 0x40\n", &[]),
    (
        "[log]\nstall = 1\n[timeouts]\nconnect = '3'\nsend = '0s'\n",
        &[
            "f:7: log.stall: has no unit; write a string such as \"3.5s\" or \"250ms\"",
            "f:9: timeouts.connect: `3` has no unit; write \"3s\" for seconds (ms, s, m, h, d)",
            "f:10: timeouts.send: must be longer than 0",
        ],
    ),
    ("log = 3\n", &["f:6: backend.log: is not a key here; it is a table: [log]"]),
    (
        "frobnicate = 3\n",
        &[
            "f:6: backend.frobnicate: is not a key; known here: name, address, send_proxy, connect_timeout, first_byte_timeout, between_bytes_timeout, send_timeout, idle_timeout, weight, max_conns, backup, down, max_fails, fail_timeout, node, zone, probe, tls",
        ],
    ),
    // What TOML makes of keys behind a table.
    (
        "threads = 2\ngroup = 'log'\nroute = 1\nfirst_byte = '3s'\nhead_bytes = '64K'\nconnect = '1s'\n",
        &[
            "f:6: backend.threads: is not a key here; it belongs to the top level, whose keys stand before the first [table]",
            "f:7: backend.group: is not a key here; it belongs to the top level, whose keys stand before the first [table]",
            "f:8: backend.route: is not a key here; it is a table: [[route]]",
            "f:9: backend.first_byte: is not a key here; it belongs in [timeouts] or [route.timeouts]; here it is `first_byte_timeout`",
            "f:10: backend.head_bytes: is not a key here; it belongs in [limits]",
            "f:11: backend.connect: is not a key here; it belongs in [timeouts]; here it is `connect_timeout`",
        ],
    ),
    ("[listen.more]\nx = 1\n", &["f:6: listen.more: is not a key; did you mean `mode`?"]),
    ("[[listen]]\n", &["f:6: listen.address: is missing"]),
    (
        "[[listen]]\naddress = ':80'\n",
        &[
            "f:7: listen.address: `:80` is neither IP:PORT, such as \"127.0.0.1:8080\" or \"[::1]:8080\", nor the /PATH of a socket",
        ],
    ),
    (
        "[[listen]]\naddress = '/run/x/'\nmode = 660\nproxy_protocol = 1\n[[listen]]\naddress = '127.0.0.1:81'\nuser = 'www'\n",
        &[
            "f:7: listen.address: `/run/x/` is a directory, not a socket",
            "f:8: listen.mode: is not a mode such as \"660\" or 0o660",
            "f:9: listen.proxy_protocol: is an integer, not true or false",
            "f:12: listen.user: has no effect: the address is no path of a socket",
        ],
    ),
    (
        "[[listen]]\nname = 'a0'\naddress = '127.0.0.1:0'\n",
        &["f:7: listen.name: `a0` is taken by another [[listen]]"],
    ),
    (
        "[[listen]]\naddress = '127.0.0.1:80'\n[[listen]]\naddress = '127.0.0.1:80'\n",
        &["f:9: listen.address: 127.0.0.1:80 is listened on already"],
    ),
    (
        "[[backend]]\nname = '1'\naddress = '127.0.0.1:0'\n",
        &[
            "f:7: backend.name: `1` is not a name: a letter, then letters, digits, `_` and `-`",
            "f:8: backend.address: port 0 cannot be connected to",
        ],
    ),
    (
        "[[backend]]\nname = 'b1'\naddress = '127.0.0.1:1'\n",
        &["f:7: backend.name: `b1` is taken by another [[backend]]"],
    ),
    (
        "[[backend]]\nname = 'b2'\naddress = 'local host:80'\n[[pool]]\nname = 'p'\nbackends = ['b2']\n",
        &[
            "f:8: backend.address: `local host:80` is neither IP:PORT, such as \"127.0.0.1:8080\" or \"[::1]:8080\", nor NAME:PORT, nor the /PATH of a socket",
        ],
    ),
    (
        "[[pool]]\nname = 'p'\nbackends = ['b1', 'c1']\n",
        &["f:8: pool.backends: there is no backend `c1`; did you mean `b1`?"],
    ),
    (
        "[[pool]]\nname = 'p'\nbackends = ['something']\n",
        &["f:8: pool.backends: there is no backend `something`; there are b1"],
    ),
    (
        "[[pool]]\nname = 'p'\nbackends = []\n",
        &["f:8: pool.backends: is empty; a pool needs a backend"],
    ),
    (
        "[[pool]]\nname = 'p'\nbackends = ['b1', 'b1']\n",
        &["f:8: pool.backends: `b1` stands there twice"],
    ),
    (
        "[[pool]]\nname = 'p'\nbackends = [1]\n",
        &["f:8: pool.backends: item 1: is an integer, not a string"],
    ),
    (
        "[[route]]\npath = 'x'\npool = 'defult'\n",
        &[
            "f:7: route.path: `x` does not start with `/`",
            "f:8: route.pool: there is no pool `defult`; did you mean `default`?",
        ],
    ),
    (
        "[[route]]\nmethods = []\naction = 'drop'\nupgrade = ['a b']\n",
        &[
            "f:7: route.methods: is empty; without it all methods count",
            "f:8: route.action: `drop` is not one of \"pass\", \"pipe\", \"deny\"",
            "f:9: route.upgrade: item 1: `a b` is not the name of a protocol, such as \"websocket\"",
        ],
    ),
    (
        "[[route]]\nmethods = ['CONNECT']\npath = '/x'\nstatus = 404\n",
        &[
            "f:7: route.methods: CONNECT cannot be passed on; it needs `action = \"pipe\"`",
            "f:8: route.path: a request with CONNECT has none",
            "f:9: route.status: has no effect without `action = \"deny\"`",
        ],
    ),
    (
        "[[route]]\naction = 'deny'\nstatus = 200\nreason = '<b>'\nupgrade = ['websocket']\n",
        &[
            "f:8: route.status: 200 is not between 400 and 599",
            "f:9: route.reason: `<b>` has characters that a phrase behind a status cannot have",
            "f:10: route.upgrade: has no effect with `action = \"deny\"`",
        ],
    ),
    (
        "[[route]]\nmethods = ['GET', 'PUT']\n[[route]]\nmethods = ['PUT']\n",
        &["f:8: route.path: `/` has a [[route]] already"],
    ),
    ("[[route]]\n[[route]]\npath = '/'\n", &["f:8: route.path: `/` has a [[route]] already"]),
    (
        "[[route]]\nhost = 'example.org:80'\n",
        &["f:7: route.host: `example.org:80` has a port; write `example.org`"],
    ),
    (
        "[[pool]]\nname = 'p'\nbackends = ['b1']\n[[pool]]\nname = 'q'\nbackends = ['b1']\n[[route]]\n",
        &["f:12: route.pool: is missing"],
    ),
    (
        "[[route]]\n[route.retry]\non = ['status', 'eof']\nmethods = ['post', 'a b']\nmax = 17\nconection = 'any'\n",
        &[
            "f:8: route.retry.on: item 2: `eof` is not one of \"connect\", \"eof_before_byte\", \"reset_before_byte\", \"reused\", \"first_byte_timeout\", \"status\"",
            "f:9: route.retry.methods: item 1: `post`: methods are case-sensitive; write `POST`",
            "f:10: route.retry.max: 17 is not between 0 and 16",
            "f:11: route.retry.conection: is not a key; did you mean `connection`?",
        ],
    ),
    (
        "[[route]]\n[route.retry]\nstatuses = [503]\n",
        &["f:8: route.retry.statuses: has no effect: `on` does not name \"status\""],
    ),
    (
        "[[route]]\n[route.retry]\non = ['status']\n",
        &["f:8: route.retry.on: names \"status\", but there is no `statuses` to say which"],
    ),
    (
        "[[route]]\nretry = 1\n",
        &["f:7: route.retry: is an integer, not a table; write [route.retry]"],
    ),
    (
        "[timeouts]\ntotal = '0s'\nlinger = 'none'\n[[route]]\n[route.timeouts]\nconnect = '1s'\n",
        &[
            "f:7: timeouts.total: must be longer than 0",
            "f:8: timeouts.linger: `none` is not a duration; write a number with its unit, such as \"3.5s\" or \"250ms\"",
            "f:11: route.timeouts.connect: is not a key here; it belongs in [timeouts]",
        ],
    ),
    (
        "[body]\nmemory = '2M'\nlimit = '1M'\ndir = 'here'\n",
        &[
            "f:7: body.memory: is more than `limit`, so no file is ever used",
            "f:9: body.dir: `here` is not an absolute path",
        ],
    ),
    (
        "[body]\nmemory = '8K'\nlimit = '1G'\n",
        &["f:8: body.limit: a single body that is as long as `limit` does not fit into `total`"],
    ),
    (
        "[body]\nlimit = '1M'\ntotal = '512K'\n",
        &["f:8: body.total: a single body that is as long as `limit` does not fit into `total`"],
    ),
    ("[body]\nlimit = '64K'\ntotal = 0\n", &[]),
    (
        "[[route]]\n[route.retry]\nbackoff = '2s'\nbackoff_max = '1s'\n",
        &["f:9: route.retry.backoff_max: is shorter than `backoff`"],
    ),
    (
        "[[route]]\n[route.retry]\nbackoff_max = '1s'\n",
        &["f:8: route.retry.backoff_max: has no effect without `backoff`"],
    ),
    ("[pool]\nname = 'x'\n", &["f:6: pool: is a table; write [[pool]], once for each"]),
];

#[test]
fn mistakes_name_line_key_and_reason() {
    for (more, expected) in MISTAKES {
        let text = format!("{LEAST}{more}");
        let found = match Config::parse(&text, "f") {
            Ok(_) => String::new(),
            Err(errors) => errors.to_string(),
        };
        assert_eq!(found.lines().collect::<Vec<_>>(), *expected, "{text}");
    }
}

#[test]
fn what_is_needed_is_asked_for() {
    let errors = Config::parse("threads = 0\nlisten = []\n", "f").unwrap_err().to_string();
    assert_eq!(
        errors.lines().collect::<Vec<_>>(),
        [
            "f:1: threads: 0 is not between 1 and 256",
            "f:1: listen: is missing; at least one [[listen]] with an address is needed",
            "f:1: backend: is missing; at least one [[backend]] with an address is needed",
        ]
    );
}

#[test]
fn text_that_is_not_toml_names_the_line() {
    for (text, line) in [
        ("a = \n", 1),
        ("\n\nx y\n", 3),
        ("a = 'x\n\n", 1),
        ("[[listen]\n", 1),
        ("a = 1\na = 2\n", 2),
    ] {
        let errors = Config::parse(text, "f").unwrap_err();
        assert_eq!(errors.errors[0].line, line, "{text:?}: {errors}");
        assert!(errors.errors[0].reason.starts_with("not TOML: "), "{errors}");
        assert!(errors.errors.iter().all(|error| !error.reason.contains('\n')));
    }
}

#[test]
fn a_small_log_needs_leave() {
    let text = format!("{LEAST}[log]\nsize = '8M'\n");
    assert!(Config::parse(&text, "f").is_err());
    let config = Config::parse_with(&text, "f", ParseOptions { allow_small: true }).unwrap();
    assert_eq!(config.log.size_bytes, 8 << 20);
}

#[test]
fn the_command_line_is_for_this_machine_unless_said_otherwise() {
    use crate::{AdminAddress, AdminSecret};
    let rest =
        "[[listen]]\naddress = '127.0.0.1:1'\n[[backend]]\nname = 'a'\naddress = '127.0.0.1:2'\n";
    let admin = |section: &str| {
        Config::parse(&format!("{section}\n{rest}"), "f").map(|config| config.admin)
    };
    let default = admin("").unwrap();
    assert_eq!(default.listen, [AdminAddress::Tcp("127.0.0.1:0".parse().unwrap())]);
    assert_eq!(default.secret, AdminSecret::Made);
    let given = admin(
        "[admin]\nlisten = ['[::1]:7', '/run/x.sock']\nsecret = '/etc/s'\nidle_timeout = '5m'",
    )
    .unwrap();
    assert_eq!(
        given.listen,
        [AdminAddress::Tcp("[::1]:7".parse().unwrap()), AdminAddress::Unix("/run/x.sock".into())]
    );
    assert_eq!(given.secret, AdminSecret::File("/etc/s".into()));
    assert_eq!(given.idle_timeout, Duration::from_secs(300));
    assert_eq!(admin("[admin]\nlisten = []\nsecret = 'none'").unwrap().listen, []);
    let long = "x".repeat(107);
    for (section, part) in [
        ("[admin]\nlisten = ['6082']", "f:2: admin.listen: item 1: `6082` is neither IP:PORT"),
        (&format!("[admin]\nlisten = ['/{long}']"), "too long for a socket"),
        ("[admin]\nsecret = 'etc/s'", "f:2: admin.secret: `etc/s` is neither a path"),
        (
            "[admin]\nlisten = ['10.0.0.1:1']\nsecret = 'none'",
            "f:3: admin.secret: \"none\" would let everybody who reaches 10.0.0.1:1",
        ),
        ("[admin]\nport = 1", "f:2: admin.port: is not a key"),
    ] {
        let error = admin(section).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn backends_have_names_or_addresses() {
    let backend = |address: &str, resolver: &str| {
        let text = format!(
            "[[listen]]\naddress = '127.0.0.1:1'\n[[backend]]\nname = 'a'\naddress = '{address}'\n{resolver}"
        );
        Config::parse(&text, "f")
    };
    let named = backend("API.example.org:80", "").unwrap();
    assert_eq!(named.resolver, ResolverConfig::default());
    let found = &named.backends[0];
    let name = BackendAddress::Name { host: "api.example.org".to_owned(), port: 80 };
    assert_eq!((&found.address, found.spelled.as_str()), (&name, "API.example.org:80"));
    for good in ["localhost:1", "a_b-c.d:65535", "1.2.3.4.example:1", "x.y.:1"] {
        assert!(
            matches!(backend(good, "").unwrap().backends[0].address, BackendAddress::Name { .. }),
            "{good}"
        );
    }
    for bad in [
        "localhost",
        "localhost:",
        "localhost:0",
        "x:65536",
        "1.2.3:80",
        "1.2.3.4.5:80",
        ":80",
        "a..b:80",
        "::1:80",
        "a/b:80",
    ] {
        let error = backend(bad, "").unwrap_err().to_string();
        assert!(error.starts_with("f:5: backend.address: "), "{bad}: {error}");
    }
    let given = "[resolver]\nservers = ['10.0.0.1', '[::1]:5353']\nhosts = '/h'\ntimeout = '1s'\nattempts = 1\nttl_min = '10s'";
    let resolver = backend("a:1", given).unwrap().resolver;
    let servers = ["10.0.0.1:53", "[::1]:5353"].map(|it| it.parse().unwrap());
    assert_eq!(resolver.servers.as_deref(), Some(&servers[..]));
    assert_eq!((resolver.attempts, resolver.ttl_min), (1, Duration::from_secs(10)));
    for (section, part) in [
        ("servers = []", "f:7: resolver.servers: is empty"),
        ("servers = ['x']", "f:7: resolver.servers: item 1: `x` is neither IP nor IP:PORT"),
        ("hosts = 'h'", "f:7: resolver.hosts: `h` is not a path"),
        ("attempts = 0", "f:7: resolver.attempts: "),
        ("ttl_min = '10s'\nttl_max = '5s'", "f:8: resolver.ttl_max: is less than `ttl_min`"),
        ("server = 1", "f:7: resolver.server: is not a key"),
    ] {
        let error = backend("a:1", &format!("[resolver]\n{section}")).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn routes_say_what_becomes_of_which_methods() {
    let text = format!(
        "{LEAST}[[route]]\n[[route]]\npath = '/ws'\nupgrade = ['WebSocket']\n[[route]]\nmethods = ['CONNECT']\naction = 'pipe'\n\
         [[route]]\npath = '/admin'\nmethods = ['POST', 'PUT']\naction = 'deny'\n[[route]]\npath = '/old'\naction = 'deny'\nstatus = 410\n\
         [timeouts]\npipe_idle = '10m'\npipe_total = '1h'\n"
    );
    let config = Config::parse(&text, "f").unwrap_or_else(|e| panic!("{e}"));
    let routes: Vec<_> =
        config.routes.iter().map(|r| (&*r.methods, &r.action, &*r.upgrade)).collect();
    let deny = |status, reason: &str| Action::Deny { status, reason: reason.to_owned() };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        routes,
        [
            (&[][..], &Action::Pass, &[][..]),
            (&[], &Action::Pass, &words(&["websocket"])),
            (&words(&["CONNECT"]), &Action::Pipe, &[]),
            (&words(&["POST", "PUT"]), &deny(403, "Forbidden"), &[]),
            (&[], &deny(410, "Gone"), &[]),
        ]
    );
    let (idle, total) = (config.timeouts.pipe_idle, config.timeouts.pipe_total);
    assert_eq!((idle, total), (Duration::from_secs(600), Some(Duration::from_secs(3600))));
}

#[test]
fn clients_may_connect_to_a_path() {
    let text = format!(
        "{LEAST}[[listen]]\naddress = '/run/a.sock'\nmode = '660'\nuser = 'www'\nproxy_protocol = true\n[[listen]]\naddress = '/b'\nmode = 0o600\n"
    );
    let config = Config::parse(&text, "f").unwrap_or_else(|e| panic!("{e}"));
    let [ip, first, second] = &config.listen[..] else { panic!("{:?}", config.listen) };
    assert_eq!((ip.proxy_protocol, &ip.rights), (false, &SocketRights::default()));
    assert_eq!(first.address, ListenAddress::Unix("/run/a.sock".into()));
    assert_eq!((first.proxy_protocol, first.rights.mode), (true, Some(0o660)));
    assert_eq!((first.rights.user.as_deref(), first.rights.group.as_deref()), (Some("www"), None));
    assert_eq!(second.rights.mode, Some(0o600));
    let text = format!("{text}[[backend]]\nname = 'u'\naddress = '/run/u'\nsend_proxy = 'v2'\n");
    let backend = Config::parse(&text, "f").unwrap().backends.pop().unwrap();
    assert_eq!(backend.address, BackendAddress::Path("/run/u".into()));
    assert_eq!(backend.send_proxy, Some(ProxyVersion::V2));
    let twice = format!("{text}[[listen]]\naddress = '/b'\n");
    let errors = Config::parse(&twice, "f").unwrap_err().to_string();
    assert!(errors.contains("/b is listened on already"), "{errors}");
}
