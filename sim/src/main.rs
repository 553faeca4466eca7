//! The `portcullis` command: parse, dispatch, exit code.

use std::process::ExitCode;

use portcullis_sim::cmd::{self, Failure};

fn main() -> ExitCode {
    match cmd::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(text) = failure.text() {
                // Nobody is left to tell if this fails.
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
