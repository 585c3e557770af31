//! The `sentinel` command. Everything it does is in the library.

use std::process::ExitCode;

/// Crawls come and go with megabytes of markup and bodies on any thread. The system's allocator keeps what each thread once
/// had: 40 MB more at eight crawls at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    social_sentinel::cli::run()
}
