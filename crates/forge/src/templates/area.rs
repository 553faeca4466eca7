//! The areas of features in which regimes are entered and kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Deserialize;
use strum::{Display, EnumIter, IntoEnumIterator};

/// A feature that determines the regime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Display, EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Measure {
    /// Volatility; at least 0.
    Sigma,
    /// Trend strength; at least 0.
    Ts,
    /// Probability of a sideways market; from 0 to 1.
    PChop,
}

impl Measure {
    /// Returns all measures.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::iter()
    }

    /// Returns the lowest value of the measure.
    const fn lowest(self, sigma_floor: f64) -> f64 {
        match self {
            Self::Sigma => sigma_floor,
            Self::Ts | Self::PChop => 0.0,
        }
    }

    /// Returns the highest value of the measure.
    const fn highest(self) -> f64 {
        match self {
            Self::Sigma | Self::Ts => f64::INFINITY,
            Self::PChop => 1.0,
        }
    }
}

/// The values of the three measures of a symbol or of the market.
pub(crate) type Point = BTreeMap<Measure, f64>;

/// The thresholds of a regime for one measure. An absent threshold sets no bound.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bounds {
    /// The regime is entered at and above `enter`, and left below `exit`.
    pub(super) from: Option<Threshold>,
    /// The regime is entered below `enter`, and left at and above `exit`.
    pub(super) below: Option<Threshold>,
}

/// A threshold with hysteresis.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Threshold {
    pub(super) enter: f64,
    pub(super) exit: f64,
}

impl Bounds {
    /// Returns the faults of the thresholds; `path` is their place in the file.
    pub(super) fn faults(&self, path: &str) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, threshold) in [("from", self.from), ("below", self.below)] {
            let Some(Threshold { enter, exit }) = threshold else {
                continue;
            };
            if !enter.is_finite() || !exit.is_finite() {
                faults.push(format!(
                    "`{path}.{name}` must have finite numbers, but has {enter} and {exit}"
                ));
            } else if name == "from" && exit >= enter {
                faults.push(format!(
                    "`{path}.from.exit` is {exit}, but must be less than `enter`, which is {enter}"
                ));
            } else if name == "below" && exit <= enter {
                faults.push(format!(
                    "`{path}.below.exit` is {exit}, but must be greater than `enter`, which is {enter}"
                ));
            }
        }
        if self.from.is_none() && self.below.is_none() {
            faults.push(format!(
                "`{path}` has no threshold; state `from` or `below`, or remove it"
            ));
        }
        faults
    }
}

/// A half-open interval for each measure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Area(BTreeMap<Measure, (f64, f64)>);

impl Area {
    /// Builds the area in which a regime is entered.
    pub(super) fn entered(bounds: &BTreeMap<Measure, Bounds>, sigma_floor: f64) -> Self {
        Self::of(bounds, sigma_floor, |threshold| threshold.enter)
    }

    /// Builds the area in which a regime is kept.
    pub(super) fn kept(bounds: &BTreeMap<Measure, Bounds>, sigma_floor: f64) -> Self {
        Self::of(bounds, sigma_floor, |threshold| threshold.exit)
    }

    fn of(
        bounds: &BTreeMap<Measure, Bounds>,
        sigma_floor: f64,
        value: impl Fn(&Threshold) -> f64,
    ) -> Self {
        let interval = |measure: Measure| {
            let bounds = bounds.get(&measure);
            let from = bounds.and_then(|it| it.from.as_ref()).map(&value);
            let below = bounds.and_then(|it| it.below.as_ref()).map(&value);
            let lowest = measure.lowest(sigma_floor);
            let from = from.map_or(lowest, |it| it.max(lowest));
            let below = below.filter(|it| *it <= measure.highest());
            (measure, (from, below.unwrap_or(f64::INFINITY)))
        };
        Self(Measure::all().map(interval).collect())
    }

    /// Returns true if the area contains the values.
    pub(crate) fn contains(&self, point: &Point) -> bool {
        self.0.iter().all(|(measure, (from, below))| {
            point
                .get(measure)
                .is_some_and(|value| value >= from && value < below)
        })
    }

    /// Returns true if each value in `other` is also in this area.
    fn includes(&self, other: &Self) -> bool {
        self.0.iter().all(|(measure, (from, below))| {
            let other = other.0.get(measure);
            other
                .is_some_and(|(other_from, other_below)| from <= other_from && below >= other_below)
        })
    }
}

/// A fault of the areas of all regimes together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AreaFault {
    /// No regime is entered at these values.
    Gap(String),
    /// Two regimes are entered at the same values.
    Overlap(String, String, String),
    /// A regime is entered at no values.
    NeverEntered(String),
    /// A regime cannot be reached from another one.
    Unreachable { regime: String, from: String },
}

/// Checks that exactly one regime is entered at each combination of values, and that each regime can be reached from
/// each other one.
pub(super) fn check(areas: &BTreeMap<&str, (&Area, &Area)>, sigma_floor: f64) -> Vec<AreaFault> {
    let mut faults = BTreeSet::new();
    let mut entered = BTreeSet::new();
    let mut has_gap = false;
    let mut overlaps = BTreeSet::new();
    for point in corners(areas, sigma_floor) {
        let here: Vec<&str> = areas
            .iter()
            .filter(|(_, (enter, _))| enter.contains(&point))
            .map(|(name, _)| *name)
            .collect();
        match *here {
            [] if !has_gap => {
                has_gap = true;
                faults.insert(AreaFault::Gap(Values(&point).to_string()));
            }
            [one, other, ..] if overlaps.insert((one, other)) => {
                let at = Values(&point).to_string();
                faults.insert(AreaFault::Overlap(one.to_owned(), other.to_owned(), at));
            }
            _ => {}
        }
        entered.extend(here);
    }
    let never = areas.keys().filter(|name| !entered.contains(*name));
    faults.extend(never.map(|name| AreaFault::NeverEntered((*name).to_owned())));
    faults.extend(unreachable(areas, &entered));
    faults.into_iter().collect()
}

/// Returns one point of each cell of the grid that the thresholds form: its lowest values.
fn corners(areas: &BTreeMap<&str, (&Area, &Area)>, sigma_floor: f64) -> Vec<Point> {
    Measure::all().fold(vec![Point::new()], |points, measure| {
        let lowest = measure.lowest(sigma_floor);
        let intervals = areas
            .values()
            .filter_map(|(enter, _)| enter.0.get(&measure));
        let mut edges: Vec<f64> = intervals
            .flat_map(|(from, below)| [*from, *below])
            .filter(|edge| (lowest..=measure.highest()).contains(edge) && edge.is_finite())
            .chain([lowest])
            .collect();
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        let with = |point: &Point, edge: f64| {
            let mut point = point.clone();
            point.insert(measure, edge);
            point
        };
        points
            .iter()
            .flat_map(|point| edges.iter().map(move |edge| with(point, *edge)))
            .collect()
    })
}

/// Returns the pairs of regimes of which the first cannot be reached from the second. A regime changes directly to
/// another one if the other one is entered at values at which the first is not kept.
fn unreachable(areas: &BTreeMap<&str, (&Area, &Area)>, entered: &BTreeSet<&str>) -> Vec<AreaFault> {
    let mut faults = Vec::new();
    for start in entered {
        let mut reached = BTreeSet::from([*start]);
        let mut next = vec![*start];
        while let Some((_, kept)) = next.pop().and_then(|name| areas.get(name)) {
            for (name, (enter, _)) in areas {
                if !kept.includes(enter) && reached.insert(name) {
                    next.push(name);
                }
            }
        }
        let missed = entered.iter().filter(|name| !reached.contains(*name));
        faults.extend(missed.map(|name| AreaFault::Unreachable {
            regime: (*name).to_owned(),
            from: (*start).to_owned(),
        }));
    }
    faults
}

struct Values<'a>(&'a Point);

impl fmt::Display for Values<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (measure, value)) in self.0.iter().enumerate() {
            let separator = if i > 0 { ", " } else { "" };
            write!(f, "{separator}`{measure}` = {value}")?;
        }
        Ok(())
    }
}

impl fmt::Display for AreaFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap(at) => write!(
                f,
                "no regime is entered at {at}; extend the thresholds of one regime so that the regimes cover all values"
            ),
            Self::Overlap(one, other, at) => write!(
                f,
                "the regimes `{one}` and `{other}` overlap: both are entered at {at}; separate their `enter` thresholds"
            ),
            Self::NeverEntered(regime) => write!(
                f,
                "the regime `{regime}` is never entered, because no values are within its `enter` thresholds; correct them, or remove the regime"
            ),
            Self::Unreachable { regime, from } => write!(
                f,
                "the regime `{regime}` cannot be reached from `{from}`, because `{from}` is kept at all values at which another regime is entered; move the `exit` thresholds of `{from}` towards its `enter` thresholds"
            ),
        }
    }
}
