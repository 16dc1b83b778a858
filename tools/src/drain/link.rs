//! The connection to an instance's command line.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde_json::Value;
use shellac_admin::{Answer, AnswerReader, Login, LoginError, LoginStep, Status, quote};
use shellac_vsm::Attachment;

/// How long an answer may take; commands that wait answer within a few seconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer in bytes.
const ANSWER_BYTES: usize = 16 << 20;
/// Bytes that are read at a time.
const PIECE_BYTES: usize = 16 << 10;

trait Stream: Read + Write + Send {}
impl Stream for TcpStream {}
impl Stream for UnixStream {}

/// An open connection that commands are answered on.
pub(super) struct Link {
    stream: Box<dyn Stream>,
    reader: AnswerReader,
}

impl Link {
    /// Connects to the instance, with what it publishes about that, and logs in.
    pub(super) fn open(attachment: &Attachment) -> anyhow::Result<Link> {
        let text = |ident| attachment.read_text("Arg", ident).ok().flatten();
        let addresses =
            text("-T").context("it takes no commands: there is no -T in its shared memory")?;
        let mut failure = anyhow!("it names no address for commands");
        for line in addresses.trim_end_matches('\0').lines() {
            match Link::connect(line, text("-S").as_deref()) {
                Ok(link) => return Ok(link),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn connect(address: &str, secret: Option<&str>) -> anyhow::Result<Link> {
        let failed = || format!("cannot connect to {address}");
        let mut words = address.split_ascii_whitespace();
        let (host, port) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let stream: Box<dyn Stream> = if port.parse::<u16>().is_ok() {
            let stream =
                TcpStream::connect(format!("{}:{port}", bracketed(host))).with_context(failed)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
            Box::new(stream)
        } else {
            let stream = UnixStream::connect(host).with_context(failed)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Box::new(stream)
        };
        let mut link = Link { stream, reader: AnswerReader::new(ANSWER_BYTES) };
        link.log_in(secret.map(|it| it.trim_end_matches('\0').trim_end()))?;
        Ok(link)
    }

    fn log_in(&mut self, secret: Option<&str>) -> anyhow::Result<()> {
        let mut login = Login::new();
        loop {
            let answer = self.read()?;
            let secret = || -> Result<Option<Vec<u8>>, anyhow::Error> {
                let Some(path) = secret else { return Ok(None) };
                let secret = std::fs::read(path);
                Ok(Some(secret.with_context(|| format!("cannot read the secret in {path}"))?))
            };
            match login.answered::<Refused>(&answer, || secret().map_err(Refused))? {
                LoginStep::Send(bytes) => self.stream.write_all(&bytes)?,
                LoginStep::Done => return Ok(()),
            }
        }
    }

    fn read(&mut self) -> anyhow::Result<Answer> {
        let mut piece = [0; PIECE_BYTES];
        loop {
            if let Some(answer) = self.reader.next()? {
                return Ok(answer);
            }
            match self.stream.read(&mut piece) {
                Ok(0) => bail!("the connection was closed"),
                Ok(len) => self.reader.push(&piece[..len]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("no answer"),
            }
        }
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    ///
    /// The connection broke, or nothing came in ten seconds: what was asked may have been done.
    pub(super) fn ask(&mut self, words: &[&str]) -> anyhow::Result<Answer> {
        let line: Vec<String> = words.iter().map(|word| quote(word)).collect();
        self.stream.write_all(format!("{}\n", line.join(" ")).as_bytes())?;
        self.read()
    }

    /// The data of a JSON answer.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with status and text when the command was not carried out.
    pub(super) fn data(&mut self, words: &[&str]) -> anyhow::Result<Value> {
        let answer = self.ask(words)?;
        if answer.status != Status::OK {
            return Err(Refusal { status: answer.status, text: answer.text() }.into());
        }
        let mut value: Value =
            serde_json::from_slice(&answer.body).context("the answer is no JSON")?;
        match value.get_mut(3) {
            Some(data) => Ok(data.take()),
            None => bail!("the answer has no data"),
        }
    }
}

/// A command that was not carried out.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: Status,
    text: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}

impl std::error::Error for Refusal {}

/// Why logging in failed.
struct Refused(anyhow::Error);

impl From<LoginError> for Refused {
    fn from(error: LoginError) -> Refused {
        Refused(error.into())
    }
}

impl From<Refused> for anyhow::Error {
    fn from(refused: Refused) -> anyhow::Error {
        refused.0
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}
