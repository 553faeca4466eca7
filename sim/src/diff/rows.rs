//! Output of flips as JSON lines or Parquet rows.
//!
//! A row has one column for each field of [`Flip`]. The fields of the two effects are
//! `before.decision`, `after.decision` and so on. An absent field is null.

use std::{
    io::{self, Write},
    sync::Arc,
};

use arrow_array::{
    ArrayRef,
    builder::{Int64Builder, ListBuilder, StringBuilder, TimestampMillisecondBuilder},
};

use portcullis::{
    answer::{AnswerSide, Verdict},
    decide::SkipCode,
    harvest::HarvestAction,
    types::PositionSide,
};

use super::flip::{Effect, Flip, effect_columns};
use crate::rows::{
    columns::{append, columns, new_builder},
    file::RowFile,
};

/// The number of rows that are buffered before they are written.
const BATCH_ROWS: usize = 8192;

/// The output to which flips are written.
pub enum FlipSink<'w> {
    /// Flips are not written.
    Discard,
    /// Flips are written as one JSON line each.
    Lines(&'w mut dyn Write),
    /// Flips are written as one Parquet row each.
    Rows(Box<FlipRows<'w>>),
}

impl FlipSink<'_> {
    pub(super) fn write(&mut self, flip: &Flip) -> io::Result<()> {
        match self {
            Self::Discard => Ok(()),
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
            Self::Discard | Self::Lines(_) => Ok(()),
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
            file: RowFile::new(to, "flips/1", Columns::names(), columns.take())?,
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

macro_rules! define {
    ($($(#[$doc:meta])* $name:ident as $kind:ident: $type:ty,)*) => {
        columns! {
            /// The columns of one effect.
            struct EffectColumns of Effect {
                decision as verdict: Verdict,
                $($name as $kind: $type,)*
            }
        }
    };
}

effect_columns!(define);

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

impl Default for Columns {
    fn default() -> Self {
        Self {
            n: Int64Builder::new(),
            id: StringBuilder::new(),
            ts: new_builder!(time),
            symbol: StringBuilder::new(),
            kind: StringBuilder::new(),
            before: EffectColumns::default(),
            after: EffectColumns::default(),
            cause: ListBuilder::default(),
        }
    }
}

impl Columns {
    fn names() -> impl Iterator<Item = String> {
        let effect = |side| {
            let names = EffectColumns::NAMES.iter();
            names.map(move |name| format!("{side}.{name}"))
        };
        let record = ["n", "id", "ts", "symbol", "kind"].map(str::to_owned);
        let record = record.into_iter().chain(effect("before"));
        record.chain(effect("after")).chain(["cause".to_owned()])
    }

    fn push(&mut self, flip: &Flip) {
        append::count(&mut self.n, &flip.n);
        self.id.append_value(&flip.id);
        append::time(&mut self.ts, &flip.ts);
        append::symbol(&mut self.symbol, &flip.symbol);
        self.kind.append_value(flip.kind.as_str());
        self.before.push(&flip.before);
        self.after.push(&flip.after);
        let fields = flip.cause.as_ref();
        self.cause
            .append_option(fields.map(|fields| fields.iter().map(Some)));
    }

    /// Returns the buffered columns and clears them.
    fn take(&mut self) -> Vec<ArrayRef> {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.n.finish()),
            Arc::new(self.id.finish()),
            Arc::new(self.ts.finish()),
            Arc::new(self.symbol.finish()),
            Arc::new(self.kind.finish()),
        ];
        columns.extend(self.before.take());
        columns.extend(self.after.take());
        columns.push(Arc::new(self.cause.finish()));
        columns
    }
}
