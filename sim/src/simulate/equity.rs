//! The equity curve in a bounded number of points.

use portcullis::types::Timestamp;
use serde::Serialize;

use super::{
    account::millis,
    units::{AmountOverflow, Money},
};

/// The account at the end of a candle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Point {
    /// The timestamp in epoch milliseconds.
    #[serde(serialize_with = "millis")]
    pub ts: Timestamp,
    /// The equity in USD: cash, margins and unrealised profit.
    pub equity_usd: Money,
    /// The cash in USD that is not reserved as margin.
    pub cash_usd: Money,
    /// The value of all open positions, in USD.
    pub exposure_usd: Money,
}

/// The equity curve of a whole run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EquityCurve {
    /// Points in time order. A long run is divided into up to 1,024 parts; each part keeps the points of its lowest
    /// and its highest equity. The last point is always kept.
    pub points: Vec<Point>,
    /// The maximum drawdown in USD: the largest fall of the equity from a previous peak, measured
    /// at candle ends.
    pub drawdown_usd: Money,
    /// The maximum exposure at the end of a candle, in USD.
    pub exposure_max_usd: Money,
}

/// The maximum number of parts of a curve.
const PARTS_MAX: usize = 1024;

/// An equity curve under construction.
pub(super) struct CurveBuilder {
    /// The points of lowest and highest equity of each part.
    parts: Vec<(Point, Point)>,
    /// The number of points per part.
    width: usize,
    /// The number of points in the last part.
    filled: usize,
    last: Option<Point>,
    peak: Money,
    drawdown: Money,
    exposure_max: Money,
}

impl CurveBuilder {
    pub(super) const fn new(start: Money) -> Self {
        Self {
            parts: Vec::new(),
            width: 1,
            filled: 0,
            last: None,
            peak: start,
            drawdown: Money::ZERO,
            exposure_max: Money::ZERO,
        }
    }

    pub(super) fn push(
        &mut self,
        ts: Timestamp,
        [equity, cash, exposure]: [Money; 3],
    ) -> Result<(), AmountOverflow> {
        let point = Point {
            ts,
            equity_usd: equity,
            cash_usd: cash,
            exposure_usd: exposure,
        };
        self.peak = self.peak.max(equity);
        self.drawdown = self.drawdown.max(self.peak.minus(equity)?);
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

    /// Merges parts in pairs and doubles their width.
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
    fn a_long_curve_keeps_extremes_last_point_and_drawdown() {
        let usd = |n: i64| Money::parse(&n.to_string()).unwrap();
        let mut curve = CurveBuilder::new(usd(1000));
        for n in 0..10_000_i64 {
            let equity = match n {
                777 => 5,
                4321 => 9000,
                _ => 1000 + n % 7,
            };
            let at = Timestamp::from_millis(n).unwrap();
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
