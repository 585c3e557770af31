//! The `sentinel` command. Everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    social_sentinel::cli::run()
}
