//! The quantity, side and action of an order.

use portcullis::{
    decide::Trade,
    exit::ExitPermit,
    intent::ExitQuantity,
    types::{PositionSide, Quantity, Side, SignedDuration, Timestamp},
};

use super::account::{Account, HeldPosition, Mark};
use crate::{keys, profile::PlanFormat};

/// The parts of an order that some decisions do not contain.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::bridge) struct Order {
    pub(super) side: Side,
    pub(super) quantity: Quantity,
    /// The field or the product from which the quantity comes.
    pub(super) quantity_source: String,
    pub(super) action: &'static str,
    /// The last time at which the plan may be written, if its quantity depends on a mark price.
    pub(in crate::bridge) until: Option<Timestamp>,
}

/// The result of the sizing of an order.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::bridge) enum Sizing {
    Order(Order),
    /// The position and the mark price of the symbol must be read from the server first.
    Unread,
    /// The executor cannot carry out the answer. The text contains the reason and the remedy.
    Refused(String),
}

/// The bounds of the time of a mark price.
#[derive(Debug, Clone, Copy)]
pub(in crate::bridge) struct MarkBounds {
    pub(in crate::bridge) age_max: SignedDuration,
    /// The longest time by which a mark price may be ahead of the clock.
    pub(in crate::bridge) ahead_max: SignedDuration,
}

impl MarkBounds {
    /// Returns the reason why a mark price with this time cannot be used, if it is too old or too far ahead of the
    /// clock.
    fn fault(self, at: Timestamp, source: &str, now: Timestamp) -> Option<String> {
        let (age, ahead) = (now.since(at), at.since(now));
        if age > self.age_max {
            let max = self.age_max;
            return Some(format!(
                "`{source}` is {age} old; at most {max} is allowed (`--mark-max-age`)"
            ));
        }
        (ahead > self.ahead_max)
            .then(|| format!("the time of `{source}` is ahead of the clock by {ahead}"))
    }
}

/// Returns the order of a trade. A trade without a quantity gets one from its notional and the mark price.
pub(in crate::bridge) fn of_trade(
    trade: &Trade<'_>,
    account: &Account,
    format: &PlanFormat,
    bounds: MarkBounds,
    now: Timestamp,
) -> Sizing {
    let order = |quantity, quantity_source, until| {
        Sizing::Order(Order {
            side: trade.side(),
            quantity,
            quantity_source,
            action: format.entry_action,
            until,
        })
    };
    if let Some(quantity) = trade.quantity() {
        return order(
            rounded(quantity.value()),
            quantity.source().to_string(),
            None,
        );
    }
    let Some(account) = account.of(trade.symbol()) else {
        return Sizing::Unread;
    };
    let refused = |why: String| {
        Sizing::Refused(format!(
            "the executor needs a quantity, the intent has neither a quantity nor a price, and {why}; send \
             `entry_price`"
        ))
    };
    match &account.mark {
        Mark::Absent => refused(format!("there is no mark price of {}", trade.symbol())),
        Mark::Unreadable(why) => refused(format!("the mark price is unreadable: {why}")),
        Mark::At { price, at, source } => {
            match (bounds.fault(*at, source, now), trade.quantity_at(*price)) {
                (Some(why), _) => refused(why),
                (None, Some(quantity)) => order(
                    rounded(quantity),
                    format!("notional/{source}"),
                    Some(at.saturating_add(bounds.age_max)),
                ),
                (None, None) => refused(format!(
                    "the notional divided by `{source}` is not a valid quantity"
                )),
            }
        }
    }
}

/// Returns the order of an exit. A quantity in units or a side that the exit does not have is taken from the position.
/// `word` is the action that the intent names.
pub(in crate::bridge) fn of_exit(
    permit: &ExitPermit<'_>,
    word: Option<&str>,
    account: &Account,
    format: &PlanFormat,
) -> Sizing {
    if let Some(trigger) = permit.trigger() {
        return Sizing::Refused(format!(
            "the executor has no field for the trigger {} of a resting exit, and an immediate close is not the same \
             order; send the exit when the trigger is reached",
            trigger.value()
        ));
    }
    if let Some(fault) = permit.quantity().fault() {
        return Sizing::Refused(format!("{fault}; send `quantity` in units, or a share"));
    }
    let Some(account) = account.of(permit.symbol()) else {
        return Sizing::Unread;
    };
    let key = keys::of_symbol(format.positions, permit.symbol());
    let held = match &account.position {
        HeldPosition::Open(side, quantity) => Ok((*side, *quantity)),
        HeldPosition::Flat => Err(format!("`{key}` has no open position")),
        HeldPosition::Unreadable(why) => Err(format!("`{key}` is unreadable: {why}")),
    };
    let (quantity, quantity_source) = match of_exit_quantity(permit, held.as_ref()) {
        Ok(found) => found,
        Err(why) => return Sizing::Refused(why),
    };
    let side = match (permit.side(), &held) {
        (Some(side), _) => side,
        (None, Ok((held, _))) => closing(*held),
        (None, Err(why)) => {
            return Sizing::Refused(format!(
                "the executor needs a side, the exit has none, and {why}; send `side`"
            ));
        }
    };
    let share = held.map_or(1.0, |(_, held)| quantity.get() / held.get());
    let named = word.and_then(|word| format.named_partial_action(word));
    Sizing::Order(Order {
        side,
        quantity,
        quantity_source,
        action: named.unwrap_or_else(|| format.action_of_share(share)),
        until: None,
    })
}

/// Returns the quantity of an exit and its source, or the reason why it is unknown.
fn of_exit_quantity(
    permit: &ExitPermit<'_>,
    held: Result<&(PositionSide, Quantity), &String>,
) -> Result<(Quantity, String), String> {
    let of_position = || match held {
        Ok((side, quantity)) => match permit.position_side() {
            Some(stated) if stated != *side => Err(format!(
                "the exit closes a {stated} position, but the position of {} is {side}, so the quantity to close is \
                 unknown; send `quantity`",
                permit.symbol()
            )),
            Some(_) | None => Ok(*quantity),
        },
        Err(why) => Err(format!(
            "the executor needs a quantity, the exit has none, and {why}; send `quantity`"
        )),
    };
    match permit.quantity() {
        ExitQuantity::Stated(quantity) => {
            Ok((rounded(quantity.value()), quantity.source().to_string()))
        }
        ExitQuantity::Fraction(share) if share.value().get() < 1.0 => {
            let held = of_position()?;
            let part = Quantity::new(held.get() * share.value().get());
            let part =
                part.map_err(|_| "the share of the position is not a quantity".to_owned())?;
            let source = format!("position:quantity*{}", share.source());
            Ok((rounded(part), source))
        }
        ExitQuantity::Fraction(_) | ExitQuantity::NotStated => {
            Ok((of_position()?, "position:quantity".to_owned()))
        }
        ExitQuantity::Unreadable | ExitQuantity::UsdSizeOnly => {
            Err("the quantity to close is unknown".to_owned())
        }
    }
}

/// Returns the side of an order that closes a position.
const fn closing(side: PositionSide) -> Side {
    match side {
        PositionSide::Long => Side::Sell,
        PositionSide::Short => Side::Buy,
    }
}

/// Removes the floating-point error of a product or a quotient: returns the nearest number with 15 significant digits.
fn rounded(quantity: Quantity) -> Quantity {
    let text = format!("{:.14e}", quantity.get());
    let rounded = text
        .parse()
        .ok()
        .and_then(|number| Quantity::new(number).ok());
    rounded.unwrap_or(quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_has_no_noise_and_never_becomes_zero() {
        for (number, expected) in [
            (0.1 * 3.0, 0.3),
            (250.0 / 50_000.0, 0.005),
            (1.0 / 3.0, 0.333_333_333_333_333),
            (123_456_789.123_456_78, 123_456_789.123_457),
            (5e-324, 5e-324),
            (f64::MAX, f64::MAX),
        ] {
            let found = rounded(Quantity::new(number).unwrap()).get();
            assert!((found - expected).abs() <= 0.0, "{number} {found}");
        }
    }

    #[test]
    fn a_mark_is_used_up_to_its_largest_age_and_lead() {
        let micros = SignedDuration::from_micros;
        let bounds = MarkBounds {
            age_max: micros(5_000_000),
            ahead_max: micros(2_000_000),
        };
        let at = Timestamp::from_millis(1_767_571_200_000).unwrap();
        let fault = |later| bounds.fault(at, "mark", at.saturating_add(micros(later)));
        for later in [-2_000_000, 0, 5_000_000] {
            assert_eq!(fault(later), None, "{later}");
        }
        let old = fault(5_000_001).unwrap();
        assert!(old.starts_with("`mark` is "), "{old}");
        let ahead = fault(-2_000_001).unwrap();
        assert!(ahead.starts_with("the time of `mark` is ahead"), "{ahead}");
    }
}
