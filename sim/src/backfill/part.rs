//! The parts of a backfill: the intents of one day that were recorded under one active policy.

use portcullis::types::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    error::BackfillError,
    publication::Publication,
    settings::{BackfillSettings, DAY_MS},
};
use crate::{
    replay::Replayer,
    simulate::{RejectReason, SimulationOutcome, candles_between, units::AmountOverflow},
    tape::Line,
    text::to_day,
    trial::{PolicyRun, Question, add_line},
};

/// The number of days for which the positions of a day are simulated after that day has ended.
const DAYS_AFTER: i64 = 7;

/// The results of one policy for the intents of one day that were recorded under one active policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Part {
    /// The version of this format, which is 1.
    pub format: u32,
    /// The day in UTC, such as `2026-01-05`.
    pub day: String,
    /// The hash of the policy that was active; `None` before the first publication.
    pub active: Option<String>,
    /// The hash of the policy under which the intents were answered.
    pub policy: String,
    /// The number of intents and recorded decisions.
    pub records: u64,
    /// The number of records whose answer depends on the numbers of the policy.
    pub reached: u64,
    /// The number of trades.
    pub trades: u64,
    /// The total notional of the trades, in USD.
    pub notional_usd: f64,
    /// The number of simulated positions, if there are candles.
    pub positions: Option<u64>,
    /// The number of positions that are open at the end of the candles, and of orders without a later candle.
    pub waiting: Option<u64>,
    /// The simulated net profit in USD, including the unrealised profit of open positions.
    pub net_usd: Option<f64>,
    /// The BLAKE3 hash of the lines of the records, each with a line feed.
    pub records_blake3: String,
    /// The text that identifies the settings.
    pub settings: String,
}

impl Part {
    /// Returns true if later candles cannot change the result.
    pub(super) fn is_settled(&self) -> bool {
        self.waiting.is_none_or(|count| count == 0)
    }

    /// Returns the values by which parts are sorted.
    pub(super) fn key(&self) -> (&str, Option<&str>, &str) {
        (&self.day, self.active.as_deref(), &self.policy)
    }
}

/// The identity of a part, without the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartKey {
    /// The days since 1970.
    pub(super) day: i64,
    /// The index of the active publication.
    pub(super) active: Option<usize>,
}

impl PartKey {
    fn start(self) -> Timestamp {
        Timestamp::from_millis(self.day.saturating_mul(DAY_MS)).unwrap_or(Timestamp::MAX)
    }
}

/// A part in progress, for all policies.
pub(super) struct PartRun<'a> {
    key: PartKey,
    active: Option<String>,
    records: u64,
    hasher: blake3::Hasher,
    /// The parts that are already known.
    known: Vec<Part>,
    /// The other policies, by their index.
    runs: Vec<(usize, PolicyRun<'a>)>,
}

impl<'a> PartRun<'a> {
    /// Creates a part without records. Policies with a known part are not evaluated.
    pub(super) fn new(
        key: PartKey,
        publications: &'a [Publication],
        known: &[Part],
        settings: &str,
    ) -> Self {
        let hash = |index: usize| {
            let publication = publications.get(index)?;
            Some(publication.policy.hash().to_string())
        };
        let (active, day) = (key.active.and_then(hash), to_day(key.start()));
        let is_own =
            |part: &&Part| part.day == day && part.active == active && part.settings == settings;
        let known: Vec<Part> = known.iter().filter(is_own).cloned().collect();
        let is_new = |(index, _): &(usize, &Publication)| {
            !known
                .iter()
                .any(|part| Some(&part.policy) == hash(*index).as_ref())
        };
        let others = publications.iter().enumerate().filter(is_new);
        Self {
            key,
            active,
            records: 0,
            hasher: blake3::Hasher::new(),
            runs: others
                .map(|(index, publication)| (index, PolicyRun::new(&publication.policy)))
                .collect(),
            known,
        }
    }

    pub(super) fn answer(
        &mut self,
        replayer: &Replayer,
        (line, at): (Line<'_>, Timestamp),
        question: &Question<'_>,
    ) {
        self.records += 1;
        add_line(&mut self.hasher, line);
        for (_, run) in &mut self.runs {
            let effect = run.answer(replayer, (at, self.records), question);
            run.compare(&effect, &effect);
        }
    }

    /// Returns the parts of all policies, each with true if it is new.
    pub(super) fn finish(
        self,
        settings: &BackfillSettings<'_>,
        publications: &[Publication],
    ) -> Result<Vec<(Part, bool)>, BackfillError> {
        let (day, digest) = (to_day(self.key.start()), self.hasher.finalize().to_string());
        if self.known.iter().any(|part| part.records_blake3 != digest) {
            return Err(BackfillError::Changed { day });
        }
        let series = settings.simulation.map(|(simulation, series)| {
            let from = simulation.history_begin(self.key.start());
            let days = (DAYS_AFTER + 1).saturating_mul(DAY_MS).saturating_mul(1000);
            let until = self
                .key
                .start()
                .saturating_add(SignedDuration::from_micros(days));
            (simulation, candles_between(series, &(from..until)))
        });
        let simulation = series.as_ref().map(|(it, series)| (*it, series.as_slice()));
        let mut parts: Vec<(Part, bool)> =
            self.known.into_iter().map(|part| (part, false)).collect();
        for (index, run) in self.runs {
            let Some(publication) = publications.get(index) else {
                continue;
            };
            let trial = run.finish(settings.replayer, simulation)?;
            let net = trial.simulation.as_ref().map(net_usd).transpose()?;
            let part = Part {
                format: 1,
                day: day.clone(),
                active: self.active.clone(),
                policy: publication.policy.hash().to_string(),
                records: self.records,
                reached: trial.reached,
                trades: trial.totals.trades,
                notional_usd: trial.totals.notional_usd.value(),
                positions: trial.simulation.as_ref().map(|it| it.opened),
                waiting: trial.simulation.as_ref().map(waiting),
                net_usd: net,
                records_blake3: digest.clone(),
                settings: settings.identity.to_owned(),
            };
            parts.push((part, true));
        }
        Ok(parts)
    }
}

fn net_usd(outcome: &SimulationOutcome) -> Result<f64, AmountOverflow> {
    Ok(outcome.equity.minus(outcome.cash_at_start)?.to_f64())
}

fn waiting(outcome: &SimulationOutcome) -> u64 {
    let without_candle = outcome.rejected.get(RejectReason::NoLaterCandle.as_str());
    outcome.still_open + without_candle.copied().unwrap_or(0)
}
