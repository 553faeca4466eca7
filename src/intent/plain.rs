//! Intents whose fields need no interpretation.

use super::{
    Entry, Intent, IntentBuilder, Request, SizeField,
    request::RequestedSize,
    time::{Times, is_plausible},
};
use crate::types::{Notional, Side, Symbol, Timestamp};

/// The fields of an entry that a caller has as numbers and names, such as the arguments of a function.
///
/// The intent is that of an [`IntentBuilder`] with the same fields, and is built faster.
///
/// ```
/// use portcullis::{IntentBuilder, Side, intent::PlainIntent};
///
/// let mut plain = PlainIntent::new("BTCUSDT");
/// plain.side = Some(Side::Buy);
/// plain.notional_usd = Some(250.0);
///
/// let intent = plain.build();
/// let same = IntentBuilder::new("BTCUSDT").with_side(Side::Buy).with_notional_usd(250.0).build();
/// assert_eq!(intent.symbol(), same.symbol());
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct PlainIntent<'a> {
    /// The symbol.
    pub symbol: &'a str,
    /// The side of the order.
    pub side: Option<Side>,
    /// The name of the service that sends the intent.
    pub source: Option<&'a str>,
    /// The id of the intent.
    pub id: Option<&'a str>,
    /// The time of sending.
    pub emitted_at: Option<Timestamp>,
    /// The requested leverage.
    pub leverage: Option<f64>,
    /// The size as a notional in USD.
    pub notional_usd: Option<f64>,
    /// The size as a margin in USD; requires a leverage.
    pub margin_usd: Option<f64>,
    /// The size in units of the symbol; requires a price.
    pub quantity: Option<f64>,
    /// The limit price in USD per unit.
    pub price: Option<f64>,
    /// The entry price in USD per unit.
    pub entry_price: Option<f64>,
    /// The stop-loss price in USD per unit.
    pub stop_loss: Option<f64>,
    /// The take-profit price in USD per unit. 0 means that there is none.
    pub take_profit: Option<f64>,
}

impl<'a> PlainIntent<'a> {
    /// Creates the fields of an intent in one symbol.
    #[must_use]
    pub const fn new(symbol: &'a str) -> Self {
        Self {
            symbol,
            side: None,
            source: None,
            id: None,
            emitted_at: None,
            leverage: None,
            notional_usd: None,
            margin_usd: None,
            quantity: None,
            price: None,
            entry_price: None,
            stop_loss: None,
            take_profit: None,
        }
    }

    /// Checks all fields and builds the intent.
    #[must_use]
    pub fn build(&self) -> Intent<'a> {
        self.sized_in_usd()
            .unwrap_or_else(|| self.build_with_builder())
    }

    /// Builds the intent of an entry whose only amounts are a notional and a leverage, which most intents are. Returns
    /// `None` if a field needs more checks.
    #[inline]
    fn sized_in_usd(&self) -> Option<Intent<'a>> {
        let others = [
            self.margin_usd,
            self.quantity,
            self.price,
            self.entry_price,
            self.stop_loss,
            self.take_profit,
        ];
        let is_timed = self.emitted_at.is_none_or(is_plausible);
        (is_timed && others.iter().all(Option::is_none)).then_some(())?;
        let notional = Notional::new(self.notional_usd?).ok()?;
        Some(Intent {
            id: self.id.map(Into::into),
            source: Ok(self.source.map(Into::into)),
            times: self.emitted_at.map_or(Times::UNKNOWN, Times::sent_at),
            rare: None,
            request: Ok(Request::Entry(Entry {
                symbol: Symbol::new(self.symbol).ok()?,
                side: self.side?,
                size: RequestedSize::notional(notional, SizeField::PositionSizeUsd),
                leverage: self.leverage,
                quantity: None,
                quantity_field: None,
                price: None,
                entry_price: None,
                stop_loss: None,
                take_profit: None,
            })),
        })
    }

    fn build_with_builder(&self) -> Intent<'a> {
        let mut builder = IntentBuilder::blank();
        builder.symbol = Symbol::new(self.symbol)
            .map(Some)
            .map_err(|_| crate::json::Unreadable);
        builder.id = self.id.map(Into::into);
        builder.source = Ok(self.source.map(Into::into));
        if let Some(side) = self.side {
            builder.direction.add_side(side, "side");
        }
        if let Some(at) = self.emitted_at {
            builder.set_emitted_at(at);
        }
        let amounts = &mut builder.amounts;
        for (number, stated, field) in [
            (self.leverage, &mut amounts.leverage, "leverage"),
            (
                self.notional_usd,
                &mut amounts.notional,
                "position_size_usd",
            ),
            (self.margin_usd, &mut amounts.margin, "position_usd"),
            (self.quantity, &mut amounts.quantity, "quantity"),
            (self.price, &mut amounts.price, "price"),
            (self.entry_price, &mut amounts.entry_price, "entry_price"),
            (self.stop_loss, &mut builder.stop_loss, "stop_loss"),
            (
                self.take_profit.filter(|price| *price != 0.0),
                &mut builder.take_profit,
                "take_profit",
            ),
        ] {
            if let Some(number) = number {
                stated.add(number, field);
            }
        }
        builder.finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::*, sample::select};

    use super::*;

    /// Numbers that are absent, usable or unusable.
    fn number() -> impl Strategy<Value = Option<f64>> {
        let numbers = [
            5.0,
            250.0,
            0.0,
            -0.0,
            -1.0,
            f64::NAN,
            f64::INFINITY,
            f64::MIN_POSITIVE,
        ];
        option::of(select(numbers.to_vec()))
    }

    fn intent() -> impl Strategy<Value = PlainIntent<'static>> {
        let names = (
            select(vec!["BTCUSDT", "btcusdt", "", "A B"]),
            option::weighted(0.8, select(vec![Side::Buy, Side::Sell])),
            option::of(select(vec!["momentum", ""])),
            option::of(select(vec!["a", ""])),
            option::of(select(vec![0_i64, 1_767_607_200_000, 4_102_444_800_001])),
        );
        let amounts = (
            number(),
            number(),
            option::weighted(0.3, [(); 6].map(|()| number())),
        );
        (names, amounts).prop_map(
            |((symbol, side, source, id, at), (leverage, notional_usd, others))| {
                let [
                    margin_usd,
                    quantity,
                    price,
                    entry_price,
                    stop_loss,
                    take_profit,
                ] = others.unwrap_or_default();
                let emitted_at = at.map(|at| Timestamp::from_millis(at).unwrap());
                PlainIntent {
                    symbol,
                    side,
                    source,
                    id,
                    emitted_at,
                    leverage,
                    notional_usd,
                    margin_usd,
                    quantity,
                    price,
                    entry_price,
                    stop_loss,
                    take_profit,
                }
            },
        )
    }

    fn with_builder(plain: &PlainIntent<'static>) -> Intent<'static> {
        let mut builder = IntentBuilder::new(plain.symbol);
        if let Some(side) = plain.side {
            builder = builder.with_side(side);
        }
        if let Some(source) = plain.source {
            builder = builder.with_source(source);
        }
        if let Some(id) = plain.id {
            builder = builder.with_id(id);
        }
        if let Some(at) = plain.emitted_at {
            builder = builder.with_emitted_at(at);
        }
        type Set = fn(IntentBuilder<'static>, f64) -> IntentBuilder<'static>;
        let amounts: [(Option<f64>, Set); 8] = [
            (plain.leverage, IntentBuilder::with_leverage),
            (plain.notional_usd, IntentBuilder::with_notional_usd),
            (plain.margin_usd, IntentBuilder::with_margin_usd),
            (plain.quantity, IntentBuilder::with_quantity),
            (plain.price, IntentBuilder::with_price),
            (plain.entry_price, IntentBuilder::with_entry_price),
            (plain.stop_loss, IntentBuilder::with_stop_loss),
            (plain.take_profit, IntentBuilder::with_take_profit),
        ];
        for (number, set) in amounts {
            if let Some(number) = number {
                builder = set(builder, number);
            }
        }
        builder.build()
    }

    proptest! {
        #[test]
        fn a_plain_intent_is_that_of_the_builder(plain in intent()) {
            prop_assert_eq!(format!("{:?}", plain.build()), format!("{:?}", with_builder(&plain)));
        }
    }
}
