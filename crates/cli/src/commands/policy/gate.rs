//! The recorded history that the publish gate judges a policy by.

use std::path::PathBuf;

use portcullis::{decide::Engine, guardrails::Guardrails};
use portcullis_sim::{
    replay::Replayer,
    simulate::candles::{self, CandleFile, ReadOptions, Series},
    tape::TapeReader,
};

use crate::{
    args::operator::OwnershipArgs, commands::simulate::parse_candles, failure::Failure,
    input::tapes::Tapes, output::progress::RunProgress,
};

/// The arguments of the recorded history.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct HistoryArgs {
    /// The tapes with the recorded intents: JSON Lines (plain, gzip or zstd) or Parquet
    ///
    /// They must cover all days of the gate. Quoted glob patterns are expanded in name order.
    #[arg(id = "tapes", long = "history", value_name = "TAPE", num_args = 1..)]
    tapes: Vec<PathBuf>,
    /// The candle file of one symbol, for a gate that bounds the drawdown; as in `portcullis simulate`
    #[arg(long, value_name = "[SYMBOL=]FILE", requires = "tapes", value_parser = parse_candles)]
    candles: Vec<CandleFile>,
    #[command(flatten)]
    ownership: OwnershipArgs,
}

/// The recorded history, and the evaluator of its intents.
pub(super) struct History {
    pub(super) replayer: Replayer,
    pub(super) candles: Vec<Series>,
    tapes: Tapes,
}

impl HistoryArgs {
    pub(super) fn resolve(&self, guardrails: &Guardrails) -> Result<History, Failure> {
        let engine = Engine::new(guardrails.clone(), self.ownership.resolve_for(None)?);
        let options = ReadOptions {
            interval: None,
            time_unit: None,
            time_label: None,
        };
        Ok(History {
            replayer: Replayer {
                assume_in_force: true,
                ..Replayer::new(engine)
            },
            candles: candles::read(&self.candles, &options).map_err(Failure::error)?,
            tapes: Tapes::resolve(&self.tapes)?,
        })
    }
}

impl History {
    /// Passes the tapes to a function, and shows the progress.
    pub(super) fn read<T>(&self, run: impl FnOnce(TapeReader, &mut dyn FnMut(u64)) -> T) -> T {
        let reader = self.tapes.reader();
        let progress = RunProgress::new(reader.progress());
        let result = run(reader, &mut |records| progress.set_records(records));
        progress.finish();
        result
    }
}
