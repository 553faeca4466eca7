//! The `portcullis` command: error output and exit status.

use std::process::ExitCode;

mod args;
mod cli;
mod commands;
mod failure;
mod input;
mod named;
mod output;
mod paint;
mod print;
mod until_closed;
mod usage;

fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                print::warn(message);
            }
            failure.exit_code()
        }
    }
}
