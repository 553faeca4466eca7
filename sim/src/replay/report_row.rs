//! The data about an answer from which the HTML report is counted.

use portcullis::{
    answer::{Answer, Detail, RecordKind, Verdict},
    decide::{LimitedNumber, SkipCode, SkipReason},
    harvest::HarvestAction,
    policy::ValidityError,
    types::{SignedDuration, Symbol, Timestamp},
};

/// The data about an answer from which the HTML report is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReportRow {
    pub(crate) n: u64,
    pub(crate) at: Option<Timestamp>,
    pub(crate) subject: Subject,
    pub(crate) decision: Verdict,
    pub(crate) reason: Option<SkipCode>,
    pub(crate) leverage: Option<f64>,
    pub(crate) notional_usd: Option<f64>,
    pub(crate) r_net: Option<f64>,
    pub(crate) kill: Option<Kill>,
    pub(crate) action: Option<HarvestAction>,
    pub(crate) near_miss: Option<NearMiss>,
}

/// The symbol or the policy change to which an answer belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject {
    /// The record has no symbol, or one that no policy lists.
    Unlisted,
    /// The record is a policy update or withdrawal.
    Policy,
    /// The record has the symbol with this number.
    Symbol(usize),
}

/// A kill score, with a flag for each component that is above zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kill {
    pub(crate) score: f64,
    pub(crate) components: [bool; 4],
}

/// The smallest change with which a skipped entry would pass the gate that failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum NearMiss {
    /// A higher limit. The number is the observed value divided by the current limit.
    Limit(LimitKind, f64),
    /// A later policy expiry. The number is the missing time in seconds.
    Expiry(f64),
    /// A universe entry or a leverage for this symbol.
    Symbol(Symbol),
}

/// The value that exceeded its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LimitKind {
    Leverage,
    Margin,
    Notional,
    Age,
    Lead,
}

impl LimitKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Leverage => "leverage",
            Self::Margin => "margin",
            Self::Notional => "notional",
            Self::Age => "intent age",
            Self::Lead => "timestamp ahead of clock",
        }
    }
}

impl ReportRow {
    /// Extracts the data of an answer whose symbol has this number.
    pub(super) fn new(answer: &Answer<'_>, symbol: Option<usize>) -> Self {
        let components = [
            answer.k_regime_flip,
            answer.k_sigma_spike,
            answer.k_ts_drop,
            answer.k_age_penalty,
        ];
        Self {
            n: answer.n,
            at: answer.ts,
            subject: match (answer.event, symbol) {
                (Some(RecordKind::PolicyUpdated | RecordKind::PolicyWithdrawn), _) => {
                    Subject::Policy
                }
                (_, None) => Subject::Unlisted,
                (_, Some(number)) => Subject::Symbol(number),
            },
            decision: answer.decision,
            reason: answer.reason,
            leverage: answer.leverage,
            notional_usd: answer.notional_usd,
            r_net: answer.r_net,
            kill: answer.kill_score.map(|score| Kill {
                score,
                components: components.map(|part| part.is_some_and(|part| part > 0.0)),
            }),
            action: answer.harvest_action,
            near_miss: match &answer.detail {
                Some(Detail::SkipReason(reason)) => near_miss(reason),
                Some(
                    Detail::Harvest(_)
                    | Detail::ServiceDenial(_)
                    | Detail::Exit(_)
                    | Detail::Text(_),
                )
                | None => None,
            },
        }
    }
}

fn near_miss(reason: &SkipReason<'_>) -> Option<NearMiss> {
    let ratio =
        |observed: SignedDuration, bound: SignedDuration| seconds(observed) / seconds(bound);
    match reason {
        SkipReason::LimitExceeded {
            number,
            observed,
            limit: Some(limit),
        } => {
            let kind = match number {
                LimitedNumber::Leverage => LimitKind::Leverage,
                LimitedNumber::Margin => LimitKind::Margin,
                LimitedNumber::Notional => LimitKind::Notional,
                // An intent whose prices contradict each other is faulty, so it is not a near miss.
                LimitedNumber::PriceDeviation | LimitedNumber::StopDistance => return None,
            };
            Some(NearMiss::Limit(kind, observed / limit.value()))
        }
        SkipReason::IntentStale {
            age: Some(age),
            age_max,
        } => Some(NearMiss::Limit(
            LimitKind::Age,
            ratio(*age, age_max.value()),
        )),
        SkipReason::ClockUntrusted {
            lead: Some(lead),
            lead_max,
        } => Some(NearMiss::Limit(
            LimitKind::Lead,
            ratio(*lead, lead_max.value()),
        )),
        SkipReason::NotInForce(ValidityError::Expired { valid_until, now }) => {
            Some(NearMiss::Expiry(seconds(now.since(*valid_until))))
        }
        SkipReason::NotInUniverse { symbol } | SkipReason::NoLeverage { symbol } => {
            Some(NearMiss::Symbol(*symbol))
        }
        SkipReason::InvalidIntent(_)
        | SkipReason::UnsupportedFields(_)
        | SkipReason::EffectUnclear(_)
        | SkipReason::SourceUnreadable
        | SkipReason::ExitOwnerOpens { .. }
        | SkipReason::NotExitOwner(_)
        | SkipReason::Halted { .. }
        | SkipReason::PolicyUnavailable(_)
        | SkipReason::PolicyNotPermitted(_)
        | SkipReason::NotInForce(ValidityError::NotYetValid { .. })
        | SkipReason::IntentStale { age: None, .. }
        | SkipReason::ClockUntrusted { lead: None, .. }
        | SkipReason::NotPermitted { .. }
        | SkipReason::LeverageUnusable(_)
        | SkipReason::NoSize
        | SkipReason::SizeUnusable(_)
        | SkipReason::LimitExceeded { limit: None, .. } => None,
    }
}

/// Returns a duration in seconds, truncated to milliseconds.
fn seconds(duration: SignedDuration) -> f64 {
    let millis = duration.as_micros() / 1_000;
    let (whole, rest) = (millis / 1_000, millis % 1_000);
    let float = |part: i64| i32::try_from(part).map_or(f64::from(i32::MAX), f64::from);
    float(whole) + float(rest) / 1_000.0
}
