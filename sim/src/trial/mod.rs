//! Trials: the answers and the simulated results of several policies for the same recorded records.
//!
//! Every record in a time window is answered under each policy, as if that policy had been active from beginning to
//! end. Policy changes on the tape, and the policies that recorded decisions were made under, are ignored. If candles are
//! given, the trades and exits under each policy are also filled at their prices.

mod error;
mod policy;

use std::ops::Range;

use portcullis::{
    policy::Policy,
    record::{Scratch, TapeRecord},
    types::Timestamp,
};

pub use error::TrialError;
pub use policy::PolicyTrial;
pub(crate) use policy::{PolicyRun, Question};

use crate::{
    replay::Replayer,
    simulate::{Settings, candles::Series, candles_between},
    tape::{Line, TapeError, TapeReader},
};

/// The settings of a trial.
#[derive(Debug, Clone, Copy)]
pub struct TrialSettings<'a> {
    /// The evaluator of records. It should treat every policy as in force, because the records are older than the
    /// policies.
    pub replayer: &'a Replayer,
    /// The time window: records before its start, and from its end on, are not evaluated.
    pub window: (Timestamp, Timestamp),
    /// The settings and the candles of the simulation; without them, nothing is simulated.
    pub simulation: Option<(&'a Settings, &'a [Series])>,
}

/// The result of a trial.
#[derive(Debug)]
#[non_exhaustive]
pub struct Trial {
    /// The number of intents and recorded decisions in the window.
    pub records: u64,
    /// The number of intents and recorded decisions without a time, which are not evaluated.
    pub undated: u64,
    /// The times of the earliest and the latest intent or recorded decision of the tapes, also outside the window.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The BLAKE3 hash of the lines of all records in the window, each with a line feed.
    pub tape: blake3::Hash,
    /// The BLAKE3 hash of the candles that were used, if results were simulated.
    pub candles: Option<blake3::Hash>,
    /// The results, in the order of the policies.
    pub policies: Vec<PolicyTrial>,
}

/// Answers the records of the tapes under each policy, and simulates the results.
///
/// The first policy is compared with each other one. `progress` receives the number of records read.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end, or if an amount of the simulation is out of range.
pub fn trial(
    settings: &TrialSettings<'_>,
    policies: &[&Policy],
    tapes: TapeReader,
    progress: &mut dyn FnMut(u64),
) -> Result<Trial, TrialError> {
    let mut run = Run {
        settings,
        window: settings.window.0..settings.window.1,
        policies: policies
            .iter()
            .map(|policy| PolicyRun::new(policy))
            .collect(),
        records: 0,
        undated: 0,
        span: None,
        tape: blake3::Hasher::new(),
    };
    each_question(settings.replayer, tapes, progress, |line, at, question| {
        if let Some(at) = run.begin(line, at) {
            run.answer(at, question);
        }
    })?;
    run.finish()
}

/// Passes every intent and recorded decision of the tapes to `each`, with its line and its time.
pub(crate) fn each_question(
    replayer: &Replayer,
    tapes: TapeReader,
    progress: &mut dyn FnMut(u64),
    mut each: impl FnMut(Line<'_>, Option<Timestamp>, &Question<'_>),
) -> Result<(), TapeError> {
    let mut scratch = Scratch::default();
    let mut read = 0;
    for chunk in tapes {
        for line in chunk?.lines() {
            read += 1;
            let number = usize::try_from(line.number).unwrap_or(usize::MAX);
            match replayer.read(line, number, &mut scratch) {
                TapeRecord::Intent(mut intent) => {
                    intent.set_line(number);
                    each(line, intent.event_time(), &Question::Intent(&intent));
                }
                TapeRecord::RecordedDecision(record) => {
                    each(line, record.at(), &Question::Decision(&record));
                }
                TapeRecord::Position(_)
                | TapeRecord::PolicyUpdated(..)
                | TapeRecord::PolicyWithdrawn(_) => {}
            }
        }
        progress(read);
    }
    Ok(())
}

/// A trial in progress.
struct Run<'a> {
    settings: &'a TrialSettings<'a>,
    window: Range<Timestamp>,
    policies: Vec<PolicyRun<'a>>,
    records: u64,
    undated: u64,
    span: Option<(Timestamp, Timestamp)>,
    tape: blake3::Hasher,
}

impl Run<'_> {
    /// Counts a record. Returns its time if it is in the window.
    fn begin(&mut self, line: Line<'_>, at: Option<Timestamp>) -> Option<Timestamp> {
        let Some(at) = at else {
            self.undated += 1;
            return None;
        };
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at)));
        if !self.window.contains(&at) {
            return None;
        }
        self.records += 1;
        add_line(&mut self.tape, line);
        Some(at)
    }

    fn answer(&mut self, at: Timestamp, question: &Question<'_>) {
        let replayer = self.settings.replayer;
        // Records before the window must not change the hash of the answers.
        let n = self.records;
        let mut first = None;
        for policy in &mut self.policies {
            let effect = policy.answer(replayer, (at, n), question);
            policy.compare(first.get_or_insert(effect), &effect);
        }
    }

    fn finish(self) -> Result<Trial, TrialError> {
        let Self {
            settings, window, ..
        } = self;
        let series = settings.simulation.map(|(simulation, series)| {
            let from = simulation.history_begin(window.start);
            (simulation, candles_between(series, &(from..window.end)))
        });
        let simulation = series
            .as_ref()
            .map(|(simulation, series)| (*simulation, series.as_slice()));
        let finish = |policy: PolicyRun<'_>| policy.finish(settings.replayer, simulation);
        Ok(Trial {
            records: self.records,
            undated: self.undated,
            span: self.span,
            tape: self.tape.finalize(),
            candles: series.as_ref().map(|(_, series)| candles_hash(series)),
            policies: self
                .policies
                .into_iter()
                .map(finish)
                .collect::<Result<_, _>>()?,
        })
    }
}

/// Adds the line of a record to a hash.
pub(crate) fn add_line(hasher: &mut blake3::Hasher, line: Line<'_>) {
    hasher.update(line.text().unwrap_or_default().as_bytes());
    hasher.update(b"\n");
}

/// Returns the hash of candles: for each symbol its name, and for each candle a line of its start, its end and its
/// prices.
fn candles_hash(series: &[Series]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for series in series {
        hasher.update(format!("{}\n", series.symbol).as_bytes());
        for candle in &series.candles {
            let times = [candle.start, candle.end].map(Timestamp::as_micros);
            let prices = [candle.open, candle.high, candle.low, candle.close];
            let [open, high, low, close] = prices.map(|price| price.to_f64());
            let line = format!("{} {} {open} {high} {low} {close}\n", times[0], times[1]);
            hasher.update(line.as_bytes());
        }
    }
    hasher.finalize()
}
