//! Positions in plain lines.

use portcullis::{
    harvest::{Market, Position, Snapshot},
    types::{Symbol, Timestamp},
};

use super::{
    entry::Times,
    keys::{EVENT_TYPE, KEYS, Key, MARKET_ONLY, POSITION, SYMBOL, key},
    line::PlainLine,
};

/// A position that was read from a plain line.
#[derive(Debug, Clone, Copy)]
pub(in crate::replay) struct PlainPosition {
    pub(in crate::replay) snapshot: Snapshot,
    /// The event time.
    pub(in crate::replay) at: Option<Timestamp>,
    /// True if the time is a `timestamp` without a UTC offset.
    pub(in crate::replay) is_offset_assumed: bool,
}

impl PlainPosition {
    /// Returns the position of a line; `None` if the general path must read it.
    pub(super) fn of(line: &PlainLine<'_>) -> Option<Self> {
        let is_position = line.text(EVENT_TYPE) == Some(b"position.snapshot");
        (is_position && line.keys & !POSITION == 0).then_some(())?;
        let symbol = Symbol::new(text(line, SYMBOL)?).ok()?;
        let times = Times::of(line)?;
        let fields = KEYS
            .iter()
            .enumerate()
            .map(|(index, (name, _))| (Key(index), *name));
        let values = |keys| {
            let fields = fields.clone().filter(move |(key, _)| key.bit() & keys != 0);
            fields.filter_map(|(key, name)| Some((name, text(line, key)?)))
        };
        let market = (line.keys & key("market").bit() != 0).then(|| {
            let ts = line.market_ts().and_then(|ts| std::str::from_utf8(ts).ok());
            Market::from_texts(values(MARKET_ONLY).chain(ts.map(|ts| ("ts", ts))))
        });
        let position =
            Position::from_texts(symbol, values(POSITION & !MARKET_ONLY), times.emitted_at);
        Some(Self {
            snapshot: Snapshot::new(position, market),
            at: times.emitted_at,
            is_offset_assumed: times.is_offset_assumed,
        })
    }
}

/// Returns the text of a value.
fn text<'a>(line: &PlainLine<'a>, key: Key) -> Option<&'a str> {
    std::str::from_utf8(line.text(key)?).ok()
}

#[cfg(test)]
mod tests {
    use portcullis::harvest::Snapshot;

    use super::{super::line::LineReader, *};

    /// Reads a position as the general path does, and as a plain line.
    fn read(line: &str) -> (Snapshot, Option<PlainPosition>) {
        let mut reader = LineReader::default();
        let plain = reader.read_whole(line.as_bytes(), line.len());
        let plain = plain.and_then(|line| PlainPosition::of(&line));
        let at = plain.and_then(|plain| plain.at);
        (Snapshot::from_json(line, at).unwrap(), plain)
    }

    #[test]
    fn a_plain_position_is_read_like_any_other() {
        for fields in [
            r#""side":"SHORT","entry_price":439.73,"current_price":413.34,"stop_dist_pct":0.015,"age_sec":20178,"harvested":"PARTIAL_25","market":{"sigma":0.009886,"ts":0.519,"p_trend":0.592,"p_mr":0.122,"p_chop":0.286}"#,
            r#""market":{"ts":1,"as_of":1767571202290},"side":null,"quantity":"5","qty":4,"peak_quantity":9"#,
            r#""current_sl":5,"lot_size":0.1,"min_quantity":0.1,"min_notional_usd":5,"harvested":"other""#,
        ] {
            let line = format!(
                r#"{{"id":"1767571202290-0","event_type":"position.snapshot","symbol":"BCHUSDT",{fields}}}"#
            );
            let (snapshot, plain) = read(&line);
            let plain = plain.expect(&line);
            assert_eq!(plain.snapshot, snapshot, "{line}");
            assert_eq!(plain.at.map(Timestamp::as_millis), Some(1_767_571_202_290));
        }
    }

    #[test]
    fn other_positions_are_not_plain() {
        for fields in [
            r#""age_sec":5,"leverage":5"#,
            r#""age_sec":5,"source":"a""#,
            r#""age_sec":5,"sigma":5"#,
            r#""age_sec":5,"sigma":5,"market":{"sigma":5}"#,
            r#""age_sec":5,"market":null"#,
            r#""age_sec":5,"market":{"sigma":5,"side":"LONG"}"#,
            r#""age_sec":5,"market":{"sigma":5,"sigma":5}"#,
            r#""age_sec":5,"decided_at":1767571202290"#,
            r#""age_sec":-5"#,
        ] {
            let line = format!(
                r#"{{"id":"1767571202290-0","event_type":"position.snapshot","symbol":"BCHUSDT",{fields}}}"#
            );
            assert!(read(&line).1.is_none(), "{line}");
        }
    }
}
