//! Output of flips as JSON lines or Parquet rows.
//!
//! A row has one column for each field of [`Flip`]. The fields of the two effects are `before.decision`,
//! `after.decision` and so on. A null is an absent field.

use std::{
    io::{self, Write},
    sync::Arc,
};

use arrow_array::builder::{
    Float64Builder, Int64Builder, ListBuilder, StringBuilder, TimestampMillisecondBuilder,
};
use portcullis::{answer::AnswerSide, decide::SkipCode, harvest::HarvestAction, types::Timestamp};

use super::{Effect, Flip};
use crate::report::row_file::{NamedColumn, RowFile, ZONE};

/// The number of rows that are buffered before they are written.
const BATCH_ROWS: usize = 8192;

/// The output of flips.
pub enum FlipsTo<'w> {
    /// No output.
    Nobody,
    /// One JSON line per flip.
    Lines(&'w mut dyn Write),
    /// One Parquet row per flip.
    Rows(Box<FlipRows<'w>>),
}

impl FlipsTo<'_> {
    pub(super) fn take(&mut self, flip: &Flip) -> io::Result<()> {
        match self {
            Self::Nobody => Ok(()),
            Self::Lines(to) => {
                serde_json::to_writer(&mut **to, flip)?;
                to.write_all(b"\n")
            }
            Self::Rows(rows) => rows.push(flip),
        }
    }

    /// Completes the output.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Nobody | Self::Lines(_) => Ok(()),
            Self::Rows(rows) => rows.finish(),
        }
    }
}

/// A writer of flips as Parquet rows.
pub struct FlipRows<'w> {
    file: RowFile<'w>,
    columns: Columns,
    rows: usize,
}

impl<'w> FlipRows<'w> {
    /// Creates a writer and writes the header.
    ///
    /// # Errors
    /// Returns an error if writing fails.
    pub fn new(to: &'w mut (dyn Write + Send)) -> io::Result<Self> {
        let mut columns = Columns::default();
        Ok(Self {
            file: RowFile::new(to, &columns.take())?,
            columns,
            rows: 0,
        })
    }

    fn push(&mut self, flip: &Flip) -> io::Result<()> {
        self.columns.push(flip);
        self.rows += 1;
        if self.rows < BATCH_ROWS {
            return Ok(());
        }
        self.rows = 0;
        self.file.write(self.columns.take())
    }

    fn finish(mut self) -> io::Result<()> {
        self.file.write(self.columns.take())?;
        self.file.finish()
    }
}

struct Columns {
    n: Int64Builder,
    id: StringBuilder,
    ts: TimestampMillisecondBuilder,
    symbol: StringBuilder,
    kind: StringBuilder,
    before: EffectColumns,
    after: EffectColumns,
    cause: ListBuilder<StringBuilder>,
}

#[derive(Default)]
struct EffectColumns {
    decision: StringBuilder,
    reason: StringBuilder,
    side: StringBuilder,
    leverage: Float64Builder,
    size_usd: Float64Builder,
    notional_usd: Float64Builder,
    quantity: Float64Builder,
    harvest_action: StringBuilder,
    stop_proposed: Float64Builder,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            n: Int64Builder::new(),
            id: StringBuilder::new(),
            ts: TimestampMillisecondBuilder::new().with_timezone(ZONE),
            symbol: StringBuilder::new(),
            kind: StringBuilder::new(),
            before: EffectColumns::default(),
            after: EffectColumns::default(),
            cause: ListBuilder::new(StringBuilder::new()),
        }
    }
}

impl Columns {
    fn push(&mut self, flip: &Flip) {
        self.n.append_option(i64::try_from(flip.n).ok());
        self.id.append_value(&flip.id);
        self.ts.append_option(flip.ts.map(Timestamp::as_millis));
        let symbol = flip.symbol.as_ref();
        self.symbol.append_option(symbol.map(|it| it.as_str()));
        self.kind.append_value(flip.kind.as_str());
        self.before.push(&flip.before);
        self.after.push(&flip.after);
        let fields = flip.cause.as_ref();
        self.cause
            .append_option(fields.map(|fields| fields.iter().map(Some)));
    }

    /// Returns the buffered columns and clears them.
    fn take(&mut self) -> Vec<NamedColumn> {
        let mut columns: Vec<NamedColumn> = vec![
            ("n", Arc::new(self.n.finish())),
            ("id", Arc::new(self.id.finish())),
            ("ts", Arc::new(self.ts.finish())),
            ("symbol", Arc::new(self.symbol.finish())),
            ("kind", Arc::new(self.kind.finish())),
        ];
        columns.extend(self.before.take([
            "before.decision",
            "before.reason",
            "before.side",
            "before.leverage",
            "before.size_usd",
            "before.notional_usd",
            "before.quantity",
            "before.harvest_action",
            "before.stop_proposed",
        ]));
        columns.extend(self.after.take([
            "after.decision",
            "after.reason",
            "after.side",
            "after.leverage",
            "after.size_usd",
            "after.notional_usd",
            "after.quantity",
            "after.harvest_action",
            "after.stop_proposed",
        ]));
        columns.push(("cause", Arc::new(self.cause.finish())));
        columns
    }
}

impl EffectColumns {
    fn push(&mut self, effect: &Effect) {
        self.decision.append_value(effect.decision.as_str());
        self.reason.append_option(effect.reason.map(SkipCode::code));
        self.side.append_option(effect.side.map(AnswerSide::as_str));
        self.leverage.append_option(effect.leverage);
        self.size_usd.append_option(effect.size_usd);
        self.notional_usd.append_option(effect.notional_usd);
        self.quantity.append_option(effect.quantity);
        self.harvest_action
            .append_option(effect.harvest_action.map(HarvestAction::as_str));
        self.stop_proposed.append_option(effect.stop_proposed);
    }

    fn take(&mut self, names: [&'static str; 9]) -> [NamedColumn; 9] {
        let [
            decision,
            reason,
            side,
            leverage,
            size_usd,
            notional_usd,
            quantity,
            action,
            stop,
        ] = names;
        [
            (decision, Arc::new(self.decision.finish())),
            (reason, Arc::new(self.reason.finish())),
            (side, Arc::new(self.side.finish())),
            (leverage, Arc::new(self.leverage.finish())),
            (size_usd, Arc::new(self.size_usd.finish())),
            (notional_usd, Arc::new(self.notional_usd.finish())),
            (quantity, Arc::new(self.quantity.finish())),
            (action, Arc::new(self.harvest_action.finish())),
            (stop, Arc::new(self.stop_proposed.finish())),
        ]
    }
}
