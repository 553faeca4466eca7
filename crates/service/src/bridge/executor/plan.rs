//! Fields of a plan in the form of an executor.
//!
//! | field | meaning |
//! |---|---|
//! | `plan_id`, `decision`, `verdict`, `symbol`, `type`, `reduceOnly`, `leverage`, `stop_loss`, `take_profit`, `not_after`, … | as in every plan; prices have at least 8 decimals |
//! | `side` | the side of the order: `BUY` or `SELL` |
//! | `qty`, `qty_source` | quantity in units of the symbol, greater than 0, and its source |
//! | `action` | the action of an entry, of a full close or of a partial close |
//! | `source`, `signature` | the author of plans that the executor accepts |
//! | `intent_source` | the sender of the intent |
//! | `breakeven_price`, `atr_value`, `volatility_factor`, `confidence`, `regime` | entries: values of the intent, if it has them |

use portcullis::{
    decide::{Decision, Trade},
    exit::ExitPermit,
    types::Price,
};

use super::order::Order;
use crate::{
    bridge::plan::{About, Items, put_common, put_policy},
    profile::PlanFormat,
    stream::IntentFields,
};

/// Returns the fields of the plan for a trade or an exit; empty for a skip.
pub(in crate::bridge) fn plan(
    decision: &Decision<'_>,
    order: &Order,
    about: &About<'_>,
    intent: &IntentFields,
    format: &PlanFormat,
) -> Items {
    let mut items = Items::default();
    let source = match decision {
        Decision::Trade(trade) => {
            put_order(&mut items, "TRADE", trade.symbol(), order, about, format);
            items.put("reduceOnly", false);
            put_trade(&mut items, trade);
            put_forwarded(&mut items, intent, format);
            trade.intent().source()
        }
        Decision::Exit(permit) => {
            put_order(&mut items, "EXIT", permit.symbol(), order, about, format);
            items.put("reduceOnly", true);
            put_exit(&mut items, permit, about);
            Some(permit.source())
        }
        Decision::Skip(_) => return items,
    };
    items.put_some("intent_source", source);
    put_common(&mut items, Some(format.author), about);
    items
}

fn put_order(
    items: &mut Items,
    verdict: &str,
    symbol: portcullis::types::Symbol,
    order: &Order,
    about: &About<'_>,
    format: &PlanFormat,
) {
    items.put("plan_id", about.plan_id);
    items.put("decision", "EXECUTE");
    items.put("verdict", verdict);
    items.put("action", order.action);
    items.put("symbol", symbol);
    items.put("side", order.side);
    items.put("type", about.order_type.unwrap_or("MARKET"));
    items.put("qty", order.quantity.get());
    items.put("qty_source", &order.quantity_source);
    items.put("signature", format.author);
}

fn put_trade(items: &mut Items, trade: &Trade<'_>) {
    items.put("leverage", trade.leverage().value().get());
    items.put("leverage_source", trade.leverage().source());
    items.put("notional", trade.notional().value().get());
    items.put("margin", trade.margin().value().get());
    items.put("size_source", trade.size().source());
    for (name, price) in [
        ("stop_loss", trade.stop_loss()),
        ("take_profit", trade.take_profit()),
        ("entry_price", trade.entry_price()),
    ] {
        items.put_some(name, price.map(|price| decimals(price.value())));
    }
    put_policy(items, Some(trade.policy()));
    items.put("not_after", trade.not_after().value().as_millis());
    items.put("not_after_source", trade.not_after().source());
}

fn put_exit(items: &mut Items, permit: &ExitPermit<'_>, about: &About<'_>) {
    items.put_some("position_leg", permit.position_side());
    items.put("exit_rule", permit.rule().as_str());
    items.put_some("attempt", about.attempt);
}

fn put_forwarded(items: &mut Items, intent: &IntentFields, format: &PlanFormat) {
    for name in format.forwarded_numbers {
        items.put_some(name, intent.number(name));
    }
    for name in format.forwarded_texts {
        items.put_some(name, intent.text(name).filter(|text| !text.is_empty()));
    }
}

/// Returns a price with 8 decimals, or with as many as it needs if these are more.
fn decimals(price: Price) -> String {
    let text = format!("{:.8}", price.get());
    let is_exact = text
        .parse::<f64>()
        .is_ok_and(|read| read.total_cmp(&price.get()).is_eq());
    if is_exact {
        text
    } else {
        price.get().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_has_eight_decimals_and_is_never_rounded() {
        for (price, text) in [
            (50_000.0, "50000.00000000"),
            (0.000_001_05, "0.00000105"),
            (0.000_000_114, "0.000000114"),
            (1e-12, "0.000000000001"),
        ] {
            assert_eq!(decimals(Price::new(price).unwrap()), text);
        }
    }
}
