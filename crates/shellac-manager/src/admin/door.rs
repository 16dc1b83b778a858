//! Where clients come in: the listening sockets, the secret, and what is published of them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use shellac_admin::Challenge;
use shellac_config::{AdminAddress, AdminConfig, AdminSecret};
use shellac_vsm::MgtSet;

use crate::ManagerError;
use crate::listen::remove_dead_socket;

/// Name of the secret's file where none is configured.
const SECRET_FILE: &str = "_.secret";
/// Longest secret in bytes.
const SECRET_BYTES_MOST: u64 = 64 << 10;

/// A listening socket.
#[derive(Debug)]
enum Listener {
    Tcp(TcpListener, SocketAddr),
    /// Removed at the end.
    Unix(UnixListener, PathBuf),
}

/// A connection that came in.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// What a client has to know.
#[derive(Debug)]
enum Secret {
    /// The content of this file; `made` are removed at the end.
    File {
        path: PathBuf,
        made: bool,
    },
    Nothing,
}

/// The sockets and the secret; dropping it removes what was made.
#[derive(Debug)]
pub(crate) struct Door {
    listeners: Vec<Listener>,
    secret: Secret,
    random: File,
}

impl Door {
    /// Listens, makes the secret where none is configured, and adds what readers look for to `mgt`.
    ///
    /// `None` when the command line is turned off. What is `inherited` from the program before, sockets with their paths and the secret
    /// beside, is as it was.
    pub(crate) fn open(
        config: &AdminConfig,
        workdir: &Path,
        mgt: &mut MgtSet,
        inherited: Option<Vec<(Option<PathBuf>, OwnedFd)>>,
    ) -> Result<Option<Door>, ManagerError> {
        if config.listen.is_empty() {
            return Ok(None);
        }
        let file = |action, path: &Path| {
            let path = path.to_owned();
            move |source| ManagerError::File { action, path, source }
        };
        let random_path = Path::new("/dev/urandom");
        let random = File::open(random_path).map_err(file("open", random_path))?;
        let mut door = Door { listeners: Vec::new(), secret: Secret::Nothing, random };
        let takes_over = inherited.is_some();
        for (path, socket) in inherited.unwrap_or_default() {
            door.listeners.push(adopt(path, socket).map_err(file("listen on", workdir))?);
        }
        if !takes_over {
            for address in &config.listen {
                door.listeners.push(listen(address)?);
            }
        }
        door.secret = match &config.secret {
            AdminSecret::Nothing => Secret::Nothing,
            AdminSecret::File(path) => {
                let secret = Secret::File { path: path.clone(), made: false };
                secret.read().map_err(file("read", path))?;
                secret
            }
            AdminSecret::Made => {
                let path = workdir.join(SECRET_FILE);
                if !takes_over {
                    door.make_secret(&path).map_err(file("write", &path))?;
                }
                Secret::File { path, made: true }
            }
        };
        mgt.add_bytes("Arg", "-T", format!("{}\0", door.lines()).as_bytes())?;
        if let Secret::File { path, .. } = &door.secret {
            mgt.add_bytes("Arg", "-S", format!("{}\0", path.display()).as_bytes())?;
        }
        Ok(Some(door))
    }

    /// The addresses, one on a line, as stock readers take them: address and port, what they can connect to first.
    pub(crate) fn lines(&self) -> String {
        let tcp = self.listeners.iter().filter_map(|listener| match listener {
            Listener::Tcp(_, address) => Some(format!("{} {}\n", address.ip(), address.port())),
            Listener::Unix(..) => None,
        });
        let unix = self.listeners.iter().filter_map(|listener| match listener {
            Listener::Unix(_, path) => Some(format!("{} -\n", path.display())),
            Listener::Tcp(..) => None,
        });
        tcp.chain(unix).collect()
    }

    /// The sockets that have a path with it, which another program is to have.
    pub(crate) fn paths(&self) -> Vec<Option<PathBuf>> {
        let path = |listener: &Listener| match listener {
            Listener::Unix(_, path) => Some(path.clone()),
            Listener::Tcp(..) => None,
        };
        self.listeners.iter().map(path).collect()
    }

    /// What to wait on for new connections.
    pub(crate) fn sockets(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.listeners.iter().map(|listener| match listener {
            Listener::Tcp(socket, _) => socket.as_fd(),
            Listener::Unix(socket, _) => socket.as_fd(),
        })
    }

    /// The next connection that waits, and who it is.
    pub(crate) fn accept(&self) -> io::Result<Option<(Stream, String)>> {
        for listener in &self.listeners {
            let accepted = match listener {
                Listener::Tcp(socket, _) => socket.accept().and_then(|(stream, peer)| {
                    stream.set_nonblocking(true)?;
                    // Answers are written whole.
                    stream.set_nodelay(true)?;
                    Ok((Stream::Tcp(stream), peer.to_string()))
                }),
                Listener::Unix(socket, path) => socket.accept().and_then(|(stream, _)| {
                    stream.set_nonblocking(true)?;
                    Ok((Stream::Unix(stream), path.display().to_string()))
                }),
            };
            match accepted {
                Ok(found) => return Ok(Some(found)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // One that gave up while it waited.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// What this connection has to prove that it knows; read anew, so that it can be changed while we run.
    pub(crate) fn secret(&self) -> io::Result<Option<Vec<u8>>> {
        self.secret.read()
    }

    /// A challenge that nobody has seen.
    pub(crate) fn challenge(&self) -> io::Result<Challenge> {
        let mut random = [0; 32];
        (&self.random).read_exact(&mut random)?;
        Ok(Challenge::from_random(random))
    }

    fn make_secret(&self, path: &Path) -> io::Result<()> {
        let mut random = [0; 32];
        (&self.random).read_exact(&mut random)?;
        let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        // We hold the lock: what is there is left over from the dead.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(format!("{text}\n").as_bytes())
    }
}

impl Secret {
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let Secret::File { path, .. } = self else { return Ok(None) };
        let mut secret = Vec::new();
        File::open(path)?.take(SECRET_BYTES_MOST + 1).read_to_end(&mut secret)?;
        if secret.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is empty"));
        }
        if u64::try_from(secret.len()).is_ok_and(|len| len > SECRET_BYTES_MOST) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it has more than 64 KiB"));
        }
        Ok(Some(secret))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // Nobody is left to be told.
        for listener in &self.listeners {
            if let Listener::Unix(_, path) = listener {
                let _ = std::fs::remove_file(path);
            }
        }
        if let Secret::File { path, made: true } = &self.secret {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Stream {
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }

    pub(crate) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(out),
            Stream::Unix(stream) => stream.read(out),
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
        }
    }
}

fn adopt(path: Option<PathBuf>, socket: OwnedFd) -> io::Result<Listener> {
    match path {
        Some(path) => Ok(Listener::Unix(UnixListener::from(socket), path)),
        None => {
            let socket = TcpListener::from(socket);
            let address = socket.local_addr()?;
            Ok(Listener::Tcp(socket, address))
        }
    }
}

fn listen(address: &AdminAddress) -> Result<Listener, ManagerError> {
    match address {
        AdminAddress::Tcp(address) => {
            let failed = |error| ManagerError::Listen {
                name: "admin".to_owned(),
                address: (*address).into(),
                error,
                who: None,
            };
            let socket = TcpListener::bind(address).map_err(failed)?;
            socket.set_nonblocking(true).map_err(failed)?;
            let address = socket.local_addr().map_err(failed)?;
            Ok(Listener::Tcp(socket, address))
        }
        AdminAddress::Unix(path) => {
            let failed = |source| ManagerError::File {
                action: "listen for commands on",
                path: path.clone(),
                source,
            };
            remove_dead_socket(path).map_err(failed)?;
            let socket = UnixListener::bind(path).map_err(failed)?;
            let listener = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
                .and_then(|()| socket.set_nonblocking(true));
            if let Err(error) = listener {
                let _ = std::fs::remove_file(path);
                return Err(failed(error));
            }
            Ok(Listener::Unix(socket, path.clone()))
        }
    }
}
