//! `portcullis generate`

use std::io::{self, BufWriter, Write as _};

use super::{
    Failure,
    replay::{SAMPLE_RECORDS, SAMPLE_SEED},
};
use crate::generate::write_tape;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// How many records
    #[arg(long, value_name = "N", default_value_t = SAMPLE_RECORDS)]
    records: u64,
    /// The same seed writes the same bytes
    #[arg(long, value_name = "S", default_value_t = SAMPLE_SEED)]
    seed: u64,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(256 * 1024, io::stdout().lock());
    write_tape(args.records, args.seed, &mut out)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output(&error))
}
