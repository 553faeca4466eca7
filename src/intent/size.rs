//! The size of an entry, from every field that states one.
//!
//! Three kinds of statements are compared in USD of notional: quantity × price, margin × leverage of the intent, and a
//! notional. They must agree up to rounding. The size of the trade is the smallest of them, and the limits are checked
//! against the largest.

use std::fmt::Write as _;

use super::{IntentError, SizeError, SizeField, request::RequestedSize, stated::Stated};
use crate::types::{Leverage, Margin, Notional, Price, Quantity};

/// The relative difference that two statements may have, even if their numbers are exact.
const TOLERANCE: f64 = 0.005;

/// From this ratio on, two numbers are different statements, however coarsely they are rounded.
pub(super) const RATIO_MAX: f64 = 1.5;

/// The numbers from which a size is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Amounts {
    pub(super) quantity: Stated,
    pub(super) price: Stated,
    pub(super) entry_price: Stated,
    pub(super) margin: Stated,
    pub(super) size: Stated,
    pub(super) notional: Stated,
    pub(super) leverage: Stated,
}

/// One statement of the size.
#[derive(Debug, Clone, Copy)]
struct Statement {
    /// The notional, in USD.
    usd: f64,
    size: RequestedSize,
    field: SizeField,
    /// The numbers of the intent that were multiplied.
    factors: [f64; 2],
}

/// The reason why a statement cannot be used.
enum StatementError {
    Unusable(SizeError),
    Contradiction(IntentError),
}

impl From<SizeError> for StatementError {
    fn from(error: SizeError) -> Self {
        Self::Unusable(error)
    }
}

impl Amounts {
    /// Returns the price by which a quantity is multiplied to get a notional: the larger of `price` and `entry_price`.
    /// A `price` of 0 means a market order and counts as absent.
    pub(super) fn unit_price(&self) -> Option<(f64, SizeField)> {
        let entry = self
            .entry_price
            .number()
            .map(|it| (it, SizeField::EntryPrice));
        let price = self.limit_price().map(|it| (it, SizeField::Price));
        match (price, entry) {
            // An unusable price must not be hidden by the entry price. The comparison is false for NaN.
            (Some(price), Some(entry)) if price.0 > 0.0 && entry.0 > price.0 => Some(entry),
            (Some(price), _) => Some(price),
            (None, entry) => entry,
        }
    }

    /// Returns `price`, unless it is absent or 0.
    pub(super) fn limit_price(&self) -> Option<f64> {
        self.price.number().filter(|price| *price != 0.0)
    }

    /// Reads the size. A contradiction between two statements is a fault; a statement that is unreadable, or that
    /// cannot be converted to a notional, makes the size unusable.
    pub(super) fn read(&self) -> Result<RequestedSize, IntentError> {
        let statements = [
            self.quantity.value().map(|it| self.by_quantity(it)),
            self.margin.value().map(|it| self.by_margin(it)),
            self.notional
                .number()
                .map(|usd| by_notional(usd, SizeField::PositionSizeUsd)),
        ];
        let mut usable: [Option<Statement>; 4] = [None; 4];
        let mut unusable = None;
        for (place, statement) in usable.iter_mut().zip(statements.into_iter().flatten()) {
            match statement {
                Ok(statement) => *place = Some(statement),
                Err(error) => unusable = unusable.or(Some(error)),
            }
        }
        let size = self
            .size
            .number()
            .map(|number| self.by_size(number, &usable));
        match (size, &mut usable) {
            (Some(Ok(statement)), [.., place]) => *place = Some(statement),
            (Some(Err(StatementError::Unusable(error))), _) => {
                unusable = unusable.or(Some(error));
            }
            // A statement that is unusable might have agreed with `size`.
            (Some(Err(StatementError::Contradiction(fault))), _) if unusable.is_none() => {
                return Err(fault);
            }
            (Some(_) | None, _) => {}
        }
        let mut all = usable.iter().flatten();
        let Some(first) = all.next() else {
            return Ok(unusable.map_or(RequestedSize::Absent, RequestedSize::Unusable));
        };
        let (mut smallest, mut largest) = (*first, *first);
        for other in all {
            // Agreement is not transitive, so all pairs are compared.
            let earlier = usable
                .iter()
                .flatten()
                .take_while(|it| !std::ptr::eq(*it, other));
            for one in earlier {
                if !agree(one, other) {
                    return Err(disagreement(one, other));
                }
            }
            if other.usd < smallest.usd {
                smallest = *other;
            }
            if other.usd > largest.usd {
                largest = *other;
            }
        }
        Ok(match unusable {
            Some(error) => RequestedSize::Unusable(error),
            None => self
                .margin_of(smallest)
                .checked_at(smallest.usd, largest.usd),
        })
    }

    /// Returns the size in the smallest statement. If this size is a notional and the intent also states a margin,
    /// converts the size to a margin at the requested leverage. So a trade with a lower leverage does not need more
    /// than this margin.
    fn margin_of(&self, smallest: Statement) -> RequestedSize {
        let leverage = self
            .margin
            .value()
            .and(self.leverage.number())
            .and_then(|leverage| Leverage::new(leverage).ok());
        match (smallest.size, leverage) {
            (RequestedSize::Notional(notional, ..), Some(leverage)) => {
                notional.margin(leverage).map_or(smallest.size, |margin| {
                    RequestedSize::margin(margin, SizeField::NotionalLeverage)
                })
            }
            (size, _) => size,
        }
    }

    /// Returns the quantity in units of the symbol: the value of the field `size` if the size of the trade was read
    /// from this field as units, else the value of `quantity` or `qty`.
    pub(super) fn quantity_of(
        &self,
        size: Option<&RequestedSize>,
    ) -> Option<(Quantity, SizeField)> {
        let (quantity, field) = match size {
            Some(RequestedSize::Notional(_, SizeField::SizePrice, _)) => {
                (self.size.number()?, SizeField::Size)
            }
            _ => match self.quantity.value()? {
                (quantity, "qty") => (quantity, SizeField::Qty),
                (quantity, _) => (quantity, SizeField::Quantity),
            },
        };
        let quantity = Quantity::new(quantity).ok()?;
        Some((quantity, field))
    }

    fn by_quantity(&self, (quantity, name): (f64, &'static str)) -> Result<Statement, SizeError> {
        let field = match name {
            "qty" => SizeField::Qty,
            _ => SizeField::Quantity,
        };
        let units = Quantity::new(quantity).map_err(|_| SizeError::BadValue(field))?;
        let (price, price_field) = self.unit_price().ok_or(SizeError::NoPrice(field))?;
        let price = Price::new(price).map_err(|_| SizeError::BadValue(price_field))?;
        let product = match (field, price_field) {
            (SizeField::Qty, SizeField::EntryPrice) => SizeField::QtyEntryPrice,
            (SizeField::Qty, _) => SizeField::QtyPrice,
            (_, SizeField::EntryPrice) => SizeField::QuantityEntryPrice,
            (_, _) => SizeField::QuantityPrice,
        };
        let notional = units
            .notional(price)
            .map_err(|_| SizeError::BadProduct(product))?;
        Ok(Statement {
            usd: notional.get(),
            size: RequestedSize::notional(notional, product),
            field: product,
            factors: [quantity, price.get()],
        })
    }

    fn by_margin(&self, (usd, name): (f64, &'static str)) -> Result<Statement, SizeError> {
        let (field, product) = match name {
            "stake_amount" => (SizeField::StakeAmount, SizeField::StakeAmountLeverage),
            _ => (SizeField::PositionUsd, SizeField::PositionUsdLeverage),
        };
        let margin = Margin::new(usd).map_err(|_| SizeError::BadValue(field))?;
        let leverage = self.leverage.number().ok_or(SizeError::NoLeverage(field))?;
        // An unusable leverage fails a later gate, so it agrees with every other statement here. A product that is not
        // finite agrees with none.
        let notional =
            Leverage::new(leverage).map_or(f64::NAN, |leverage| margin.get() * leverage.get());
        Ok(Statement {
            usd: notional,
            size: RequestedSize::margin(margin, field),
            field: product,
            // A leverage is not a rounded number.
            factors: [usd, usd],
        })
    }

    /// Reads `size`: a notional in USD, unless the intent has a `price`. Next to a price, senders mean units as often
    /// as USD, so another statement must agree with one of the two readings.
    fn by_size(
        &self,
        number: f64,
        others: &[Option<Statement>],
    ) -> Result<Statement, StatementError> {
        let reading = by_notional(number, SizeField::Size)?;
        let Some(price) = self.limit_price() else {
            return Ok(reading);
        };
        let units = Quantity::new(number).ok().zip(Price::new(price).ok());
        let units = units.and_then(|(units, price)| units.notional(price).ok());
        let units = units.map(|notional| Statement {
            usd: notional.get(),
            size: RequestedSize::notional(notional, SizeField::SizePrice),
            field: SizeField::SizePrice,
            factors: [number, price],
        });
        // A margin with an unusable leverage agrees with both readings, so it counts only if no other statement agrees
        // with one of them.
        let known = || others.iter().flatten().filter(|other| !other.usd.is_nan());
        let agrees = |reading: &Statement| known().any(|other| agree(reading, other));
        if agrees(&reading) {
            return Ok(reading);
        }
        let has_unknown = known().count() < others.iter().flatten().count();
        match (units.filter(agrees), known().next()) {
            (Some(units), _) => Ok(units),
            (None, _) if has_unknown => Ok(reading),
            (None, Some(other)) => {
                Err(StatementError::Contradiction(disagreement(&reading, other)))
            }
            (None, None) => Err(StatementError::Contradiction(IntentError::SizeBesidePrice)),
        }
    }
}

fn by_notional(usd: f64, field: SizeField) -> Result<Statement, SizeError> {
    let notional = Notional::new(usd).map_err(|_| SizeError::BadValue(field))?;
    Ok(Statement {
        usd,
        size: RequestedSize::notional(notional, field),
        field,
        factors: [usd, usd],
    })
}

/// Returns true if two statements differ only by rounding.
fn agree(one: &Statement, other: &Statement) -> bool {
    let (low, high) = match one.usd < other.usd {
        true => (one.usd, other.usd),
        false => (other.usd, one.usd),
    };
    // Written so that NaN agrees with every other statement.
    if high >= low * RATIO_MAX {
        return false;
    }
    // The factor `1.0 + 1e-9` absorbs the rounding of the products.
    let exceeds = |tolerance: f64| high - low > tolerance * (1.0 + 1e-9);
    let unit = |it: &Statement| {
        let roundings = it.factors.iter().map(|factor| rounding(*factor));
        it.usd * roundings.fold(0.0, f64::max)
    };
    !exceeds(TOLERANCE * low) || !exceeds(unit(one).max(unit(other)))
}

const fn disagreement(one: &Statement, other: &Statement) -> IntentError {
    IntentError::SizesDisagree {
        first: one.field,
        first_usd: one.usd,
        second: other.field,
        second_usd: other.usd,
    }
}

/// Returns the value of one unit in the last decimal place of a number, relative to the number. The decimal places are
/// those of the shortest text that reads back as the same `f64`, so that the result does not depend on the notation.
fn rounding(number: f64) -> f64 {
    let mut places = DecimalPlaces::default();
    // Counting cannot fail.
    let _ = write!(places, "{number}");
    let places = i32::try_from(places.count).unwrap_or(i32::MAX);
    10_f64.powi(places.saturating_neg()) / number.abs()
}

/// Counts the digits after the decimal point of a text.
#[derive(Default)]
struct DecimalPlaces {
    in_fraction: bool,
    count: usize,
}

impl std::fmt::Write for DecimalPlaces {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            if self.in_fraction {
                self.count = self.count.saturating_add(1);
            }
            self.in_fraction |= byte == b'.';
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_decimal_place_is_that_of_the_shortest_text() {
        for (number, unit) in [
            (0.024, 0.001),
            (2257.0, 1.0),
            (200.0, 1.0),
            (35.933, 0.001),
            (1e-8, 1e-8),
        ] {
            let expected = unit / number;
            assert!(
                (rounding(number) - expected).abs() < 1e-9 * expected,
                "{number}"
            );
        }
    }
}
