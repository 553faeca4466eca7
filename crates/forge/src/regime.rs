//! The regimes of the symbols and of the market, with hysteresis and confirmation.

use std::collections::BTreeMap;

use portcullis::types::{Symbol, Timestamp};

use crate::{
    features::{Features, SymbolFeatures},
    state::{Pending, RegimeState, State},
    templates::{Measure, Point, Templates},
};

/// Regimes after the current window.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Regimes {
    /// The regime of the market; `None` if no window has had a symbol with usable features.
    pub(crate) market: Option<RegimeState>,
    pub(crate) market_point: Option<Point>,
    pub(crate) symbols: BTreeMap<Symbol, RegimeState>,
}

/// Computes the regimes. The measures of the market are the medians of all permitted symbols with usable features.
pub(crate) fn advance(features: &Features, templates: &Templates, state: &State) -> Regimes {
    let window = Window {
        end: features.window_end(),
        is_new: state
            .window_end
            .is_none_or(|last| last < features.window_end()),
    };
    let points: BTreeMap<Symbol, Point> = features
        .symbols()
        .filter(|symbol| templates.permitted.contains(symbol))
        .filter_map(|symbol| Some((symbol, point(features.of(&symbol)?, templates)?)))
        .collect();
    let kept = |before: &RegimeState| RegimeState {
        pending: None,
        ..before.clone()
    };
    let symbols = templates.permitted.iter().filter_map(|symbol| {
        let before = state.symbols.get(symbol);
        let now = match points.get(symbol) {
            Some(point) => window.next(before, point, templates)?,
            None => kept(before?),
        };
        Some((*symbol, now))
    });
    let market_point = median(&points);
    let market = match &market_point {
        Some(point) => window.next(state.market.as_ref(), point, templates),
        None => state.market.as_ref().map(kept),
    };
    Regimes {
        market: market.filter(|it| templates.regimes.contains_key(&it.regime)),
        market_point,
        symbols: symbols.collect(),
    }
}

/// Returns true if the price of the symbol does not change.
pub(crate) fn is_constant(features: &SymbolFeatures, templates: &Templates) -> bool {
    features.sigma == Some(0.0)
        || features
            .flat
            .is_some_and(|flat| flat > templates.universe.max_flat)
}

/// Returns the measures of a symbol; `None` if one is missing, `sigma` is below its floor, or the price is constant.
fn point(features: &SymbolFeatures, templates: &Templates) -> Option<Point> {
    let sigma = features
        .sigma
        .filter(|it| *it >= templates.universe.sigma_floor)?;
    if is_constant(features, templates) {
        return None;
    }
    Some(Point::from([
        (Measure::Sigma, sigma),
        (Measure::Ts, features.ts?),
        (Measure::PChop, features.p_chop?),
    ]))
}

/// Returns the median of each measure. With an even number of symbols, it is the mean of the two in the middle.
fn median(points: &BTreeMap<Symbol, Point>) -> Option<Point> {
    let median = |measure: Measure| {
        let values = points.values().filter_map(|point| point.get(&measure));
        let mut values: Vec<f64> = values.copied().collect();
        values.sort_by(f64::total_cmp);
        let high = *values.get(values.len() / 2)?;
        let low = *values.get(values.len().checked_sub(1)? / 2)?;
        Some((measure, f64::midpoint(low, high)))
    };
    Measure::all().map(median).collect()
}

/// The current window.
struct Window {
    end: Timestamp,
    /// False if the previous run was for the same window, which must not be counted twice.
    is_new: bool,
}

impl Window {
    /// Computes the next regime of a symbol or of the market.
    ///
    /// The first regime is entered at once. Later, a regime is kept while its `exit` thresholds hold. Otherwise the
    /// regime whose `enter` thresholds hold replaces it after `confirm` consecutive windows.
    fn next(
        &self,
        before: Option<&RegimeState>,
        point: &Point,
        templates: &Templates,
    ) -> Option<RegimeState> {
        let mut regimes = templates.regimes.iter();
        let (entered, rule) = regimes.find(|(_, regime)| regime.enter.contains(point))?;
        let first = RegimeState {
            regime: entered.clone(),
            since: self.end,
            pending: None,
        };
        let Some(before) = before else {
            return Some(first);
        };
        let Some(current) = templates.regimes.get(&before.regime) else {
            return Some(first);
        };
        if !self.is_new {
            return Some(before.clone());
        }
        if current.keep.contains(point) || before.regime == *entered {
            return Some(RegimeState {
                pending: None,
                ..before.clone()
            });
        }
        let counted = before.pending.as_ref().filter(|it| it.regime == *entered);
        let windows = counted.map_or(0, |it| it.windows).saturating_add(1);
        if windows >= rule.confirm {
            return Some(first);
        }
        let pending = Some(Pending {
            regime: entered.clone(),
            windows,
        });
        Some(RegimeState {
            pending,
            ..before.clone()
        })
    }
}
