//! The changes of answers between the two sides of a comparison.

use std::cmp::Ordering;

use portcullis::{
    answer::{Answer, AnswerId, AnswerSide, Verdict},
    decide::SkipCode,
    harvest::HarvestAction,
    types::{PositionSide, Symbol, Timestamp},
};
use serde::{Serialize, Serializer};
use strum::IntoStaticStr;

use crate::replay::EntryAnswer;

/// Passes the columns of an [`Effect`], except the verdict, to a macro. They are a selection of the columns of
/// [`portcullis::answer_columns`], with the same kinds.
macro_rules! effect_columns {
    ($callback:ident) => {
        $callback! {
            /// The reason of a skip.
            reason as name: Option<SkipCode>,
            /// The side, unless the answer is a skip.
            side as name: Option<AnswerSide>,
            /// The leverage of a trade.
            leverage as number: Option<f64>,
            /// The size of a trade, in USD.
            size_usd as number: Option<f64>,
            /// The notional of a trade, in USD.
            notional_usd as number: Option<f64>,
            /// The quantity in units of the symbol, if a trade or an exit states it.
            quantity as number: Option<f64>,
            /// The part of the position that an exit closes, in (0, 1].
            quantity_fraction as number: Option<f64>,
            /// The side of the position that an exit closes.
            position_leg as name: Option<PositionSide>,
            /// The trigger of a resting exit.
            trigger_price as number: Option<f64>,
            /// The harvest action for a position.
            harvest_action as name: Option<HarvestAction>,
            /// The quantity that a harvest closes, in units of the symbol.
            close_quantity as number: Option<f64>,
            /// The part of the current quantity that a harvest closes, in (0, 1].
            close_fraction as number: Option<f64>,
            /// The proposed stop price.
            stop_proposed as number: Option<f64>,
        }
    };
}
pub(super) use effect_columns;

macro_rules! define {
    ($($(#[$doc:meta])* $name:ident as $kind:ident: $type:ty,)*) => {
        /// The effective part of an answer: what would be executed.
        #[derive(Debug, Clone, Copy, PartialEq, Serialize)]
        #[non_exhaustive]
        pub struct Effect {
            /// The verdict: trade, exit, skip, harvest or policy change.
            pub decision: Verdict,
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $name: $type,)*
        }

        impl Effect {
            /// Returns an effect with only a verdict and a skip reason.
            pub(super) fn without_numbers(decision: Verdict, reason: Option<SkipCode>) -> Self {
                Self { reason, ..Self { decision, $($name: None,)* } }
            }

            /// Returns the action of a harvest and the part that it closes.
            fn close(&self) -> (Option<HarvestAction>, Option<f64>, Option<f64>) {
                (self.harvest_action, self.close_quantity, self.close_fraction)
            }

            pub(crate) fn of(answer: &Answer<'_>) -> Self {
                let mut effect = Self { decision: answer.decision, $($name: answer.$name,)* };
                effect.side.take_if(|_| answer.decision == Verdict::Skip);
                effect
            }
        }
    };
}

effect_columns!(define);

impl Effect {
    /// Returns the part of the effect of an entry that depends on the policy.
    pub(super) fn of_entry(answer: &EntryAnswer) -> Self {
        let decision = if answer.skip.is_some() {
            Verdict::Skip
        } else {
            Verdict::Trade
        };
        Self {
            leverage: answer.leverage,
            notional_usd: answer.notional_usd,
            ..Self::without_numbers(decision, answer.skip)
        }
    }

    /// Returns true if both answers have the same effect. The skip reason is ignored.
    pub(super) fn does_as(&self, other: &Self) -> bool {
        let reason = other.reason;
        Self { reason, ..*self } == *other
    }
}

/// The kind of a flip. If several kinds apply, the first of them in this list is used. Exits and policy records flip
/// only between recorded answers, never between two policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, IntoStaticStr)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum FlipKind {
    /// A trade becomes a skip.
    TradeToSkip,
    /// A skip becomes a trade.
    SkipToTrade,
    /// A trade becomes an exit.
    TradeToExit,
    /// An exit becomes a trade.
    ExitToTrade,
    /// An exit becomes a skip.
    ExitToSkip,
    /// A skip becomes an exit.
    SkipToExit,
    /// A harvest becomes a skip.
    HarvestToSkip,
    /// A skip becomes a harvest.
    SkipToHarvest,
    /// An accepted policy change becomes a skip.
    PolicyToSkip,
    /// A skipped policy change is accepted.
    SkipToPolicy,
    /// The side of the answer changes, or the side of the position that an exit closes.
    Side,
    /// The leverage of a trade changes.
    Leverage,
    /// The size, notional or quantity of a trade changes, with the same leverage.
    Size,
    /// The quantity or the trigger of an exit changes.
    ExitQuantity,
    /// The harvest action for a position changes, or the quantity or the part that it closes.
    HarvestAction,
    /// The proposed stop of a position changes, with the same harvest action, quantity and part.
    HarvestStop,
}

impl FlipKind {
    /// Returns the stable machine-readable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the kind of the flip, or `None` if both effects are the same.
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

    /// Returns the kind of the flip between two answers with the same verdict.
    fn within(before: &Effect, after: &Effect) -> Option<Self> {
        if before.side != after.side || before.position_leg != after.position_leg {
            return Some(Self::Side);
        }
        match before.decision {
            Verdict::Trade if before.leverage != after.leverage => Some(Self::Leverage),
            Verdict::Trade => Some(Self::Size),
            Verdict::Exit => Some(Self::ExitQuantity),
            Verdict::Harvest if before.close() != after.close() => Some(Self::HarvestAction),
            Verdict::Harvest => Some(Self::HarvestStop),
            // A skip has no effect, and a policy record has no effect besides the policy change itself.
            Verdict::Skip | Verdict::Policy => None,
        }
    }
}

/// One answer that flips.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Flip {
    /// The number of the record, counted from 1.
    pub n: u64,
    /// The id of the record, or its number if it has no id.
    pub id: String,
    /// The timestamp of the record.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "millis")]
    pub ts: Option<Timestamp>,
    /// The symbol of the record, if readable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// The kind of the flip.
    pub kind: FlipKind,
    /// The effect of the first of the two compared answers.
    pub before: Effect,
    /// The effect of the second of the two compared answers.
    pub after: Effect,
    /// The smallest cause: one field of the policy, or a set of fields from which none can be removed. Absent unless
    /// two policies are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Vec<String>>,
}

fn millis<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Timestamp::as_millis).serialize(serializer)
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

    /// Returns the skip reason of the first answer or, if it is not a skip, that of the second
    /// answer.
    pub(crate) fn reason(&self) -> Option<SkipCode> {
        self.before.reason.or(self.after.reason)
    }

    /// Returns the change of notional in USD. A trade that is not made counts as 0.
    #[must_use]
    pub fn notional_moved(&self) -> f64 {
        moved(self.before.notional_usd, self.after.notional_usd)
    }

    /// Returns the change of leverage. A trade that is not made counts as 0.
    #[must_use]
    pub fn leverage_moved(&self) -> f64 {
        moved(self.before.leverage, self.after.leverage)
    }

    /// Orders by the change of notional, then by the change of leverage, largest first. Ties are
    /// ordered by record number.
    pub(super) fn larger_first(&self, other: &Self) -> Ordering {
        let size = |flip: &Self| (flip.notional_moved().abs(), flip.leverage_moved().abs());
        let ((notional, leverage), (others_notional, others_leverage)) = (size(self), size(other));
        others_notional
            .total_cmp(&notional)
            .then(others_leverage.total_cmp(&leverage))
            .then(self.n.cmp(&other.n))
    }
}

/// Returns the difference. An absent value counts as 0.
fn moved(before: Option<f64>, after: Option<f64>) -> f64 {
    after.into_iter().sum::<f64>() - before.into_iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Numbers = (Option<f64>, Option<f64>);

    /// Returns a flip between two effects with these notionals and leverages.
    fn flip(n: u64, before: Numbers, after: Numbers) -> Flip {
        let effect = |(notional_usd, leverage)| Effect {
            notional_usd,
            leverage,
            ..Effect::without_numbers(Verdict::Trade, None)
        };
        Flip {
            n,
            id: n.to_string(),
            ts: None,
            symbol: None,
            kind: FlipKind::Size,
            before: effect(before),
            after: effect(after),
            cause: None,
        }
    }

    #[test]
    fn two_skips_for_different_reasons_have_the_same_effect() {
        let skip = |reason| Effect::without_numbers(Verdict::Skip, Some(reason));
        let (missing, stale) = (skip(SkipCode::PolicyMissing), skip(SkipCode::PolicyStale));
        assert!(missing.does_as(&stale));
        assert_eq!(FlipKind::between(&missing, &stale), None);
        let other = Effect {
            harvest_action: Some(HarvestAction::None),
            ..missing
        };
        assert!(!missing.does_as(&other));
    }

    #[test]
    fn the_largest_change_of_notional_then_of_leverage_is_first() {
        let none = (None, None);
        let of = |notional, leverage| (Some(notional), Some(leverage));
        let mut flips = [
            flip(1, of(10.0, 2.0), of(20.0, 2.0)),
            flip(2, none, of(10.0, 5.0)),
            flip(3, of(30.0, 1.0), none),
            flip(4, of(10.0, 9.0), of(20.0, 4.0)),
            flip(5, none, of(10.0, 7.0)),
        ];
        let moved = flips
            .each_ref()
            .map(|it| (it.notional_moved(), it.leverage_moved()));
        let expected = [
            (10.0, 0.0),
            (10.0, 5.0),
            (-30.0, -1.0),
            (10.0, -5.0),
            (10.0, 7.0),
        ];
        assert_eq!(moved, expected);
        flips.sort_by(Flip::larger_first);
        assert_eq!(flips.map(|it| it.n), [3, 5, 2, 4, 1]);
    }
}
