//! Arguments, runtime, exit code. All else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    scrutineer::cli::main(std::env::args_os())
}
