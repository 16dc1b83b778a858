//! Faults of the node: nobody is blamed for packets that do not leave this machine.

mod ways;

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::support::deadline::Deadline;
use crate::support::said::Said;
use crate::support::skip::skipped;

fn shellac(workdir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
    command.args(arguments).arg("-n").arg(workdir).stdin(Stdio::null());
    command.output().expect("it starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn counter(workdir: &Path, name: &str) -> Option<u64> {
    let output = text(&shellac(workdir, &["stat", "-1", "-f", name]));
    output.lines().find_map(|line| line.split_ascii_whitespace().nth(1)?.parse().ok())
}

/// A network namespace that nobody else has; it goes when this is dropped.
struct Namespace(String);

impl Namespace {
    fn new(what: &str) -> Option<Namespace> {
        let name = format!("shellac-{what}-{}", std::process::id());
        let made = Command::new("ip").args(["netns", "add", &name]).output();
        made.is_ok_and(|output| output.status.success()).then(|| Namespace(name))
    }

    fn ip(&self, arguments: &str) {
        let output = Command::new("ip")
            .args(["-n", &self.0])
            .args(arguments.split(' '))
            .output()
            .expect("ip starts");
        assert!(output.status.success(), "{arguments}: {output:?}");
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.0, program]);
        command
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).status();
    }
}

/// A process that is ended when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A shellacd in a namespace; it ends when this is dropped.
struct Proxy {
    _child: Running,
    _said: Said,
    address: SocketAddr,
    workdir: PathBuf,
}

impl Proxy {
    fn start(namespace: &Namespace, root: &Path, backends: &str) -> Proxy {
        let (file, workdir) = (root.join("d.toml"), root.join("d"));
        let config = format!(
            "threads = 1\n[[listen]]\nname = \"main\"\naddress = \"127.0.0.1:0\"\n{backends}[log]\nsize = \"16M\"\n"
        );
        fs::write(&file, config).unwrap();
        let mut child = namespace
            .command(env!("CARGO_BIN_EXE_shellacd"))
            .args(["--single", "-f"])
            .arg(&file)
            .arg("-n")
            .arg(&workdir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ip starts");
        let mut said = Said::by("shellacd", child.stderr.take().expect("it is piped"));
        let child = Running(child);
        let line = said.wait_for_line("listening on main ");
        let address = line.rsplit(' ').next().and_then(|word| word.trim().parse().ok());
        let address = address.unwrap_or_else(|| panic!("{line}"));
        Proxy { _child: child, _said: said, address, workdir }
    }

    /// A client in the namespace that connects, runs a command, and asks.
    fn ask(&self, namespace: &Namespace, before: &str) -> Running {
        let (ip, port) = (self.address.ip(), self.address.port());
        let script = format!(
            "exec 3<>/dev/tcp/{ip}/{port}; {before}; \
             printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3"
        );
        let mut command = namespace.command("bash");
        command.args(["-c", &script]).stdin(Stdio::null()).stdout(Stdio::piped());
        Running(command.stderr(Stdio::null()).spawn().expect("ip starts"))
    }
}

/// Waits for a client whose answer says that no backend could be asked.
fn refused(mut client: Running) {
    let mut answer = Vec::new();
    let mut output = client.0.stdout.take().expect("it is piped");
    output.read_to_end(&mut answer).expect("it says something");
    assert!(answer.starts_with(b"HTTP/1.1 503 "), "{}", String::from_utf8_lossy(&answer));
}

fn number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Fills the machine's table of IPv4 neighbours from within `namespace`; whether the kernel says that it is full.
fn fill(namespace: &Namespace, device: &str, room: u64) -> bool {
    let mut child = Command::new("ip")
        .args(["-n", &namespace.0, "-force", "-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ip starts");
    let mut input = child.stdin.take().expect("it is piped");
    for at in 0..room + 50 {
        let (high, low) = (at / 200 + 100, at % 200 + 1);
        let line = format!(
            "neigh replace 10.213.{high}.{low} lladdr 02:00:00:00:{:02x}:{:02x} dev {device} nud reachable\n",
            at / 256 % 256,
            at % 256
        );
        if input.write_all(line.as_bytes()).is_err() {
            break;
        }
    }
    drop(input);
    let output = child.wait_with_output().expect("ip ends");
    String::from_utf8_lossy(&output.stderr).contains("No buffer space")
}

#[test]
fn a_full_neighbour_table_blames_no_backend() {
    if !rustix::process::geteuid().is_root() {
        return skipped("network namespaces take root");
    }
    let room = number("/proc/sys/net/ipv4/neigh/default/gc_thresh3").filter(|&room| room <= 20_000);
    let (Some(ours), Some(theirs), Some(room)) = (Namespace::new("p"), Namespace::new("b"), room)
    else {
        return skipped(
            "no network namespaces, or a neighbour table that cannot be seen or is too large to fill",
        );
    };
    if fs::File::open("/dev/kmsg").is_err() {
        return skipped(
            "the kernel's log cannot be read, and its tables are not visible in a namespace",
        );
    }
    ours.ip("link set lo up");
    let other = &theirs.0;
    ours.ip(&format!("link add v0 type veth peer name v1 netns {other}"));
    ours.ip("addr add 10.213.0.1/16 dev v0");
    ours.ip("link set v0 up");
    theirs.ip("addr add 10.213.0.2/16 dev v1");
    theirs.ip("link set v1 up");

    let root = tempfile::tempdir().unwrap();
    let backend = |at: u8| {
        let address = format!("10.213.0.{}:80", at + 2);
        format!(
            "[[backend]]\nname = \"b{at}\"\naddress = \"{address}\"\nconnect_timeout = \"1500ms\"\n"
        )
    };
    let proxy = Proxy::start(&ours, root.path(), &format!("{}{}", backend(0), backend(1)));
    let workdir = &proxy.workdir;
    let deadline = Deadline::generous();
    // It has looked at the node, so that it knows what is new.
    deadline.wait_for("the node to be watched", || {
        counter(workdir, "NODE.kmsg_readable").filter(|&readable| readable == 1)
    });
    assert_eq!(counter(workdir, "NODE.neighbour_tables_visible"), Some(0), "not in a namespace");

    if !fill(&ours, "v0", room) {
        return skipped("the kernel does not let its neighbour table be filled");
    }
    // Enough of them for an ejection, if anybody were to blame.
    let clients: Vec<Running> = (0..20).map(|_| proxy.ask(&ours, ":")).collect();
    clients.into_iter().for_each(refused);
    let wrong = shellac(workdir, &["health"]);
    let counters = text(&shellac(workdir, &["stat", "-1", "-f", "VBE.*", "-f", "NODE.*"]));
    // Room for everybody else on this machine.
    drop((ours, theirs));

    let log = deadline.wait_for("the attempts in the log", || {
        let log = text(&shellac(workdir, &["log", "-d", "-g", "raw"]));
        (log.matches("fetch.class:").count() >= 20).then_some(log)
    });
    let count = |part: &str| log.matches(part).count();
    assert_eq!(count("fetch.class:local"), count("fetch.class:"), "{log}");
    assert!(count("fetch.node:") >= 20 && count("kmsg:neighbour_table+") >= 20, "{log}");
    assert!(log.contains("fail errno 110 (Connection timed out)"), "{log}");
    assert_eq!(count("Went sick"), 0, "{log}");
    let value = |name: &str| {
        let line = counters.lines().find(|line| line.starts_with(&format!("{name} ")));
        let number =
            line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok());
        number.unwrap_or_else(|| panic!("{name} is not in\n{counters}"))
    };
    for backend in ["b0", "b1"] {
        assert_eq!(value(&format!("VBE.boot.{backend}.ejected")), 0);
    }
    assert!(value("NODE.kmsg_neighbour_table") > 0 && value("NODE.faults") > 0, "{counters}");
    assert_eq!(wrong.status.code(), Some(3), "{wrong:?}");
    assert!(text(&wrong).contains("packets do not leave this node"), "{wrong:?}");
}

#[test]
fn no_ports_left_blames_no_backend() {
    if !rustix::process::geteuid().is_root() {
        return skipped("network namespaces take root");
    }
    let Some(ours) = Namespace::new("e") else {
        return skipped("no network namespaces");
    };
    ours.ip("link set lo up");
    let root = tempfile::tempdir().unwrap();
    let backend = "[[backend]]\nname = \"b0\"\naddress = \"127.0.0.2:80\"\n\
                   [[backend]]\nname = \"b1\"\naddress = \"127.0.0.3:80\"\n";
    let proxy = Proxy::start(&ours, root.path(), backend);
    let workdir = &proxy.workdir;
    // Clients have their ports before nobody else gets one.
    let go = root.path().join("go");
    let wait = format!("while [ ! -e {} ]; do sleep 0.05; done", go.display());
    let clients: Vec<Running> = (0..20).map(|_| proxy.ask(&ours, &wait)).collect();
    let deadline = Deadline::generous();
    deadline.wait_for("all clients", || {
        counter(workdir, "MAIN.sess_conn").filter(|&sessions| sessions == 20)
    });
    let none = "echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range; \
                echo 40000-40003 > /proc/sys/net/ipv4/ip_local_reserved_ports";
    assert!(ours.command("bash").args(["-c", none]).status().unwrap().success());
    fs::write(&go, "").unwrap();
    clients.into_iter().for_each(refused);
    let log = deadline.wait_for("the attempts in the log", || {
        let log = text(&shellac(workdir, &["log", "-d", "-g", "raw"]));
        (log.matches("fetch.class:").count() >= 20).then_some(log)
    });
    let count = |part: &str| log.matches(part).count();
    assert_eq!(count("fetch.class:local"), count("fetch.class:"), "{log}");
    assert!(log.contains("fail errno 99 (Cannot assign requested address)"), "{log}");
    assert_eq!(count("Went sick"), 0, "{log}");
    for backend in ["b0", "b1"] {
        assert_eq!(counter(workdir, &format!("VBE.boot.{backend}.ejected")), Some(0));
    }
}
