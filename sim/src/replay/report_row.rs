//! The data about an answer that the HTML report counts.

use portcullis::{
    answer::{Answer, Detail, RecordKind, Verdict},
    decide::{LimitedNumber, SkipCode, SkipReason},
    harvest::HarvestAction,
    policy::ValidityError,
    types::{SignedDuration, Symbol, Timestamp},
};

/// The data about an answer that the HTML report counts.
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
    /// This symbol in the universe, or a leverage for it.
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
                    | Detail::Text(_)
                    | Detail::Written(_),
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

#[cfg(test)]
mod tests {
    use portcullis::{
        decide::Engine, exit::ExitOwnership, guardrails::Guardrails, policy::Policy,
        record::Scratch,
    };

    use super::*;
    use crate::{
        replay::{ChunkOutput, Replayer, Timeline},
        sample::policy_json,
        tape::Line,
    };

    const START: i64 = 1_767_571_200_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(START + millis).unwrap()
    }

    /// Returns the row of a record, evaluated at `now` (milliseconds after [`START`]) under the sample policy with these
    /// limits. The policy expires 10 seconds after [`START`].
    fn row(limits: &str, now: i64, record: &str) -> ReportRow {
        let policy = policy_json(at(10_000)).replacen('{', &format!("{{\"limits\":{limits},"), 1);
        let mut timeline = Timeline::new(Ok(Policy::from_json(&policy).unwrap()));
        let skew = SignedDuration::from_micros(1_000_000);
        let guardrails = Guardrails::none().with_max_intent_skew(skew);
        let engine = Engine::new(guardrails, ExitOwnership::new("owner").unwrap());
        let replayer = Replayer {
            now: Some(at(now)),
            reports: true,
            ..Replayer::new(engine)
        };
        let (mut scratch, mut output) = (Scratch::default(), ChunkOutput::default());
        let line = Line::new(1, record);
        replayer.line(
            (line, 1, replayer.now),
            &mut timeline,
            &mut scratch,
            &mut output,
        );
        output.report_rows[0]
    }

    #[test]
    fn a_near_miss_is_the_smallest_change_that_permits_the_entry() {
        let limit = |kind, ratio| Some(NearMiss::Limit(kind, ratio));
        let symbol = |name| Some(NearMiss::Symbol(Symbol::new(name).unwrap()));
        for (limits, now, ts, name, expected) in [
            ("{}", 0, 0, "BTCUSDT", None),
            // The leverage is 8, so the margin of 400 USD is 50 USD.
            (
                r#"{"max_leverage":5}"#,
                0,
                0,
                "BTCUSDT",
                limit(LimitKind::Leverage, 1.6),
            ),
            (
                r#"{"max_position_usd":40}"#,
                0,
                0,
                "BTCUSDT",
                limit(LimitKind::Margin, 1.25),
            ),
            (
                r#"{"max_notional_usd":250}"#,
                0,
                0,
                "BTCUSDT",
                limit(LimitKind::Notional, 1.6),
            ),
            (
                r#"{"max_intent_age_sec":2}"#,
                2500,
                0,
                "BTCUSDT",
                limit(LimitKind::Age, 1.25),
            ),
            ("{}", 0, 1500, "BTCUSDT", limit(LimitKind::Lead, 1.5)),
            ("{}", 100_500, 0, "BTCUSDT", Some(NearMiss::Expiry(90.5))),
            ("{}", 0, 0, "XRPUSDT", symbol("XRPUSDT")),
        ] {
            let ts = START + ts;
            let entry = format!(r#"{{"ts":{ts},"symbol":"{name}","side":"BUY","size":400}}"#);
            assert_eq!(
                row(limits, now, &entry).near_miss,
                expected,
                "{limits} {entry}"
            );
        }
    }

    #[test]
    fn each_limit_has_a_name() {
        let kinds = [
            LimitKind::Leverage,
            LimitKind::Margin,
            LimitKind::Notional,
            LimitKind::Age,
            LimitKind::Lead,
        ];
        let names = [
            "leverage",
            "margin",
            "notional",
            "intent age",
            "timestamp ahead of clock",
        ];
        assert_eq!(kinds.map(LimitKind::name), names);
    }

    #[test]
    fn a_row_of_a_position_has_its_scores_and_its_action() {
        let record = format!(
            r#"{{"event_type":"position.snapshot","ts":{START},"symbol":"BTCUSDT","side":"LONG","entry_price":100,"current_price":103.8,"age_sec":3600,"stop_dist_pct":0.02,"market":{{"sigma":0.01,"ts":0.35,"p_trend":0.5,"p_mr":0.2,"p_chop":0.3}}}}"#
        );
        let row = row("{}", 0, &record);
        assert!(matches!(row.subject, Subject::Symbol(_)));
        assert_eq!(row.action, Some(HarvestAction::Partial25));
        // (3.8 - 0.12) / 2
        assert!(
            row.r_net.is_some_and(|r| (r - 1.84).abs() < 1e-9),
            "{row:?}"
        );
        assert_eq!(
            row.kill.map(|it| it.components),
            Some([false, false, false, true])
        );
    }
}
