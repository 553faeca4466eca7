//! What there is in all, over time, in a bounded number of points.

use portcullis::domain::Instant;
use serde::Serialize;

use super::{
    book::millis,
    units::{Money, TooMuch},
};

/// At an instant at which candles ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// When; epoch milliseconds.
    #[serde(serialize_with = "millis")]
    pub ts: Instant,
    /// Cash, margins, and what is gained but not closed.
    pub equity_usd: Money,
    /// What is not put up.
    pub cash_usd: Money,
    /// What all positions are worth.
    pub exposure_usd: Money,
}

/// The whole way.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EquityCurve {
    /// In the order of time; of a long way the lowest and the highest of each of up to 1,024 parts, and the last.
    pub points: Vec<Point>,
    /// The largest fall from a height reached before, at the ends of candles.
    pub drawdown_usd: Money,
    /// The most that all positions were worth at the end of a candle.
    pub exposure_max_usd: Money,
}

/// Parts of the way that are told apart.
const PARTS_MAX: usize = 1024;

pub(super) struct Curve {
    /// The lowest and the highest point of each part.
    parts: Vec<(Point, Point)>,
    /// So many points make a part.
    width: usize,
    /// So many are in the last one.
    filled: usize,
    last: Option<Point>,
    height: Money,
    drawdown: Money,
    exposure_max: Money,
}

impl Curve {
    pub(super) const fn new(start: Money) -> Self {
        Self {
            parts: Vec::new(),
            width: 1,
            filled: 0,
            last: None,
            height: start,
            drawdown: Money::ZERO,
            exposure_max: Money::ZERO,
        }
    }

    pub(super) fn push(
        &mut self,
        ts: Instant,
        [equity, cash, exposure]: [Money; 3],
    ) -> Result<(), TooMuch> {
        let point = Point {
            ts,
            equity_usd: equity,
            cash_usd: cash,
            exposure_usd: exposure,
        };
        self.height = self.height.max(equity);
        self.drawdown = self.drawdown.max(self.height.minus(equity)?);
        self.exposure_max = self.exposure_max.max(exposure);
        self.last = Some(point);
        match self.parts.last_mut() {
            Some(part) if self.filled < self.width => {
                *part = merged(*part, (point, point));
                self.filled += 1;
            }
            _ => {
                if self.parts.len() == PARTS_MAX {
                    self.halve();
                }
                self.parts.push((point, point));
                self.filled = 1;
            }
        }
        Ok(())
    }

    /// Two parts become one.
    fn halve(&mut self) {
        let pairs = self.parts.chunks(2).filter_map(|pair| match pair {
            [one, other] => Some(merged(*one, *other)),
            [one] => Some(*one),
            _ => None,
        });
        self.parts = pairs.collect();
        self.width *= 2;
    }

    pub(super) fn finish(self) -> EquityCurve {
        let mut points = Vec::with_capacity(self.parts.len() * 2 + 1);
        for (low, high) in self.parts {
            let (first, second) = if low.ts <= high.ts {
                (low, high)
            } else {
                (high, low)
            };
            points.push(first);
            points.push(second);
        }
        points.extend(self.last);
        points.dedup_by_key(|point| point.ts);
        EquityCurve {
            points,
            drawdown_usd: self.drawdown,
            exposure_max_usd: self.exposure_max,
        }
    }
}

fn merged((low, high): (Point, Point), (other_low, other_high): (Point, Point)) -> (Point, Point) {
    let lower = if other_low.equity_usd < low.equity_usd {
        other_low
    } else {
        low
    };
    let higher = if other_high.equity_usd > high.equity_usd {
        other_high
    } else {
        high
    };
    (lower, higher)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_way_keeps_its_extremes_its_end_and_its_largest_fall() {
        let usd = |n: i64| Money::parse(&n.to_string()).unwrap();
        let mut curve = Curve::new(usd(1000));
        for n in 0..10_000_i64 {
            let equity = match n {
                777 => 5,
                4321 => 9000,
                _ => 1000 + n % 7,
            };
            let at = Instant::from_millis(n).unwrap();
            curve
                .push(at, [usd(equity), usd(1), usd(1 + n % 100)])
                .unwrap();
        }
        let curve = curve.finish();
        assert!(
            curve.points.len() <= 2 * PARTS_MAX + 1,
            "{}",
            curve.points.len()
        );
        assert!(curve.points.is_sorted_by_key(|point| point.ts));
        let of = |n: i64| curve.points.iter().find(|p| p.ts.as_millis() == n);
        assert_eq!(of(777).unwrap().equity_usd, usd(5));
        assert_eq!(of(4321).unwrap().equity_usd, usd(9000));
        assert_eq!(curve.points.last().unwrap().ts.as_millis(), 9999);
        assert_eq!(curve.drawdown_usd, usd(9000 - 1000));
        assert_eq!(curve.exposure_max_usd, usd(100));
    }
}
