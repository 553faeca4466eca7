//! Answers as flat rows: one record each, with stable names, for logs, files and other programs.
//!
//! A row is a report of a decision, and no proof of one: it can be written by anybody.

mod line;

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{
    decide::{
        Decision, Denial, Objection, Reason, absence_reason, write_absence, write_not_in_force,
    },
    domain::{Instant, PolicyHash, PositionSide, Shown, Side, Symbol},
    exit::ExitRule,
    harvest::{
        Harvest, HarvestAction, HarvestDecision, HarvestReasons, HarvestSkip, Position,
        RUnavailable, Standing,
    },
    intent::QuantityAsked,
    policy::{NotInForce, Policy, PolicyAbsence, PolicyState},
    provenance::Source,
};

/// One answer. Absent fields are left out when it is written; instants are epoch milliseconds, what is finer
/// cut off; amounts are USD; numbers are written so that reading them gives the same bits.
#[derive(Debug, Clone, Serialize)]
pub struct Answer<'a> {
    /// The number of the record, from 1; 0, and left out, where it stands in no tape.
    #[serde(skip_serializing_if = "is_nowhere")]
    pub n: u64,
    /// What the record was; none where that could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventKind>,
    /// The record's id.
    pub id: AnswerId<'a>,
    /// When it happened.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "millis")]
    pub ts: Option<Instant>,
    /// The symbol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// BUY or SELL for an intent, LONG or SHORT for a position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<AnswerSide>,
    /// The verdict.
    pub decision: Verdict,
    /// Why nothing is done, if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The evidence for the reason, in words; of an exit, why it does not say how much to close.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail<'a>>,
    /// The leverage of a trade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leverage: Option<f64>,
    /// Where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leverage_source: Option<Source>,
    /// The leverage that the intent asked for, if it asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leverage_requested: Option<f64>,
    /// The size of a trade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_usd: Option<f64>,
    /// `notional` or `margin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_basis: Option<&'static str>,
    /// Where the size came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_source: Option<Source>,
    /// What the position of a trade is worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notional_usd: Option<f64>,
    /// The expiry of the policy that a trade was made under.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "millis")]
    pub not_after: Option<Instant>,
    /// Units of the symbol: of a trade where the intent holds a price, of an exit where it asked for some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<f64>,
    /// The rule that let an exit pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_rule: Option<ExitRule>,
    /// What to do with a position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harvest_action: Option<HarvestAction>,
    /// Where its stop is pulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_proposed: Option<f64>,
    /// Where the stop distance came from that R was measured with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_source: Option<Source>,
    /// Its profit in R multiples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r_net: Option<f64>,
    /// The risk of one unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_unit: Option<f64>,
    /// The costs of one unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// K.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_score: Option<f64>,
    /// A component of K before its weight: 1 if the regime flipped, else 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k_regime_flip: Option<f64>,
    /// A component of K before its weight: the jump of the volatility.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k_sigma_spike: Option<f64>,
    /// A component of K before its weight: the loss of trend strength.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k_ts_drop: Option<f64>,
    /// A component of K before its weight: the age of the position, as a share of the largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k_age_penalty: Option<f64>,
    /// What led to the action, and what was silent.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "names")]
    pub harvest_reasons: Option<HarvestReasons>,
    /// The policy that ruled, or that a record brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<&'a str>,
    /// Its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_hash: Option<PolicyHash>,
}

/// The kinds of records that are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// An intent.
    Intent,
    /// A position.
    Position,
    /// A new policy.
    PolicyUpdated,
    /// No policy from here on.
    PolicyWithdrawn,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::Intent,
        Self::Position,
        Self::PolicyUpdated,
        Self::PolicyWithdrawn,
    ];

    /// Its name.
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

impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Trade.
    Trade,
    /// Reduce or close.
    Exit,
    /// Nothing.
    Skip,
    /// A position was judged.
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

    /// Its name.
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

/// A record's id; in a tape its number stands in where it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerId<'a> {
    /// Its own.
    Own(&'a str),
    /// Its number.
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
    /// Of an intent.
    Order(Side),
    /// Of a position.
    Position(PositionSide),
}

impl AnswerSide {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order(side) => side.as_str(),
            Self::Position(side) => side.as_str(),
        }
    }
}

/// The evidence for an answer, to be put in words only where somebody reads them.
#[derive(Debug, Clone)]
pub enum Detail<'a> {
    /// An intent was refused.
    Denial(Denial<'a>),
    /// A position could not be judged.
    Harvest(HarvestSkip<'a>),
    /// A policy was refused.
    Absence(&'a PolicyAbsence),
    /// A service objected to an entry.
    Objection(&'a Objection<'a>),
    /// A record lacks what it is for, or an exit does not say how much.
    Text(&'static str),
}

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denial(denial) => write!(f, "{denial}"),
            Self::Absence(absence) => write_absence(f, absence),
            Self::Harvest(HarvestSkip::PolicyAbsent(absence)) => write_absence(f, absence),
            Self::Harvest(HarvestSkip::PolicyNotInForce(why)) => write_not_in_force(f, *why),
            Self::Harvest(HarvestSkip::NoPosition) => f.write_str("no open position"),
            Self::Harvest(HarvestSkip::MissingStop { kill }) => {
                write!(f, "{}; no kill score: {kill}", RUnavailable::MissingStop)
            }
            Self::Harvest(HarvestSkip::InvalidInput { r, kill }) => {
                write!(f, "{r}; no kill score: {kill}")
            }
            Self::Objection(objection) => f.write_str(objection.detail()),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for Detail<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
const fn is_nowhere(n: &u64) -> bool {
    *n == 0
}

fn millis<S: Serializer>(at: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Instant::as_millis).serialize(serializer)
}

fn names<S: Serializer>(
    reasons: &Option<HarvestReasons>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(reasons.iter().flat_map(|reasons| reasons.iter()))
}

impl<'a> Answer<'a> {
    /// An answer with nothing in it but a verdict.
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

    /// Which record it answers: its number, its id (`None`: the number stands in) and its time.
    #[must_use]
    #[inline]
    pub const fn to(mut self, n: u64, id: Option<&'a str>, ts: Option<Instant>) -> Self {
        self.n = n;
        self.id = match id {
            Some(id) => AnswerId::Own(id),
            None => AnswerId::Number(n),
        };
        self.ts = ts;
        self
    }

    /// The answer to an intent.
    #[must_use]
    #[inline]
    pub fn decision(decision: &Decision<'a>) -> Self {
        let intent = decision.intent();
        let common = |verdict| Self {
            event: Some(EventKind::Intent),
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
                event: (skip.reason() != Reason::IntentUnreadable).then_some(EventKind::Intent),
                reason: Some(skip.reason()),
                detail: Some(Detail::Denial(*skip.evidence())),
                ..common(Verdict::Skip)
            }
            .under(skip.policy()),
        }
    }

    /// The answer to an entry that a service objects to, whatever the gates say.
    #[must_use]
    pub fn objected(decision: &Decision<'a>, objection: &'a Objection<'a>) -> Self {
        let (intent, reason) = (decision.intent(), objection.reason());
        Self {
            event: (reason != Reason::IntentUnreadable).then_some(EventKind::Intent),
            symbol: intent.symbol(),
            side: intent.side().map(AnswerSide::Order),
            reason: Some(reason),
            detail: Some(Detail::Objection(objection)),
            ..Self::bare(Verdict::Skip)
        }
        .under(decision.policy())
    }

    /// The answer to a position.
    #[must_use]
    pub fn harvest(decision: &HarvestDecision<'a>, policy: PolicyState<'a>) -> Self {
        match decision {
            HarvestDecision::Harvest(harvest) => Self::harvested(harvest),
            HarvestDecision::Skip(skip) => {
                let (reason, asked_policy) = match skip {
                    HarvestSkip::NoPosition => (Reason::HarvestNoPosition, false),
                    HarvestSkip::PolicyAbsent(absence) => (absence_reason(absence), false),
                    HarvestSkip::PolicyNotInForce(NotInForce::NotYetValid { .. }) => {
                        (Reason::PolicyNotYetValid, true)
                    }
                    HarvestSkip::PolicyNotInForce(NotInForce::Stale { .. }) => {
                        (Reason::PolicyStale, true)
                    }
                    HarvestSkip::MissingStop { .. } => (Reason::HarvestMissingStop, true),
                    HarvestSkip::InvalidInput { .. } => (Reason::HarvestInvalidInput, true),
                };
                Self {
                    event: Some(EventKind::Position),
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
            event: Some(EventKind::Position),
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

    /// The position that it answers: its symbol, and its side where it says one.
    #[must_use]
    pub fn about(mut self, position: &Position) -> Self {
        self.symbol = Some(position.symbol);
        self.side = match position.side {
            Some(Standing::Open(side)) => Some(AnswerSide::Position(side)),
            Some(Standing::Flat | Standing::Unreadable) | None => None,
        };
        self
    }

    /// The answer to a position that cannot be judged for want of what makes it one.
    #[must_use]
    pub fn harvest_invalid(detail: &'static str) -> Self {
        Self::refused(
            EventKind::Position,
            Reason::HarvestInvalidInput,
            Detail::Text(detail),
        )
    }

    /// The answer to a record that brings a policy into force.
    #[must_use]
    pub fn policy_updated(policy: &'a Policy) -> Self {
        Self {
            event: Some(EventKind::PolicyUpdated),
            ..Self::bare(Verdict::Policy)
        }
        .under(Some(policy))
    }

    /// The answer to a record whose policy is refused.
    #[must_use]
    pub fn policy_refused(absence: &'a PolicyAbsence) -> Self {
        Self::refused(
            EventKind::PolicyUpdated,
            absence_reason(absence),
            Detail::Absence(absence),
        )
    }

    /// The answer to a record that withdraws the policy.
    #[must_use]
    pub fn policy_withdrawn() -> Self {
        Self {
            event: Some(EventKind::PolicyWithdrawn),
            ..Self::bare(Verdict::Policy)
        }
    }

    /// The answer to a record that lacks what it is for.
    #[must_use]
    pub fn refused(event: EventKind, reason: Reason, detail: Detail<'a>) -> Self {
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
