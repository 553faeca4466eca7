//! The command `portcullis generate`.

use std::io::{self, BufWriter, Write as _};

use portcullis_sim::generate::write_tape;

use crate::{args::values::parse_whole, failure::Failure};

/// Number of records of the built-in sample tape, which is the output for this number and
/// [`SAMPLE_SEED`].
pub(crate) const SAMPLE_RECORDS: u64 = 5000;
pub(crate) const SAMPLE_SEED: u64 = 1;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The number of records to write
    #[arg(long, value_name = "N", default_value_t = SAMPLE_RECORDS, value_parser = parse_number, allow_negative_numbers = true)]
    records: u64,
    /// The seed of the random generator; the same seed and number of records give the same bytes
    #[arg(long, value_name = "S", default_value_t = SAMPLE_SEED, value_parser = parse_number, allow_negative_numbers = true)]
    seed: u64,
}

fn parse_number(text: &str) -> Result<u64, String> {
    parse_whole(text, 0..=u64::MAX)
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(256 * 1024, io::stdout().lock());
    write_tape(args.records, args.seed, &mut out)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::write(&error))
}
