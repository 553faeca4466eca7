//! Answers as Parquet: one row per answer and one column per field of [`portcullis::answer::Answer`]. A field that is
//! absent is null.

use std::{
    io::{self, Write},
    sync::Arc,
};

use arrow_array::builder::{
    Float64Builder, Int64Builder, ListBuilder, StringBuilder, TimestampMillisecondBuilder,
};
use portcullis::{
    answer::{Answer, AnswerId, AnswerSide},
    decide::SkipCode,
    exit::ExitRule,
    harvest::HarvestAction,
    types::Timestamp,
};

use super::row_file::{NamedColumn, RowFile, ZONE, append_shown};

/// Answers as columns, buffered until they are written.
#[derive(Debug)]
pub struct AnswerColumns {
    n: Int64Builder,
    event: StringBuilder,
    id: StringBuilder,
    ts: TimestampMillisecondBuilder,
    symbol: StringBuilder,
    side: StringBuilder,
    decision: StringBuilder,
    reason: StringBuilder,
    detail: StringBuilder,
    leverage: Float64Builder,
    leverage_source: StringBuilder,
    leverage_requested: Float64Builder,
    size_usd: Float64Builder,
    size_basis: StringBuilder,
    size_source: StringBuilder,
    notional_usd: Float64Builder,
    not_after: TimestampMillisecondBuilder,
    quantity: Float64Builder,
    exit_rule: StringBuilder,
    harvest_action: StringBuilder,
    stop_proposed: Float64Builder,
    stop_source: StringBuilder,
    r_net: Float64Builder,
    risk_unit: Float64Builder,
    cost: Float64Builder,
    kill_score: Float64Builder,
    k_regime_flip: Float64Builder,
    k_sigma_spike: Float64Builder,
    k_ts_drop: Float64Builder,
    k_age_penalty: Float64Builder,
    harvest_reasons: ListBuilder<StringBuilder>,
    policy_version: StringBuilder,
    policy_hash: StringBuilder,
}

impl Default for AnswerColumns {
    fn default() -> Self {
        let instants = || TimestampMillisecondBuilder::new().with_timezone(ZONE);
        Self {
            n: Int64Builder::new(),
            event: StringBuilder::new(),
            id: StringBuilder::new(),
            ts: instants(),
            symbol: StringBuilder::new(),
            side: StringBuilder::new(),
            decision: StringBuilder::new(),
            reason: StringBuilder::new(),
            detail: StringBuilder::new(),
            leverage: Float64Builder::new(),
            leverage_source: StringBuilder::new(),
            leverage_requested: Float64Builder::new(),
            size_usd: Float64Builder::new(),
            size_basis: StringBuilder::new(),
            size_source: StringBuilder::new(),
            notional_usd: Float64Builder::new(),
            not_after: instants(),
            quantity: Float64Builder::new(),
            exit_rule: StringBuilder::new(),
            harvest_action: StringBuilder::new(),
            stop_proposed: Float64Builder::new(),
            stop_source: StringBuilder::new(),
            r_net: Float64Builder::new(),
            risk_unit: Float64Builder::new(),
            cost: Float64Builder::new(),
            kill_score: Float64Builder::new(),
            k_regime_flip: Float64Builder::new(),
            k_sigma_spike: Float64Builder::new(),
            k_ts_drop: Float64Builder::new(),
            k_age_penalty: Float64Builder::new(),
            harvest_reasons: ListBuilder::new(StringBuilder::new()),
            policy_version: StringBuilder::new(),
            policy_hash: StringBuilder::new(),
        }
    }
}

impl AnswerColumns {
    /// Appends a row.
    pub fn push(&mut self, answer: &Answer<'_>) {
        let n = i64::try_from(answer.n).ok().filter(|n| *n != 0);
        self.n.append_option(n);
        self.event.append_option(answer.event.map(|it| it.as_str()));
        match answer.id {
            AnswerId::Own(id) => self.id.append_value(id),
            AnswerId::Number(n) => append_shown(&mut self.id, Some(n)),
        }
        self.ts.append_option(answer.ts.map(Timestamp::as_millis));
        let symbol = answer.symbol.as_ref();
        self.symbol.append_option(symbol.map(|it| it.as_str()));
        self.side.append_option(answer.side.map(AnswerSide::as_str));
        self.decision.append_value(answer.decision.as_str());
        self.reason.append_option(answer.reason.map(SkipCode::code));
        append_shown(&mut self.detail, answer.detail.as_ref());
        self.leverage.append_option(answer.leverage);
        append_shown(&mut self.leverage_source, answer.leverage_source);
        self.leverage_requested
            .append_option(answer.leverage_requested);
        self.size_usd.append_option(answer.size_usd);
        self.size_basis.append_option(answer.size_basis);
        append_shown(&mut self.size_source, answer.size_source);
        self.notional_usd.append_option(answer.notional_usd);
        self.not_after
            .append_option(answer.not_after.map(Timestamp::as_millis));
        self.quantity.append_option(answer.quantity);
        self.exit_rule
            .append_option(answer.exit_rule.map(ExitRule::as_str));
        self.harvest_action
            .append_option(answer.harvest_action.map(HarvestAction::as_str));
        self.stop_proposed.append_option(answer.stop_proposed);
        append_shown(&mut self.stop_source, answer.stop_source);
        self.r_net.append_option(answer.r_net);
        self.risk_unit.append_option(answer.risk_unit);
        self.cost.append_option(answer.cost);
        self.kill_score.append_option(answer.kill_score);
        self.k_regime_flip.append_option(answer.k_regime_flip);
        self.k_sigma_spike.append_option(answer.k_sigma_spike);
        self.k_ts_drop.append_option(answer.k_ts_drop);
        self.k_age_penalty.append_option(answer.k_age_penalty);
        let reasons = answer.harvest_reasons;
        let names = reasons.map(|reasons| reasons.iter().map(Some));
        self.harvest_reasons.append_option(names);
        self.policy_version.append_option(answer.policy_version);
        append_shown(&mut self.policy_hash, answer.policy_hash);
    }

    /// Removes all rows.
    pub fn clear(&mut self) {
        drop(self.take());
    }

    /// Takes all rows as columns, in the order of the answer's fields, and leaves the builders empty.
    fn take(&mut self) -> Vec<NamedColumn> {
        vec![
            ("n", Arc::new(self.n.finish())),
            ("event", Arc::new(self.event.finish())),
            ("id", Arc::new(self.id.finish())),
            ("ts", Arc::new(self.ts.finish())),
            ("symbol", Arc::new(self.symbol.finish())),
            ("side", Arc::new(self.side.finish())),
            ("decision", Arc::new(self.decision.finish())),
            ("reason", Arc::new(self.reason.finish())),
            ("detail", Arc::new(self.detail.finish())),
            ("leverage", Arc::new(self.leverage.finish())),
            ("leverage_source", Arc::new(self.leverage_source.finish())),
            (
                "leverage_requested",
                Arc::new(self.leverage_requested.finish()),
            ),
            ("size_usd", Arc::new(self.size_usd.finish())),
            ("size_basis", Arc::new(self.size_basis.finish())),
            ("size_source", Arc::new(self.size_source.finish())),
            ("notional_usd", Arc::new(self.notional_usd.finish())),
            ("not_after", Arc::new(self.not_after.finish())),
            ("quantity", Arc::new(self.quantity.finish())),
            ("exit_rule", Arc::new(self.exit_rule.finish())),
            ("harvest_action", Arc::new(self.harvest_action.finish())),
            ("stop_proposed", Arc::new(self.stop_proposed.finish())),
            ("stop_source", Arc::new(self.stop_source.finish())),
            ("r_net", Arc::new(self.r_net.finish())),
            ("risk_unit", Arc::new(self.risk_unit.finish())),
            ("cost", Arc::new(self.cost.finish())),
            ("kill_score", Arc::new(self.kill_score.finish())),
            ("k_regime_flip", Arc::new(self.k_regime_flip.finish())),
            ("k_sigma_spike", Arc::new(self.k_sigma_spike.finish())),
            ("k_ts_drop", Arc::new(self.k_ts_drop.finish())),
            ("k_age_penalty", Arc::new(self.k_age_penalty.finish())),
            ("harvest_reasons", Arc::new(self.harvest_reasons.finish())),
            ("policy_version", Arc::new(self.policy_version.finish())),
            ("policy_hash", Arc::new(self.policy_hash.finish())),
        ]
    }
}

/// A Parquet writer for answers.
pub struct AnswerRows<'w>(RowFile<'w>);

impl<'w> AnswerRows<'w> {
    /// Creates the writer.
    ///
    /// # Errors
    /// Returns an error if writing fails.
    pub fn new(to: &'w mut (dyn Write + Send)) -> io::Result<Self> {
        RowFile::new(to, &AnswerColumns::default().take()).map(Self)
    }

    /// Writes the rows of `columns` and empties them.
    ///
    /// # Errors
    /// Returns an error if writing fails.
    pub fn write(&mut self, columns: &mut AnswerColumns) -> io::Result<()> {
        self.0.write(columns.take())
    }

    /// Writes the buffered rows and the footer.
    ///
    /// # Errors
    /// Returns an error if writing fails.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}
