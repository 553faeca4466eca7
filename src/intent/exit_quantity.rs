//! The quantity of an exit: units, a share of the position, or both.

use super::{direction::Direction, request::ExitQuantity, stated::Stated, vocabulary::Share};
use crate::{
    provenance::{Source, Sourced},
    types::{Fraction, Quantity},
};

/// The fields of an exit that state a share of the position.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shares {
    /// In (0, 1].
    pub(super) fraction: Stated,
    /// In (0, 100].
    pub(super) percent: Stated,
}

/// The other statements of an exit about its quantity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    /// A size in USD is present.
    pub(super) usd: bool,
    /// `closePosition` is true.
    pub(super) closes_all: bool,
    /// A field that may state an amount is not supported.
    pub(super) unknown_amount: bool,
    /// A field that may change the unit of the quantity is not supported.
    pub(super) unknown_unit: bool,
}

/// The result of reading all shares.
enum Part {
    NotStated,
    /// A part of the position is to be closed, but the size of this part is not stated.
    Unstated,
    Unreadable,
    Stated(f64, &'static str),
}

/// Combines all statements about the quantity. An unreadable statement never means the whole position.
pub(super) fn read(
    quantity: &Stated,
    shares: &Shares,
    direction: &Direction,
    context: Context,
) -> ExitQuantity {
    let part = part(shares, direction);
    let conflict = quantity.conflict().is_some();
    let states_part = match part {
        Part::NotStated => false,
        Part::Stated(share, _) => share < 1.0,
        Part::Unstated | Part::Unreadable => true,
    };
    let contradicts_all = context.closes_all && (quantity.value().is_some() || states_part);
    if conflict || context.unknown_unit || contradicts_all {
        return ExitQuantity::Unreadable;
    }
    match (quantity.value(), part) {
        (_, Part::Unreadable) => ExitQuantity::Unreadable,
        (Some((units, field)), part) => {
            let (units, source) = match part {
                Part::Stated(share, share_field) if share < 1.0 => {
                    (units * share, product(field, share_field))
                }
                Part::Stated(..) | Part::NotStated | Part::Unstated | Part::Unreadable => {
                    (units, field)
                }
            };
            match Quantity::new(units) {
                Ok(units) => ExitQuantity::Stated(Sourced::new(units, Source::Intent(source))),
                Err(_) => ExitQuantity::Unreadable,
            }
        }
        (None, Part::Unstated) => ExitQuantity::Unreadable,
        (None, _) if context.unknown_amount => ExitQuantity::Unreadable,
        (None, Part::Stated(share, field)) => match Fraction::new(share) {
            Ok(share) => ExitQuantity::Fraction(Sourced::new(share, Source::Intent(field))),
            Err(_) => ExitQuantity::Unreadable,
        },
        (None, Part::NotStated) if context.usd && !context.closes_all => ExitQuantity::UsdSizeOnly,
        (None, Part::NotStated) => ExitQuantity::NotStated,
    }
}

/// Reads the share of the position. All statements must agree. A percentage of at most 1 may be a fraction, so it is
/// used only if another statement agrees with one of the two readings.
fn part(shares: &Shares, direction: &Direction) -> Part {
    if direction.shares_differ
        || shares.fraction.conflict().is_some()
        || shares.percent.conflict().is_some()
    {
        return Part::Unreadable;
    }
    let word = match direction.share {
        None => None,
        Some((Share::All, field)) => Some((1.0, field)),
        Some((Share::Percent(percent), field)) => match in_range(percent / 100.0) {
            Some(share) => Some((share, field)),
            None => return Part::Unreadable,
        },
        // Another field must state the size of the part.
        Some((Share::Unstated, _)) => {
            if shares.fraction.value().is_none() && shares.percent.value().is_none() {
                return Part::Unstated;
            }
            None
        }
    };
    let fraction = match shares.fraction.value() {
        None => None,
        Some((fraction, field)) => match in_range(fraction) {
            Some(share) => Some((share, field)),
            None => return Part::Unreadable,
        },
    };
    let stated = match (fraction, word) {
        (Some((one, _)), Some((other, _))) if !is_equal(one, other) => return Part::Unreadable,
        (Some(share), _) | (None, Some(share)) => Some(share),
        (None, None) => None,
    };
    let Some((percent, field)) = shares.percent.value() else {
        return stated.map_or(Part::NotStated, |(share, field)| Part::Stated(share, field));
    };
    match (in_range(percent / 100.0), stated) {
        (None, _) => Part::Unreadable,
        (Some(share), Some((stated, stated_field)))
            if is_equal(share, stated) || (percent <= 1.0 && is_equal(percent, stated)) =>
        {
            Part::Stated(stated, stated_field)
        }
        (Some(share), None) if percent > 1.0 => Part::Stated(share, field),
        (Some(_), _) => Part::Unreadable,
    }
}

fn in_range(share: f64) -> Option<f64> {
    (share > 0.0 && share <= 1.0).then_some(share)
}

fn is_equal(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9
}

/// Defines [`product`], which returns constant texts, so that nothing is allocated.
macro_rules! products {
    ($($share:literal),* $(,)?) => {
        /// Returns the source of a quantity that is the product of a quantity and a share.
        fn product(quantity: &'static str, share: &'static str) -> &'static str {
            match (quantity, share) {
                $(
                    ("qty", $share) => concat!("qty*", $share),
                    (_, $share) => concat!("quantity*", $share),
                )*
                (_, _) => "quantity*share",
            }
        }
    };
}

products! {
    "action", "side", "direction", "intent_type", "order_action", "signal", "signal_type", "trade_type", "tradeSide",
    "fraction", "qty_fraction", "quantity_fraction", "close_fraction",
    "percent", "percentage", "close_pct", "close_percent", "close_percentage", "pct_close",
    "qty_pct", "qty_percent", "quantity_pct", "quantity_percent",
}
