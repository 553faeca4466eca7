//! Strategies for words, numbers and timestamps as JSON, valid and invalid.

use super::super::naive::json::quote;
use super::{BASE, near};
use proptest::prelude::*;
use proptest::sample::select;

/// Symbols for the policies. Of the last two, one has no leverage and one is not in the universe.
pub(crate) const SYMBOLS: [&str; 6] = [
    "BTCUSDT",
    "ethusdt",
    "1000PEPEUSDT",
    "币安人生USDT",
    "NOLEVUSDT",
    "XRPUSDT",
];

/// Pairs of a key and a JSON value, in the order of the text.
pub(crate) type Pairs = Vec<(String, String)>;

/// A change to a list of pairs.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Remove(String),
    Set(String, String),
    /// Adds a pair, even if the key is already present.
    Append(String, String),
}

/// Applies a change.
pub(crate) fn edit(pairs: &mut Pairs, edit: &Edit) {
    match edit {
        Edit::Remove(key) => pairs.retain(|(name, _)| name != key),
        Edit::Set(key, value) => match pairs.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => old.clone_from(value),
            None => pairs.push((key.clone(), value.clone())),
        },
        Edit::Append(key, value) => pairs.push((key.clone(), value.clone())),
    }
}

/// Returns a pair.
pub(crate) fn pair(key: &str, value: impl Into<String>) -> (String, String) {
    (key.to_owned(), value.into())
}

/// Returns a JSON object. If `spaced` is true, it has spaces after `,` and `:`, as Python writes
/// them.
pub(crate) fn object(pairs: &[(String, String)], spaced: bool) -> String {
    let (colon, comma) = if spaced { (": ", ", ") } else { (":", ",") };
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{}{colon}{value}", quote(key, spaced)))
        .collect();
    format!("{{{}}}", pairs.join(comma))
}

/// Converts a JSON value to a JSON string, as in a stream entry or a Redis hash. A string is
/// returned unchanged.
pub(crate) fn stringly(json: &str) -> String {
    if json.starts_with('"') {
        json.to_owned()
    } else {
        quote(json, false)
    }
}

/// Generates one of these texts.
pub(crate) fn one_of(texts: &[&str]) -> BoxedStrategy<String> {
    select(
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>(),
    )
    .boxed()
}

/// Generates one of these words as a JSON string.
pub(crate) fn word(words: &[&str]) -> BoxedStrategy<String> {
    select(
        words
            .iter()
            .map(|word| quote(word, false))
            .collect::<Vec<_>>(),
    )
    .boxed()
}

/// Generates values that are not valid as a number, a word or a flag.
pub(crate) fn odd() -> BoxedStrategy<String> {
    one_of(&[
        "\"x\"",
        "\"\"",
        "\" \"",
        "[]",
        "{}",
        "[1]",
        "{\"a\": 1}",
        "\"null\"",
        "null",
        "\"0x10\"",
        "\"1,5\"",
        "\"1_0\"",
    ])
}

/// Generates numbers of any bit pattern, as a number or a string.
pub(crate) fn any_bits() -> BoxedStrategy<String> {
    (any::<u64>(), any::<bool>(), any::<bool>())
        .prop_map(|(bits, long, quoted)| {
            let number = f64::from_bits(bits);
            if !number.is_finite() {
                return quote(&number.to_string(), false);
            }
            let text = if long {
                format!("{number}")
            } else {
                format!("{number:e}")
            };
            if quoted { quote(&text, false) } else { text }
        })
        .boxed()
}

/// Generates numbers at the edges of ranges and formats.
pub(crate) fn edges() -> BoxedStrategy<String> {
    one_of(&[
        "0",
        "-0",
        "0.0",
        "1",
        "-1",
        "0.5",
        "5e-324",
        "1e-320",
        "2.2250738585072014e-308",
        "1.7976931348623157e308",
        "1e308",
        "1e999",
        "-1e999",
        "1E2",
        "100.000",
        "\"0\"",
        "\"-1\"",
        "\"1e3\"",
        "\"nan\"",
        "\"NaN\"",
        "\"inf\"",
        "\"-inf\"",
        "\"infinity\"",
        "\"1e999\"",
        "12345678901234567890123456789012345678901234567890",
        "true",
        "false",
        "NaN",
        "Infinity",
        "-Infinity",
    ])
}

/// Generates any number. Most of the numbers are not usable.
pub(crate) fn wild() -> BoxedStrategy<String> {
    prop_oneof![3 => edges(), 2 => any_bits(), 1 => odd()].boxed()
}

/// Generates numbers from `low` to `high` (both greater than 0), with uniformly distributed
/// logarithms, as a number or a string.
pub(crate) fn between(low: f64, high: f64) -> BoxedStrategy<String> {
    (low.ln()..high.ln(), 0_usize..4, prop::bool::weighted(0.2))
        .prop_map(|(magnitude, digits, quoted)| {
            let number = magnitude.exp();
            let text = match digits {
                0 => format!("{number}"),
                1 => format!("{number:e}"),
                digits => format!("{number:.*}", digits * 2),
            };
            if quoted { quote(&text, false) } else { text }
        })
        .boxed()
}

/// Generates epoch milliseconds, valid and invalid.
pub(crate) fn millis() -> BoxedStrategy<String> {
    let text = (near(BASE), 0_usize..8).prop_map(|(micros, style)| {
        let millis = micros.div_euclid(1_000);
        match style {
            0 => format!("\"{millis}\""),
            1 => format!("{millis}.0"),
            2 => format!("{millis}e0"),
            3 => format!("\"{millis}.000\""),
            _ => millis.to_string(),
        }
    });
    prop_oneof![
        24 => text,
        1 => (near(BASE)).prop_map(|micros| format!("{}.{:03}", micros / 1_000, micros % 1_000)),
        1 => one_of(&["0", "-1", "253402300799999", "253402300800000", "-62167219200000", "-62167219200001", "1e15", "1.5", "1e-400"]),
        1 => one_of(&[
            "1766550734", "1766550734062733", "1766550734062733123", "946684800000", "946684799999", "4133980800000",
        ]),
        1 => wild(),
    ]
    .boxed()
}

/// Generates values of `timestamp`, valid and invalid.
pub(crate) fn timestamp() -> BoxedStrategy<String> {
    prop_oneof![
        20 => (near(BASE), 0_usize..8).prop_map(|(micros, style)| quote(&iso(micros, style), false)),
        8 => (near(BASE), any::<bool>()).prop_map(|(micros, quoted)| {
            let text = seconds(micros);
            if quoted { quote(&text, false) } else { text }
        }),
        2 => word(&[
            "2025-13-01T00:00:00", "2025-02-29T00:00:00", "2024-02-29T00:00:00Z", "2025-12-24", "2025-12-24T24:00:00",
            "2025-12-24T04:60:00Z", "today", "", "2025-12-24T04:32:14+99:00", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.5Z", "2025/12/24 04:32:14", "24.12.2025",
        ]),
        1 => one_of(&["253402300799", "253402300800", "-62167219200", "1766550734062", "1.766550734062733e9", "0"]),
        1 => one_of(&[
            "946684800", "946684799.999999", "4133980800", "\"2000-01-01T00:00:00Z\"",
            "\"1999-12-31T23:59:59.999999Z\"", "\"2101-01-01T00:00:00Z\"",
        ]),
        1 => wild(),
    ]
    .boxed()
}

/// Generates values of `id`. Many of them are stream entry ids.
pub(crate) fn id() -> BoxedStrategy<String> {
    prop_oneof![
        5 => (near(BASE), 0..3).prop_map(|(micros, n)| format!("\"{}-{n}\"", micros / 1_000)),
        2 => word(&["a1", "1766550734062", "-1", "1-", "a-1", "1766550734062-x", "5f0c-11", "1-2-3", ""]),
        1 => one_of(&["5", "null", "\"253402300800000-0\"", "\"1766550734-0\"", "\"4133980800000-0\""]),
    ]
    .boxed()
}

/// Returns epoch seconds with six decimal places.
pub(crate) fn seconds(micros: i64) -> String {
    format!(
        "{}.{:06}",
        micros.div_euclid(1_000_000),
        micros.rem_euclid(1_000_000)
    )
}

/// Returns a timestamp in one of several ISO 8601 styles.
fn iso(micros: i64, style: usize) -> String {
    let hours_ahead = if style == 3 { 2 } else { 0 };
    let seconds = micros.div_euclid(1_000_000) + hours_ahead * 3_600;
    let fraction = format!("{:06}", micros.rem_euclid(1_000_000));
    let (mut year, mut day) = (1970, seconds.div_euclid(86_400));
    let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = |year: i64| if is_leap(year) { 366 } else { 365 };
    while day >= length(year) {
        day -= length(year);
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    let date = format!("{year:04}-{month:02}-{:02}", day + 1);
    let clock = seconds.rem_euclid(86_400);
    let clock = format!(
        "{:02}:{:02}:{:02}",
        clock / 3_600,
        clock / 60 % 60,
        clock % 60
    );
    match style {
        0 => format!("{date}T{clock}.{fraction}"),
        1 => format!("{date}T{clock}.{fraction}Z"),
        2 => format!("{date}T{clock}.{fraction}+00:00"),
        3 => format!("{date}T{clock}.{fraction}+02:00"),
        4 => format!("{date} {clock}.{fraction}"),
        5 => format!("{date}T{clock}.{fraction}999"),
        6 => format!("{date}T{clock}Z"),
        _ => format!("{date}T{clock}.{}-00:00", fraction.get(..3).unwrap()),
    }
}
