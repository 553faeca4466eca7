//! The values that a plain record states about an entry. A record whose statements would have to be compared or refused
//! is left to the general path, so that those rules exist once.

use portcullis::{
    intent::Size,
    types::{IsoOffset, Margin, Notional, Price, Quantity, Side, Timestamp},
};

use super::{
    keys::{
        ACTION, DECIDED_AT, ENTRY_PRICE, EVENT_TYPE, ID, INTENT_ID, LEVERAGE, POSITION_SIZE_USD,
        POSITION_USD, PRICE, QTY, QUANTITY, SIDE, SIZE, SOURCE, STOP_LOSS, SYMBOL, TAKE_PROFIT, TS,
    },
    line::PlainLine,
    names::Name,
    number::read_digits,
};
use crate::replay::digest::SizeSource;

/// The entry of a plain line, with a side and exactly one statement of its size, which is usable. It may have no time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PlainEntry<'a> {
    /// `id`, else `intent_id`. If both are absent, the number of the record is used.
    pub(super) id: Option<&'a [u8]>,
    pub(super) source: Option<Name>,
    pub(super) symbol: Name,
    pub(super) side: Side,
    pub(super) times: Times,
    pub(super) leverage: Option<f64>,
    pub(super) stated: Stated,
    pub(super) prices: Prices,
}

/// From this ratio on, two prices of one intent contradict each other.
const RATIO_MAX: f64 = 1.5;

impl<'a> PlainEntry<'a> {
    /// Returns the entry of a line; `None` if the general path must read it.
    #[inline(always)]
    pub(super) fn of(line: &PlainLine<'a>) -> Option<Self> {
        if line
            .text(EVENT_TYPE)
            .is_some_and(|name| name != b"trade.intent")
        {
            return None;
        }
        let word = |key| line.text(key).map(Word::of);
        let side = side(word(ACTION), word(SIDE))?;
        let times = Times::of(line)?;
        let limit = line.number(PRICE);
        let prices = Prices::of(
            side,
            (limit, line.number(ENTRY_PRICE)),
            (line.number(STOP_LOSS), line.number(TAKE_PROFIT)),
        )?;
        let leverage = line.number(LEVERAGE);
        let sizes = Sizes {
            position_size_usd: line.number(POSITION_SIZE_USD),
            size: line.number(SIZE),
            quantity: line.number(QUANTITY),
            qty: line.number(QTY),
            position_usd: line.number(POSITION_USD),
        };
        let stated = Stated::of(sizes, limit, leverage, prices.larger)?;
        Some(Self {
            id: line.text(ID).or(line.text(INTENT_ID)),
            source: match line.text(SOURCE) {
                Some(_) => Some(line.name(SOURCE)?),
                None => None,
            },
            symbol: line.name(SYMBOL)?,
            side,
            times,
            leverage,
            stated,
            prices,
        })
    }
}

/// The meaning of `action` or `side`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Buy,
    Sell,
    Long,
    Short,
    Other,
}

impl Word {
    #[inline(always)]
    pub(super) fn of(text: &[u8]) -> Self {
        match text {
            b"BUY" => Self::Buy,
            b"SELL" => Self::Sell,
            b"LONG" => Self::Long,
            b"SHORT" => Self::Short,
            _ => Self::Other,
        }
    }
}

/// Returns the side, if `action` or `side` states one in upper case, or both state the same. LONG and SHORT are read
/// only if one of the two fields is absent.
#[inline(always)]
pub(super) fn side(action: Option<Word>, side: Option<Word>) -> Option<Side> {
    match (action, side) {
        (Some(Word::Buy), None | Some(Word::Buy)) | (None, Some(Word::Buy | Word::Long)) => {
            Some(Side::Buy)
        }
        (Some(Word::Sell), None | Some(Word::Sell)) | (None, Some(Word::Sell | Word::Short)) => {
            Some(Side::Sell)
        }
        (Some(Word::Long), None) => Some(Side::Buy),
        (Some(Word::Short), None) => Some(Side::Sell),
        (_, _) => None,
    }
}

/// The values of the fields with times, in epoch milliseconds unless the type states otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TimeFields {
    /// The time of a stream entry id.
    pub(super) id: Option<i64>,
    pub(super) ts: Option<i64>,
    pub(super) timestamp: Option<(Timestamp, IsoOffset)>,
    pub(super) decided_at: Option<i64>,
}

/// The times of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Times {
    /// `decided_at`, else `emitted_at`.
    pub(super) event_time: Option<Timestamp>,
    /// The time of the stream entry id, else `ts`, else `timestamp`.
    pub(super) emitted_at: Option<Timestamp>,
    /// The earliest and the latest of these times.
    pub(super) sent: Option<(Timestamp, Timestamp)>,
    /// True if there is a `timestamp`, whose meaning depends on the guardrails.
    pub(super) is_stamped: bool,
    /// True if the time of sending is a `timestamp` without a UTC offset.
    pub(super) is_offset_assumed: bool,
}

impl Times {
    /// Reads the times of a line; `None` if one of them is not plausible.
    #[inline(always)]
    pub(super) fn of(line: &PlainLine<'_>) -> Option<Self> {
        Self::of_fields(TimeFields {
            id: line.text(ID).and_then(stream_millis),
            ts: line.millis(TS).ok()?,
            timestamp: line.timestamp().ok()?,
            decided_at: line.millis(DECIDED_AT).ok()?,
        })
    }

    /// Reads the times; `None` if one of them is not plausible.
    #[inline(always)]
    pub(super) fn of_fields(fields: TimeFields) -> Option<Self> {
        let time = |millis: Option<i64>| match millis {
            Some(millis) => plausible(millis).map(Some),
            None => Some(None),
        };
        let (by_id, by_ts) = (time(fields.id)?, time(fields.ts)?);
        let decided_at = time(fields.decided_at)?;
        let stamp = match fields.timestamp {
            Some(stamp) => Some(plausible_stamp(stamp)?),
            None => None,
        };
        let by_stamp = stamp.map(|(at, _)| at);
        let earlier = by_id.or(by_ts);
        let emitted_at = earlier.or(by_stamp);
        let sent = emitted_at.map(|emitted_at| {
            let others = [by_ts.unwrap_or(emitted_at), by_stamp.unwrap_or(emitted_at)];
            others
                .into_iter()
                .fold((emitted_at, emitted_at), |(first, last), at| {
                    (first.min(at), last.max(at))
                })
        });
        Some(Self {
            event_time: decided_at.or(emitted_at),
            emitted_at,
            sent,
            is_stamped: by_stamp.is_some(),
            is_offset_assumed: decided_at.or(earlier).is_none()
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

/// Returns a `timestamp` if it lies between 2000-01-01 and 2100-01-01.
fn plausible_stamp(stamp: (Timestamp, IsoOffset)) -> Option<(Timestamp, IsoOffset)> {
    let millis = stamp.0.as_micros().div_euclid(1_000);
    // The upper bound itself is excluded: a time in this millisecond may exceed the bound by microseconds.
    (946_684_800_000..4_102_444_800_000)
        .contains(&millis)
        .then_some(stamp)
}

/// Returns the milliseconds of a stream entry id, `<milliseconds>-<n>`.
#[inline(always)]
pub(super) fn stream_millis(id: &[u8]) -> Option<i64> {
    let mut millis = 0;
    let len = read_digits(id, &mut millis);
    let sequence = id.get(len..)?.strip_prefix(b"-")?;
    let is_entry_id = len <= 15 && !sequence.is_empty() && sequence.iter().all(u8::is_ascii_digit);
    is_entry_id.then(|| i64::try_from(millis).ok())?
}

/// Returns a price, if there is one. Returns `None` if the number is not a price: 0 is a market order, an absent target
/// or an invalid price, which the general path distinguishes.
#[inline(always)]
fn price(number: Option<f64>) -> Option<Option<Price>> {
    number
        .map(|it| Price::new(it).ok())
        .map_or(Some(None), |price| price.map(Some))
}

/// The prices of an entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Prices {
    /// The price that converts a notional to a quantity: the larger of `price` and `entry_price`, and true if it is
    /// `price`.
    pub(super) larger: Option<(Price, bool)>,
    pub(super) deviation: f64,
    pub(super) stop_distance: f64,
}

impl Prices {
    /// The prices of an entry without a price and without a stop.
    pub(super) const NONE: Self = Self {
        larger: None,
        deviation: 0.0,
        stop_distance: 0.0,
    };

    /// Reads `price`, `entry_price`, `stop_loss` and `take_profit`. Returns `None` if one of them is not a price, or if
    /// they contradict each other or the side.
    #[inline(always)]
    pub(super) fn of(
        side: Side,
        (limit, planned): (Option<f64>, Option<f64>),
        (stop, target): (Option<f64>, Option<f64>),
    ) -> Option<Self> {
        let (limit, planned) = (price(limit)?, price(planned)?);
        let (stop, target) = (price(stop)?, price(target)?);
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
        Some(Self {
            larger,
            deviation: match (limit, planned) {
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

/// The fields that can state the size of an entry.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sizes {
    pub(super) position_size_usd: Option<f64>,
    pub(super) size: Option<f64>,
    pub(super) quantity: Option<f64>,
    pub(super) qty: Option<f64>,
    pub(super) position_usd: Option<f64>,
}

/// The only statement of the size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stated {
    pub(super) size: Size,
    pub(super) source: SizeSource,
    /// The quantity, if the size was read from it.
    pub(super) quantity: Option<f64>,
}

impl Stated {
    /// Returns the size; `None` if there is not exactly one statement, or if it is not usable. `limit` is the value of
    /// `price`.
    #[inline(always)]
    pub(super) fn of(
        sizes: Sizes,
        limit: Option<f64>,
        leverage: Option<f64>,
        price: Option<(Price, bool)>,
    ) -> Option<Self> {
        let notional = |number, source| {
            Notional::new(number).ok().map(|amount| Self {
                size: Size::Notional(amount),
                source,
                quantity: None,
            })
        };
        match (
            sizes.position_size_usd,
            sizes.size,
            sizes.quantity,
            sizes.qty,
            sizes.position_usd,
        ) {
            (Some(usd), None, None, None, None) => notional(usd, SizeSource::PositionSizeUsd),
            // Next to a price, the unit of `size` is unknown.
            (None, Some(usd), None, None, None) if limit.is_none() => {
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
            (None, None, None, None, Some(usd)) if leverage.is_some_and(|it| it > 0.0) => {
                Margin::new(usd).ok().map(|amount| Self {
                    size: Size::Margin(amount),
                    source: SizeSource::PositionUsd,
                    quantity: None,
                })
            }
            (_, _, _, _, _) => None,
        }
    }

    fn product(
        quantity: f64,
        (price, is_limit): (Price, bool),
        [by_limit, by_planned]: [SizeSource; 2],
    ) -> Option<Self> {
        let quantity = Quantity::new(quantity).ok()?;
        let amount = quantity.notional(price).ok()?;
        Some(Self {
            size: Size::Notional(amount),
            source: if is_limit { by_limit } else { by_planned },
            quantity: Some(quantity.get()),
        })
    }
}
