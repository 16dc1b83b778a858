//! Names of backends, and looking them up: the sockets for what is decided in [`shellac_upstream::resolve`].

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shellac_config::ResolverConfig;
use shellac_upstream::resolve::{
    Ask, Change, Found, Hosts, Lookup, Name, Plan, Schedule, Step, Times, Trouble, servers,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::jobs::Round;
use crate::clock;
use crate::generation::lock;

/// Look-ups that run at a time.
const RUNNING: usize = 64;
/// Bytes of a file of the system that are read.
const FILE: u64 = 1 << 20;
/// For how many seconds what a hosts file says holds.
const HOSTS_TTL: u32 = 10;
/// Bytes of an answer: more than any server was told that we take.
const ANSWER: usize = 4096;
/// Addresses that a notice shows.
const SHOWN: usize = 8;

/// The names of all configurations. Backends with the same name and port share what is known about them.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    names: HashMap<(String, u16), Known>,
    running: usize,
}

#[derive(Debug)]
struct Known {
    name: Arc<Name>,
    schedule: Schedule,
}

impl Names {
    /// The one with this host and port. It is looked up as long as somebody has it.
    pub(crate) fn get(&self, host: &str, port: u16) -> Arc<Name> {
        let mut table = lock(&self.0);
        let known = table.names.entry((host.to_owned(), port)).or_insert_with(|| Known {
            name: Arc::new(Name::new(host, port)),
            schedule: Schedule::new(clock::steady_now(), seed()),
        });
        Arc::clone(&known.name)
    }

    /// Those that have to be looked up now. Names that nobody has any more are forgotten.
    fn due(&self, now: Duration) -> Vec<Arc<Name>> {
        let table = &mut *lock(&self.0);
        let mut due = Vec::new();
        table.names.retain(|_, known| Arc::strong_count(&known.name) > 1);
        for known in table.names.values_mut() {
            if table.running >= RUNNING {
                break;
            }
            if known.schedule.begin(now) {
                table.running += 1;
                due.push(Arc::clone(&known.name));
            }
        }
        due
    }

    /// A look-up has ended: what it changes, and how long until the next one.
    fn done(
        &self,
        name: &Name,
        result: Result<(Vec<IpAddr>, u32), Trouble>,
        times: Times,
        now: Duration,
    ) -> (Change, Duration) {
        let table = &mut *lock(&self.0);
        table.running = table.running.saturating_sub(1);
        let key = (name.host().to_owned(), name.port());
        let Some(known) = table.names.get_mut(&key) else { return (Change::None, Duration::ZERO) };
        let change = known.schedule.done(result, name.port(), times, now);
        if change != Change::None {
            name.set(known.schedule.found().clone());
        }
        (change, known.schedule.wait(now))
    }
}

/// Begins the look-ups that are due.
pub(super) fn look_up(round: &Round<'_>) {
    let due = round.control.shared.names.due(clock::steady_now());
    if due.is_empty() {
        return;
    }
    let config = round.control.active().config.resolver.clone();
    let system = read(&config.hosts);
    let hosts = Hosts::new(&system);
    let plan = Plan {
        servers: match &config.servers {
            Some(servers) => servers.clone(),
            None => servers(&read(Path::new("/etc/resolv.conf"))),
        },
        timeout: config.timeout,
        attempts: config.attempts,
    };
    for name in due {
        let known = hosts.find(name.host());
        let (control, plan, times) = (round.control.clone(), plan.clone(), times(&config));
        tokio::task::spawn_local(async move {
            let (result, server) = if known.is_empty() {
                ask(name.host(), plan).await
            } else {
                (Ok((known, HOSTS_TTL)), None)
            };
            let (change, wait) =
                control.shared.names.done(&name, result, times, clock::steady_now());
            if change != Change::None {
                control.notice(words(&name, change, &name.found(), server, wait));
            }
            if change == Change::Addresses {
                // Orders can be about addresses.
                control.obey();
            }
        });
    }
}

fn times(config: &ResolverConfig) -> Times {
    Times { least: config.ttl_min, most: config.ttl_max }
}

/// Asks until somebody knows; also who was asked last.
async fn ask(host: &str, plan: Plan) -> (Result<(Vec<IpAddr>, u32), Trouble>, Option<SocketAddr>) {
    let (mut lookup, mut step) = Lookup::begin(host, plan, seed(), clock::steady_now());
    loop {
        let limit = |question: &Ask| question.until.saturating_sub(clock::steady_now());
        let came = match step {
            Step::Done(result) => return (result, lookup.server()),
            Step::Ask(question) => {
                timeout(limit(&question), converse(&mut lookup, &question)).await
            }
            Step::Connect(question) => {
                timeout(limit(&question), stream(&mut lookup, &question)).await
            }
        };
        step = match came {
            Ok(Ok(step)) => step,
            Ok(Err(error)) => lookup.failed(error.raw_os_error().unwrap_or(0), clock::steady_now()),
            Err(_) => lookup.late(clock::steady_now()),
        };
    }
}

/// The same over a connection, where each message has its length in front.
async fn stream(lookup: &mut Lookup, question: &Ask) -> io::Result<Step> {
    let mut stream = TcpStream::connect(question.server).await?;
    for message in &question.messages {
        let len = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        stream.write_all(&len.to_be_bytes()).await?;
        stream.write_all(message).await?;
    }
    loop {
        let mut bytes = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut bytes).await?;
        if let Some(step) = lookup.received(&bytes, clock::steady_now()) {
            return Ok(step);
        }
    }
}

/// Sends a question and hears the server until something follows from what it says.
async fn converse(lookup: &mut Lookup, question: &Ask) -> io::Result<Step> {
    let socket = open(question.server)?;
    for message in &question.messages {
        socket.send(message).await?;
    }
    let mut bytes = vec![0; ANSWER];
    loop {
        let len = socket.recv(&mut bytes).await?;
        let message = bytes.get(..len).unwrap_or_default();
        if let Some(step) = lookup.received(message, clock::steady_now()) {
            return Ok(step);
        }
    }
}

/// A socket for one question: the kernel draws its port, lets nobody but the server in, and says what goes wrong here.
fn open(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = std::net::UdpSocket::bind((any, 0))?;
    socket.set_nonblocking(true)?;
    shellac_sys::report_errors(socket.as_fd(), server.is_ipv6())?;
    socket.connect(server)?;
    UdpSocket::from_std(socket)
}

/// What has changed, for the log.
fn words(
    name: &Name,
    change: Change,
    found: &Found,
    server: Option<SocketAddr>,
    wait: Duration,
) -> String {
    let mut list: Vec<String> =
        found.addresses.iter().take(SHOWN).map(SocketAddr::to_string).collect();
    if found.addresses.len() > SHOWN {
        list.push(format!("and {} more", found.addresses.len() - SHOWN));
    }
    let list = list.join(" ");
    let by = server.map_or("the hosts file".to_owned(), |server| format!("server {server}"));
    let again = format!("again in {:.1} s", wait.as_secs_f64());
    let who = format!("resolver: {}:{}", name.host(), name.port());
    match (change, found.trouble) {
        (Change::Trouble, Some(trouble)) if found.addresses.is_empty() => {
            format!("{who}: {trouble} ({by}, {again}); it has no address")
        }
        (Change::Trouble, Some(trouble)) => {
            format!("{who}: {trouble} ({by}, {again}); it stays {list}")
        }
        (Change::Back, _) => format!("{who} is {list} still ({by}, {again})"),
        _ => format!("{who} is {list} ({by}, {again})"),
    }
}

/// A file of the system; one that cannot be read says nothing.
fn read(path: &Path) -> String {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(FILE).read_to_end(&mut bytes));
    match read {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => String::new(),
    }
}

/// A number that nobody can guess: the keys of a hash come from the kernel.
fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
