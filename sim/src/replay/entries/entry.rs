//! The values that a plain line states about an entry. A line whose statements would have to be compared or refused is
//! left to the general path, so that those rules exist once.

use portcullis::{
    intent::Size,
    types::{IsoOffset, Margin, Notional, Price, Quantity, Side, Timestamp},
};

use super::line::{Number, PlainLine};
use crate::replay::digest::SizeSource;

/// An entry with a side, a time, and one statement of its size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PlainEntry<'a> {
    pub(super) id: &'a str,
    pub(super) source: Option<&'a str>,
    pub(super) symbol: &'a str,
    pub(super) side: Side,
    pub(super) times: Times,
    pub(super) leverage: Option<f64>,
    pub(super) size: Size,
    pub(super) size_source: SizeSource,
    /// The quantity, if the size was read from it.
    pub(super) quantity: Option<f64>,
    /// The price that converts a notional to a quantity: the larger of `price` and `entry_price`.
    pub(super) price: Option<Price>,
    pub(super) price_deviation: f64,
    pub(super) stop_distance: f64,
}

/// From this ratio on, two prices of one intent contradict each other.
const RATIO_MAX: f64 = 1.5;

impl<'a> PlainEntry<'a> {
    /// Returns the entry of a line; `None` if the general path must read it.
    #[inline(always)]
    pub(super) fn of(line: &PlainLine<'a>) -> Option<Self> {
        if line.event_type.is_some_and(|name| name != "trade.intent") {
            return None;
        }
        let side = side(line)?;
        let times = Times::of(line)?;
        let limit = price(line.price)?;
        let planned = price(line.entry_price)?;
        let (stop, target) = (price(line.stop_loss)?, price(line.take_profit)?);
        let larger = match (limit, planned) {
            (Some(limit), Some(planned)) => {
                let (low, high) = (
                    limit.get().min(planned.get()),
                    limit.get().max(planned.get()),
                );
                (high < RATIO_MAX * low).then_some(())?;
                Some(if planned > limit {
                    (planned, false)
                } else {
                    (limit, true)
                })
            }
            (limit, planned) => limit.map(|it| (it, true)).or(planned.map(|it| (it, false))),
        };
        let reference = planned.or(limit);
        for (first, second) in [(stop, reference), (reference, target), (stop, target)] {
            let (Some(first), Some(second)) = (first, second) else {
                continue;
            };
            let in_order = match side {
                Side::Buy => first < second,
                Side::Sell => first > second,
            };
            in_order.then_some(())?;
        }
        let stated = Stated::of(line, larger)?;
        Some(Self {
            id: line.id.or(line.intent_id)?,
            source: line.source,
            symbol: line.symbol?,
            side,
            times,
            leverage: line.leverage.map(|it| it.value),
            size: stated.size,
            size_source: stated.source,
            quantity: stated.quantity,
            price: larger.map(|(price, _)| price),
            price_deviation: match (limit, planned) {
                (Some(limit), Some(planned)) => (limit.get() - planned.get()).abs() / planned.get(),
                (_, _) => 0.0,
            },
            stop_distance: match (stop, reference) {
                (None, _) => 0.0,
                (Some(stop), Some(reference)) => {
                    (stop.get() - reference.get()).abs() / reference.get()
                }
                (Some(_), None) => f64::INFINITY,
            },
        })
    }
}

/// Returns the side, if `action` and `side` state one in upper case. LONG and SHORT are read only alone.
#[inline(always)]
fn side(line: &PlainLine<'_>) -> Option<Side> {
    let word = match (line.action, line.side) {
        (Some(word), None) | (None, Some(word)) => match word {
            "LONG" => return Some(Side::Buy),
            "SHORT" => return Some(Side::Sell),
            word => word,
        },
        (Some(one), Some(other)) if one == other => one,
        (_, _) => return None,
    };
    match word {
        "BUY" => Some(Side::Buy),
        "SELL" => Some(Side::Sell),
        _ => None,
    }
}

/// The times of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Times {
    /// The time of the stream entry id, else `ts`, else `timestamp`.
    pub(super) emitted_at: Timestamp,
    /// The earliest and the latest of these times.
    pub(super) sent: (Timestamp, Timestamp),
    /// True if there is a `timestamp`, whose meaning depends on the guardrails.
    pub(super) is_stamped: bool,
    /// True if the time of sending is a `timestamp` without a UTC offset.
    pub(super) is_offset_assumed: bool,
}

impl Times {
    /// Reads the times; `None` if there is none, or if one of them is not plausible.
    #[inline(always)]
    fn of(line: &PlainLine<'_>) -> Option<Self> {
        let by_id = match line.id.and_then(stream_millis) {
            Some(millis) => Some(plausible(millis)?),
            None => None,
        };
        let by_ts = match line.ts {
            Some(ts) => Some(plausible(ts.whole?)?),
            None => None,
        };
        let stamp = match line.timestamp {
            Some(text) => Some(iso(text)?),
            None => None,
        };
        let by_stamp = stamp.map(|(at, _)| at);
        let earlier = by_id.or(by_ts);
        let emitted_at = earlier.or(by_stamp)?;
        let all = [by_ts.unwrap_or(emitted_at), by_stamp.unwrap_or(emitted_at)];
        let sent = all
            .into_iter()
            .fold((emitted_at, emitted_at), |(first, last), at| {
                (first.min(at), last.max(at))
            });
        Some(Self {
            emitted_at,
            sent,
            is_stamped: by_stamp.is_some(),
            is_offset_assumed: earlier.is_none()
                && matches!(stamp, Some((_, IsoOffset::AssumedUtc))),
        })
    }
}

/// Returns the time if it lies between 2000-01-01 and 2100-01-01.
#[inline(always)]
fn plausible(millis: i64) -> Option<Timestamp> {
    let is_plausible = (946_684_800_000..=4_102_444_800_000).contains(&millis);
    is_plausible.then(|| Timestamp::from_millis(millis).ok())?
}

/// Reads an ISO-8601 text that starts with a year.
fn iso(text: &str) -> Option<(Timestamp, IsoOffset)> {
    let is_iso = text.as_bytes().get(4) == Some(&b'-');
    let (at, offset) = is_iso.then(|| Timestamp::parse_iso(text).ok())??;
    let millis = at.as_micros().div_euclid(1_000);
    // The last millisecond may exceed the bound by a fraction.
    (946_684_800_000..4_102_444_800_000)
        .contains(&millis)
        .then_some((at, offset))
}

/// Returns the milliseconds of a stream entry id, `<milliseconds>-<n>`.
#[inline(always)]
fn stream_millis(id: &str) -> Option<i64> {
    let mut millis: i64 = 0;
    let mut bytes = id.bytes();
    let mut count = 0;
    loop {
        match bytes.next()? {
            byte @ b'0'..=b'9' if count < 15 => {
                millis = millis * 10 + i64::from(byte & 0x0f);
                count += 1;
            }
            b'-' => break,
            _ => return None,
        }
    }
    let has_sequence = bytes.len() > 0 && bytes.all(|byte| byte.is_ascii_digit());
    has_sequence.then_some(millis)
}

/// Returns a price. `None` if it is 0: a market order, an absent target, or invalid.
#[inline(always)]
fn price(number: Option<Number>) -> Option<Option<Price>> {
    number
        .map(|it| Price::new(it.value).ok())
        .map_or(Some(None), |price| price.map(Some))
}

/// The only statement of the size.
struct Stated {
    size: Size,
    source: SizeSource,
    quantity: Option<f64>,
}

impl Stated {
    /// Returns the size; `None` if there is not exactly one statement, or if it is not usable.
    #[inline(always)]
    fn of(line: &PlainLine<'_>, price: Option<(Price, bool)>) -> Option<Self> {
        let notional = |number: Number, source| {
            Notional::new(number.value).ok().map(|amount| Self {
                size: Size::Notional(amount),
                source,
                quantity: None,
            })
        };
        match (
            line.position_size_usd,
            line.size,
            line.quantity,
            line.qty,
            line.position_usd,
        ) {
            (Some(usd), None, None, None, None) => notional(usd, SizeSource::PositionSizeUsd),
            // Next to a price, the unit of `size` is unknown.
            (None, Some(usd), None, None, None) if line.price.is_none() => {
                notional(usd, SizeSource::Size)
            }
            (None, None, Some(quantity), None, None) => Self::product(
                quantity,
                price?,
                [SizeSource::QuantityPrice, SizeSource::QuantityEntryPrice],
            ),
            (None, None, None, Some(quantity), None) => Self::product(
                quantity,
                price?,
                [SizeSource::QtyPrice, SizeSource::QtyEntryPrice],
            ),
            (None, None, None, None, Some(usd))
                if line.leverage.is_some_and(|it| it.value > 0.0) =>
            {
                Margin::new(usd.value).ok().map(|amount| Self {
                    size: Size::Margin(amount),
                    source: SizeSource::PositionUsd,
                    quantity: None,
                })
            }
            (_, _, _, _, _) => None,
        }
    }

    fn product(
        quantity: Number,
        (price, is_limit): (Price, bool),
        [by_limit, by_planned]: [SizeSource; 2],
    ) -> Option<Self> {
        let quantity = Quantity::new(quantity.value).ok()?;
        let amount = quantity.notional(price).ok()?;
        Some(Self {
            size: Size::Notional(amount),
            source: if is_limit { by_limit } else { by_planned },
            quantity: Some(quantity.get()),
        })
    }
}
