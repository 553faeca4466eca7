//! The columns of an answer.

use super::{AnswerId, AnswerSide, Detail, RecordKind, Verdict};
use crate::{
    decide::SkipCode,
    exit::ExitRule,
    harvest::{HarvestAction, HarvestReasons},
    provenance::Source,
    types::{PolicyHash, PositionSide, Symbol, Timestamp},
};

/// Passes the columns of [`Answer`](crate::answer::Answer), in their order, to a macro. The struct,
/// its JSON, the Parquet columns and the rows of the law kit are all generated from this list.
///
/// A column has a doc comment, a name, a kind and the type of its field. The columns of `record`
/// identify the record that is answered. The kinds are:
///
/// | kind | field |
/// |---|---|
/// | `count` | a whole number; 0 means absent |
/// | `id` | the id of the record |
/// | `verdict` | the verdict |
/// | `name` | one of a fixed set of texts |
/// | `names` | a set of such texts |
/// | `symbol`, `text`, `hash` | a text |
/// | `time` | a timestamp |
/// | `number` | a number |
/// | `source` | the source of a number |
#[macro_export]
macro_rules! answer_columns {
    ($callback:ident) => {
        $callback! {
            record {
                /// The number of the record on its tape, counted from 1. It is 0 and omitted from
                /// JSON if the record is not on a tape.
                n as count: u64,
                /// The kind of the record, or `None` if it is unknown.
                event as name: Option<RecordKind>,
                /// The id of the record.
                id as id: AnswerId<'a>,
                /// The time of the record.
                ts as time: Option<Timestamp>,
            }
            answer {
                /// The symbol of the record.
                symbol as symbol: Option<Symbol>,
                /// BUY or SELL for an intent, LONG or SHORT for a position.
                side as name: Option<AnswerSide>,
                /// The verdict of the answer.
                decision as verdict: Verdict,
                /// The skip reason, if the verdict is `SKIP`.
                reason as name: Option<SkipCode>,
                /// The evidence for the skip reason as text; for an exit, the parts of the intent that could not be
                /// used.
                detail as text: Option<Detail<'a>>,
                /// The leverage of a trade: notional divided by margin.
                leverage as number: Option<f64>,
                /// The source of the leverage.
                leverage_source as source: Option<Source>,
                /// The leverage that the intent requested, if any.
                leverage_requested as number: Option<f64>,
                /// The size of a trade, in USD.
                size_usd as number: Option<f64>,
                /// The kind of the size: `notional` or `margin`.
                size_basis as name: Option<&'static str>,
                /// The source of the size.
                size_source as source: Option<Source>,
                /// The notional of a trade, in USD.
                notional_usd as number: Option<f64>,
                /// The last time at which a trade may be executed: the expiry of its policy, or the time of
                /// the decision plus the guardrail `max_plan_age_sec` if that is earlier.
                not_after as time: Option<Timestamp>,
                /// The quantity in units of the symbol, if known. For a trade, the quantity of the
                /// intent or, if it has none, the notional divided by its price. For an exit, the
                /// quantity that the intent states.
                quantity as number: Option<f64>,
                /// The part of the position that an exit closes, in (0, 1], if the intent states no quantity.
                quantity_fraction as number: Option<f64>,
                /// The side of the position that an exit closes, if the intent states it.
                position_leg as name: Option<PositionSide>,
                /// The price at which the order of a resting exit is sent.
                trigger_price as number: Option<f64>,
                /// The rule by which an exit passed.
                exit_rule as name: Option<ExitRule>,
                /// The harvest action for a position.
                harvest_action as name: Option<HarvestAction>,
                /// The quantity that a harvest closes, in units of the symbol, if the quantity of the position is
                /// known.
                close_quantity as number: Option<f64>,
                /// The part of the current quantity that a harvest closes, in (0, 1].
                close_fraction as number: Option<f64>,
                /// The proposed stop, in USD per unit.
                stop_proposed as number: Option<f64>,
                /// The source of the stop distance with which R was computed.
                stop_source as source: Option<Source>,
                /// R_net: the profit after costs, in R multiples.
                r_net as number: Option<f64>,
                /// The risk of one unit at entry, in USD.
                risk_unit as number: Option<f64>,
                /// The costs of one unit, in USD.
                cost as number: Option<f64>,
                /// The kill score K, in \[0.5, 1\].
                kill_score as number: Option<f64>,
                /// The regime-flip component of K before its weight: 1 if the regime flipped, else 0.
                k_regime_flip as number: Option<f64>,
                /// The volatility component of K before its weight: the relative excess of the
                /// volatility over `sigma_ref`.
                k_sigma_spike as number: Option<f64>,
                /// The trend strength component of K before its weight: the shortfall of the trend strength
                /// below `ts_ref`.
                k_ts_drop as number: Option<f64>,
                /// The age component of K before its weight: the age of the position as a share of `max_age_sec`.
                k_age_penalty as number: Option<f64>,
                /// The reasons for the harvest action, and the parts that were unavailable.
                harvest_reasons as names: Option<HarvestReasons>,
                /// The version of the active policy, or of the policy in the record.
                policy_version as text: Option<&'a str>,
                /// The hash of the policy that `policy_version` names.
                policy_hash as hash: Option<PolicyHash>,
            }
        }
    };
}

macro_rules! define {
    ($($group:ident {
        $($(#[$doc:meta])* $name:ident as $kind:ident: $type:ty,)*
    })*) => {
        /// One answer. Absent fields are omitted from its JSON. In JSON, timestamps are epoch
        /// milliseconds, rounded down, and amounts are in USD. Numbers are written so that a reader
        /// gets the same bits.
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub struct Answer<'a> {
            $($($(#[$doc])* pub $name: $type,)*)*
        }

        impl Answer<'_> {
            /// Creates an answer with a verdict and no other field.
            #[must_use]
            #[inline]
            pub const fn new(decision: Verdict) -> Self {
                Self {
                    $($($name: bare!($kind, decision),)*)*
                }
            }
        }
    };
}

macro_rules! bare {
    (count, $decision:ident) => {
        0
    };
    (id, $decision:ident) => {
        AnswerId::Number(0)
    };
    (verdict, $decision:ident) => {
        $decision
    };
    ($optional:ident, $decision:ident) => {
        None
    };
}

answer_columns!(define);
