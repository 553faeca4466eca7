//! One answer that is another under another policy.

use std::cmp::Ordering;

use portcullis::{
    answer::{Answer, AnswerId, AnswerSide, Verdict},
    decide::Reason,
    domain::{Instant, Symbol},
    harvest::HarvestAction,
};
use serde::{Serialize, Serializer};

/// What an answer would have somebody do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effect {
    /// The verdict.
    pub decision: Verdict,
    /// Why nothing is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Which way, where something is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<AnswerSide>,
    /// The leverage of a trade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leverage: Option<f64>,
    /// Its size, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_usd: Option<f64>,
    /// What its position is worth, in USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notional_usd: Option<f64>,
    /// Units of the symbol, where a trade or an exit says how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<f64>,
    /// What to do with a position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harvest_action: Option<HarvestAction>,
    /// Where its stop is pulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_proposed: Option<f64>,
}

impl Effect {
    pub(super) fn of(answer: &Answer<'_>) -> Self {
        Self {
            decision: answer.decision,
            reason: answer.reason,
            side: answer.side.filter(|_| answer.decision != Verdict::Skip),
            leverage: answer.leverage,
            size_usd: answer.size_usd,
            notional_usd: answer.notional_usd,
            quantity: answer.quantity,
            harvest_action: answer.harvest_action,
            stop_proposed: answer.stop_proposed,
        }
    }

    /// Whether the same is done; the reason of a skip is not asked for.
    pub(super) fn does_as(&self, other: &Self) -> bool {
        let reason = other.reason;
        Self { reason, ..*self } == *other
    }
}

/// In what an answer differs; of several, the first. Two policies make no exit and no change of policy flip; recorded
/// answers may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlipKind {
    /// A trade is made no more.
    TradeToSkip,
    /// A trade is made that was not.
    SkipToTrade,
    /// What was a trade is an exit.
    TradeToExit,
    /// What was an exit is a trade.
    ExitToTrade,
    /// An exit passes no more.
    ExitToSkip,
    /// An exit passes that did not.
    SkipToExit,
    /// A position is judged no more.
    HarvestToSkip,
    /// A position is judged that was not.
    SkipToHarvest,
    /// A change of policy is refused that was not.
    PolicyToSkip,
    /// A change of policy is taken that was refused.
    SkipToPolicy,
    /// The same is done the other way.
    Side,
    /// A trade has another leverage.
    Leverage,
    /// A trade of the same leverage has another size, notional or quantity.
    Size,
    /// An exit closes another quantity.
    ExitQuantity,
    /// Something else is to be done with a position.
    HarvestAction,
    /// The same is to be done with a position, and its stop goes elsewhere.
    HarvestStop,
}

impl FlipKind {
    /// As it is written for a machine.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TradeToSkip => "TRADE_TO_SKIP",
            Self::SkipToTrade => "SKIP_TO_TRADE",
            Self::TradeToExit => "TRADE_TO_EXIT",
            Self::ExitToTrade => "EXIT_TO_TRADE",
            Self::ExitToSkip => "EXIT_TO_SKIP",
            Self::SkipToExit => "SKIP_TO_EXIT",
            Self::HarvestToSkip => "HARVEST_TO_SKIP",
            Self::SkipToHarvest => "SKIP_TO_HARVEST",
            Self::PolicyToSkip => "POLICY_TO_SKIP",
            Self::SkipToPolicy => "SKIP_TO_POLICY",
            Self::Side => "SIDE",
            Self::Leverage => "LEVERAGE",
            Self::Size => "SIZE",
            Self::ExitQuantity => "EXIT_QUANTITY",
            Self::HarvestAction => "HARVEST_ACTION",
            Self::HarvestStop => "HARVEST_STOP",
        }
    }

    /// Nothing where the same is done.
    pub(super) fn between(before: &Effect, after: &Effect) -> Option<Self> {
        if before.does_as(after) {
            return None;
        }
        Some(match (before.decision, after.decision) {
            (Verdict::Trade, Verdict::Exit) => Self::TradeToExit,
            (Verdict::Exit, Verdict::Trade) => Self::ExitToTrade,
            (old, new) if old == new => Self::within(before, after)?,
            (Verdict::Trade, _) => Self::TradeToSkip,
            (_, Verdict::Trade) => Self::SkipToTrade,
            (Verdict::Harvest, _) => Self::HarvestToSkip,
            (_, Verdict::Harvest) => Self::SkipToHarvest,
            (Verdict::Exit, _) => Self::ExitToSkip,
            (_, Verdict::Exit) => Self::SkipToExit,
            (Verdict::Policy, _) => Self::PolicyToSkip,
            (Verdict::Skip, _) => Self::SkipToPolicy,
        })
    }

    /// In what two answers of one verdict differ.
    fn within(before: &Effect, after: &Effect) -> Option<Self> {
        if before.side != after.side {
            return Some(Self::Side);
        }
        match before.decision {
            Verdict::Trade if before.leverage != after.leverage => Some(Self::Leverage),
            Verdict::Trade => Some(Self::Size),
            Verdict::Exit => Some(Self::ExitQuantity),
            Verdict::Harvest if before.harvest_action != after.harvest_action => {
                Some(Self::HarvestAction)
            }
            Verdict::Harvest => Some(Self::HarvestStop),
            // Nothing is done, or nothing else than that a policy comes or goes.
            Verdict::Skip | Verdict::Policy => None,
        }
    }
}

impl Serialize for FlipKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One answer that flips.
#[derive(Debug, Clone, Serialize)]
pub struct Flip {
    /// The number of the record, from 1.
    pub n: u64,
    /// Its id; its number where it has none.
    pub id: String,
    /// When it happened.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "millis")]
    pub ts: Option<Instant>,
    /// The symbol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// In what it differs.
    pub kind: FlipKind,
    /// What was done.
    pub before: Effect,
    /// What would be done.
    pub after: Effect,
    /// The smallest change that makes it: one field of the policy, or fields of which none can be left out. Absent where
    /// no two policies are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Vec<String>>,
}

fn millis<S: Serializer>(at: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Instant::as_millis).serialize(serializer)
}

impl Flip {
    pub(super) fn new(answer: &Answer<'_>, kind: FlipKind, before: Effect, after: Effect) -> Self {
        Self {
            n: answer.n,
            id: match answer.id {
                AnswerId::Own(id) => id.to_owned(),
                AnswerId::Number(n) => n.to_string(),
            },
            ts: answer.ts,
            symbol: answer.symbol,
            kind,
            before,
            after,
            cause: None,
        }
    }

    /// How much notional it moves, in USD: a trade that is not made has none.
    #[must_use]
    pub fn notional_moved(&self) -> f64 {
        moved(self.before.notional_usd, self.after.notional_usd)
    }

    /// By how much it moves the leverage.
    #[must_use]
    pub fn leverage_moved(&self) -> f64 {
        moved(self.before.leverage, self.after.leverage)
    }

    /// By notional, then by leverage; of equals the earlier record.
    pub(super) fn larger_first(&self, other: &Self) -> Ordering {
        let size = |flip: &Self| (flip.notional_moved().abs(), flip.leverage_moved().abs());
        let ((notional, leverage), (others_notional, others_leverage)) = (size(self), size(other));
        others_notional
            .total_cmp(&notional)
            .then(others_leverage.total_cmp(&leverage))
            .then(self.n.cmp(&other.n))
    }
}

/// What is nowhere counts as nothing.
fn moved(before: Option<f64>, after: Option<f64>) -> f64 {
    after.into_iter().sum::<f64>() - before.into_iter().sum::<f64>()
}
