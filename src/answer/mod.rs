//! Answers as flat rows with stable names, one record each, for logs, files and other programs.
//!
//! A row reports a decision and does not prove one, because any program can write a row.

mod line;

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{
    decide::{Decision, ServiceDenial, SkipCode, SkipReason},
    exit::ExitRule,
    harvest::{
        Harvest, HarvestAction, HarvestDecision, HarvestReasons, HarvestSkip, Position,
        RUnavailable, Standing,
    },
    intent::QuantityAsked,
    policy::{NotInForceError, Policy, PolicyState, PolicyUnavailable},
    provenance::Source,
    types::{PolicyHash, PositionSide, Shown, Side, Symbol, Timestamp},
};

/// One answer. Absent fields are omitted. Timestamps are epoch milliseconds, truncated; amounts are in USD; numbers are
/// written so that reading them restores the same bits.
#[derive(Debug, Clone, Serialize)]
pub struct Answer<'a> {
    /// The number of the record on its tape, from 1. It is 0, and omitted, if the record is not on a tape.
    #[serde(skip_serializing_if = "is_nowhere")]
    pub n: u64,
    /// The kind of the record, or `None` if it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<RecordKind>,
    /// The id of the record.
    pub id: AnswerId<'a>,
    /// The time of the record.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "millis")]
    pub ts: Option<Timestamp>,
    /// The symbol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// BUY or SELL for an intent, LONG or SHORT for a position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<AnswerSide>,
    /// The verdict.
    pub decision: Verdict,
    /// The skip reason, if the verdict is `SKIP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<SkipCode>,
    /// The evidence for the skip reason as text; for an exit, the reason why it does not state how much to close.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail<'a>>,
    /// The leverage of a trade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leverage: Option<f64>,
    /// The source of the leverage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leverage_source: Option<Source>,
    /// The leverage that the intent requested, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leverage_requested: Option<f64>,
    /// The size of a trade, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_usd: Option<f64>,
    /// `notional` or `margin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_basis: Option<&'static str>,
    /// The source of the size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_source: Option<Source>,
    /// The notional of a trade, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notional_usd: Option<f64>,
    /// The expiry of the policy under which a trade was decided.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "millis")]
    pub not_after: Option<Timestamp>,
    /// The quantity in units of the symbol, if known. For a trade, the quantity of the intent, or else the notional
    /// divided by the price; for an exit, the quantity that the intent states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<f64>,
    /// The rule by which an exit passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_rule: Option<ExitRule>,
    /// The harvest action for a position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harvest_action: Option<HarvestAction>,
    /// The proposed stop, in USD per unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_proposed: Option<f64>,
    /// The source of the stop distance with which R was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_source: Option<Source>,
    /// The net profit in R multiples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r_net: Option<f64>,
    /// The risk of one unit, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_unit: Option<f64>,
    /// The costs of one unit, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// The kill score K.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_score: Option<f64>,
    /// The regime-flip component of K before its weight: 1 if the regime flipped, else 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k_regime_flip: Option<f64>,
    /// The volatility component of K before its weight: the relative excess over `sigma_ref`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k_sigma_spike: Option<f64>,
    /// The trend component of K before its weight: the shortfall below `ts_ref`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k_ts_drop: Option<f64>,
    /// The age component of K before its weight: the age of the position as a share of `max_age_sec`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k_age_penalty: Option<f64>,
    /// The reasons for the action, and the parts that were unavailable.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "names")]
    pub harvest_reasons: Option<HarvestReasons>,
    /// The version of the active policy, or of the policy in the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<&'a str>,
    /// The hash of that policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_hash: Option<PolicyHash>,
}

/// The kinds of records that get an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// An intent.
    Intent,
    /// A position.
    Position,
    /// A new policy.
    PolicyUpdated,
    /// A withdrawal: no policy from here on.
    PolicyWithdrawn,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::Intent,
        Self::Position,
        Self::PolicyUpdated,
        Self::PolicyWithdrawn,
    ];

    /// Returns the name of the kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "trade.intent",
            Self::Position => "position.snapshot",
            Self::PolicyUpdated => "policy.updated",
            Self::PolicyWithdrawn => "policy.withdrawn",
        }
    }
}

impl Serialize for RecordKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The verdict of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// An entry passed every gate.
    Trade,
    /// An exit passed: reduce or close.
    Exit,
    /// No action.
    Skip,
    /// A position was evaluated.
    Harvest,
    /// The policy changed.
    Policy,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 5] = [
        Self::Trade,
        Self::Exit,
        Self::Skip,
        Self::Harvest,
        Self::Policy,
    ];

    /// Returns the name of the verdict.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trade => "TRADE",
            Self::Exit => "EXIT",
            Self::Skip => "SKIP",
            Self::Harvest => "HARVEST",
            Self::Policy => "POLICY",
        }
    }
}

/// The id of a record. On a tape, a record without an id is identified by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerId<'a> {
    /// The id in the record.
    Own(&'a str),
    /// The number of the record.
    Number(u64),
}

impl fmt::Display for AnswerId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(id) => write!(f, "{}", Shown(id)),
            Self::Number(n) => write!(f, "{n}"),
        }
    }
}

impl Serialize for AnswerId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Own(id) => serializer.serialize_str(id),
            Self::Number(n) => serializer.collect_str(n),
        }
    }
}

/// The side of an intent or of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AnswerSide {
    /// The side of an intent.
    Order(Side),
    /// The side of a position.
    Position(PositionSide),
}

impl AnswerSide {
    /// Returns the name of the side.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order(side) => side.as_str(),
            Self::Position(side) => side.as_str(),
        }
    }
}

/// The evidence for an answer. The text is formatted only when it is written.
#[derive(Debug, Clone)]
pub enum Detail<'a> {
    /// An intent was denied.
    SkipReason(SkipReason<'a>),
    /// A position could not be evaluated.
    Harvest(HarvestSkip<'a>),
    /// A service denied an entry.
    ServiceDenial(&'a ServiceDenial<'a>),
    /// A record lacks a required part, or an exit does not state a quantity.
    Text(&'static str),
}

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SkipReason(denial) => write!(f, "{denial}"),
            Self::Harvest(HarvestSkip::NotInForce(error)) => SkipReason::from(*error).fmt(f),
            Self::Harvest(HarvestSkip::NoPosition) => f.write_str("no open position"),
            Self::Harvest(HarvestSkip::MissingStop { kill }) => {
                write!(f, "{}; no kill score: {kill}", RUnavailable::MissingStop)
            }
            Self::Harvest(HarvestSkip::InvalidInput { r, kill }) => {
                write!(f, "{r}; no kill score: {kill}")
            }
            Self::ServiceDenial(objection) => f.write_str(objection.detail()),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for Detail<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_nowhere(n: &u64) -> bool {
    *n == 0
}

fn millis<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Timestamp::as_millis).serialize(serializer)
}

fn names<S: Serializer>(
    reasons: &Option<HarvestReasons>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(reasons.iter().flat_map(|reasons| reasons.iter()))
}

impl<'a> Answer<'a> {
    /// Returns an answer with a verdict and no other field.
    #[inline]
    fn bare(decision: Verdict) -> Self {
        Self {
            n: 0,
            event: None,
            id: AnswerId::Number(0),
            ts: None,
            symbol: None,
            side: None,
            decision,
            reason: None,
            detail: None,
            leverage: None,
            leverage_source: None,
            leverage_requested: None,
            size_usd: None,
            size_basis: None,
            size_source: None,
            notional_usd: None,
            not_after: None,
            quantity: None,
            exit_rule: None,
            harvest_action: None,
            stop_proposed: None,
            stop_source: None,
            r_net: None,
            risk_unit: None,
            cost: None,
            kill_score: None,
            k_regime_flip: None,
            k_sigma_spike: None,
            k_ts_drop: None,
            k_age_penalty: None,
            harvest_reasons: None,
            policy_version: None,
            policy_hash: None,
        }
    }

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
            ..Self::bare(verdict)
        };
        match decision {
            Decision::Trade(trade) => Self {
                leverage: Some(trade.leverage().value().get()),
                leverage_source: Some(trade.leverage().source()),
                leverage_requested: trade.leverage_requested().map(|asked| asked.value().get()),
                size_usd: Some(trade.size().value().usd()),
                size_basis: Some(trade.size().value().basis()),
                size_source: Some(trade.size().source()),
                notional_usd: Some(trade.notional().value().get()),
                not_after: Some(trade.not_after()),
                quantity: trade.quantity().map(|quantity| quantity.value().get()),
                ..common(Verdict::Trade)
            }
            .under(Some(trade.policy())),
            Decision::Exit(permit) => Self {
                exit_rule: Some(permit.rule()),
                quantity: match permit.quantity() {
                    QuantityAsked::Asked(quantity) => Some(quantity.value().get()),
                    QuantityAsked::NotAsked
                    | QuantityAsked::SizeAlone
                    | QuantityAsked::Unreadable => None,
                },
                detail: permit.quantity().fault().map(Detail::Text),
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

    /// Creates the answer to an entry that a service denied. The decision of the gates has no effect on it.
    #[must_use]
    pub fn objected(decision: &Decision<'a>, objection: &'a ServiceDenial<'a>) -> Self {
        let (intent, reason) = (decision.intent(), objection.reason());
        Self {
            event: (reason != SkipCode::IntentUnreadable).then_some(RecordKind::Intent),
            symbol: intent.symbol(),
            side: intent.side().map(AnswerSide::Order),
            reason: Some(reason),
            detail: Some(Detail::ServiceDenial(objection)),
            ..Self::bare(Verdict::Skip)
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
                    ..Self::bare(Verdict::Skip)
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
            ..Self::bare(Verdict::Harvest)
        }
        .under(Some(harvest.policy()))
    }

    /// Sets the symbol, and the side if the position states one.
    #[must_use]
    pub fn about(mut self, position: &Position) -> Self {
        self.symbol = Some(position.symbol);
        self.side = match position.side {
            Some(Standing::Open(side)) => Some(AnswerSide::Position(side)),
            Some(Standing::Flat | Standing::Unreadable) | None => None,
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
            ..Self::bare(Verdict::Policy)
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

    /// Creates the answer to a record that withdraws the policy.
    #[must_use]
    pub fn policy_withdrawn() -> Self {
        Self {
            event: Some(RecordKind::PolicyWithdrawn),
            ..Self::bare(Verdict::Policy)
        }
    }

    /// Creates the answer to a record that lacks a required part.
    #[must_use]
    pub fn refused(event: RecordKind, reason: SkipCode, detail: Detail<'a>) -> Self {
        Self {
            event: Some(event),
            reason: Some(reason),
            detail: Some(detail),
            ..Self::bare(Verdict::Skip)
        }
    }

    fn under(mut self, policy: Option<&'a Policy>) -> Self {
        self.policy_version = policy.map(Policy::version);
        self.policy_hash = policy.map(Policy::hash);
        self
    }
}
