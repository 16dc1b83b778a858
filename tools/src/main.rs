//! `shellac`: every tool in one program.

use std::process::ExitCode;

fn main() -> ExitCode {
    shellac::main()
}
