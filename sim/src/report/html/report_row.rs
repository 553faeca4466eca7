//! The data that a report keeps of each answer.

use portcullis::{
    answer::{Answer, Detail, RecordKind, Verdict},
    decide::{LimitedNumber, SkipCode, SkipReason},
    harvest::HarvestAction,
    policy::ValidityError,
    types::{Symbol, Timestamp},
};

/// The data of one answer that a report uses.
#[derive(Debug, Clone, Copy)]
pub struct ReportRow {
    pub(super) n: u64,
    pub(super) at: Option<Timestamp>,
    pub(super) about: About,
    pub(super) decision: Verdict,
    pub(super) reason: Option<SkipCode>,
    pub(super) leverage: Option<f64>,
    pub(super) notional_usd: Option<f64>,
    pub(super) r_net: Option<f64>,
    pub(super) kill: Option<Kill>,
    pub(super) action: Option<HarvestAction>,
    pub(super) near: Option<Near>,
}

/// The subject of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum About {
    /// A symbol that no policy lists, or no symbol.
    Unlisted,
    /// A policy update or withdrawal.
    Policy,
    /// The symbol with this number.
    Symbol(usize),
}

/// A kill score, with a flag for each component that is above zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kill {
    pub(super) score: f64,
    pub(super) components: [bool; 4],
}

/// The change under which a skipped entry would pass the failed gate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Near {
    /// A higher limit; the number is the observed value divided by the limit.
    Bound(Bound, f64),
    /// A later policy expiry; the number is the missing time in seconds.
    Expiry(f64),
    /// A universe entry or a leverage for this symbol.
    Symbol(Symbol),
}

/// The value that exceeded its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bound {
    Leverage,
    Margin,
    Notional,
    Age,
    Lead,
}

impl Bound {
    pub(super) const fn name(self) -> &'static str {
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
    #[must_use]
    pub fn of(answer: &Answer<'_>, symbol: Option<usize>) -> Self {
        let components = [
            answer.k_regime_flip,
            answer.k_sigma_spike,
            answer.k_ts_drop,
            answer.k_age_penalty,
        ];
        Self {
            n: answer.n,
            at: answer.ts,
            about: match (answer.event, symbol) {
                (Some(RecordKind::PolicyUpdated | RecordKind::PolicyWithdrawn), _) => About::Policy,
                (_, None) => About::Unlisted,
                (_, Some(number)) => About::Symbol(number),
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
            near: match &answer.detail {
                Some(Detail::SkipReason(denial)) => near(denial),
                Some(Detail::Harvest(_) | Detail::ServiceDenial(_) | Detail::Text(_)) | None => {
                    None
                }
            },
        }
    }
}

fn near(denial: &SkipReason<'_>) -> Option<Near> {
    let spans = |observed: portcullis::types::SignedDuration,
                 bound: portcullis::types::SignedDuration| {
        seconds(observed) / seconds(bound)
    };
    match denial {
        SkipReason::LimitExceeded {
            number,
            observed,
            limit: Some(limit),
        } => {
            let bound = match number {
                LimitedNumber::Leverage => Bound::Leverage,
                LimitedNumber::Margin => Bound::Margin,
                LimitedNumber::Notional => Bound::Notional,
            };
            Some(Near::Bound(bound, observed / limit.value()))
        }
        SkipReason::IntentStale {
            age: Some(age),
            age_max,
        } => Some(Near::Bound(Bound::Age, spans(*age, age_max.value()))),
        SkipReason::ClockUntrusted {
            lead: Some(lead),
            lead_max,
        } => Some(Near::Bound(Bound::Lead, spans(*lead, lead_max.value()))),
        SkipReason::NotInForce(ValidityError::Expired { valid_until, now }) => {
            Some(Near::Expiry(seconds(now.since(*valid_until))))
        }
        SkipReason::NotInUniverse { symbol } | SkipReason::NoLeverage { symbol } => {
            Some(Near::Symbol(*symbol))
        }
        SkipReason::Unread(_)
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
fn seconds(span: portcullis::types::SignedDuration) -> f64 {
    let millis = span.as_micros() / 1_000;
    let (whole, rest) = (millis / 1_000, millis % 1_000);
    let float = |part: i64| i32::try_from(part).map_or(f64::from(i32::MAX), f64::from);
    float(whole) + float(rest) / 1_000.0
}
