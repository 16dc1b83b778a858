//! Recorded logs and directories, unpacked.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Where a fixture lies.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name)
}

/// The content of a file that is packed with zstd.
pub(crate) fn unpacked_file(name: &str) -> Vec<u8> {
    let packed = std::fs::read(path(name)).expect("the fixture is there");
    zstd::decode_all(&packed[..]).expect("the fixture is whole")
}

/// The content of an archive, in a directory that goes away with the value.
pub(crate) fn unpacked_archive(name: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (tar, flags) = if name.ends_with(".zst") {
        (unpacked_file(name), "-x")
    } else {
        (std::fs::read(path(name)).expect("the fixture is there"), "-xz")
    };
    let mut child = Command::new("tar")
        .arg(flags)
        .arg("-C")
        .arg(directory.path())
        .stdin(Stdio::piped())
        .spawn()
        .expect("tar starts");
    child.stdin.take().expect("it is a pipe").write_all(&tar).expect("tar reads");
    assert!(child.wait().expect("it is our child").success(), "tar unpacks {name}");
    directory
}
