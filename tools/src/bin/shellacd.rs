//! `shellacd`: the proxy. The same program as `shellac daemon`.

use std::process::ExitCode;

fn main() -> ExitCode {
    shellac::main()
}
