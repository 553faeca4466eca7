//! Parsers of argument values.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use jiff::{Span, SpanRelativeTo};
use portcullis::types::{SignedDuration, Timestamp, TimestampError};
use portcullis_service::runtime::system_time;

use crate::failure::Failure;

/// Parses a whole number within inclusive bounds.
pub(crate) fn parse_whole(text: &str, bounds: RangeInclusive<u64>) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if bounds.contains(&number) => Ok(number),
        Ok(_) | Err(_) => Err(format!(
            "not a whole number from {} to {}",
            bounds.start(),
            bounds.end()
        )),
    }
}

/// Parses a timestamp in epoch seconds or ISO-8601.
pub(crate) fn parse_epoch(text: &str) -> Result<Timestamp, String> {
    let error = match Timestamp::parse_epoch_seconds(text) {
        Ok(at) => return Ok(at),
        Err(TimestampError::NotANumber) => "neither a number nor a date with a time".to_owned(),
        Err(error) => error.to_string(),
    };
    Timestamp::parse_iso(text)
        .map(|(at, _)| at)
        .map_err(|_| format!("{error}; use epoch seconds or a time such as `2026-01-05T00:00:00Z`"))
}

/// The unit of a duration option that is given as a number without a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BareUnit {
    Seconds,
    Milliseconds,
}

/// Parses a duration within inclusive bounds: a number in the unit of the option, or numbers with units such as `90s`,
/// `4h`, `1h30m` or `2d`. A day has 24 hours. The result is rounded down to the microsecond.
pub(crate) fn parse_duration(
    text: &str,
    bare: BareUnit,
    bounds: RangeInclusive<Duration>,
) -> Result<Duration, String> {
    let number = match bare {
        BareUnit::Seconds => bare_seconds(text),
        BareUnit::Milliseconds => text.parse().ok().map(Duration::from_millis),
    };
    let duration = number.or_else(|| with_units(text));
    match duration {
        Some(duration) if bounds.contains(&duration) => Ok(duration),
        Some(_) => Err(format!("must be {}", shown_bounds(&bounds))),
        None => Err(not_a_duration(bare, &bounds)),
    }
}

/// Returns the error for a text that is not a duration, with examples that are within the bounds.
fn not_a_duration(bare: BareUnit, bounds: &RangeInclusive<Duration>) -> String {
    let unit = match bare {
        BareUnit::Seconds => "seconds",
        BareUnit::Milliseconds => "milliseconds",
    };
    let is_within = |example: &&str| with_units(example).is_some_and(|it| bounds.contains(&it));
    let examples = ["2d", "4h", "90s", "5s", "500ms"].into_iter();
    let examples: Vec<&str> = examples.filter(is_within).take(2).collect();
    format!(
        "not a duration; use a number of {unit}, or a number with a unit, such as `{}`",
        examples.join("` or `")
    )
}

fn shown_bounds(bounds: &RangeInclusive<Duration>) -> String {
    let shown = |it: &Duration| match jiff::SignedDuration::try_from(*it) {
        Ok(it) => format!("{it:#}"),
        Err(_) => format!("{it:?}"),
    };
    match *bounds.end() {
        Duration::MAX => "greater than 0".to_owned(),
        _ => format!("from {} to {}", shown(bounds.start()), shown(bounds.end())),
    }
}

fn bare_seconds(text: &str) -> Option<Duration> {
    let since_epoch = Timestamp::parse_epoch_seconds(text).ok()?;
    let micros = u64::try_from(since_epoch.as_micros()).ok()?;
    Some(Duration::from_micros(micros))
}

fn with_units(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(duration).ok()
}

/// Parses the validity of a policy, in seconds or with units, greater than 0.
pub(crate) fn parse_validity(text: &str) -> Result<SignedDuration, String> {
    let bounds = Duration::from_micros(1)..=Duration::MAX;
    let duration = parse_duration(text, BareUnit::Seconds, bounds)?;
    let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    Ok(SignedDuration::from_micros(micros))
}

/// Returns the expiry of a policy that is valid for this duration from now.
pub(crate) fn valid_until(validity: SignedDuration) -> Result<Timestamp, Failure> {
    let end = system_time()?.saturating_add(validity);
    if end == Timestamp::MAX {
        return Err(Failure::error(
            "the policy would be valid beyond the year 9999; use a smaller `--valid-for`",
        ));
    }
    Ok(end)
}

/// Parses the path of a report, which cannot be standard output.
pub(crate) fn parse_report(text: &str) -> Result<PathBuf, String> {
    match text {
        "-" | "/dev/stdout" => Err("a report must be written to a file".to_owned()),
        "" => Err("the file name is empty".to_owned()),
        name => Ok(name.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<Duration> {
        parse_duration(text, BareUnit::Seconds, Duration::ZERO..=Duration::MAX).ok()
    }

    #[test]
    fn durations_have_units_or_the_unit_of_the_option() {
        for (text, expected) in [
            ("3600", 3_600_000),
            ("0.5", 500),
            ("90s", 90_000),
            ("4h", 14_400_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("2 hours", 7_200_000),
            ("2d", 172_800_000),
            ("1w", 604_800_000),
            ("250ms", 250),
            ("PT15M", 900_000),
        ] {
            assert_eq!(
                seconds(text),
                Some(Duration::from_millis(expected)),
                "{text}"
            );
        }
        for text in [
            "", "h", "4x", "soon", "-1", "-1h", "nan", "1M1", "4,h", "1 month", "1e400",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
        let milliseconds = |text| {
            let bounds = Duration::from_millis(10)..=Duration::from_secs(60);
            parse_duration(text, BareUnit::Milliseconds, bounds)
        };
        assert_eq!(milliseconds("1000"), Ok(Duration::from_secs(1)));
        assert_eq!(milliseconds("1s"), Ok(Duration::from_secs(1)));
        assert_eq!(
            milliseconds("2m"),
            Err("must be from 10ms to 1m".to_owned())
        );
        assert_eq!(
            milliseconds("soon"),
            Err("not a duration; use a number of milliseconds, or a number with a unit, such as `5s` or `500ms`".to_owned())
        );
    }
}
