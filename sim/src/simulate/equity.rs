//! The equity curve in a bounded number of points.

use portcullis::types::Timestamp;
use serde::Serialize;

use super::{
    ledger::millis,
    units::{AmountOverflow, Money},
};

/// The account at the end of a candle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Point {
    /// The timestamp, which is serialized in epoch milliseconds.
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
        let (pairs, rest) = self.parts.as_chunks();
        let merged = pairs.iter().map(|[one, other]| merged(*one, *other));
        self.parts = merged.chain(rest.iter().copied()).collect();
        self.width *= 2;
    }

    pub(super) fn finish(self) -> EquityCurve {
        let in_time_order = |(low, high): (Point, Point)| {
            let mut pair = [low, high];
            pair.sort_by_key(|point| point.ts);
            pair
        };
        let mut points: Vec<Point> = self.parts.into_iter().flat_map(in_time_order).collect();
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
    use proptest::prelude::*;

    use super::*;

    fn usd(amount: i64) -> Money {
        Money::parse(&amount.to_string()).unwrap()
    }

    fn at(n: usize) -> Timestamp {
        Timestamp::from_millis(i64::try_from(n).unwrap()).unwrap()
    }

    /// Returns the curve of an account that starts with 1000 USD, from equities in USD. The exposure is equal to the
    /// equity.
    fn curve(equities: &[i64]) -> EquityCurve {
        let mut curve = CurveBuilder::new(usd(1000));
        for (n, equity) in equities.iter().enumerate() {
            let amounts = [usd(*equity), usd(1), usd(*equity)];
            curve.push(at(n), amounts).unwrap();
        }
        curve.finish()
    }

    /// Returns the numbers of the points that a curve must have: the first lowest and the first highest point of each
    /// part, and the last point.
    fn expected(equities: &[i64]) -> Vec<usize> {
        let mut width = 1;
        while equities.len().div_ceil(width) > PARTS_MAX {
            width *= 2;
        }
        let mut points = Vec::new();
        for (part, first) in equities.chunks(width).zip((0..).step_by(width)) {
            let lowest = part.iter().min().unwrap();
            let highest = part.iter().max().unwrap();
            let place = |wanted| first + part.iter().position(|it| it == wanted).unwrap();
            points.extend([place(lowest), place(highest)]);
        }
        points.push(equities.len() - 1);
        points.sort_unstable();
        points.dedup();
        points
    }

    #[track_caller]
    fn check(equities: &[i64]) {
        let curve = curve(equities);
        let points = curve.points.iter().map(|point| point.ts);
        let points: Vec<Timestamp> = points.collect();
        let expected: Vec<Timestamp> = expected(equities).into_iter().map(at).collect();
        assert_eq!(points, expected);
        let mut peak = 1000;
        let mut drawdown = 0;
        for equity in equities {
            peak = peak.max(*equity);
            drawdown = drawdown.max(peak - equity);
        }
        let drawdown = if drawdown > 0 {
            usd(drawdown)
        } else {
            Money::ZERO
        };
        assert_eq!(curve.drawdown_usd, drawdown);
        let highest = equities.iter().max().unwrap();
        assert_eq!(curve.exposure_max_usd, usd(*highest));
        for point in &curve.points {
            let n = usize::try_from(point.ts.as_millis()).unwrap();
            assert_eq!(point.equity_usd, usd(equities[n]));
        }
    }

    #[test]
    fn a_curve_at_the_border_of_its_parts_keeps_the_extremes() {
        let of = |length: usize| -> Vec<i64> {
            // Rises and falls within each part of two, four or eight points.
            let numbers = 1..=i64::try_from(length).unwrap();
            numbers.map(|n| 1000 + n * 37 % 11 - n % 2 * 5).collect()
        };
        for length in [1, 2, 1023, 1024, 1025, 2047, 2048, 2049, 4096, 4097, 10_000] {
            check(&of(length));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        /// A curve keeps the first lowest and the first highest point of each part, in time order, and the last point.
        #[test]
        fn a_curve_keeps_the_extremes_of_each_part(equities in prop::collection::vec(995..1005_i64, 1..5000)) {
            check(&equities);
        }
    }
}
