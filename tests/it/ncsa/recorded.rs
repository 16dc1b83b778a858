//! Logs of other versions: what we print is what their tools printed for them.

use std::process::Command;

use crate::support::fixture::{unpacked_archive, unpacked_file};
use crate::support::text::assert_same;

/// The format of `ncsa-F-9.txt`.
const FORMAT: &str = "%h %s %D %{X-Request-Id}i %{Varnish:handling}x %{VSL:Timestamp:Resp[2]}x %{Varnish:time_firstbyte}x";

#[test]
fn the_corpora_read_as_the_stock_tools_of_their_version_read_them() {
    let directory = unpacked_archive("corpus/golden-ncsa.tar.zst");
    for (version, golden, format) in
        [("8", "ncsa-8", None), ("9", "ncsa-9", None), ("9", "ncsa-F-9", Some(FORMAT))]
    {
        let file = directory.path().join(format!("mix-{version}.vsl"));
        if !file.exists() {
            std::fs::write(&file, unpacked_file(&format!("corpus/mix-{version}.vsl.zst"))).unwrap();
        }
        let expected = std::fs::read(directory.path().join(format!("{golden}.txt"))).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_shellac"));
        command.args(["ncsa", "--tz", "utc", "-r"]).arg(&file).env_remove("SHELLAC_COMPAT");
        command.args(format.into_iter().flat_map(|format| ["-F", format]));
        let output = command.output().expect("it starts");
        assert!(output.status.success());
        assert_same(golden, &output.stdout, &expected);
    }
}
