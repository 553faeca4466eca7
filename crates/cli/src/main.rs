//! The `portcullis` command: error output and exit status.

use std::process::ExitCode;

mod commands;

use commands::Failure;

fn main() -> ExitCode {
    match commands::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(text) = failure.text() {
                // If standard error cannot be written, there is no other place for the message.
                let _ = std::io::Write::write_fmt(
                    &mut anstream::stderr(),
                    format_args!("portcullis: {text}\n"),
                );
            }
            match failure {
                Failure::ReaderGone => ExitCode::SUCCESS,
                Failure::No(_) => ExitCode::from(1),
                Failure::Unusable(_) => ExitCode::from(2),
            }
        }
    }
}
