//! The system clock, and its difference from the clock of the server.

use std::time::{SystemTime, UNIX_EPOCH};

use portcullis::types::{SignedDuration, Timestamp};
use redis::{Connection, RedisResult};
use thiserror::Error;

/// The reason why the system clock cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ClockError {
    /// The time is before 1970.
    #[error("the system clock is before 1970; set the clock")]
    Before1970,
    /// The time is after the year 9999.
    #[error("the system clock is after the year 9999; set the clock")]
    After9999,
}

/// Returns the time of this machine.
///
/// # Errors
/// Returns an error if the clock is outside the years 1970 to 9999.
pub fn system_time() -> Result<Timestamp, ClockError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = since.map_err(|_| ClockError::Before1970)?.as_micros();
    let micros = i64::try_from(micros).map_err(|_| ClockError::After9999)?;
    Timestamp::from_micros(micros).map_err(|_| ClockError::After9999)
}

/// Returns the time of this machine. If the clock cannot be used, returns the last timestamp, at which no policy is in
/// force.
pub(crate) fn now() -> Timestamp {
    system_time().unwrap_or(Timestamp::MAX)
}

/// Returns the time rounded up to whole milliseconds, the precision of a record. Because of the
/// rounding up, no policy is in force for longer than the clock allows.
pub(crate) fn now_in_millis() -> Timestamp {
    round_up(now())
}

fn round_up(at: Timestamp) -> Timestamp {
    let millis = at.as_millis();
    let up = match Timestamp::from_millis(millis) {
        Ok(whole) if whole < at => millis.saturating_add(1),
        Ok(_) | Err(_) => millis,
    };
    // A time within the last millisecond of the range cannot be rounded up.
    let whole = Timestamp::from_millis(up).or_else(|_| Timestamp::from_millis(millis));
    whole.unwrap_or(at)
}

/// Returns a lower bound of the difference between the clock of this process and the clock of the
/// server, and the round-trip time of the measurement. The bound is 0 if the round trip alone can
/// explain the difference.
pub(crate) fn skew(connection: &mut Connection) -> RedisResult<(SignedDuration, SignedDuration)> {
    let before = now();
    let server = exact_server_time(connection)?;
    let after = now();
    let server = server.unwrap_or(Timestamp::MIN);
    Ok((apart(before, server, after), after.since(before)))
}

/// Returns the time of the server, rounded up to whole milliseconds as [`now_in_millis`] is. If that is not a
/// timestamp, returns the latest timestamp, at which no policy is in force.
pub(crate) fn server_time(connection: &mut Connection) -> RedisResult<Timestamp> {
    Ok(exact_server_time(connection)?.map_or(Timestamp::MAX, round_up))
}

/// Returns the time of the server, or `None` if it is not a timestamp.
fn exact_server_time(connection: &mut Connection) -> RedisResult<Option<Timestamp>> {
    let (seconds, micros): (i64, i64) = redis::cmd("TIME").query(connection)?;
    let whole = seconds.checked_mul(1_000_000);
    let micros = whole.and_then(|whole| whole.checked_add(micros));
    Ok(micros.and_then(|micros| Timestamp::from_micros(micros).ok()))
}

/// Returns the distance of `server` from the interval from `before` to `after`; 0 if it lies
/// within.
fn apart(before: Timestamp, server: Timestamp, after: Timestamp) -> SignedDuration {
    let behind = server.since(after);
    let ahead = before.since(server);
    behind.max(ahead).max(SignedDuration::from_micros(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_millisecond_is_never_earlier_than_the_clock() {
        for (micros, up) in [
            (0, 0),
            (1, 1_000),
            (999, 1_000),
            (1_000, 1_000),
            (1_001, 2_000),
        ] {
            let at = Timestamp::from_micros(micros).unwrap();
            assert_eq!(round_up(at), Timestamp::from_micros(up).unwrap());
        }
        let last = round_up(Timestamp::MAX);
        assert_eq!(Timestamp::from_millis(last.as_millis()), Ok(last));
    }

    #[test]
    fn a_server_time_within_the_round_trip_is_no_skew() {
        let at = |micros| Timestamp::from_micros(micros).unwrap();
        let micros = |before, server, after| apart(at(before), at(server), at(after)).as_micros();
        assert_eq!(micros(10, 15, 20), 0);
        assert_eq!(micros(10, 10, 10), 0);
        assert_eq!(micros(10, 27, 20), 7);
        assert_eq!(micros(10, 4, 20), 6);
    }
}
