//! Logs of other versions: what we list is what their varnishtop listed.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::support::fixture::{unpacked_archive, unpacked_file};
use crate::support::text::assert_same;

#[test]
fn the_corpora_are_listed_as_the_stock_tools_of_their_version_list_them() {
    let directory = unpacked_archive("corpus/golden-top.tar.zst");
    for version in ["8", "9"] {
        let file = directory.path().join(format!("mix-{version}.vsl"));
        std::fs::write(&file, unpacked_file(&format!("corpus/mix-{version}.vsl.zst"))).unwrap();
        let expected = std::fs::read(directory.path().join(format!("top-{version}.txt"))).unwrap();
        for name in ["varnishtop", "vinyltop"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
            command.arg0(name).args(["-1", "-i", "ReqURL", "-r"]).arg(&file);
            let output = command.env_remove("SHELLAC_COMPAT").output().expect("it starts");
            assert!(output.status.success(), "{name} {version}");
            assert_same(&format!("{name} {version}"), &output.stdout, &expected);
        }
    }
}
