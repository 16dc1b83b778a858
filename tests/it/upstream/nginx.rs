//! The same keys go to the same backends: Debian's nginx is asked, and the library.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use shellac_upstream::key::{Part, Request, Template};
use shellac_upstream::{
    Course, Endpoint, EndpointSpec, NginxSettings, Picker, Policy, Pool, PoolSpec, Rules,
};

use super::servers::ask;
use crate::support::nginx::Nginx;

/// Texts of servers, with their weights and what nginx calls them in its log.
type Servers = &'static [(&'static str, u32, &'static [&'static str])];

/// Names, addresses without a port, brackets and sockets: what a ring of addresses would get wrong.
const SPELLINGS: Servers = &[
    ("localhost:10081", 1, &["127.0.0.1:10081", "[::1]:10081"]),
    ("127.0.0.2", 1, &["127.0.0.2:80"]),
    ("[::1]:10080", 1, &["[::1]:10080"]),
    ("unix:/nowhere/a.sock", 1, &["unix:/nowhere/a.sock"]),
    ("127.0.0.3:10080", 1, &["127.0.0.3:10080"]),
];

const WEIGHTS: Servers = &[
    ("127.0.0.1:10080", 2, &["127.0.0.1:10080"]),
    ("127.0.0.2:10080", 3, &["127.0.0.2:10080"]),
    ("127.0.0.3:10080", 1, &["127.0.0.3:10080"]),
    ("127.0.0.4:10080", 1, &["127.0.0.4:10080"]),
];

/// A virtual server `name` that shows where it would have sent a request; nobody listens there.
fn block(name: &str, servers: Servers) -> String {
    let mut text = format!("upstream {name} {{\nhash $host$uri consistent;\n");
    for (server, weight, _) in servers {
        writeln!(text, "server {server} weight={weight} max_fails=0;").expect("text grows");
    }
    text + &format!(
        "}}\nserver {{ listen LISTEN; server_name {name};\nlocation / {{\nproxy_pass http://{name};\n\
         proxy_next_upstream off;\nproxy_connect_timeout 2s;\nproxy_read_timeout 2s;\n\
         add_header X-Server $upstream_addr always;\n}} }}\n"
    )
}

fn pools(servers: Servers) -> [Picker; 2] {
    let endpoints: Vec<_> = servers
        .iter()
        .enumerate()
        .map(|(at, &(text, weight, _))| {
            let spec = EndpointSpec::new(format!("b{at}"), ([127, 0, 0, 1], 1).into());
            let spec = EndpointSpec { text: text.to_owned(), weight, ..spec };
            Arc::new(Endpoint::from_spec(at, spec))
        })
        .collect();
    [Rules::default(), Rules::Nginx(NginxSettings::default())].map(|rules| {
        let endpoints = endpoints.clone();
        let policy = Policy::ConsistentHash;
        let spec = PoolSpec { endpoints, policy, rules, ..PoolSpec::default() };
        Picker::new(Arc::new(Pool::from_spec(spec)), 0)
    })
}

#[test]
fn the_same_keys_go_to_the_same_backends() {
    let blocks = block("spellings", SPELLINGS) + &block("weights", WEIGHTS);
    let Some(nginx) = Nginx::start(&blocks) else { return };
    let targets: Vec<String> = (0..10_000).map(|number| format!("/{number:04}")).collect();
    let now = Duration::from_secs(1_800_000_000);
    for (host, servers) in [("spellings", SPELLINGS), ("weights", WEIGHTS)] {
        let [mut ours, mut compat] = pools(servers);
        let mut seen = vec![0; servers.len()];
        ask(nginx.address, host, "", &targets, |at, fields, _| {
            let found = fields.get("X-Server").expect("nginx shows the server");
            let key = Some(crc32fast::hash(format!("{host}{}", targets[at]).as_bytes()));
            for picker in [&mut ours, &mut compat] {
                let place = picker.pick(&mut Course::new(key), now).expect("a server");
                let chosen = place.endpoint().index();
                assert!(servers[chosen].2.contains(&found), "{}: {found}", targets[at]);
                seen[chosen] += 1;
            }
        });
        assert!(seen.iter().all(|&count| count > 1000), "{host}: {seen:?}");
    }
}

/// A request as the library sees it.
struct Asked<'a> {
    host: &'a str,
    target: &'a str,
}

impl Request for Asked<'_> {
    fn method(&self) -> &str {
        "GET"
    }

    fn target(&self) -> &[u8] {
        self.target.as_bytes()
    }

    fn host(&self) -> &[u8] {
        self.host.as_bytes()
    }

    fn header(&self, wanted: &dyn Fn(&str) -> bool) -> Option<&[u8]> {
        [("X-User", "ann"), ("cookie", "a=1; sid=s=3; Sid=4")]
            .into_iter()
            .find(|(name, _)| wanted(name))
            .map(|(_, value)| value.as_bytes())
    }

    fn client(&self) -> IpAddr {
        [127, 0, 0, 1].into()
    }
}

#[test]
fn keys_are_made_of_the_same_bytes() {
    let parts = [
        ("$host", Part::Host),
        ("$uri", Part::Uri),
        ("$request_uri", Part::RequestUri),
        ("$args", Part::Args),
        ("$arg_id", Part::Arg("id".to_owned())),
        ("$http_x_user", Part::Header("x_user".to_owned())),
        ("$cookie_sid", Part::Cookie("sid".to_owned())),
        ("$remote_addr", Part::RemoteAddr),
        ("$request_method", Part::Method),
    ];
    let variables: Vec<&str> = parts.iter().map(|(variable, _)| *variable).collect();
    let shown = variables.join("|");
    let block =
        format!("server {{ listen LISTEN; default_type text/plain; return 200 \"{shown}\"; }}\n");
    let Some(nginx) = Nginx::start(&block) else { return };
    let targets = [
        "/",
        "/0000",
        "//a///b",
        "/a/./b/.",
        "/a/b/..",
        "/a/b/../c",
        "/%41%62c",
        "/a%2Fb",
        "/a/%2e%2e/b",
        "/a%3Fb?c",
        "/a.b/c..d",
        "/a/...",
        "/.a",
        "/a//",
        "/x?",
        "/x?id=7",
        "/x?a=1&ID=8&id=9",
        "/x?id",
        "/x?id=",
        "/x?a?b=c",
        "/a%20b",
        "/%C3%A4",
        "/a+b",
        "/a;b=c",
        "/a/b/c/../../d/./e//f?x=//y",
        "/%2525",
        "/~a/(b)",
    ]
    .map(str::to_owned);
    for host in ["Example.ORG", "example.org:8080", "127.0.0.1:80", "[::1]:80", "a.b."] {
        let more = "X-User: ann\r\ncookie: a=1; sid=s=3; Sid=4\r\n";
        ask(nginx.address, host, more, &targets, |at, _, body| {
            let body = String::from_utf8_lossy(body);
            let values: Vec<&str> = body.split('|').collect();
            assert_eq!(values.len(), parts.len(), "{body}");
            let request = Asked { host, target: &targets[at] };
            for ((variable, part), value) in parts.iter().zip(values) {
                let ours = Template::new(vec![part.clone()]).hash(&request);
                let theirs = (!value.is_empty()).then(|| crc32fast::hash(value.as_bytes()));
                assert_eq!(ours, theirs, "{variable} of {host}{} is {value:?}", targets[at]);
            }
        });
    }
}
