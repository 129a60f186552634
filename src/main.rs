//! The `mailctl` program: hands its arguments to [`mailctl::cli`] and exits with its code.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mailctl::cli::main()
}
