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

/// The arguments of the recorded intents.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct HistoryTapes {
    /// The tapes with the recorded intents: JSON Lines (plain, gzip or zstd) or Parquet
    ///
    /// They must cover all days of the gate. Quoted glob patterns are expanded in name order.
    #[arg(id = "tapes", long = "history", value_name = "TAPE", num_args = 1..)]
    tapes: Vec<PathBuf>,
    #[command(flatten)]
    ownership: OwnershipArgs,
}

/// The arguments of the recorded history.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct HistoryArgs {
    #[command(flatten)]
    tapes: HistoryTapes,
    /// The candle file of one symbol, for a gate that bounds the drawdown; as in `portcullis simulate`
    #[arg(long, value_name = "[SYMBOL=]FILE", requires = "tapes", value_parser = parse_candles)]
    candles: Vec<CandleFile>,
}

/// The recorded intents, and their evaluator.
pub(crate) struct RecordedIntents {
    pub(crate) replayer: Replayer,
    pub(crate) tapes: Tapes,
}

/// The recorded history, and the evaluator of its intents.
pub(super) struct History {
    pub(super) intents: RecordedIntents,
    pub(super) candles: Vec<Series>,
}

impl HistoryTapes {
    pub(crate) fn resolve(&self, guardrails: &Guardrails) -> Result<RecordedIntents, Failure> {
        let engine = Engine::new(guardrails.clone(), self.ownership.resolve_for(None)?);
        Ok(RecordedIntents {
            replayer: Replayer {
                assume_in_force: true,
                ..Replayer::new(engine)
            },
            tapes: Tapes::resolve(&self.tapes)?,
        })
    }
}

impl HistoryArgs {
    pub(super) fn resolve(&self, guardrails: &Guardrails) -> Result<History, Failure> {
        let candles = candles::read(&self.candles, &read_options()).map_err(Failure::error)?;
        Ok(History {
            intents: self.tapes.resolve(guardrails)?,
            candles,
        })
    }
}

/// Returns the options of candle files whose times are recognised by their values.
pub(crate) const fn read_options() -> ReadOptions {
    ReadOptions {
        interval: None,
        time_unit: None,
        time_label: None,
    }
}

impl History {
    /// Passes the tapes to a function, and shows the progress.
    pub(super) fn read<T>(&self, run: impl FnOnce(TapeReader, &mut dyn FnMut(u64)) -> T) -> T {
        let reader = self.intents.tapes.reader();
        let progress = RunProgress::new(reader.progress());
        let result = run(reader, &mut |records| progress.set_records(records));
        progress.finish();
        result
    }
}
