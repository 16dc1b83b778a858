//! The same on several machines: this program is run there through ssh, and what it says comes together here.

mod log;
mod merge;

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::{self, JoinHandle};

use shellac_render::visible;

pub(crate) use log::RemoteLog;

/// Bytes of output that are kept of one machine.
const OUTPUT_BYTES_MOST: u64 = 64 << 20;
/// Machines that are asked at a time.
const AT_A_TIME: usize = 16;
/// Bytes of one line of complaints.
const LINE_BYTES_MOST: u64 = 4096;

/// Options of tools that can run on several machines.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct HostsArgs {
    /// Run on these machines instead, through ssh, and show what they say together
    #[arg(long, value_name = "HOST,...", value_delimiter = ',', value_parser = host)]
    pub(crate) hosts: Vec<String>,

    /// With --hosts: the command that runs another one on a machine, whose name comes behind it
    #[arg(
        long,
        value_name = "COMMAND",
        default_value = "ssh -o BatchMode=yes -o ConnectTimeout=10",
        requires = "hosts"
    )]
    pub(crate) ssh: String,

    /// With --hosts: what this program is called there
    #[arg(long, value_name = "PROGRAM", default_value = "shellac", requires = "hosts")]
    pub(crate) remote: String,
}

/// Options of this module, all with a value: they are not passed on.
const OWN: [&str; 3] = ["--hosts", "--ssh", "--remote"];

/// A name that ssh does not take for an option.
fn host(text: &str) -> Result<String, String> {
    if text.is_empty()
        || text.starts_with('-')
        || text.contains(|it: char| it.is_whitespace() || it.is_control())
    {
        return Err("not a name of a machine".to_owned());
    }
    Ok(text.to_owned())
}

/// What came of a command on one machine.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) host: String,
    /// As text; what is more than the limit is not there.
    pub(crate) output: String,
    /// The exit status; `None` when there is none, with the reason.
    pub(crate) status: Result<u8, String>,
}

impl HostsArgs {
    /// Whether other machines are meant.
    pub(crate) fn are_meant(&self) -> bool {
        !self.hosts.is_empty()
    }

    /// A process that runs this program with `arguments` on `host`.
    fn spawn(&self, host: &str, arguments: &[OsString]) -> Result<Child, String> {
        let mut words = self.ssh.split_ascii_whitespace();
        let program = words.next().ok_or("--ssh names no command")?;
        let mut line = quoted(OsStr::new(&self.remote));
        for argument in arguments {
            line.push(" ");
            line.push(quoted(argument));
        }
        let mut command = Command::new(program);
        command.args(words).arg(host).arg(line);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|error| format!("cannot run {program}: {error}"))
    }

    /// Runs this program with `arguments` on all of them, and returns when the last has answered.
    fn ask(&self, arguments: &[OsString]) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(self.hosts.len());
        for some in self.hosts.chunks(AT_A_TIME) {
            thread::scope(|scope| {
                let asked: Vec<_> = some
                    .iter()
                    .map(|host| scope.spawn(move || self.ask_one(host, arguments)))
                    .collect();
                for (host, thread) in some.iter().zip(asked) {
                    answers.push(thread.join().unwrap_or_else(|_| Answer {
                        host: host.clone(),
                        output: String::new(),
                        status: Err("asking it failed".to_owned()),
                    }));
                }
            });
        }
        answers
    }

    fn ask_one(&self, host: &str, arguments: &[OsString]) -> Answer {
        let answer = |output, status| Answer { host: host.to_owned(), output, status };
        let mut child = match self.spawn(host, arguments) {
            Ok(child) => child,
            Err(reason) => return answer(String::new(), Err(reason)),
        };
        let complaints = pass_on(host, &mut child);
        let mut output = Vec::new();
        let mut whole = true;
        if let Some(mut stdout) = child.stdout.take() {
            let read = stdout.by_ref().take(OUTPUT_BYTES_MOST).read_to_end(&mut output);
            whole = read.is_ok_and(|len| (len as u64) < OUTPUT_BYTES_MOST);
        }
        // With the pipe closed it ends, whatever it still had to say.
        let status = ended(&mut child);
        let _ = complaints.join();
        let output = String::from_utf8_lossy(&output).into_owned();
        let status = if whole {
            status
        } else {
            Err(format!("it says more than {OUTPUT_BYTES_MOST} bytes"))
        };
        answer(output, status)
    }

    /// Runs this very command line on all of them and writes what they say; JSON becomes one array.
    ///
    /// The status is that of `best` of theirs.
    pub(crate) fn run(
        &self,
        is_json: bool,
        best: impl Fn(&[u8]) -> u8,
    ) -> anyhow::Result<ExitCode> {
        let arguments = passed_on(std::env::args_os().skip(1));
        let answers = self.ask(&arguments);
        merge::write(&answers, is_json)?;
        let statuses: Vec<u8> =
            answers.iter().map(|it| *it.status.as_ref().unwrap_or(&UNREACHABLE)).collect();
        Ok(ExitCode::from(best(&statuses)))
    }

    /// The log of one of them, from its oldest record to its newest, as a file of records.
    pub(crate) fn log(&self, host: &str, instance: Option<&str>) -> Result<RemoteLog, String> {
        let mut arguments: Vec<OsString> =
            ["log", "-d", "-g", "raw", "-w", "-"].map(OsString::from).into();
        if let Some(instance) = instance {
            arguments.extend(["-n".into(), instance.into()]);
        }
        let mut child = self.spawn(host, &arguments)?;
        let complaints = pass_on(host, &mut child);
        Ok(RemoteLog::new(child, complaints))
    }
}

/// The status that counts for a machine that did not answer; ssh's own.
const UNREACHABLE: u8 = 255;

/// What the command line says but for where to run it.
fn passed_on(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut left = Vec::new();
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            left.push(argument);
            left.extend(arguments);
            break;
        }
        let name = argument.as_bytes().split(|&byte| byte == b'=').next().unwrap_or_default();
        if !OWN.iter().any(|own| own.as_bytes() == name) {
            left.push(argument);
        } else if name.len() == argument.len() {
            // Its value stands by itself.
            arguments.next();
        }
    }
    left
}

/// A word as a shell takes it for one.
fn quoted(word: &OsStr) -> OsString {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:,=@%+".contains(byte);
    let bytes = word.as_bytes();
    if !bytes.is_empty() && bytes.iter().all(is_plain) {
        return word.to_owned();
    }
    let mut quoted = b"'".to_vec();
    for &byte in bytes {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            byte => quoted.push(byte),
        }
    }
    quoted.push(b'\'');
    OsString::from_vec(quoted)
}

/// Writes what a child complains about, line by line with the name of its machine.
fn pass_on(host: &str, child: &mut Child) -> JoinHandle<()> {
    let complaints = child.stderr.take();
    let host = host.to_owned();
    thread::spawn(move || {
        let Some(complaints) = complaints else { return };
        let mut complaints = BufReader::new(complaints);
        let mut line = Vec::new();
        while let Ok(1..) = complaints.by_ref().take(LINE_BYTES_MOST).read_until(b'\n', &mut line) {
            let text = visible(line.trim_ascii_end());
            eprintln!("shellac: {host}: {}", text.strip_prefix("shellac: ").unwrap_or(&text));
            line.clear();
        }
    })
}

/// Waits for the end of a child.
fn ended(child: &mut Child) -> Result<u8, String> {
    match child.wait() {
        Ok(status) => match status.code().and_then(|code| u8::try_from(code).ok()) {
            Some(UNREACHABLE) => Err("it cannot be reached".to_owned()),
            Some(code) => Ok(code),
            None => Err(format!("it ended with {status}")),
        },
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
