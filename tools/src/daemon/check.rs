//! What only this machine can tell of a configuration: whether all that it names can be had here.
//!
//! Nothing is changed or left: addresses are bound and given back, directories are looked at.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Access, access};
use shellac_config::{AdminAddress, AdminSecret, ListenAddress};
use shellac_manager::{Settings, bind};

/// The file system that lives in memory (`TMPFS_MAGIC`).
const TMPFS: u64 = 0x0102_1994;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// With these it would not start.
    pub(super) errors: Vec<String>,
    /// It would start, but.
    pub(super) warnings: Vec<String>,
}

/// Looks at everything.
pub(super) fn check(settings: &Settings) -> Findings {
    let mut findings = Findings::default();
    let holder = running(&settings.workdir);
    if let Some(pid) = &holder {
        findings.warnings.push(format!(
            "{}: process {pid} runs here; its addresses are not tried",
            settings.workdir.display()
        ));
    } else {
        addresses(settings, &mut findings);
    }
    workdir(settings, &mut findings);
    identity(settings, &mut findings);
    secret(settings, &mut findings);
    bodies(settings, &mut findings);
    findings
}

/// The process that has the directory's lock.
fn running(workdir: &Path) -> Option<String> {
    let mut file = File::open(workdir.join("_.pid")).ok()?;
    let free = rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockShared);
    if free.is_ok() {
        return None;
    }
    let mut pid = String::new();
    file.by_ref().take(32).read_to_string(&mut pid).ok()?;
    Some(pid.trim().to_owned())
}

fn addresses(settings: &Settings, findings: &mut Findings) {
    for listen in &settings.config.listen {
        match &listen.address {
            ListenAddress::Ip(_) => {
                if let Err(error) = bind(listen, 1) {
                    findings.errors.push(error.full_text());
                }
            }
            ListenAddress::Unix(path) => socket_path(path, &listen.name, findings),
        }
    }
    for address in &settings.config.admin.listen {
        match address {
            AdminAddress::Tcp(address) => {
                if let Err(error) = TcpListener::bind(address) {
                    findings.errors.push(format!("cannot listen on {address} (admin): {error}"));
                }
            }
            AdminAddress::Unix(path) => socket_path(path, "admin", findings),
        }
    }
}

/// A socket is made in a directory that is there, in the place of nothing or of another socket.
fn socket_path(path: &Path, name: &str, findings: &mut Findings) {
    use std::os::unix::fs::FileTypeExt;
    let cannot = |why: &dyn std::fmt::Display| {
        format!("cannot listen on {} ({name}): {why}", path.display())
    };
    let above = path.parent().unwrap_or(Path::new("/"));
    if let Err(error) = access(above, Access::WRITE_OK | Access::EXEC_OK) {
        findings.errors.push(cannot(&format!("{}: {error}", above.display())));
    } else if std::fs::symlink_metadata(path).is_ok_and(|found| !found.file_type().is_socket()) {
        findings.errors.push(cannot(&"a file is there that is no socket: remove it"));
    }
}

/// Whether the log has a place, and room.
fn workdir(settings: &Settings, findings: &mut Findings) {
    let workdir = settings.workdir.as_path();
    // What is not there is made; what is above has to allow that.
    let found = workdir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("/"));
    if !found.is_dir() {
        findings.errors.push(format!("{} is no directory", found.display()));
        return;
    }
    if let Err(error) = access(found, Access::WRITE_OK | Access::EXEC_OK) {
        let text = format!(
            "{}: cannot make files below {}: {error} (choose another place with -n)",
            workdir.display(),
            found.display()
        );
        findings.errors.push(text);
        return;
    }
    if found == workdir
        && std::fs::metadata(found).is_ok_and(|found| found.permissions().mode() & 0o007 != 0)
        && std::fs::read_dir(found).is_ok_and(|mut entries| {
            entries.any(|entry| {
                entry.is_ok_and(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"_."))
            })
        })
    {
        findings.warnings.push(format!(
            "{} can be read by everybody and holds other files: use a directory of its own",
            workdir.display()
        ));
    }
    let size = settings.config.log.size_bytes;
    if let Ok(stat) = rustix::fs::statvfs(found)
        && stat.f_bavail.saturating_mul(stat.f_frsize) < size
    {
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        findings.errors.push(format!(
            "{}: {} MiB are free and the log needs {} MiB: make `log.size` smaller, or choose another place with -n",
            found.display(),
            free >> 20,
            size >> 20
        ));
    }
    if let Ok(stat) = rustix::fs::statfs(found)
        && u64::try_from(stat.f_type).is_ok_and(|kind| kind != TMPFS)
    {
        findings.warnings.push(format!(
            "{} is not on tmpfs: a directory below /run is better",
            workdir.display()
        ));
    }
}

/// Whether the user and the group are there, and root may work in the directory.
fn identity(settings: &Settings, findings: &mut Findings) {
    let config = &settings.config;
    for checked in [
        shellac_manager::check_identity(config),
        shellac_manager::check_workdir(config, &settings.workdir),
    ] {
        findings.errors.extend(checked.err().map(|error| error.full_text()));
    }
}

/// Whether long request bodies can be kept.
fn bodies(settings: &Settings, findings: &mut Findings) {
    let config = &settings.config;
    if config.body.memory_bytes >= config.body.limit_bytes {
        // No file is ever used.
        return;
    }
    if let Err(error) = shellac_manager::check_directory(config, &config.body.dir) {
        let user = config.user.as_deref().unwrap_or("the user who runs this");
        findings.warnings.push(format!(
            "body.dir: {}: {error}: request bodies above `body.memory` are not kept, and such requests are not tried again (the log says fetch.lost:disk); make it a directory that {user} can write to, or name another one",
            config.body.dir.display()
        ));
    }
}

fn secret(settings: &Settings, findings: &mut Findings) {
    let AdminSecret::File(path) = &settings.config.admin.secret else { return };
    let name = path.display();
    match File::open(path).and_then(|file| file.metadata()) {
        Err(error) => {
            let hint = match error.kind() {
                ErrorKind::NotFound => ": make it, or leave `admin.secret` out",
                _ => "",
            };
            findings.errors.push(format!("admin.secret: {name}: {error}{hint}"));
        }
        Ok(found) if found.len() == 0 => {
            findings.errors.push(format!("admin.secret: {name} is empty"));
        }
        Ok(found) if found.mode() & 0o004 != 0 => {
            findings.warnings.push(format!("admin.secret: {name} can be read by everybody"));
        }
        Ok(_) => {}
    }
}
