//! The command `portcullis policy hash`.

use std::path::PathBuf;

use portcullis::policy::Policy;

use crate::{failure::Failure, input::file::parse_file, print::print};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The policy file (JSON); use `-` for standard input
    file: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let hash = parse_file(&args.file, Policy::hash_of)?;
    print(format_args!("{hash}\n"))
}
