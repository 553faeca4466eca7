//! `portcullis generate`

use std::io::{self, BufWriter, Write as _};

use super::Failure;
use crate::generate::write_tape;

#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// How many records
    #[arg(long, value_name = "N")]
    records: u64,
    /// The same seed writes the same bytes
    #[arg(long, value_name = "S")]
    seed: u64,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(256 * 1024, io::stdout().lock());
    write_tape(args.records, args.seed, &mut out)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output(&error))
}
