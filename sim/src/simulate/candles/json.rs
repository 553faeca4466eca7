//! Candles from JSON: an array of candles, or one candle per line.
//!
//! A candle is an array that begins with time, open, high, low and close, as ccxt, freqtrade and the exchanges write
//! it, or an object with these names.

use std::{
    cell::Cell,
    fmt,
    io::{self, BufReader, Read},
    rc::Rc,
};

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    columns::Columns,
    csv::LINE_BYTES_MAX,
    error::{CandleError, CandleFault, Place},
    input::Input,
    rows::Rows,
    time::TimeLabel,
};

/// The number of elements of an array that are read: time, open, high, low, close.
const ELEMENTS: usize = 5;

/// A source that fails if a candle is too long.
struct Bounded<R> {
    from: R,
    /// The number of bytes that may still be read for the current candle.
    room: Rc<Cell<usize>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        match self.room.get().checked_sub(read) {
            Some(room) => self.room.set(room),
            None => return Err(io::ErrorKind::FileTooLarge.into()),
        }
        Ok(read)
    }
}

/// The candles that were read, and the first error.
struct Reading<'a> {
    input: &'a Input<'a>,
    columns: Option<(Columns, Vec<String>)>,
    rows: Option<Rows>,
    row: u64,
    room: Rc<Cell<usize>>,
    error: Option<CandleError>,
}

/// Reads all candles of an array, or of a sequence of values.
pub(super) fn read(input: &Input<'_>, from: impl Read) -> Result<Rows, CandleError> {
    let room = Rc::new(Cell::new(LINE_BYTES_MAX));
    let from = Bounded {
        from: BufReader::new(from),
        room: Rc::clone(&room),
    };
    let mut reading = Reading {
        input,
        columns: None,
        rows: None,
        row: 0,
        room,
        error: None,
    };
    let mut json = serde_json::Deserializer::from_reader(from);
    let is_read = json
        .deserialize_any(&mut reading)
        .and_then(|()| reading.rest(&mut json));
    if let Some(error) = reading.error {
        return Err(error);
    }
    is_read.map_err(|error| json_error(input, reading.row, error))?;
    reading.rows.ok_or_else(|| CandleError::TooFew {
        path: input.path.to_owned(),
        count: 0,
    })
}

impl Reading<'_> {
    /// Reads the values after the first one, if there are any.
    fn rest<R: Read>(
        &mut self,
        json: &mut serde_json::Deserializer<serde_json::de::IoRead<R>>,
    ) -> Result<(), serde_json::Error> {
        while json.end().is_err_and(|error| !error.is_io()) {
            json.deserialize_map(&mut *self)?;
        }
        Ok(())
    }

    /// Appends a candle, given by the JSON texts of its values and their names. An array has no names.
    fn push(&mut self, names: Vec<String>, values: &[Box<RawValue>]) -> Result<(), CandleError> {
        self.row += 1;
        self.room.set(LINE_BYTES_MAX);
        let path = || self.input.path.to_owned();
        let (columns, known) = match &mut self.columns {
            Some(known) => known,
            None => {
                let columns = if names.is_empty() {
                    Columns::positional("element 1", Some(TimeLabel::Open))
                } else {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    Columns::find(&names).map_err(|fault| self.input.column_error(fault, &names))?
                };
                let rows = Rows::new(columns.time_column.clone(), self.input.options, Place::Row);
                self.rows = Some(rows);
                self.columns.insert((columns, names.clone()))
            }
        };
        // The members of an object have no order.
        let place = |place: usize| match known.get(place) {
            Some(name) => names.iter().position(|it| it == name),
            None => Some(place),
        };
        let text = |column: usize| {
            let value = place(column).and_then(|place| values.get(place));
            value.map_or_else(String::new, |value| plain(value.get()))
        };
        let prices = columns.prices.map(text);
        let volume = columns.volume.map_or_else(String::new, text);
        let time = text(columns.time);
        // This is also the form in which pandas writes all values of a column as one object.
        if time.starts_with(['{', '[']) {
            let why = "the time of a candle is an object or an array; write one object or array per candle (pandas: `orient=\"records\"`)";
            return Err(self.input.format_error("JSON", why.to_owned()));
        }
        let [open, high, low, close] = &prices;
        let Some(rows) = &mut self.rows else {
            return Ok(());
        };
        rows.push_text(self.row, &time, ([open, high, low, close], &volume))
            .map_err(|fault| CandleError::Candle {
                path: path(),
                place: Place::Row(self.row),
                fault,
            })
    }

    /// Appends a candle, and keeps an error for the caller.
    fn push_or_stop<E: de::Error>(
        &mut self,
        names: Vec<String>,
        values: &[Box<RawValue>],
    ) -> Result<(), E> {
        self.push(names, values).map_err(|error| {
            self.error = Some(error);
            E::custom("a candle is invalid")
        })
    }

    /// Reads a candle that is an array.
    fn array<'de, A: SeqAccess<'de>>(&mut self, mut elements: A) -> Result<(), A::Error> {
        let mut values: Vec<Box<RawValue>> = Vec::new();
        for _ in 0..ELEMENTS {
            match elements.next_element()? {
                Some(value) => values.push(value),
                None => break,
            }
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        self.push_or_stop(Vec::new(), &values)
    }

    /// Reads a candle that is an object.
    fn object<'de, A: MapAccess<'de>>(&mut self, mut members: A) -> Result<(), A::Error> {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        while let Some((name, value)) = members.next_entry::<String, Box<RawValue>>()? {
            names.push(name);
            values.push(value);
        }
        self.push_or_stop(names, &values)
    }
}

/// Reads an array of candles, or one candle as an object.
impl<'de> Visitor<'de> for &mut Reading<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of candles, or one candle per line")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut candles: A) -> Result<(), A::Error> {
        while candles.next_element_seed(Candle(&mut *self))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        self.object(members)
    }
}

/// Reads one candle of an array of candles.
struct Candle<'r, 'a>(&'r mut Reading<'a>);

impl<'de> DeserializeSeed<'de> for Candle<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Candle<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a candle as an array [time, open, high, low, close] or as an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        self.0.array(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        self.0.object(members)
    }
}

/// Returns a JSON value as text without quotes; empty for null.
fn plain(json: &str) -> String {
    match json {
        "null" => String::new(),
        json => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
    }
}

fn json_error(input: &Input<'_>, rows: u64, error: serde_json::Error) -> CandleError {
    match error.io_error_kind() {
        Some(io::ErrorKind::FileTooLarge) => CandleError::Candle {
            path: input.path.to_owned(),
            place: Place::Row(rows + 1),
            fault: CandleFault::TooLong {
                bytes_max: LINE_BYTES_MAX,
            },
        },
        Some(_) => input.read_error(error.into()),
        None => CandleError::Format {
            path: input.path.to_owned(),
            format: "JSON",
            why: error.to_string(),
        },
    }
}
