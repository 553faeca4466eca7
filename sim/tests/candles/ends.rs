//! Tests of the ends of candles, of gaps, and of the length of a candle.

use portcullis::types::Timestamp;
use portcullis_sim::simulate::candles::{ReadOptions, Series};
use proptest::{collection::vec, prelude::*};

use super::{read_as, spans};

fn series(times: &[impl AsRef<str>], interval: Option<&str>) -> Result<Series, String> {
    let options = ReadOptions {
        interval: interval.map(|text| text.parse().unwrap()),
        ..ReadOptions::default()
    };
    let rows = times
        .iter()
        .map(|time| format!("{},1,1,1,1\n", time.as_ref()));
    let csv = format!(
        "timestamp,open,high,low,close\n{}",
        rows.collect::<String>()
    );
    read_as("candles", csv.as_bytes(), &options)
}

/// Returns the length, the number of gaps and the longest one, in seconds.
fn shape(series: &Series) -> (String, u64, i64) {
    let gaps = series.gaps;
    (series.interval.to_string(), gaps.count, gaps.longest_sec)
}

#[test]
fn days_weeks_and_months_of_other_lengths_are_no_gaps_and_no_overlaps() {
    let check = |times: &[&str], interval: &str| {
        let series = series(times, None).unwrap();
        assert_eq!(shape(&series), (interval.to_owned(), 0, 0));
        for pair in series.candles.windows(2) {
            assert_eq!(pair[0].end, pair[1].start);
        }
    };
    // New York, where the day of 2025-03-09 has 23 hours and that of 2025-11-02 has 25 hours.
    check(
        &[
            "2025-03-08 00:00:00-05:00",
            "2025-03-09 00:00:00-05:00",
            "2025-03-10 00:00:00-04:00",
            "2025-03-11 00:00:00-04:00",
        ],
        "1d",
    );
    check(
        &[
            "2025-10-31 00:00:00-04:00",
            "2025-11-01 00:00:00-04:00",
            "2025-11-02 00:00:00-04:00",
            "2025-11-03 00:00:00-05:00",
        ],
        "1d",
    );
    check(
        &[
            "2025-02-24 00:00:00-05:00",
            "2025-03-03 00:00:00-05:00",
            "2025-03-10 00:00:00-04:00",
            "2025-03-17 00:00:00-04:00",
        ],
        "1w",
    );
    check(
        &[
            "2025-12-01",
            "2026-01-01",
            "2026-02-01",
            "2026-03-01",
            "2026-04-01",
        ],
        "1M",
    );
    check(
        &["2025-01-01", "2025-04-01", "2025-07-01", "2025-10-01"],
        "3M",
    );
    check(
        &["2023-01-01", "2024-01-01", "2025-01-01", "2026-01-01"],
        "12M",
    );
}

#[test]
fn a_candle_before_a_gap_ends_after_one_length() {
    let minute = |n: i32| format!("2026-01-05T00:{n:02}:00Z");
    let minutes = [0, 1, 2, 5, 6].map(minute);
    let found = series(&minutes, None).unwrap();
    assert_eq!(shape(&found), ("1m".to_owned(), 1, 120));
    assert_eq!(spans(&found)[2], "2026-01-05T00:02 2026-01-05T00:03");
    // A distance of exactly 1.5 lengths is a gap.
    let found = series(
        &[
            "2026-01-05T00:00Z",
            "2026-01-05T00:02Z",
            "2026-01-05T00:05Z",
        ],
        Some("2m"),
    )
    .unwrap();
    assert_eq!(shape(&found), ("2m".to_owned(), 1, 60));
    let found = series(
        &[
            "2026-01-05T00:00Z",
            "2026-01-05T00:02Z",
            "2026-01-05T00:04:59Z",
        ],
        Some("2m"),
    )
    .unwrap();
    assert_eq!(shape(&found), ("2m".to_owned(), 0, 0));
    assert_eq!(found.candles[1].end.to_string(), "2026-01-05T00:04:59Z");
}

#[test]
fn the_length_can_be_given() {
    // Most candles are missing, so the most frequent distance is not the length.
    let minutes = [
        "2026-01-05T00:00Z",
        "2026-01-05T00:05Z",
        "2026-01-05T00:10Z",
    ];
    assert_eq!(
        shape(&series(&minutes, None).unwrap()),
        ("5m".to_owned(), 0, 0)
    );
    let given = series(&minutes, Some("1m")).unwrap();
    assert_eq!(shape(&given), ("1m".to_owned(), 2, 240));
    assert_eq!(spans(&given)[0], "2026-01-05T00:00 2026-01-05T00:01");
    let one = series(&["2026-02-01"], Some("1M")).unwrap();
    assert_eq!(spans(&one), ["2026-02-01T00:00 2026-03-01T00:00"]);
    // The time of a single candle does not show that it is the last day.
    let one = series(&["2026-01-31"], Some("1M")).unwrap();
    assert_eq!(spans(&one), ["2026-01-31T00:00 2026-02-28T00:00"]);
    assert_eq!(
        series(&["2026-02-01"], None).unwrap_err(),
        "`candles` has 1 candle; at least 2 are needed to determine the length of a candle, or give it with `--interval`"
    );
    assert_eq!(
        series(&minutes, Some("1d")).unwrap_err(),
        "`candles`, line 3: the time of the candle is 2026-01-05T00:05:00Z, 5m after the previous one; candles are 1d long, so they overlap"
    );
    // The first hour of a session can have half the length of the others.
    let session = [
        "2026-01-05T14:30Z",
        "2026-01-05T15:00Z",
        "2026-01-05T16:00Z",
        "2026-01-05T17:00Z",
    ];
    assert_eq!(
        shape(&series(&session, None).unwrap()),
        ("1h".to_owned(), 0, 0)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Candles follow each other without an overlap. Two of them have no gap if less than 1.5 lengths are between their
    /// times, and otherwise the gap begins one length after the start of the first, or ends one length before the end of
    /// the second.
    #[test]
    fn ends_and_gaps_follow_from_the_distances(
        distances in vec(prop_oneof![6 => Just(60_i64), 1 => 30..90_i64, 1 => 90..1000_i64], 1..40),
        is_close in any::<bool>(),
    ) {
        let mut times = vec![1_767_571_200_i64];
        for distance in &distances {
            times.push(times[times.len() - 1] + distance);
        }
        let column = if is_close { "close_time" } else { "open_time" };
        let rows = times.iter().map(|time| format!("{time},1,1,1,1\n"));
        let csv = format!("{column},open,high,low,close\n{}", rows.collect::<String>());
        let options = ReadOptions { interval: Some("1m".parse().unwrap()), ..ReadOptions::default() };
        let series = read_as("candles", csv.as_bytes(), &options).unwrap();
        prop_assert_eq!(series.candles.len(), times.len());
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000).unwrap();
        let mut gaps = 0;
        for (pair, (distance, time)) in series.candles.windows(2).zip(distances.iter().zip(&times)) {
            let (before, after) = (&pair[0], &pair[1]);
            prop_assert!(before.start < before.end && before.end <= after.start && after.start < after.end);
            if *distance < 90 {
                prop_assert_eq!(before.end, after.start);
            } else {
                gaps += 1;
                prop_assert_eq!(before.end, at(if is_close { *time } else { time + 60 }));
                prop_assert_eq!(after.start, at(if is_close { time + distance - 60 } else { time + distance }));
            }
        }
        prop_assert_eq!(series.gaps.count, gaps);
        let labels = series.candles.iter().map(|candle| if is_close { candle.end } else { candle.start });
        prop_assert!(labels.eq(times.iter().map(|time| at(*time))));
    }
}
