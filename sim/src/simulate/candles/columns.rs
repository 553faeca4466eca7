//! The columns of a candle file, found by their names.
//!
//! A name is compared by its words, so `openTime`, `Open time` and `OPEN_TIME` are equal.

use super::time::{TimeLabel, TimeUnit};

/// The columns with prices, in the order in which they are read.
pub(super) const PRICES: [&str; 4] = ["open", "high", "low", "close"];

/// The names of columns with times, each as its words without separators, and the label that the name states. If a file
/// has several of these columns, the one that comes first in this list is read.
const TIMES: [(&str, Option<TimeLabel>); 24] = [
    ("opentime", Some(TimeLabel::Open)),
    ("timeopen", Some(TimeLabel::Open)),
    ("starttime", Some(TimeLabel::Open)),
    ("timestart", Some(TimeLabel::Open)),
    ("start", Some(TimeLabel::Open)),
    ("timestamp", None),
    ("datetime", None),
    ("date", None),
    ("time", None),
    ("ts", None),
    ("t", None),
    ("unixtimestamp", None),
    ("unixtime", None),
    ("unix", None),
    ("epoch", None),
    // Names that pandas gives to an index without a name.
    ("index", None),
    ("indexlevel0", None),
    ("unnamed0", None),
    ("", None),
    ("closetime", Some(TimeLabel::Close)),
    ("timeclose", Some(TimeLabel::Close)),
    ("endtime", Some(TimeLabel::Close)),
    ("timeend", Some(TimeLabel::Close)),
    ("end", Some(TimeLabel::Close)),
];

/// The last word of a name that states a unit.
const UNITS: [(&str, TimeUnit); 19] = [
    ("s", TimeUnit::Seconds),
    ("sec", TimeUnit::Seconds),
    ("secs", TimeUnit::Seconds),
    ("second", TimeUnit::Seconds),
    ("seconds", TimeUnit::Seconds),
    ("ms", TimeUnit::Millis),
    ("msec", TimeUnit::Millis),
    ("millis", TimeUnit::Millis),
    ("millisecond", TimeUnit::Millis),
    ("milliseconds", TimeUnit::Millis),
    ("us", TimeUnit::Micros),
    ("µs", TimeUnit::Micros),
    ("usec", TimeUnit::Micros),
    ("micros", TimeUnit::Micros),
    ("microseconds", TimeUnit::Micros),
    ("ns", TimeUnit::Nanos),
    ("nsec", TimeUnit::Nanos),
    ("nanos", TimeUnit::Nanos),
    ("nanoseconds", TimeUnit::Nanos),
];

/// The column with the times, and what its name states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimeColumn {
    pub(super) name: String,
    pub(super) unit: Option<TimeUnit>,
    pub(super) label: Option<TimeLabel>,
}

/// The places of the columns that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) time: usize,
    /// The column `time` with times of day next to a column `date`, as some trading terminals write them.
    pub(super) clock: Option<usize>,
    pub(super) prices: [usize; 4],
    /// The column `volume`, which is optional.
    pub(super) volume: Option<usize>,
    pub(super) time_column: TimeColumn,
}

/// A missing or duplicate column of a candle file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ColumnFault {
    Missing(&'static str),
    Duplicate(String),
}

impl Columns {
    /// Finds the columns by their names, regardless of case.
    pub(super) fn find(names: &[&str]) -> Result<Self, ColumnFault> {
        let words: Vec<Vec<String>> = names.iter().map(|name| words(name)).collect();
        let price = |column: &'static str| {
            let is_price = |words: &&Vec<String>| words.concat() == column;
            match words.iter().filter(is_price).count() {
                0 => Err(ColumnFault::Missing(column)),
                1 => Ok(words.iter().position(|words| words.concat() == column)),
                _ => Err(ColumnFault::Duplicate(column.to_owned())),
            }
        };
        let place = |column| price(column).map(Option::unwrap_or_default);
        let (time, time_column) = time(names, &words)?;
        let [open, high, low, close] = PRICES;
        let prices = [place(open)?, place(high)?, place(low)?, place(close)?];
        let is = |words: &Vec<String>, name: &str| words.concat() == name;
        let is_date = words.get(time).is_some_and(|words| is(words, "date"));
        let clock = words.iter().position(|words| is(words, "time"));
        Ok(Self {
            time,
            clock: clock.filter(|_| is_date),
            prices,
            volume: words.iter().position(|words| is(words, "volume")),
            time_column,
        })
    }

    /// Returns the columns of rows without names: time, open, high, low, close, volume.
    pub(super) fn positional(name: &str, label: Option<TimeLabel>) -> Self {
        Self {
            time: 0,
            clock: None,
            prices: [1, 2, 3, 4],
            volume: Some(5),
            time_column: TimeColumn {
                name: name.to_owned(),
                unit: None,
                label,
            },
        }
    }
}

/// Finds the column with the times.
fn time(names: &[&str], words: &[Vec<String>]) -> Result<(usize, TimeColumn), ColumnFault> {
    let stated = words.iter().enumerate().filter_map(|(place, words)| {
        let (base, unit) = time_name(words);
        let rank = TIMES.iter().position(|(known, _)| *known == base)?;
        // A column without a name is an index only if it is the first column.
        (!base.is_empty() || place == 0).then_some((rank, place, unit))
    });
    let stated: Vec<_> = stated.collect();
    let first = stated.iter().min_by_key(|(rank, _, _)| *rank);
    let (rank, place, unit) = first.ok_or(ColumnFault::Missing("timestamp"))?;
    let name = names.get(*place).copied().unwrap_or_default();
    let same = stated.iter().filter(|it| (it.0, it.2) == (*rank, *unit));
    if same.count() > 1 {
        return Err(ColumnFault::Duplicate(name.to_owned()));
    }
    Ok((
        *place,
        TimeColumn {
            name: name.to_owned(),
            unit: *unit,
            label: TIMES.get(*rank).and_then(|(_, label)| *label),
        },
    ))
}

/// Splits the words of the name of a time column into the name without its unit, and the unit.
fn time_name(words: &[String]) -> (String, Option<TimeUnit>) {
    let words: Vec<&String> = words
        .iter()
        .filter(|word| !matches!(word.as_str(), "utc" | "gmt"))
        .collect();
    let unit = words.split_last().and_then(|(last, rest)| {
        let (_, unit) = UNITS.iter().find(|(name, _)| name == last)?;
        (!rest.is_empty()).then_some((rest, *unit))
    });
    let (base, unit) = match unit {
        Some((rest, unit)) => (rest, Some(unit)),
        None => (&*words, None),
    };
    (base.iter().map(|word| word.as_str()).collect(), unit)
}

/// Splits a name into its words in lower case: at characters that are not letters or digits, and before an upper-case
/// letter that follows a lower-case letter.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut is_inside, mut was_small) = (false, false);
    for letter in name.chars() {
        if !letter.is_alphanumeric() {
            (is_inside, was_small) = (false, false);
            continue;
        }
        if !is_inside || (was_small && letter.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
        (is_inside, was_small) = (true, letter.is_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time_of(names: &[&str]) -> (usize, Option<TimeUnit>, Option<TimeLabel>) {
        let names = [names, &PRICES].concat();
        let columns = Columns::find(&names).unwrap();
        (
            columns.time,
            columns.time_column.unit,
            columns.time_column.label,
        )
    }

    #[test]
    fn names_of_times_are_found_in_any_case_with_unit_and_label() {
        let check =
            |name: &str, unit, label| assert_eq!(time_of(&[name]), (0, unit, label), "{name}");
        for name in [
            "open_time",
            "openTime",
            "Open time",
            "OPEN_TIME",
            "time_open",
            "\u{feff}Open Time",
        ] {
            check(name, None, Some(TimeLabel::Open));
        }
        for name in ["close_time", "CloseTime", "end"] {
            check(name, None, Some(TimeLabel::Close));
        }
        for name in [
            "timestamp",
            "Date",
            "<DATE>",
            "datetime",
            "ts",
            "unix",
            "",
            "Unnamed: 0",
            "__index_level_0__",
            "time (UTC)",
        ] {
            check(name, None, None);
        }
        check("timestamp_ms", Some(TimeUnit::Millis), None);
        check("openTimeMs", Some(TimeUnit::Millis), Some(TimeLabel::Open));
        check("time_ns", Some(TimeUnit::Nanos), None);
        check("unix_s", Some(TimeUnit::Seconds), None);
    }

    #[test]
    fn the_most_exact_time_column_is_read() {
        assert_eq!(time_of(&["close_time", "date", "open_time"]).0, 2);
        assert_eq!(time_of(&["", "close_time", "Date"]).0, 2);
        assert_eq!(time_of(&["close_time", "volume"]).0, 0);
        let columns = Columns::find(&["<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>"]);
        assert_eq!(columns.unwrap().clock, Some(1));
    }

    #[test]
    fn missing_and_duplicate_columns_are_found() {
        let find = |names: &[&str]| Columns::find(names).unwrap_err();
        assert_eq!(
            find(&["time", "open", "high", "low"]),
            ColumnFault::Missing("close")
        );
        assert_eq!(
            find(&["volume", "open", "high", "low", "close", ""]),
            ColumnFault::Missing("timestamp")
        );
        assert_eq!(
            find(&["time", "open", "high", "low", "close", "Open"]),
            ColumnFault::Duplicate("open".to_owned())
        );
        assert_eq!(
            find(&["time", "TIME", "open", "high", "low", "close"]),
            ColumnFault::Duplicate("time".to_owned())
        );
    }
}
