//! The names of fields: other spellings of the fields that are read, and names of fields that could change an order but
//! are not read.

use super::vocabulary::next_token;

/// The meaning of a field, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Term {
    Symbol,
    Action,
    Side,
    Direction,
    /// A Boolean: true is BUY, false is SELL.
    IsBuy,
    /// A Boolean: true is SHORT, false is LONG.
    IsShort,
    /// A text of which only the closing and opening words are read.
    Kind,
    /// A flag: true means that the order closes.
    ReduceOnly,
    /// A flag: true closes the whole position.
    ClosePosition,
    /// A flag: true makes the order a closing one with a trigger.
    CloseOnTrigger,
    /// `close`: a flag if it is true, otherwise a price of a candle.
    Close,
    /// OPEN or CLOSE.
    PositionEffect,
    /// OPEN, CLOSE, or the side of the order. With CLOSE, `side` is the position side.
    TradeSide,
    PositionSide,
    /// 0: nothing, 1: LONG, 2: SHORT.
    PositionIndex,
    /// The type of the order.
    OrderType,
    /// The price at which a resting order is sent.
    Trigger,
    /// An object with the trigger of the order.
    TriggerObject,
    Leverage,
    Quantity,
    Price,
    EntryPrice,
    Margin,
    Size,
    Notional,
    StopLoss,
    TakeProfit,
    /// A share of the position in (0, 1].
    Fraction,
    /// A share of the position in percent.
    Percent,
    /// The mode of the margin: cross or isolated; `cash` is a spot order.
    MarginMode,
    /// The currency of the quantity.
    QuantityCurrency,
    /// An object whose fields count as fields of the intent.
    Nested,
    /// A field that would change the order and is not read. The guardrails cannot ignore it.
    Listed(Class),
    /// A field that could change the order, recognised only by the last token of its name.
    Suspected(Class),
}

/// The effect that a field which is not read could have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// The field could change how much is traded.
    Amount,
    /// The field could change the unit of a quantity that is read.
    Unit,
    /// The field could close a position. It counts only if its value is true or an object.
    Effect,
    /// The field could change the order in another way.
    Other,
}

/// A spelling without `_` and `-`, in lower case; the name as it is reported; its meaning.
type Spelling = (&'static str, &'static str, Term);

const LISTED: Term = Term::Listed(Class::Other);
const AMOUNT: Term = Term::Listed(Class::Amount);
const UNIT: Term = Term::Listed(Class::Unit);
const EFFECT: Term = Term::Listed(Class::Effect);

/// All spellings, sorted. [`RecordFields`](super::RecordFields) finds the exact names of its own fields first.
const SPELLINGS: &[Spelling] = &[
    ("action", "action", Term::Action),
    ("activationprice", "activationPrice", LISTED),
    ("amount", "amount", AMOUNT),
    ("autosize", "auto_size", Term::Kind),
    ("b", "b", Term::IsBuy),
    ("basesize", "base_size", AMOUNT),
    ("callbackrate", "callbackRate", LISTED),
    ("callbackratio", "callbackRatio", LISTED),
    ("close", "close", Term::Close),
    ("closefraction", "close_fraction", Term::Fraction),
    ("closeontrigger", "closeOnTrigger", Term::CloseOnTrigger),
    ("closepct", "close_pct", Term::Percent),
    ("closepercent", "close_percent", Term::Percent),
    ("closepercentage", "close_percentage", Term::Percent),
    ("closeposition", "closePosition", Term::ClosePosition),
    ("contracts", "contracts", AMOUNT),
    ("contractsize", "contract_size", UNIT),
    ("cover", "cover", EFFECT),
    ("direction", "direction", Term::Direction),
    ("entryprice", "entry_price", Term::EntryPrice),
    ("exit", "exit", EFFECT),
    ("exitlong", "exit_long", LISTED),
    ("exitshort", "exit_short", LISTED),
    ("flatten", "flatten", EFFECT),
    ("fraction", "fraction", Term::Fraction),
    ("holdside", "holdSide", Term::PositionSide),
    ("intenttype", "intent_type", Term::Kind),
    ("inverse", "inverse", UNIT),
    ("isbuy", "is_buy", Term::IsBuy),
    ("isclose", "is_close", EFFECT),
    ("isexit", "is_exit", EFFECT),
    ("isshort", "is_short", Term::IsShort),
    ("lev", "lev", LISTED),
    ("lever", "lever", LISTED),
    ("leverage", "leverage", Term::Leverage),
    ("liquidate", "liquidate", EFFECT),
    ("notional", "notional", AMOUNT),
    ("notionalusd", "notional_usd", AMOUNT),
    ("offset", "offset", Term::PositionEffect),
    ("order", "order", Term::Nested),
    ("orderaction", "order_action", Term::Kind),
    ("orderside", "order_side", Term::Side),
    ("ordertype", "order_type", Term::OrderType),
    ("ordtype", "ordType", Term::OrderType),
    ("params", "params", Term::Nested),
    ("pctclose", "pct_close", Term::Percent),
    ("percent", "percent", Term::Percent),
    ("percentage", "percentage", Term::Percent),
    ("positionaction", "position_action", Term::PositionEffect),
    ("positioneffect", "positionEffect", Term::PositionEffect),
    ("positionidx", "positionIdx", Term::PositionIndex),
    ("positionside", "position_side", Term::PositionSide),
    ("positionsizeusd", "position_size_usd", Term::Notional),
    ("positionusd", "position_usd", Term::Margin),
    ("posside", "posSide", Term::PositionSide),
    ("price", "price", Term::Price),
    ("qty", "qty", Term::Quantity),
    ("qtyfraction", "qty_fraction", Term::Fraction),
    ("qtypct", "qty_pct", Term::Percent),
    ("qtypercent", "qty_percent", Term::Percent),
    ("quantity", "quantity", Term::Quantity),
    ("quantityfraction", "quantity_fraction", Term::Fraction),
    ("quantitypct", "quantity_pct", Term::Percent),
    ("quantitypercent", "quantity_percent", Term::Percent),
    ("quoteorderqty", "quoteOrderQty", AMOUNT),
    ("quoteqty", "quote_qty", AMOUNT),
    ("quotesize", "quote_size", AMOUNT),
    ("r", "r", Term::ReduceOnly),
    ("reduceonly", "reduceOnly", Term::ReduceOnly),
    ("side", "side", Term::Side),
    ("signal", "signal", Term::Kind),
    ("signaltype", "signal_type", Term::Kind),
    ("size", "size", Term::Size),
    ("sl", "sl", Term::StopLoss),
    ("slpct", "sl_pct", LISTED),
    ("slprice", "sl_price", Term::StopLoss),
    ("sltriggerpx", "slTriggerPx", LISTED),
    ("stakeamount", "stake_amount", Term::Margin),
    ("stoploss", "stop_loss", Term::StopLoss),
    ("stoplosspct", "stop_loss_pct", LISTED),
    ("stoplosspercent", "stop_loss_percent", LISTED),
    ("stoplossprice", "stopLossPrice", Term::Trigger),
    ("stopprice", "stopPrice", Term::Trigger),
    ("stoppx", "stopPx", Term::Trigger),
    ("symbol", "symbol", Term::Symbol),
    ("sz", "sz", AMOUNT),
    ("t", "t", Term::TriggerObject),
    ("takeprofit", "take_profit", Term::TakeProfit),
    ("takeprofitpct", "take_profit_pct", LISTED),
    ("takeprofitpercent", "take_profit_percent", LISTED),
    ("takeprofitprice", "takeProfitPrice", Term::Trigger),
    ("tdmode", "tdMode", Term::MarginMode),
    ("tgtccy", "tgtCcy", Term::QuantityCurrency),
    ("tp", "tp", Term::TakeProfit),
    ("tppct", "tp_pct", LISTED),
    ("tpprice", "tp_price", Term::TakeProfit),
    ("tptriggerpx", "tpTriggerPx", LISTED),
    ("tradeside", "tradeSide", Term::TradeSide),
    ("tradetype", "trade_type", Term::Kind),
    ("trailingdelta", "trailingDelta", LISTED),
    ("trailingpct", "trailing_pct", LISTED),
    ("trailingpercent", "trailing_percent", LISTED),
    ("trailingstop", "trailing_stop", LISTED),
    ("trailingstoppct", "trailing_stop_pct", LISTED),
    ("trigger", "trigger", Term::Trigger),
    ("triggerprice", "triggerPrice", Term::Trigger),
    ("triggerpx", "triggerPx", Term::Trigger),
    ("type", "type", Term::OrderType),
    ("unwind", "unwind", EFFECT),
    ("volume", "volume", AMOUNT),
];

/// The last tokens of names that are suspected to change an order.
const LAST_TOKENS: &[(&str, Class)] = &[
    ("reduce", Class::Other),
    ("close", Class::Effect),
    ("exit", Class::Effect),
    ("stop", Class::Other),
    ("tp", Class::Other),
    ("sl", Class::Other),
    ("leverage", Class::Other),
    ("size", Class::Amount),
    ("quantity", Class::Amount),
    ("qty", Class::Amount),
    ("amount", Class::Amount),
    ("notional", Class::Amount),
    ("margin", Class::Amount),
    ("contracts", Class::Amount),
    ("inverse", Class::Unit),
    ("leg", Class::Other),
    ("expiry", Class::Other),
];

/// Tokens of units, which are not counted as the last token of a name.
const UNITS: &[&str] = &["usd", "usdt", "pct", "price"];

/// Tokens of names that describe something and do not state an order.
const DESCRIPTIVE: &[&str] = &[
    "reason",
    "type",
    "mode",
    "bucket",
    "precision",
    "min",
    "max",
    "step",
    "tick",
    "batch",
    "window",
    "sample",
    "score",
    "prob",
    "confidence",
    "id",
    "name",
    "version",
    "model",
    "features",
    "info",
    // The tokens of `profit_margin` and `prev_close`, whose last tokens are suspected.
    "profit",
    "prev",
];

/// The longest spelling in bytes, without `_` and `-`.
const SPELLING_BYTES_MAX: usize = 24;

/// A name without `_` and `-`, in lower case.
pub(super) struct PlainName {
    buffer: [u8; SPELLING_BYTES_MAX],
    length: usize,
}

impl PlainName {
    /// Converts a name; `None` if it is longer than every spelling.
    pub(super) fn of(name: &str) -> Option<Self> {
        let mut plain = Self {
            buffer: [0; SPELLING_BYTES_MAX],
            length: 0,
        };
        for byte in name.bytes().filter(|byte| !matches!(byte, b'_' | b'-')) {
            *plain.buffer.get_mut(plain.length)? = byte.to_ascii_lowercase();
            plain.length += 1;
        }
        Some(plain)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }
}

impl Term {
    /// Returns the meaning of a name and the name under which it is reported, or `None` if the name cannot change an
    /// order. Case, `_` and `-` do not matter.
    pub(super) fn of(name: &str) -> Option<(Self, Option<&'static str>)> {
        let plain = PlainName::of(name);
        let spelled = plain.as_ref().map(PlainName::as_bytes).unwrap_or_default();
        match SPELLINGS.binary_search_by(|(spelling, ..)| spelling.as_bytes().cmp(spelled)) {
            Ok(index) => SPELLINGS
                .get(index)
                .map(|(_, name, term)| (*term, Some(*name))),
            Err(_) => Self::suspected(name),
        }
    }

    fn suspected(name: &str) -> Option<(Self, Option<&'static str>)> {
        let is = |token: &str, word: &&str| word.eq_ignore_ascii_case(token);
        let mut last = None;
        let mut rest = name;
        while let Some((token, tail)) = next_token(rest) {
            if DESCRIPTIVE.iter().any(|word| is(token, word)) {
                return None;
            }
            if last.is_none() || !UNITS.iter().any(|word| is(token, word)) {
                last = Some(token);
            }
            rest = tail;
        }
        let last = last?;
        let (_, class) = LAST_TOKENS.iter().find(|(word, _)| is(last, word))?;
        Some((Self::Suspected(*class), None))
    }
}

/// Returns true if a field of this name is read, or is known to change an order.
pub(crate) fn is_listed_field(name: &str) -> bool {
    matches!(Term::of(name), Some((_, Some(_))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_are_sorted_and_fit_the_buffer() {
        assert!(SPELLINGS.is_sorted_by(|one, other| one.0 < other.0));
        for (spelling, name, term) in SPELLINGS {
            assert!(spelling.len() <= SPELLING_BYTES_MAX, "{spelling}");
            assert_eq!(Term::of(name), Some((*term, Some(*name))), "{name}");
        }
    }

    /// Names that occur in feeds and do not state an order.
    const HARMLESS: &[&str] = &[
        "stop_reason",
        "early_stopping",
        "prev_close",
        "close_time",
        "leverage_mode",
        "leverage_bracket",
        "margin_type",
        "profit_margin",
        "marginal_prob",
        "size_bucket",
        "confidence_size",
        "batch_size",
        "tick_size",
        "min_notional",
        "quantity_precision",
        "contract_type",
        "volatility_contraction",
        "inverse_vol_weight",
        "is_valid",
        "validation_score",
        "reduced_features",
        "synthesized",
        "atr_value",
        "volatility_factor",
        "exchange_divergence",
        "funding_rate",
        "R_net",
        "pnl_usd",
    ];

    /// Writes the tokens of a name in one of the usual styles.
    fn styled(name: &str, style: u8) -> String {
        let tokens: Vec<&str> = name.split('_').collect();
        let title = |token: &str| {
            let (first, rest) = token.split_at(1);
            first.to_uppercase() + rest
        };
        match style {
            0 => name.to_owned(),
            1 => tokens.join("-"),
            2 => name.to_uppercase(),
            3 => tokens
                .iter()
                .map(|token| title(token))
                .collect::<Vec<_>>()
                .join("_"),
            _ => {
                let (first, rest) = tokens.split_first().unwrap();
                (*first).to_owned() + &rest.iter().map(|token| title(token)).collect::<String>()
            }
        }
    }

    proptest! {
        #[test]
        fn harmless_names_are_ignored_in_every_style(
            name in proptest::sample::select(HARMLESS),
            style in 0..5_u8,
        ) {
            prop_assert_eq!(Term::of(&styled(name, style)), None);
        }

        #[test]
        fn the_last_token_is_suspected_in_every_style(
            first in proptest::sample::select(&["requested", "my", "order2", "target", "hedge"][..]),
            last in proptest::sample::select(LAST_TOKENS),
            unit in proptest::sample::select(&["", "_usd", "_pct", "_price"][..]),
            style in 0..5_u8,
        ) {
            let name = format!("{first}_{}{unit}", last.0);
            prop_assert_eq!(Term::of(&styled(&name, style)), Some((Term::Suspected(last.1), None)));
            prop_assert_eq!(Term::of(&styled(&format!("max_{name}"), style)), None);
        }

        #[test]
        fn case_and_separators_do_not_matter(
            spelling in proptest::sample::select(SPELLINGS),
            upper in any::<u32>(),
            at in 0..8_usize,
        ) {
            let mut name: String = spelling.0.char_indices().map(|(index, letter)| {
                if upper >> (index % 32) & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
            }).collect();
            if at < name.len() {
                name.insert(at, if upper & 1 == 1 { '_' } else { '-' });
            }
            prop_assert_eq!(Term::of(&name), Some((spelling.2, Some(spelling.1))));
        }
    }
}
