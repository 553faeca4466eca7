//! The command `portcullis harvest`.

use portcullis_sim::replay::Scope;

use crate::{
    args::operator::OperatorArgs,
    commands::decide::{LineArgs, answer_lines},
    failure::Failure,
};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    lines: LineArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    answer_lines(&args.lines, &args.operator, Scope::Positions)
}
