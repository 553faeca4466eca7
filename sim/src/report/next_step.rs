//! The next step after a run in which all or most records were skipped.

use std::{cmp::Reverse, fmt};

use portcullis::{
    answer::Verdict,
    decide::SkipCode,
    types::{Shown, Symbol},
};

use super::symbol_hint::did_you_mean;
use crate::{
    replay::{Counts, SkipSamples},
    text::{and_more, counted},
};

/// The maximum number of reasons, and of symbols, for which a next step is given.
const SHOWN: usize = 3;

/// The skips of a run, and the inputs that explain them.
#[derive(Debug)]
pub(super) struct Skips<'a> {
    /// The number of records that were answered.
    pub(super) answered: u64,
    /// The number of skips by reason.
    pub(super) reasons: Vec<(SkipCode, u64)>,
    pub(super) samples: &'a SkipSamples,
    /// The symbols that the policies list.
    pub(super) listed: Vec<Symbol>,
    pub(super) tapes: &'a [String],
}

impl<'a> Skips<'a> {
    /// Returns the skips of a run under the policies of its tapes.
    pub(super) fn of(counts: &'a Counts, listed: &[Symbol], tapes: &'a [String]) -> Self {
        Self {
            answered: (counts.decisions())
                .filter(|(verdict, _)| *verdict != Verdict::Policy)
                .map(|(_, count)| count)
                .sum(),
            reasons: counts.reasons().collect(),
            samples: &counts.samples,
            listed: listed.to_vec(),
            tapes,
        }
    }

    /// Returns the error for a run in which no record used a policy in force. The error contains `step` or, if `step`
    /// is `None`, the result of [`Self::next_steps`].
    pub(super) fn nothing_judged(
        &self,
        records: u64,
        was_done: &str,
        step: Option<&str>,
    ) -> String {
        let mut steps = match step {
            Some(step) => vec![step.to_owned()],
            None => self.next_steps(),
        };
        if steps.is_empty() {
            steps.push("give a tape with entries or open positions".to_owned());
        }
        format!(
            "0 of {} used a policy in force, so nothing was {was_done}; {}",
            counted(records, "record"),
            steps.join("; ")
        )
    }

    /// Returns the next steps: for the most frequent reasons if every record was skipped, for the lack of a policy if
    /// it affects at least half of the records, and for symbols that are probably misspelled.
    pub(super) fn next_steps(&self) -> Vec<String> {
        if self.answered == 0 {
            return vec![format!(
                "{} has no intents and no positions; check that it is the intended tape",
                self.tape()
            )];
        }
        let skips: u64 = self.reasons.iter().map(|(_, count)| count).sum();
        let mut reasons = self.reasons.clone();
        reasons.sort_by_key(|(_, count)| Reverse(*count));
        reasons.truncate(SHOWN);
        if skips < self.answered {
            reasons.retain(|(reason, count)| lacks_policy(*reason) && count * 2 >= self.answered);
        }
        let mut steps: Vec<String> = reasons
            .iter()
            .filter(|(reason, _)| *reason != SkipCode::PolicyUniverseFilter)
            .map(|(reason, count)| self.step(*reason, *count))
            .collect();
        let is_unlisted = |(reason, _): &(SkipCode, u64)| *reason == SkipCode::PolicyUniverseFilter;
        steps.extend(self.symbol_step(reasons.iter().any(is_unlisted)));
        steps
    }

    fn step(&self, reason: SkipCode, count: u64) -> String {
        let records = counted(count, "record");
        match reason {
            SkipCode::PolicyMissing if !self.listed.is_empty() => format!(
                "{records} had no active policy: `--policy FILE` sets a policy only for the records before the first \
                 policy record on the tape"
            ),
            SkipCode::PolicyMissing => format!(
                "{records} had no policy: give one with `--policy FILE` (`portcullis policy sample` prints an example)"
            ),
            SkipCode::PolicyStale => format!(
                "{records} are later than the expiry of the policy: use `--policy` with a policy that was in force at \
                 their time, or use `--assume-in-force` to ignore the expiry"
            ),
            SkipCode::PolicyNotYetValid => format!(
                "{records} are earlier than `valid_from_epoch` of the policy: use `--policy` with a policy that was in \
                 force at their time, or use `--assume-in-force` to ignore `valid_from_epoch`"
            ),
            SkipCode::PolicyMissingField
            | SkipCode::PolicyParseError
            | SkipCode::PolicyInvalid
            | SkipCode::PolicyHashMismatch => format!(
                "{records} had no valid policy: run `portcullis policy check FILE` and correct each violation"
            ),
            SkipCode::IntentUnreadable
            | SkipCode::IntentInvalid
            | SkipCode::IntentAmbiguous
            | SkipCode::IntentNotActionable
            | SkipCode::IntentUnsupported
            | SkipCode::DenyNotExitOwner
            | SkipCode::TradingHalted
            | SkipCode::PolicySignatureInvalid
            | SkipCode::PolicyRolledBack
            | SkipCode::PolicyConstraintViolation
            | SkipCode::PolicyStoreUnavailable
            | SkipCode::IntentStale
            | SkipCode::ClockUntrusted
            | SkipCode::PolicyUniverseFilter
            | SkipCode::PolicyMissingLeverage
            | SkipCode::PolicyMissingSize
            | SkipCode::PolicyLimitExceeded
            | SkipCode::IntentDuplicate
            | SkipCode::IntentSuperseded
            | SkipCode::HarvestNoPosition
            | SkipCode::HarvestMissingStop
            | SkipCode::HarvestInvalidInput => self.step_of_record(reason, &records),
        }
    }

    /// Returns the step for a reason, with the evidence of the first record that was skipped for it.
    fn step_of_record(&self, reason: SkipCode, records: &str) -> String {
        let (code, tape) = (reason.code(), self.tape());
        match self.samples.first(reason) {
            Some(first) => format!(
                "{records} with {code}; record {n}: {detail}; run `portcullis explain {tape} --n {n}` to see each check",
                n = first.n,
                detail = first.detail,
            ),
            None => {
                format!("{records} with {code}: run `portcullis explain {tape}` to see each check")
            }
        }
    }

    /// Returns the name of the tape, or a placeholder if there is not exactly one.
    fn tape(&self) -> String {
        match self.tapes {
            [tape] => Shown(tape).whole(),
            _ => "TAPE".to_owned(),
        }
    }

    /// Returns the step for symbols that no policy lists. The step names the listed symbols that were probably
    /// intended. If there are no such symbols and `lists_all` is true, the step names the unlisted symbols.
    fn symbol_step(&self, lists_all: bool) -> Option<String> {
        let unlisted = || self.samples.unlisted();
        let meant: Vec<String> = unlisted()
            .filter_map(|symbol| Some((symbol, did_you_mean(&symbol, &self.listed)?)))
            .map(|(symbol, meant)| format!("{symbol} is not in the policy: did you mean {meant}?"))
            .collect();
        if !meant.is_empty() {
            let shown = meant.get(..SHOWN).unwrap_or(&meant).join(" ");
            return Some(match meant.len().saturating_sub(SHOWN) {
                0 => shown,
                more => format!("{shown} ({})", and_more(more)),
            });
        }
        let names: Vec<String> = unlisted()
            .take(SHOWN)
            .map(|symbol| symbol.to_string())
            .collect();
        (lists_all && !names.is_empty()).then(|| {
            format!(
                "{} not tradable: add such symbols to `universe_symbols` and `leverage_by_symbol` of the policy; if the \
                 guardrails have `permitted_symbols`, add them there, too",
                match names.len() {
                    1 => format!("{} is", names.concat()),
                    _ => format!("{} are", names.join(", ")),
                }
            )
        })
    }
}

/// Returns true if an entry was skipped because there is no policy in force.
const fn lacks_policy(reason: SkipCode) -> bool {
    matches!(
        reason,
        SkipCode::PolicyMissing
            | SkipCode::PolicyMissingField
            | SkipCode::PolicyParseError
            | SkipCode::PolicyInvalid
            | SkipCode::PolicyHashMismatch
            | SkipCode::PolicyNotYetValid
            | SkipCode::PolicyStale
    )
}

/// Writes one line per step at the end of a summary.
pub(super) fn write_next_steps(f: &mut fmt::Formatter<'_>, steps: &[String]) -> fmt::Result {
    if steps.is_empty() {
        return Ok(());
    }
    writeln!(f)?;
    steps
        .iter()
        .try_for_each(|step| writeln!(f, "next step: {step}"))
}
