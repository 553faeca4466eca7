//! Answers as flat rows with stable column names, one row per record, for logs, files and other
//! programs.
//!
//! A row reports a decision but does not prove that the engine made it, because any program can
//! write a row.

mod columns;
mod detail;
mod json;
mod record;
mod verdict;

use crate::{
    decide::{Decision, ServiceDenial, SkipCode, SkipReason},
    harvest::{Harvest, HarvestDecision, HarvestSkip, Position, ReportedSide},
    intent::ExitQuantity,
    policy::{NotInForceError, Policy, PolicyState, PolicyUnavailable},
    types::{Fraction, Quantity, Timestamp},
};

pub use columns::Answer;
pub use detail::Detail;
pub use json::write_json_number;
pub use record::{AnswerId, AnswerSide, RecordKind};
pub use verdict::Verdict;

impl<'a> Answer<'a> {
    /// Sets the record that is answered: its number, its id (`None`: the number is used) and its time.
    #[must_use]
    #[inline]
    pub const fn to(mut self, n: u64, id: Option<&'a str>, ts: Option<Timestamp>) -> Self {
        self.n = n;
        self.id = match id {
            Some(id) => AnswerId::Own(id),
            None => AnswerId::Number(n),
        };
        self.ts = ts;
        self
    }

    /// Creates the answer to an intent.
    #[must_use]
    #[inline]
    pub fn decision(decision: &Decision<'a>) -> Self {
        let intent = decision.intent();
        let common = |verdict| Self {
            event: Some(RecordKind::Intent),
            symbol: intent.symbol(),
            side: intent.side().map(AnswerSide::Order),
            ..Self::new(verdict)
        };
        match decision {
            Decision::Trade(trade) => Self {
                leverage: Some(trade.leverage().value().get()),
                leverage_source: Some(trade.leverage().source()),
                leverage_requested: trade
                    .leverage_requested()
                    .map(|requested| requested.value().get()),
                size_usd: Some(trade.size().value().usd()),
                size_basis: Some(trade.size().value().basis()),
                size_source: Some(trade.size().source()),
                notional_usd: Some(trade.notional().value().get()),
                not_after: Some(trade.not_after().value()),
                quantity: trade.quantity().map(|quantity| quantity.value().get()),
                ..common(Verdict::Trade)
            }
            .under(Some(trade.policy())),
            Decision::Exit(permit) => Self {
                exit_rule: Some(permit.rule()),
                quantity: match permit.quantity() {
                    ExitQuantity::Stated(quantity) => Some(quantity.value().get()),
                    ExitQuantity::NotStated
                    | ExitQuantity::UsdSizeOnly
                    | ExitQuantity::Unreadable
                    | ExitQuantity::Fraction(_) => None,
                },
                quantity_fraction: match permit.quantity() {
                    ExitQuantity::Fraction(fraction) => Some(fraction.value().get()),
                    ExitQuantity::NotStated
                    | ExitQuantity::UsdSizeOnly
                    | ExitQuantity::Unreadable
                    | ExitQuantity::Stated(_) => None,
                },
                position_leg: permit.stated_position_side(),
                trigger_price: permit.trigger().map(|trigger| trigger.value().get()),
                detail: permit.notes().map(Detail::Exit),
                ..common(Verdict::Exit)
            },
            Decision::Skip(skip) => Self {
                event: (skip.reason() != SkipCode::IntentUnreadable).then_some(RecordKind::Intent),
                reason: Some(skip.reason()),
                detail: Some(Detail::SkipReason(*skip.evidence())),
                ..common(Verdict::Skip)
            }
            .under(skip.policy()),
        }
    }

    /// Creates the answer to an entry that a service denied. The answer does not depend on the
    /// decision of the gates.
    #[must_use]
    pub fn denied_by_service(decision: &Decision<'a>, denial: &'a ServiceDenial<'a>) -> Self {
        let (intent, reason) = (decision.intent(), denial.reason());
        Self {
            event: (reason != SkipCode::IntentUnreadable).then_some(RecordKind::Intent),
            symbol: intent.symbol(),
            side: intent.side().map(AnswerSide::Order),
            reason: Some(reason),
            detail: Some(Detail::ServiceDenial(denial)),
            ..Self::new(Verdict::Skip)
        }
        .under(decision.policy())
    }

    /// Creates the answer to a position.
    #[must_use]
    pub fn harvest(decision: &HarvestDecision<'a>, policy: PolicyState<'a>) -> Self {
        match decision {
            HarvestDecision::Harvest(harvest) => Self::harvested(harvest),
            HarvestDecision::Skip(skip) => {
                let (reason, asked_policy) = match skip {
                    HarvestSkip::NoPosition => (SkipCode::HarvestNoPosition, false),
                    HarvestSkip::NotInForce(error) => {
                        let has_policy = matches!(error, NotInForceError::Validity(_));
                        (SkipReason::from(*error).reason(), has_policy)
                    }
                    HarvestSkip::MissingStop { .. } => (SkipCode::HarvestMissingStop, true),
                    HarvestSkip::InvalidInput { .. } => (SkipCode::HarvestInvalidInput, true),
                };
                Self {
                    event: Some(RecordKind::Position),
                    reason: Some(reason),
                    detail: Some(Detail::Harvest(*skip)),
                    ..Self::new(Verdict::Skip)
                }
                .under(policy.policy().ok().filter(|_| asked_policy))
            }
        }
    }

    fn harvested(harvest: &Harvest<'a>) -> Self {
        let r = harvest.r().ok();
        let kill = harvest.kill().ok();
        Self {
            event: Some(RecordKind::Position),
            symbol: Some(harvest.symbol()),
            side: harvest.side().map(AnswerSide::Position),
            harvest_action: Some(harvest.action()),
            close_quantity: harvest.close_quantity().map(Quantity::get),
            close_fraction: harvest.close_fraction().map(Fraction::get),
            stop_proposed: harvest.stop().map(|stop| stop.value().get()),
            stop_source: r.map(|r| r.stop().source()),
            r_net: r.map(|r| r.r_net().get()),
            risk_unit: r.map(|r| r.risk_unit().value()),
            cost: r.map(|r| r.cost().value()),
            kill_score: kill.map(|kill| kill.k()),
            k_regime_flip: kill.map(|kill| kill.regime_flip()),
            k_sigma_spike: kill.map(|kill| kill.sigma_spike()),
            k_ts_drop: kill.map(|kill| kill.ts_drop()),
            k_age_penalty: kill.map(|kill| kill.age_penalty()),
            harvest_reasons: Some(harvest.reasons()),
            ..Self::new(Verdict::Harvest)
        }
        .under(Some(harvest.policy()))
    }

    /// Sets the symbol of the answer, and its side if the position has one.
    #[must_use]
    pub fn about(mut self, position: &Position) -> Self {
        self.symbol = Some(position.symbol);
        self.side = match position.side {
            Some(ReportedSide::Open(side)) => Some(AnswerSide::Position(side)),
            Some(ReportedSide::Flat | ReportedSide::Unreadable) | None => None,
        };
        self
    }

    /// Creates the answer to a position record that cannot be evaluated because a required part is missing.
    #[must_use]
    pub fn harvest_invalid(detail: &'static str) -> Self {
        Self::refused(
            RecordKind::Position,
            SkipCode::HarvestInvalidInput,
            Detail::Text(detail),
        )
    }

    /// Creates the answer to a record that activates a policy.
    #[must_use]
    pub fn policy_updated(policy: &'a Policy) -> Self {
        Self {
            event: Some(RecordKind::PolicyUpdated),
            ..Self::new(Verdict::Policy)
        }
        .under(Some(policy))
    }

    /// Creates the answer to a record whose policy is unavailable.
    #[must_use]
    pub fn policy_refused(unavailable: &'a PolicyUnavailable) -> Self {
        Self::refused(
            RecordKind::PolicyUpdated,
            unavailable.into(),
            Detail::SkipReason(SkipReason::PolicyUnavailable(unavailable)),
        )
    }

    /// Creates the answer to a record that withdraws the active policy.
    #[must_use]
    pub fn policy_withdrawn() -> Self {
        Self {
            event: Some(RecordKind::PolicyWithdrawn),
            ..Self::new(Verdict::Policy)
        }
    }

    /// Creates the answer to a record that lacks a required part.
    #[must_use]
    pub fn refused(event: RecordKind, reason: SkipCode, detail: Detail<'a>) -> Self {
        Self {
            event: Some(event),
            reason: Some(reason),
            detail: Some(detail),
            ..Self::new(Verdict::Skip)
        }
    }

    fn under(mut self, policy: Option<&'a Policy>) -> Self {
        self.policy_version = policy.map(Policy::version);
        self.policy_hash = policy.map(Policy::hash);
        self
    }
}
