//! What the process that stays root hands out, and what it does not.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";

/// Asks a process that is a thread here, for keys in `directory`.
fn ask(directory: &Path, paths: &[&Path]) -> Vec<Result<String, String>> {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let keys = Keys::adopt(ours.into()).unwrap();
    let process = std::thread::spawn(move || answer(&theirs));
    write_message(&keys.0, &[directory.as_os_str().as_bytes(), b"\0"].concat()).unwrap();
    let answers = paths
        .iter()
        .map(|path| keys.read(path).map(|key| String::from_utf8(key.as_bytes().to_vec()).unwrap()))
        .collect();
    drop(keys);
    process.join().unwrap().unwrap();
    answers
}

#[test]
fn keys_come_from_known_directories_only_and_nothing_but_keys() {
    let root = tempfile::tempdir().unwrap();
    let [known, other] = ["known", "other"].map(|name| root.path().join(name));
    for directory in [&known, &other] {
        std::fs::create_dir(directory).unwrap();
        std::fs::write(directory.join("a.key"), KEY).unwrap();
    }
    std::fs::write(known.join("shadow"), "root:secret").unwrap();
    symlink("/dev/zero", known.join("endless")).unwrap();
    symlink(other.join("a.key"), known.join("link.key")).unwrap();
    let paths: Vec<PathBuf> = [
        "known/a.key",
        "known/link.key",
        "known/shadow",
        "known/endless",
        "known/missing",
        "known/../other/a.key",
        "other/a.key",
    ]
    .map(|path| root.path().join(path))
    .to_vec();
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let answers = ask(&known, &paths);
    if !rustix::process::geteuid().is_root() {
        // Whoever runs this can change what is there.
        assert!(answers.iter().all(Result::is_err), "{answers:?}");
        return;
    }
    assert_eq!(answers[0].as_deref(), Ok(KEY));
    assert_eq!(answers[1].as_deref(), Ok(KEY), "a link that root has made");
    for (answer, why) in answers[2..].iter().zip([
        "no private key",
        "not a regular file",
        "No such file",
        "names no key",
        "names no key",
    ]) {
        let said = answer.as_ref().unwrap_err();
        assert!(said.contains(why), "{said} but not {why}");
    }
    // A link that root has made into a directory of somebody else.
    std::os::unix::fs::chown(&other, Some(65534), None).unwrap();
    let said = ask(&known, &[&known.join("link.key")]).remove(0).unwrap_err();
    let place = format!("others can change {}, to which a link", other.display());
    assert!(said.contains(&place), "{said}");
    let rights = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(&known, rights).unwrap();
    let said = ask(&known, &paths[..1]).remove(0).unwrap_err();
    assert!(said.contains("others can change"), "{said}");
}

#[test]
fn without_that_process_the_error_says_what_to_do() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(theirs);
    let error = Keys::adopt(ours.into()).unwrap().read(Path::new("/k")).err().unwrap();
    assert!(error.contains("restart shellacd"), "{error}");
}
