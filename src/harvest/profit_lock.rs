//! The profit lock, which moves the stop to the profit side of the entry price (break-even stop).

use super::{RPart, evidence::is_positive, r_net::sign};
use crate::{
    policy::Theta,
    provenance::Source,
    types::{PositionSide, Price},
};

/// Returns true if `current_sl` is absent, which means that there is no stop yet, or if it is a
/// valid price.
#[inline(always)]
pub(super) fn is_readable(current_sl: Option<f64>) -> bool {
    current_sl.is_none_or(is_positive)
}

/// Returns the stop to propose, or `None`. A stop is proposed if R_net has reached `lock_R`, the
/// new stop is tighter than the current one, and the new stop would not trigger immediately: it is
/// below the current price for a long, and above it for a short.
#[inline]
pub(super) fn stop(r: &RPart, current_sl: Option<f64>, theta: &Theta) -> Option<Price> {
    let sign = sign(r.side);
    let stop = locked(sign, r.entry, theta.be_plus_pct().value());
    let tightens = current_sl.is_none_or(|sl| is_positive(sl) & is_beyond(sign, stop, sl));
    let proposed =
        (r.r_net() >= theta.lock_r().value()) & tightens & is_beyond(sign, r.current, stop);
    // A proposed stop is between the entry price and the current price, so it is a valid price.
    Price::new(stop).ok().filter(|_| proposed)
}

/// Returns the source of a proposed stop.
pub(super) const fn source(r: &RPart) -> Source {
    Source::Derived(match r.side {
        PositionSide::Long => "position:entry_price*(1+policy:harvest_params.be_plus_pct)",
        PositionSide::Short => "position:entry_price*(1-policy:harvest_params.be_plus_pct)",
    })
}

/// Returns the break-even stop, entry · (1 ± be_plus_pct).
#[inline(always)]
pub(super) fn locked(sign: f64, entry: f64, be_plus_pct: f64) -> f64 {
    entry * (1.0 + sign * be_plus_pct)
}

/// Returns true if the price `a` is better than `b` for the side with this sign: higher for a long,
/// lower for a short.
#[inline(always)]
pub(super) fn is_beyond(sign: f64, a: f64, b: f64) -> bool {
    sign * a > sign * b
}
