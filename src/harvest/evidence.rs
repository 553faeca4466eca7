//! The evidence for why a part of a harvest is unavailable.

use std::fmt;

use thiserror::Error;

use crate::types::SignedDuration;

/// An input of a harvest, or an intermediate result of R.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HarvestField {
    /// The `side` of the position.
    Side,
    /// The `entry_price` of the position.
    EntryPrice,
    /// The `current_price` of the position.
    CurrentPrice,
    /// The `stop_dist_pct` of the position.
    StopDistPct,
    /// The `age_sec` of the position.
    AgeSec,
    /// The time at which the position was reported.
    PositionTime,
    /// The market as a whole.
    Market,
    /// The volatility `sigma` of the market.
    Sigma,
    /// The trend strength `ts` of the market.
    TrendStrength,
    /// The probability `p_trend` of the market.
    PTrend,
    /// The probability `p_mr` of the market.
    PMr,
    /// The probability `p_chop` of the market.
    PChop,
    /// The time `as_of` of the market state.
    MarketTime,
    /// The risk of one unit, in USD: entry · stop.
    RiskUnit,
    /// The R multiple after costs, R_net.
    RNet,
}

impl HarvestField {
    /// Returns the name of the field in a record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Side => "side",
            Self::EntryPrice => "entry_price",
            Self::CurrentPrice => "current_price",
            Self::StopDistPct => "stop_dist_pct",
            Self::AgeSec => "age_sec",
            Self::PositionTime => "ts",
            Self::Market => "market",
            Self::Sigma => "market.sigma",
            Self::TrendStrength => "market.ts",
            Self::PTrend => "market.p_trend",
            Self::PMr => "market.p_mr",
            Self::PChop => "market.p_chop",
            Self::MarketTime => "market.as_of",
            Self::RiskUnit => "risk_unit",
            Self::RNet => "r_net",
        }
    }

    /// Returns the requirement that the field must meet, as text.
    #[must_use]
    pub const fn bound(self) -> &'static str {
        match self {
            Self::Side => "LONG or SHORT",
            Self::EntryPrice | Self::CurrentPrice | Self::StopDistPct => {
                "finite and greater than 0"
            }
            Self::AgeSec | Self::Sigma => "finite and at least 0",
            Self::PositionTime | Self::MarketTime => "present, because the policy limits its age",
            Self::Market => "an object",
            Self::TrendStrength | Self::RiskUnit | Self::RNet => "finite",
            Self::PTrend | Self::PMr | Self::PChop => "from 0 to 1",
        }
    }
}

/// The unusable value of an input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Observed {
    /// The value is absent.
    Absent,
    /// The value cannot be read, or is NaN.
    Unreadable,
    /// The value is a number out of bounds, or an infinity.
    Number(f64),
    /// The value is older than the policy allows.
    TooOld {
        /// The age of the value.
        age: SignedDuration,
        /// The largest allowed age, inclusive.
        age_max: SignedDuration,
    },
}

impl Observed {
    pub(super) const fn number(value: Option<f64>) -> Self {
        match value {
            None => Self::Absent,
            Some(x) if x.is_nan() => Self::Unreadable,
            Some(x) => Self::Number(x),
        }
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::Unreadable => f.write_str("unreadable"),
            Self::Number(x) => write!(f, "`{x}`"),
            Self::TooOld { age, .. } => write!(f, "{age} old"),
        }
    }
}

/// An input that a part of a harvest cannot use.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("`{}` is {observed}, but must be {}", .field.as_str(), required(*.field, observed))]
pub struct InputError {
    /// The field that cannot be used.
    pub field: HarvestField,
    /// The value that was found, or the reason why there is none.
    pub observed: Observed,
}

fn required(field: HarvestField, observed: &Observed) -> String {
    match observed {
        Observed::TooOld { age_max, .. } => format!("at most {age_max} old"),
        Observed::Absent | Observed::Unreadable | Observed::Number(_) => field.bound().to_owned(),
    }
}

impl InputError {
    pub(super) const fn new(field: HarvestField, observed: Observed) -> Self {
        Self { field, observed }
    }
}

/// The reason why R is unavailable.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum RError {
    /// Neither the position nor the policy has a stop distance.
    #[error("`stop_dist_pct` is absent, and the policy has no `harvest_params.fallback_stop_pct`")]
    MissingStop,
    /// An input of R, or R itself, is unusable.
    #[error(transparent)]
    InvalidInput(#[from] InputError),
}

/// Returns the number if it is present and `sound` returns true for it. Otherwise returns an error
/// that names the field.
#[inline(always)]
pub(super) fn sound(
    field: HarvestField,
    value: Option<f64>,
    sound: fn(f64) -> bool,
) -> Result<f64, InputError> {
    match value {
        Some(x) if sound(x) => Ok(x),
        _ => Err(InputError::new(field, Observed::number(value))),
    }
}

/// Returns true if the number is finite and greater than 0; false for NaN.
#[inline(always)]
pub(super) fn is_positive(x: f64) -> bool {
    (x > 0.0) & (x <= f64::MAX)
}

/// Returns true if the number is finite and at least 0; false for NaN.
#[inline(always)]
pub(super) fn is_not_negative(x: f64) -> bool {
    (0.0..=f64::MAX).contains(&x)
}

/// Returns true if the number is finite; false for NaN.
#[inline(always)]
pub(super) fn is_finite(x: f64) -> bool {
    x.abs() <= f64::MAX
}

/// Returns true if the number is in \[0, 1\]; false for NaN.
#[inline(always)]
pub(super) fn is_share(x: f64) -> bool {
    (0.0..=1.0).contains(&x)
}
