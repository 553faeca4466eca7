//! Tests of the unit and the label of times, which are decided once per file.

use portcullis_sim::simulate::candles::{
    DecidedBy, ReadOptions, Series, TimeForm, TimeLabel, TimeUnit,
};

use super::{read, read_as, spans};

/// Returns CSV with these times in a column of this name, and equal prices.
fn csv(column: &str, times: &[&str]) -> String {
    let rows = times.iter().map(|time| format!("{time},1,1,1,1\n"));
    format!("{column},open,high,low,close\n{}", rows.collect::<String>())
}

fn times(column: &str, times: &[&str]) -> Result<Series, String> {
    read(csv(column, times).as_bytes())
}

fn with(options: ReadOptions, column: &str, times: &[&str]) -> Result<Series, String> {
    read_as("candles", csv(column, times).as_bytes(), &options)
}

/// Returns two times from 2026-01-05T00:01:00Z on, one minute apart, in epoch seconds followed by a suffix.
fn minutes(suffix: &str) -> [String; 2] {
    ["1767571260", "1767571320"].map(|seconds| format!("{seconds}{suffix}"))
}

const SPANS: [&str; 2] = [
    "2026-01-05T00:01 2026-01-05T00:02",
    "2026-01-05T00:02 2026-01-05T00:03",
];

#[test]
fn the_unit_is_decided_by_the_values() {
    let units = [
        ("", TimeUnit::Seconds),
        (".0", TimeUnit::Seconds),
        ("000", TimeUnit::Millis),
        ("000.0", TimeUnit::Millis),
        ("000000", TimeUnit::Micros),
        ("000000000", TimeUnit::Nanos),
    ];
    for (suffix, unit) in units {
        let [first, second] = minutes(suffix);
        for column in ["open_time", "timestamp", "time", "date", "unix", ""] {
            let series = times(column, &[&first, &second]).unwrap();
            assert_eq!(spans(&series), SPANS, "{column} {suffix}");
            assert_eq!(
                series.source.form,
                (TimeForm::Epoch(unit), DecidedBy::Values)
            );
        }
    }
}

#[test]
fn the_name_of_a_column_states_the_unit_and_the_label() {
    let [first, second] = minutes("000");
    let series = times("open_time_ms", &[&first, &second]).unwrap();
    let millis = TimeForm::Epoch(TimeUnit::Millis);
    assert_eq!(series.source.form, (millis, DecidedBy::Name));
    assert_eq!(series.source.label, (TimeLabel::Open, DecidedBy::Name));
    assert_eq!(
        times("time_s", &[&first, &second]).unwrap_err(),
        "`candles`, line 2: `time_s` is 1767571260000, which looks like milliseconds, but the name of the column states seconds; rename the column, or give the unit with `--time-unit`"
    );
    let series = times("close_time", &[&first, &second]).unwrap();
    assert_eq!(series.source.label, (TimeLabel::Close, DecidedBy::Name));
    assert_eq!(
        spans(&series),
        ["2026-01-05T00:00 2026-01-05T00:01", SPANS[0]]
    );
}

#[test]
fn options_have_precedence() {
    let unit = |unit| ReadOptions {
        time_unit: Some(unit),
        ..ReadOptions::default()
    };
    // Milliseconds in January 1970 are plausible in no unit.
    let early = ["60000", "120000"];
    let series = with(unit(TimeUnit::Millis), "open_time_s", &early).unwrap();
    assert_eq!(
        spans(&series),
        [
            "1970-01-01T00:01 1970-01-01T00:02",
            "1970-01-01T00:02 1970-01-01T00:03"
        ]
    );
    let millis = TimeForm::Epoch(TimeUnit::Millis);
    assert_eq!(series.source.form, (millis, DecidedBy::Option));
    // The unit does not matter to dates.
    let dates = ["2026-01-05T00:01Z", "2026-01-05T00:02Z"];
    let series = with(unit(TimeUnit::Seconds), "time", &dates).unwrap();
    assert_eq!(
        (spans(&series), series.source.form.0),
        (SPANS.map(str::to_owned).to_vec(), TimeForm::DateTimes)
    );
    let message = with(
        unit(TimeUnit::Seconds),
        "time",
        &minutes("000000000").each_ref().map(String::as_str),
    );
    assert_eq!(
        message.unwrap_err(),
        "`candles`, line 2: `time` is `1767571260000000000`: expected a time in the years 0 to 9999; check `--time-unit`"
    );
    let label = |label| ReadOptions {
        time_label: Some(label),
        ..ReadOptions::default()
    };
    let series = with(label(TimeLabel::Open), "close_time", &dates).unwrap();
    assert_eq!(
        (spans(&series), series.source.label),
        (
            SPANS.map(str::to_owned).to_vec(),
            (TimeLabel::Open, DecidedBy::Option)
        )
    );
    let series = with(label(TimeLabel::Close), "open_time", &dates).unwrap();
    assert_eq!(
        spans(&series),
        ["2026-01-05T00:00 2026-01-05T00:01", SPANS[0]]
    );
}

#[test]
fn a_file_with_no_unit_or_two_units_is_refused() {
    let refused = |values: &[&str], expected: &str| {
        assert_eq!(times("open_time", values).unwrap_err(), expected);
    };
    refused(
        &["1735689540000", "1735689600000000"],
        "`candles`, line 3: `open_time` is 1735689600000000, which looks like microseconds, but the previous candles have milliseconds; convert all times to one unit",
    );
    refused(
        &["1767571260", "60"],
        "`candles`, line 3: `open_time` is 60, which is not a time between 2000 and 2100 in seconds, milliseconds, microseconds or nanoseconds since 1970; if it is right, give its unit with `--time-unit`",
    );
    refused(
        &["20260105", "20260106"],
        "`candles`, line 2: `open_time` is 20260105, which is not a time between 2000 and 2100 in seconds, milliseconds, microseconds or nanoseconds since 1970; write a date as YYYY-MM-DD",
    );
    refused(
        &["2026-01-05", "1767657600"],
        "`candles`, line 3: `open_time` is `1767657600`, but the previous candles have dates; write all times in one form",
    );
    refused(
        &["1767571260", "2026-01-05"],
        "`candles`, line 3: `open_time` is `2026-01-05T00:00:00Z`, but the previous candles have numbers; write all times in one form",
    );
}

#[test]
fn the_label_is_decided_by_the_values() {
    let last_instants: [[&str; 2]; 5] = [
        ["1767571259999", "1767571319999"],
        ["1767571259999999", "1767571319999999"],
        ["1767571259999999999", "1767571319999999999"],
        ["2026-01-05T00:00:59Z", "2026-01-05T00:01:59Z"],
        ["2026-01-05 00:00:59.999", "2026-01-05 00:01:59.999"],
    ];
    for values in last_instants {
        let series = times("timestamp", &values).unwrap();
        assert_eq!(
            spans(&series),
            ["2026-01-05T00:00 2026-01-05T00:01", SPANS[0]],
            "{values:?}"
        );
        assert_eq!(series.source.label, (TimeLabel::Close, DecidedBy::Values));
        // The name has precedence, but then the candle begins at a strange time.
        let series = times("open_time", &values).unwrap();
        assert_eq!(series.source.label, (TimeLabel::Open, DecidedBy::Name));
    }
    let series = times("date", &["2026-01-05", "2026-01-06"]).unwrap();
    assert_eq!(
        series.source.label,
        (TimeLabel::Open, DecidedBy::Convention)
    );
    assert_eq!(series.source.form.0, TimeForm::Dates);
}

/// pandas writes the last day of a month for monthly candles.
#[test]
fn candles_labelled_with_the_last_day_of_a_month_begin_on_its_first_day() {
    let expected = [
        "2024-01-01T00:00 2024-02-01T00:00",
        "2024-02-01T00:00 2024-03-01T00:00",
        "2024-03-01T00:00 2024-04-01T00:00",
    ];
    let series = times("Date", &["2024-01-31", "2024-02-29", "2024-03-31"]).unwrap();
    assert_eq!(spans(&series), expected);
    assert!(series.source.is_last_day);
    assert_eq!(
        (series.interval.to_string(), series.gaps.count),
        ("1M".to_owned(), 0)
    );
    // Hours on the last day of a month are not months, and first days are not last days.
    let hours = times("time", &["2024-01-31 10:00", "2024-01-31 11:00"]).unwrap();
    assert_eq!(hours.source.label.0, TimeLabel::Open);
    let first = times("time", &["2024-01-01", "2024-02-01", "2024-03-01"]).unwrap();
    assert_eq!(
        (spans(&first), first.source.label.0),
        (expected.map(str::to_owned).to_vec(), TimeLabel::Open)
    );
    let berlin = ["2024-01-31 00:00+01:00", "2024-02-29 00:00+01:00"];
    let berlin = times("time", &berlin).unwrap();
    assert_eq!(spans(&berlin)[1], "2024-01-31T23:00 2024-02-29T23:00");
}

#[test]
fn the_form_of_times_is_named() {
    let named = |values: &[&str]| times("time", values).unwrap().source.form.0.to_string();
    assert_eq!(named(&["1767571260", "1767571320"]), "seconds since 1970");
    assert_eq!(
        named(&["1767571260000", "1767571320000"]),
        "milliseconds since 1970"
    );
    assert_eq!(
        named(&["2026-01-05 00:00", "2026-01-05 00:01"]),
        "dates and times"
    );
    assert_eq!(named(&["2026-01-05", "2026-01-06"]), "dates (midnight UTC)");
}

#[test]
fn times_without_an_offset_are_counted() {
    let naive = times(
        "timestamp",
        &["2026-01-05 00:01:00", "2026-01-05 00:02:00Z"],
    )
    .unwrap();
    assert_eq!(naive.source.naive, 1);
    let dates = times("timestamp", &["2026-01-05", "2026-01-06"]).unwrap();
    assert_eq!(dates.source.naive, 0);
    let twice = times("timestamp", &["2025-10-26T01:00Z", "2025-10-26T01:00Z"]);
    assert_eq!(
        twice.unwrap_err(),
        "`candles`, line 3: the time of the candle is 2025-10-26T01:00:00Z, that of the previous one is 2025-10-26T01:00:00Z; sort candles by time and remove duplicates"
    );
    let twice = times(
        "timestamp",
        &["2025-10-26 01:00", "2025-10-26 02:00", "2025-10-26 02:00"],
    );
    assert_eq!(
        twice.unwrap_err(),
        "`candles`, line 4: the time of the candle is 2025-10-26T02:00:00Z, that of the previous one is 2025-10-26T02:00:00Z; sort candles by time and remove duplicates (these times have no UTC offset: local times repeat when daylight saving time ends, so write them with their offset)"
    );
}
