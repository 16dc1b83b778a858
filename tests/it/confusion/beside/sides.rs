//! A varnishd and a proxy of ours in front of the same origins.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use shellac_format::Tag;
use shellac_log::{Grouping, Transaction};
use socket2::Socket;

use super::cases::{Case, Whom, steps};
use super::story;
use crate::confusion::manner::{Met, Place};
use crate::confusion::scene::{full_queue, nobody_listens};
use crate::confusion::{groups, so_far};
use crate::support::client::Client;
use crate::support::deadline::Deadline;
use crate::support::origin::{Asked, Origin};
use crate::support::proxy::Proxy;
use crate::support::varnish::Varnishd;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Ours,
    Theirs,
}

/// How long is waited for somebody who is to be too late, in seconds: longer than a busy machine is away.
const SHORT: u64 = 2;
/// And for everybody else.
const LONG: u64 = 60;

/// Both, and everybody behind them.
pub(super) struct Sides {
    pub(super) cases: Vec<Case>,
    /// One for each case, so that none gets a connection of another.
    origins: Vec<Origin>,
    addresses: [SocketAddr; 2],
    workdirs: [PathBuf; 2],
    _proxies: (Mutex<Proxy>, Varnishd),
    _directory: tempfile::TempDir,
    _closed: Socket,
    _full: (TcpListener, Vec<TcpStream>),
}

impl Sides {
    pub(super) fn start(cases: Vec<Case>) -> Sides {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let origins: Vec<Origin> = (0..cases.len()).map(origin).collect();
        let (closed, refusing) = nobody_listens();
        let full = full_queue();
        let gone = directory.path().join("gone");
        let listener = UnixListener::bind(&gone).expect("a socket");
        let behind = |number: usize| match cases[number].whom {
            Whom::Closed | Whom::Sick => Some(refusing),
            Whom::Full => Some(full.0.local_addr().expect("it is bound")),
            Whom::Gone => None,
            _ => Some(origins[number].address()),
        };
        let (vcl, tables) = configurations(&cases, behind, &gone);
        let file = directory.path().join("beside.vcl");
        std::fs::write(&file, vcl).expect("the VCL is written");
        let workdir = directory.path().join("v");
        let arguments = ["-f", file.to_str().expect("text"), "-p", "http_resp_size=8k"];
        let more = ["-p", "timeout_idle=60", "-p", "idle_send_timeout=60"];
        let theirs = Varnishd::start_with(&workdir, &[&arguments[..], &more].concat());
        for number in (0..cases.len()).filter(|number| cases[*number].whom == Whom::Out) {
            let command = format!("backend.set_health c{number} sick");
            theirs.admin(&command).expect("varnishd takes it");
        }
        let ours = Proxy::start_with("threads = 2", &[], &tables);
        drop(listener);
        std::fs::remove_file(&gone).expect("it is there");
        Sides {
            cases,
            origins,
            addresses: [ours.address(), theirs.address()],
            workdirs: [ours.workdir(), workdir],
            _proxies: (Mutex::new(ours), theirs),
            _directory: directory,
            _closed: closed,
            _full: full,
        }
    }

    /// The session of the client with this port, once it is whole in the log.
    fn session(
        &self,
        side: Side,
        port: u16,
        enough: impl Fn(&[Transaction]) -> bool,
    ) -> Vec<Transaction> {
        let workdir = &self.workdirs[side as usize];
        let what = format!("the session of port {port} in the log: {side:?}");
        Deadline::generous().wait_for(&what, || {
            let mut found = None;
            groups(&mut so_far(workdir), Grouping::Session, |group| {
                let open = group.iter().find_map(|one| one.first(Tag::SessOpen));
                let text = open.map(|open| String::from_utf8_lossy(open.text()).into_owned());
                let is_it = text.is_some_and(|text| {
                    text.split(' ').nth(1).and_then(|port| port.parse().ok()) == Some(port)
                });
                if is_it && enough(group) {
                    found = Some(group.to_vec());
                }
            });
            found
        })
    }

    /// Lets one of both meet a fault: the lines that tell what came of it.
    pub(super) fn meet(&self, number: usize, side: Side) -> Vec<String> {
        let case = &self.cases[number];
        let _told = Told(&case.name, side);
        let address = self.addresses[side as usize];
        let start = format!("/c{number}");
        let target = |name: &str| format!("{start}/{name}/{}/1/100000", side as u8);
        let mut occupant = None;
        if case.whom == Whom::Busy {
            let (mut client, target) = (Client::connect(address), target("silence"));
            client.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"));
            Deadline::generous().wait_for("the request at the origin", || {
                let received = self.origins[number].received();
                received.iter().any(|one| one.asked.target == target).then_some(())
            });
            occupant = Some(client);
        }
        let client = Client::connect(address);
        let port = client.port();
        let is_kept = || {
            self.session(side, port, |group| {
                let recycled =
                    |one: &Transaction| one.complete && one.first(Tag::BackendClose).is_some();
                group.iter().any(recycled)
            });
        };
        let target = target(case.fault.name);
        let origin = &self.origins[number];
        let place = Place {
            start: &start,
            target: &target,
            origin,
            is_sent_on: side == Side::Ours,
            until: case.until(),
            is_kept: &is_kept,
        };
        let got = match case.fault.client.act(client, &place) {
            Met::Answer(answer) => story::answer(&answer),
            Met::Left | Met::Unread(_) => "client nothing".to_owned(),
        };
        drop(occupant);
        let session = self.session(side, port, |group| group.iter().all(|one| one.complete));
        [vec![got], story::lines(&session)].concat()
    }
}

/// Says which case it was that a panic is about.
struct Told<'a>(&'a str, Side);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in the case {}: {:?}", self.0, self.1);
        }
    }
}

/// Whoever is behind the backend with this number.
fn origin(number: usize) -> Origin {
    let start = format!("/c{number}");
    Origin::start(move |asked| {
        let target = asked.target.strip_prefix(&start).expect("only its case asks it");
        steps(&Asked { target: target.to_owned(), ..asked.clone() })
    })
}

/// The VCL and the tables of ours that say the same.
fn configurations(
    cases: &[Case],
    behind: impl Fn(usize) -> Option<SocketAddr>,
    gone: &Path,
) -> (String, String) {
    let mut vcl = "vcl 4.1;\n".to_owned();
    let mut recv = String::new();
    let mut tables =
        "[log]\nsize = \"16M\"\ndialect = \"6.0-7.2\"\n[limits]\nhead_bytes = \"8K\"\n\
        [timeouts]\nconnect = \"60s\"\nclient_head = \"60s\"\nclient_idle = \"60s\"\n\
        [[probe]]\nname = \"never\"\nurl = \"/\"\ninitial = 0\ninterval = \"1h\"\n"
            .to_owned();
    for (number, case) in cases.iter().enumerate() {
        let name = format!("c{number}");
        let limit = if case.is_timed() { SHORT } else { LONG };
        // It looks for nobody who has left, so that it has to be short for it.
        let their_limit = if case.fault.cause == "client-left" { SHORT } else { limit };
        let (place, address) = match behind(number) {
            Some(at) => {
                (format!(".host = \"{}\"; .port = \"{}\";", at.ip(), at.port()), at.to_string())
            }
            None => (format!(".path = \"{}\";", gone.display()), gone.display().to_string()),
        };
        let (theirs, ours) = match case.whom {
            Whom::Busy => (".max_connections = 1;", "max_conns = 1\n"),
            Whom::Sick => {
                (".probe = { .url = \"/\"; .initial = 0; .interval = 1h; }", "probe = \"never\"\n")
            }
            Whom::Out => ("", "down = true\n"),
            _ => ("", ""),
        };
        vcl += &format!(
            "backend {name} {{ {place} .connect_timeout = {their_limit}s; \
             .first_byte_timeout = {their_limit}s; .between_bytes_timeout = {their_limit}s; {theirs} }}\n"
        );
        recv += &format!("    if (req.url ~ \"^/{name}/\") {{ set req.backend_hint = {name}; }}\n");
        tables += &format!(
            "[[backend]]\nname = \"{name}\"\naddress = \"{address}\"\nconnect_timeout = \"{limit}s\"\n\
             first_byte_timeout = \"{limit}s\"\nbetween_bytes_timeout = \"{limit}s\"\n{ours}\
             [[pool]]\nname = \"{name}\"\nbackends = [\"{name}\"]\n[pool.health]\nfailures = 0\n\
             [[route]]\npath = \"/{name}/\"\npool = \"{name}\"\n\
             [route.timeouts]\nclient_body = \"{limit}s\"\n[route.retry]\non = [\"reused\"]\n"
        );
    }
    vcl += &format!("sub vcl_recv {{\n{recv}    return (pass);\n}}\n");
    (vcl, tables)
}
