//! The quantities of a position in lots: the stage that was already taken, and the part to close.
//!
//! A stage closes down to a share of the largest quantity since the position was flat. Therefore the quantity that is
//! left after a stage does not depend on the stages that were taken before it. For the current quantity `q_now` and a
//! stage that takes the share c of the largest quantity `q_peak`:
//!
//! ```text
//! close(c)   = floor((q_now − (1 − c) · q_peak) / lot) lots
//! reached(c) = q_now < q_peak and q_now <= ceil((1 − c) · q_peak / lot) lots
//! ```
//!
//! Whole numbers of lots are exact in an `f64`. A quotient that differs from a whole number only by rounding errors is
//! that number.

use super::{
    Harvested, Position, Stage,
    evidence::{is_not_negative, is_positive},
};
use crate::types::{Fraction, Quantity};

/// A lot size that divides the largest quantity into this many lots or more has no effect, because it is below the 15th
/// significant digit of that quantity.
const LOTS_MAX: f64 = 1e15;

/// The largest power of ten that an `f64` represents exactly.
const PER_MAX: f64 = 1e22;

/// The relative rounding error up to which a number of lots counts as whole: 2^-50.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// The parts of the ladder that do not depend on a policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ladder {
    /// The stage that was already taken; `None` if the ladder is unavailable.
    pub(super) taken: Option<Stage>,
    /// The lowest stage that closes at least one lot; `None` if no stage does.
    pub(super) closes_from: Option<Stage>,
}

/// The part of a position that an action closes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Close {
    pub(super) quantity: Option<Quantity>,
    pub(super) fraction: Option<Fraction>,
}

/// The checked sizes of a position.
#[derive(Clone, Copy)]
struct Sizes {
    held: Option<f64>,
    /// The largest quantity since the position was flat; `None` if it or the current quantity is unknown.
    peak: Option<f64>,
    lot: Option<f64>,
    min_quantity: f64,
    min_notional_usd: f64,
}

/// The size of one lot, which is `units / per`. Both are whole numbers, so that every decimal size is exact.
#[derive(Clone, Copy)]
struct Lot {
    units: f64,
    per: f64,
}

/// The sizes of a position in lots.
#[derive(Clone, Copy)]
struct Lots {
    lot: Lot,
    held: f64,
    peak: Option<f64>,
}

impl Ladder {
    #[inline]
    pub(super) fn of(position: &Position) -> Self {
        let unavailable = Self {
            taken: None,
            closes_from: Some(Stage::None),
        };
        let Some(sizes) = Sizes::of(position) else {
            return unavailable;
        };
        let stated = match (position.harvested, sizes.peak) {
            (Harvested::Stage(stage), None) | (Harvested::AtLeast(stage), _) => stage,
            (Harvested::Stage(_) | Harvested::Unreadable, Some(_)) => Stage::None,
            (Harvested::Unreadable, None) => return unavailable,
        };
        let held = match sizes.held {
            Some(held) if sizes.peak.is_some() || sizes.lot.is_some() => held,
            // If no number of lots can be computed, every stage closes a part.
            Some(_) | None => {
                return Self {
                    taken: Some(stated),
                    closes_from: Some(Stage::None),
                };
            }
        };
        let Some(lots) = Lots::of(&sizes, held) else {
            return unavailable;
        };
        Self {
            taken: Some(lots.taken().max(stated)),
            closes_from: Stage::PARTIAL
                .into_iter()
                .find(|stage| lots.closed_by(*stage, stated) >= 1.0),
        }
    }

    /// Returns true if the stage closes at least one lot.
    pub(super) fn closes(&self, stage: Stage) -> bool {
        self.closes_from.is_some_and(|lowest| stage >= lowest)
    }
}

impl Close {
    pub(super) const NONE: Self = Self {
        quantity: None,
        fraction: None,
    };

    /// Returns the close of the whole position.
    pub(super) fn whole(position: &Position) -> Self {
        let quantity = position.quantity.map(f64::abs);
        Self {
            quantity: quantity.and_then(|units| Quantity::new(units).ok()),
            fraction: Fraction::new(1.0).ok(),
        }
    }

    /// Returns the part that a stage closes; the whole position if the rest is below a minimum size.
    pub(super) fn of(position: &Position, stage: Stage) -> Self {
        let Some(sizes) = Sizes::of(position) else {
            return Self::NONE;
        };
        let stated = match position.harvested {
            Harvested::Stage(stage) | Harvested::AtLeast(stage) => stage,
            Harvested::Unreadable => Stage::None,
        };
        let Some(held) = sizes.held else {
            return Self {
                quantity: None,
                fraction: Fraction::new(share_of_rest(1.0, stage, stated)).ok(),
            };
        };
        let Some(lots) = Lots::of(&sizes, held) else {
            return Self::NONE;
        };
        let to_close = lots.closed_by(stage, stated);
        let rest = lots.lot.quantity(lots.held - to_close);
        let rest_usd = position.current_price.map(|price| rest * price);
        let is_below_min = rest < sizes.min_quantity
            || rest_usd.is_some_and(|rest_usd| rest_usd < sizes.min_notional_usd);
        if is_below_min {
            return Self::whole(position);
        }
        Self {
            quantity: Quantity::new(lots.lot.quantity(to_close)).ok(),
            fraction: Fraction::new(to_close / lots.held).ok(),
        }
    }
}

impl Sizes {
    /// Returns the sizes, or `None` if one of them is unusable.
    #[inline]
    fn of(position: &Position) -> Option<Self> {
        let rules = position.sizes;
        let held = position.quantity.map(f64::abs);
        let peak = position.peak_quantity.map(f64::abs);
        let is_sound = held.is_none_or(is_positive)
            & peak.is_none_or(is_positive)
            & rules.lot_size.is_none_or(is_positive)
            & rules.min_quantity.is_none_or(is_not_negative)
            & rules.min_notional_usd.is_none_or(is_not_negative);
        is_sound.then_some(Self {
            held,
            peak: held.and_then(|held| peak.map(|peak| peak.max(held))),
            lot: rules.lot_size,
            min_quantity: rules.min_quantity.unwrap_or(0.0),
            min_notional_usd: rules.min_notional_usd.unwrap_or(0.0),
        })
    }
}

impl Lots {
    /// Creates the sizes in lots; `None` if the position is too small or too large for the arithmetic.
    fn of(sizes: &Sizes, held: f64) -> Option<Self> {
        let largest = sizes.peak.unwrap_or(held);
        let given = sizes.lot.map(Lot::of_size);
        // A lot size below the 15th significant digit of the largest quantity has no effect.
        let lots = match given.filter(|lot| lot.lots(largest) < LOTS_MAX) {
            Some(lot) => Self {
                lot,
                held: whole(lot.lots(held), 0.0),
                peak: sizes.peak.map(|peak| whole(lot.lots(peak), 0.0)),
            },
            None => {
                let lot = Lot::of_last_digit(largest);
                Self {
                    lot,
                    held: lot.lots(held).round(),
                    peak: sizes.peak.map(|peak| lot.lots(peak).round()),
                }
            }
        };
        (lots.held.is_finite() && largest.is_finite()).then_some(lots)
    }

    /// Returns the highest stage that the current quantity has reached.
    fn taken(&self) -> Stage {
        let Some(peak) = self.peak.filter(|peak| self.held < *peak) else {
            return Stage::None;
        };
        let reached = |stage: &Stage| self.held <= whole(peak * stage.kept_share(), peak).ceil();
        let mut highest_first = Stage::PARTIAL.into_iter().rev();
        highest_first.find(reached).unwrap_or(Stage::None)
    }

    /// Returns the number of lots that a stage closes. If the largest quantity is unknown, `stated` is the stage that
    /// was already taken.
    fn closed_by(&self, stage: Stage, stated: Stage) -> f64 {
        let lots = match self.peak {
            Some(peak) => whole(self.held - peak * stage.kept_share(), peak),
            None => share_of_rest(self.held, stage, stated),
        };
        lots.floor().max(0.0)
    }
}

impl Lot {
    /// Returns the decimal size as a fraction of whole numbers. A size with too many decimal places is kept as it is.
    fn of_size(size: f64) -> Self {
        let mut per = 1.0;
        while per < PER_MAX {
            let units = whole(size * per, 0.0);
            if units >= 1.0 && units.fract() <= 0.0 {
                return Self { units, per };
            }
            per *= 10.0;
        }
        Self {
            units: size,
            per: 1.0,
        }
    }

    /// Returns the power of ten in which a quantity has 15 digits.
    fn of_last_digit(quantity: f64) -> Self {
        let (mut units, mut per) = (1.0, 1.0);
        while quantity / units >= LOTS_MAX {
            units *= 10.0;
        }
        while quantity * per < LOTS_MAX / 10.0 {
            per *= 10.0;
        }
        Self { units, per }
    }

    fn lots(self, quantity: f64) -> f64 {
        quantity * self.per / self.units
    }

    fn quantity(self, lots: f64) -> f64 {
        lots * self.units / self.per
    }
}

/// Returns the part of the current quantity that a stage closes after the stage `taken`: q_now · (c − h) / (1 − h).
fn share_of_rest(held: f64, stage: Stage, taken: Stage) -> f64 {
    held * (taken.kept_share() - stage.kept_share()) / taken.kept_share()
}

/// Returns the nearest whole number if `lots` differs from it only by rounding errors. The errors are relative to
/// `lots`, or to `scale` if that is larger.
fn whole(lots: f64, scale: f64) -> f64 {
    let nearest = lots.round();
    if (lots - nearest).abs() <= nearest.abs().max(scale) * ROUNDING {
        nearest
    } else {
        lots
    }
}
