//! A connection to the command line that says whatever it is told to.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use shellac_admin::{Answer, AnswerReader, Challenge, Status, response};
use shellac_vsm::{AttachOptions, Attachment};

/// Where the instance takes commands, and what has to be known for it.
pub(super) fn place(workdir: &Path) -> (SocketAddr, Vec<u8>) {
    let attachment = Attachment::open(workdir, AttachOptions::default()).unwrap();
    let text = |ident| attachment.read_text("Arg", ident).unwrap();
    let address = text("-T").unwrap().lines().next().unwrap().replace(' ', ":").parse().unwrap();
    (address, text("-S").map(|path| std::fs::read(path).unwrap()).unwrap_or_default())
}

/// One connection, without manners.
pub(super) struct Raw<S> {
    pub(super) stream: S,
    pub(super) reader: AnswerReader,
}

impl Raw<TcpStream> {
    pub(super) fn open(address: SocketAddr) -> Raw<TcpStream> {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Raw { stream, reader: AnswerReader::new(1 << 20) }
    }
}

impl<S: Read + Write> Raw<S> {
    pub(super) fn send(&mut self, bytes: &[u8]) {
        // The other side may have closed already, which is what is looked at then.
        let _ = self.stream.write_all(bytes);
    }

    /// The next answer; `None` at the end.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        loop {
            if let Some(answer) = self.reader.next().unwrap() {
                return Some(answer);
            }
            let mut piece = [0; 4096];
            match self.stream.read(&mut piece) {
                Ok(0) => return None,
                Ok(len) => self.reader.push(&piece[..len]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    pub(super) fn code(&mut self) -> Option<u16> {
        self.answer().map(|answer| answer.status.code())
    }

    /// Reads the greeting and answers it.
    pub(super) fn login(&mut self, secret: &[u8]) -> Option<u16> {
        let greeting = self.answer().unwrap();
        assert_eq!(greeting.status, Status::AUTHENTICATE);
        let challenge = Challenge::from_greeting(&greeting.body).unwrap();
        self.send(format!("auth {}\n", response(&challenge, secret)).as_bytes());
        self.code()
    }
}
