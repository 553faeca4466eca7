//! Timestamps in whole microseconds, parsed from decimal numbers and ISO 8601 without a library.

/// From 2000-01-01 to 2100-01-01, in microseconds. The times of intents lie in this range.
const PLAUSIBLE: std::ops::RangeInclusive<i64> = 946_684_800_000_000..=4_102_444_800_000_000;

/// Returns true if an intent can have this time, in microseconds.
pub(crate) fn is_plausible(micros: i64) -> bool {
    PLAUSIBLE.contains(&micros)
}

/// Returns one unit in the last decimal place of the shortest text for a number.
pub(crate) fn last_place(text: &str) -> Option<f64> {
    let shortest = format!("{}", text.parse::<f64>().ok()?);
    let places = shortest
        .split_once('.')
        .map_or(0, |(_, digits)| digits.len());
    format!("1e-{places}").parse().ok()
}

/// The years 0 to 9999, in epoch seconds.
const SECONDS: std::ops::RangeInclusive<i128> = -62_167_219_200..=253_402_300_799;

/// The result of reading a text as a decimal number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Decimal {
    NotANumber,
    NotFinite,
    /// The floor of the number multiplied by a power of ten, and whether it is equal to the product. A result beyond
    /// ±10³⁰ is replaced with ±10³⁰.
    Scaled {
        floor: i128,
        exact: bool,
    },
}

/// Parses the number in `text` and multiplies it by 10^`shift`.
pub(crate) fn decimal(text: &str, shift: i64) -> Decimal {
    if text.parse::<f64>().is_err() {
        return Decimal::NotANumber;
    }
    if text.to_ascii_lowercase().contains(['n', 'y']) {
        return Decimal::NotFinite;
    }
    // An exponent that does not fit in an integer is replaced with a smaller one that leads to the
    // same result.
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let far = if exponent.starts_with('-') {
                -1_000_000
            } else {
                1_000_000
            };
            (
                mantissa,
                exponent
                    .parse::<i64>()
                    .unwrap_or(far)
                    .clamp(-1_000_000, 1_000_000),
            )
        }
        None => (text, 0),
    };
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u32> = whole
        .chars()
        .chain(fraction.chars())
        .filter_map(|digit| digit.to_digit(10))
        .collect();
    let places = i64::try_from(whole.len()).unwrap() + exponent + shift;
    // These are the digits before the decimal point. At most 40 zeros are added, because the number
    // then always exceeds the maximum.
    let places = usize::try_from(places.max(0))
        .unwrap()
        .min(digits.len() + 40);
    let before = digits
        .iter()
        .copied()
        .chain(std::iter::repeat(0))
        .take(places);
    let magnitude = before.fold(0, |sum: i128, digit| {
        (sum * 10 + i128::from(digit)).min(10_i128.pow(30))
    });
    let exact = digits.iter().skip(places).all(|digit| *digit == 0);
    let floor = match (negative, exact) {
        (false, _) => magnitude,
        (true, true) => -magnitude,
        (true, false) => -magnitude - 1,
    };
    Decimal::Scaled { floor, exact }
}

/// Parses epoch milliseconds, which must be whole, and returns microseconds.
pub(crate) fn from_millis(text: &str) -> Option<i64> {
    match decimal(text, 0) {
        Decimal::Scaled { floor, exact: true } => in_range(floor * 1_000),
        Decimal::Scaled { .. } | Decimal::NotANumber | Decimal::NotFinite => None,
    }
}

/// Parses epoch seconds and returns microseconds, rounded down.
pub(crate) fn from_seconds(text: &str) -> Option<i64> {
    match decimal(text, 6) {
        Decimal::Scaled { floor, .. } => in_range(floor),
        Decimal::NotANumber | Decimal::NotFinite => None,
    }
}

/// Returns the milliseconds of a stream entry id `<ms>-<n>`; `None` if the text does not have this form.
pub(crate) fn stream_id_millis(id: &str) -> Option<&str> {
    let (millis, sequence) = id.split_once('-')?;
    let digits =
        |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit());
    (digits(millis) && digits(sequence)).then_some(millis)
}

/// Parses `YYYY-MM-DDTHH:MM[:SS[.f]]` with or without an offset.
pub(crate) fn from_iso(text: &str) -> Option<i64> {
    let (date, clock) = text.split_at_checked(10)?;
    let mut date = date.split('-');
    let year = count(date.next()?, 4)?;
    let month = count(date.next()?, 2)?;
    let day = count(date.next()?, 2)?;
    if date.next().is_some()
        || !(1..=12).contains(&month)
        || !(1..=month_days(year, month)).contains(&day)
    {
        return None;
    }
    let clock = clock.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = match clock.find(['Z', 'z', '+', '-']) {
        Some(at) => (clock.get(..at)?, offset_seconds(clock.get(at..)?)?),
        None => (clock, 0),
    };
    let (clock, fraction) = match clock.split_once(['.', ',']) {
        Some((clock, fraction)) if clock.len() == 8 && !fraction.is_empty() => (clock, fraction),
        Some(_) => return None,
        None => (clock, "0"),
    };
    if !fraction.chars().all(|letter| letter.is_ascii_digit()) {
        return None;
    }
    let micros: i128 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let mut parts = clock.split(':');
    let hour = count(parts.next()?, 2)?;
    let minute = count(parts.next()?, 2)?;
    let second = match parts.next() {
        Some(second) => count(second, 2)?,
        None => 0,
    };
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    in_range(seconds * 1_000_000 + micros)
}

/// Returns the timestamp if it is within the years 0 to 9999.
fn in_range(micros: i128) -> Option<i64> {
    SECONDS
        .contains(&micros.div_euclid(1_000_000))
        .then(|| i64::try_from(micros).unwrap())
}

/// Parses a number with exactly this number of digits.
fn count(text: &str, digits: usize) -> Option<i128> {
    (text.len() == digits && text.chars().all(|letter| letter.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// Parses `Z`, `±HH`, `±HHMM` or `±HH:MM`.
fn offset_seconds(text: &str) -> Option<i128> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = match rest.len() {
        2 => (rest, "00"),
        4 => rest.split_at_checked(2)?,
        _ => rest.split_once(':')?,
    };
    let (hours, minutes) = (count(hours, 2)?, count(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn is_leap(year: i128) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn month_days(year: i128, month: i128) -> i128 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the days since 1970-01-01, counted year by year and month by month.
fn days(year: i128, month: i128, day: i128) -> i128 {
    let of_year = |year: i128| if is_leap(year) { 366 } else { 365 };
    let years: i128 = if year >= 1970 {
        (1970..year).map(of_year).sum()
    } else {
        -(year..1970).map(of_year).sum::<i128>()
    };
    years
        + (1..month)
            .map(|month| month_days(year, month))
            .sum::<i128>()
        + day
        - 1
}
