//! Intents whose fields need no interpretation.

use super::{Intent, IntentBuilder};
use crate::types::{Side, Symbol, Timestamp};

/// The fields of an entry that a caller has as numbers and names, such as the arguments of a function.
///
/// The intent is that of an [`IntentBuilder`] with the same fields, and is built faster, because the builder is not moved
/// for each field.
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
    use super::*;

    #[test]
    fn a_plain_intent_is_that_of_the_builder() {
        let at = Timestamp::from_millis(1_767_607_200_000).unwrap();
        for number in [5.0, 0.0, -1.0, f64::NAN, f64::INFINITY] {
            for side in [None, Some(Side::Buy), Some(Side::Sell)] {
                for symbol in ["BTCUSDT", "btcusdt", ""] {
                    let mut builder = IntentBuilder::new(symbol)
                        .with_source("momentum")
                        .with_id("a")
                        .with_emitted_at(at)
                        .with_leverage(number)
                        .with_notional_usd(number)
                        .with_margin_usd(number)
                        .with_quantity(number)
                        .with_price(number)
                        .with_entry_price(number)
                        .with_stop_loss(number)
                        .with_take_profit(number);
                    if let Some(side) = side {
                        builder = builder.with_side(side);
                    }
                    let mut plain = PlainIntent::new(symbol);
                    (plain.side, plain.source, plain.id) = (side, Some("momentum"), Some("a"));
                    plain.emitted_at = Some(at);
                    for to in [
                        &mut plain.leverage,
                        &mut plain.notional_usd,
                        &mut plain.margin_usd,
                        &mut plain.quantity,
                        &mut plain.price,
                        &mut plain.entry_price,
                        &mut plain.stop_loss,
                        &mut plain.take_profit,
                    ] {
                        *to = Some(number);
                    }
                    assert_eq!(
                        format!("{:?}", plain.build()),
                        format!("{:?}", builder.build())
                    );
                }
            }
        }
    }
}
