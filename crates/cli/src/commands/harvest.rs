//! `portcullis harvest`

use super::{
    Failure,
    decide::{Answering, answer_lines},
    operator::OperatorArgs,
};
use portcullis_sim::replay::Scope;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    answering: Answering,
    #[command(flatten)]
    operator: OperatorArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    answer_lines(&args.answering, &args.operator, Scope::Positions)
}
