//! The part of a position that a stage of the ladder closes, in fractions of whole numbers.

use super::Flaw;
use super::fields::{self, Fields, Given, given, positive};

/// A decimal number: digits times a power of ten.
#[derive(Clone, Copy)]
struct Decimal {
    digits: i128,
    exponent: i32,
}

/// A fraction with a positive denominator.
#[derive(Clone, Copy)]
struct Ratio {
    top: i128,
    bottom: i128,
}

/// The sizes of a position.
pub(crate) struct Sizes {
    held: Option<f64>,
    peak: Option<f64>,
    lot: Option<f64>,
    min_quantity: f64,
    min_notional: f64,
}

/// A position in lots.
struct Lots {
    lot: Decimal,
    held: Ratio,
    peak: Option<Ratio>,
}

/// Returns the close of the whole position: its quantity, if known, and the share 1.
pub(crate) fn whole(position: &Fields) -> (Option<f64>, f64) {
    let quantity = match fields::quantity(position) {
        Given::Number(number) => positive(Given::Number(number.abs())),
        Given::Absent | Given::Unreadable => None,
    };
    (quantity, 1.0)
}

impl Sizes {
    /// Reads the sizes; `None` if one of them is unusable.
    pub(crate) fn read(position: &Fields) -> Option<Self> {
        let size = |given: Given| match given {
            Given::Absent => Some(None),
            Given::Number(number) => positive(Given::Number(number)).map(Some),
            Given::Unreadable => None,
        };
        let unsigned = |given: Given| match given {
            Given::Number(number) => Given::Number(number.abs()),
            other @ (Given::Absent | Given::Unreadable) => other,
        };
        let minimum = |name| match given(position, name) {
            Given::Number(0.0) => Some(0.0),
            other => size(other).map(Option::unwrap_or_default),
        };
        let held = size(unsigned(fields::quantity(position)))?;
        let peak = size(unsigned(given(position, "peak_quantity")))?;
        Some(Self {
            held,
            peak: held.and(peak),
            lot: size(given(position, "lot_size"))?,
            min_quantity: minimum("min_quantity")?,
            min_notional: minimum("min_notional_usd")?,
        })
    }

    pub(crate) fn has_peak(&self) -> bool {
        self.peak.is_some()
    }

    /// Returns the number of the stage that the quantities show.
    pub(crate) fn reached(&self) -> usize {
        let lots = self.lots().unwrap();
        let peak = lots.peak.unwrap();
        if lots.held.top * peak.bottom >= peak.top * lots.held.bottom {
            return 0;
        }
        let left = |stage: i128| {
            let (top, bottom) = ((4 - stage) * peak.top, 4 * peak.bottom);
            -(-top).div_euclid(bottom)
        };
        let is_reached = |stage: &i128| lots.held.top <= left(*stage) * lots.held.bottom;
        [3, 2, 1]
            .into_iter()
            .find(is_reached)
            .map_or(0, |stage| usize::try_from(stage).unwrap())
    }

    /// Returns the quantity and the share that a stage closes; `None` if that is less than one lot.
    pub(crate) fn close(
        &self,
        (stage, taken): (usize, usize),
        price: f64,
        flaw: Option<Flaw>,
    ) -> Option<(Option<f64>, f64)> {
        let (stage, taken) = (
            i128::try_from(stage).unwrap(),
            i128::try_from(taken).unwrap(),
        );
        let part = Ratio {
            top: stage - taken,
            bottom: 4 - taken,
        };
        let Some(lots) = self.lots() else {
            return Some((None, part.number()));
        };
        let held = lots.held;
        let (top, bottom) = match lots.peak {
            Some(peak) if flaw != Some(Flaw::StageOfCurrentSize) => {
                let top = 4 * held.top * peak.bottom - (4 - stage) * peak.top * held.bottom;
                (top, 4 * held.bottom * peak.bottom)
            }
            Some(_) => (held.top * stage, 4 * held.bottom),
            None => (held.top * part.top, held.bottom * part.bottom),
        };
        let closed = if flaw == Some(Flaw::LotsRoundedUp) {
            -(-top).div_euclid(bottom)
        } else {
            top.div_euclid(bottom)
        };
        if closed <= 0 {
            return None;
        }
        let rest = Ratio {
            top: held.top - closed * held.bottom,
            bottom: held.bottom,
        };
        let rest = rest.number() * lots.lot.number();
        if rest < self.min_quantity || rest * price < self.min_notional {
            return Some((self.held, 1.0));
        }
        let quantity = Decimal {
            digits: closed * lots.lot.digits,
            ..lots.lot
        };
        let share = Ratio {
            top: closed * held.bottom,
            bottom: held.top,
        };
        Some((Some(quantity.number()), share.number()))
    }

    fn lots(&self) -> Option<Lots> {
        let held = self.held?;
        let peak = self.peak.map(|peak| peak.max(held));
        let largest = peak.unwrap_or(held);
        let by_lot = self.lot.filter(|lot| largest / lot < 1e15);
        Some(match by_lot {
            Some(lot) => {
                let lot = Decimal::of(lot);
                let lots = |number| Decimal::of(number).over(lot);
                Lots {
                    lot,
                    held: lots(held),
                    peak: peak.map(lots),
                }
            }
            None => {
                let scientific = format!("{largest:e}");
                let exponent: i32 = scientific.split_once('e').unwrap().1.parse().unwrap();
                let lot = Decimal {
                    digits: 1,
                    exponent: exponent - 14,
                };
                let lots = |number| Decimal::of(number).over(lot).rounded();
                Lots {
                    lot,
                    held: lots(held),
                    peak: peak.map(lots),
                }
            }
        })
    }
}

impl Decimal {
    /// Returns the shortest decimal number that is read as this number.
    fn of(number: f64) -> Self {
        let scientific = format!("{number:e}");
        let (digits, exponent) = scientific.split_once('e').unwrap();
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let exponent: i32 = exponent.parse().unwrap();
        Self {
            digits: format!("{whole}{fraction}").parse().unwrap(),
            exponent: exponent - i32::try_from(fraction.len()).unwrap(),
        }
    }

    fn over(self, lot: Self) -> Ratio {
        let shift = self.exponent - lot.exponent;
        let power = |exponent: i32| 10_i128.checked_pow(exponent.unsigned_abs());
        match power(shift) {
            Some(power) if shift >= 0 => Ratio {
                top: self.digits * power,
                bottom: lot.digits,
            },
            Some(power) if shift > -17 => Ratio {
                top: self.digits,
                bottom: lot.digits * power,
            },
            // Far less than one lot.
            _ => Ratio { top: 0, bottom: 1 },
        }
    }

    fn number(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent)
            .parse()
            .unwrap()
    }
}

impl Ratio {
    fn rounded(self) -> Self {
        let top = (2 * self.top + self.bottom).div_euclid(2 * self.bottom);
        Self { top, bottom: 1 }
    }

    fn number(self) -> f64 {
        // The digits of both numbers are few enough for the comparison, which has a tolerance.
        let float = |number: i128| number.to_string().parse::<f64>().unwrap();
        float(self.top) / float(self.bottom)
    }
}
