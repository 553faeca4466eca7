//! Positions and mark prices that are stored on the server.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::{
    harvest::ReportedSide,
    types::{PositionSide, Price, Quantity, Symbol, Timestamp},
};
use redis::{Connection, RedisError, RedisResult, Value};

use crate::{
    keys,
    profile::{MarkSource, PlanFormat},
    runtime::{bytes, list},
};

/// The positions and the mark prices of some symbols.
#[derive(Debug, Default)]
pub(in crate::bridge) struct Account(BTreeMap<Symbol, SymbolAccount>);

/// The position and the latest mark price of a symbol.
#[derive(Debug)]
pub(super) struct SymbolAccount {
    pub(super) position: HeldPosition,
    pub(super) mark: Mark,
}

/// A position on the server.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum HeldPosition {
    /// There is no position, or it is flat.
    Flat,
    Open(PositionSide, Quantity),
    /// The text is the reason.
    Unreadable(String),
}

/// The latest mark price of a symbol.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// No hash contains a mark price.
    Absent,
    At {
        price: Price,
        at: Timestamp,
        source: &'static str,
    },
    /// The text is the reason.
    Unreadable(String),
}

/// The fields of a hash.
type Fields = BTreeMap<String, String>;

impl Account {
    pub(super) fn of(&self, symbol: Symbol) -> Option<&SymbolAccount> {
        self.0.get(&symbol)
    }

    /// Reads the positions and the mark prices of further symbols.
    pub(in crate::bridge) fn read(
        &mut self,
        symbols: &BTreeSet<Symbol>,
        format: &PlanFormat,
        connection: &mut Connection,
    ) -> RedisResult<()> {
        let mut pipe = redis::pipe();
        pipe.ignore_errors();
        let per_symbol = format.marks.len().saturating_add(1);
        for symbol in symbols {
            let marks = format.marks.iter().map(|mark| mark.prefix);
            for prefix in std::iter::once(format.positions).chain(marks) {
                pipe.cmd("HGETALL").arg(keys::of_symbol(prefix, *symbol));
            }
        }
        let replies: Vec<RedisResult<Value>> = pipe.query(connection)?;
        let hashes: Vec<Result<Fields, String>> = replies.into_iter().map(fields).collect();
        for (symbol, hashes) in symbols.iter().zip(hashes.chunks(per_symbol)) {
            if let Some((position, marks)) = hashes.split_first() {
                let position = position.as_ref().map_err(Clone::clone);
                let account = SymbolAccount {
                    position: position.map_or_else(HeldPosition::Unreadable, |fields| {
                        HeldPosition::read(fields, format.position_quantities)
                    }),
                    mark: Mark::latest(format.marks.iter().zip(marks)),
                };
                self.0.insert(*symbol, account);
            }
        }
        Ok(())
    }
}

/// Returns the fields of a hash, or the error of the server about its key.
fn fields(reply: RedisResult<Value>) -> Result<Fields, String> {
    let value = reply.map_err(|error: RedisError| error.to_string())?;
    let mut texts = list(value)
        .into_iter()
        .filter_map(bytes)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut fields = Fields::new();
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        fields.insert(name, value);
    }
    Ok(fields)
}

impl HeldPosition {
    /// Reads a position. Quantities may be signed; a sign must agree with the side.
    fn read(fields: &Fields, quantities: &[&str]) -> Self {
        let unreadable = |text: String| Self::Unreadable(text);
        let mut found: Option<f64> = None;
        let mut is_negative = false;
        for name in quantities {
            let Some(text) = fields.get(*name) else {
                continue;
            };
            let Some(number) = text.trim().parse::<f64>().ok().filter(|n| n.is_finite()) else {
                return unreadable(format!("`{name}` of the position is not a finite number"));
            };
            if found.is_some_and(|earlier| earlier.abs().total_cmp(&number.abs()).is_ne()) {
                return unreadable(format!(
                    "`{}` of the position differ",
                    quantities.join("` and `")
                ));
            }
            is_negative |= number < 0.0;
            found = Some(number);
        }
        let side = fields.get("side").map(|side| ReportedSide::parse(side));
        let quantity = found.map(|quantity| Quantity::new(quantity.abs()));
        let derived = if is_negative {
            PositionSide::Short
        } else {
            PositionSide::Long
        };
        match (side, quantity) {
            (Some(ReportedSide::Flat), _) | (_, Some(Err(_))) => Self::Flat,
            (None, None) => Self::Flat,
            (Some(ReportedSide::Unreadable), _) => {
                unreadable("`side` of the position is not LONG, SHORT or FLAT".to_owned())
            }
            (Some(ReportedSide::Open(_)), None) => {
                unreadable("the position has no quantity".to_owned())
            }
            (Some(ReportedSide::Open(PositionSide::Long)), Some(Ok(_))) if is_negative => {
                unreadable("the position is LONG with a negative quantity".to_owned())
            }
            (Some(ReportedSide::Open(side)), Some(Ok(quantity))) => Self::Open(side, quantity),
            (None, Some(Ok(quantity))) => Self::Open(derived, quantity),
        }
    }
}

impl Mark {
    /// Returns the latest mark price of several hashes. Returns an unreadable one only if no hash has a readable one.
    fn latest<'a>(
        hashes: impl Iterator<Item = (&'a MarkSource, &'a Result<Fields, String>)>,
    ) -> Self {
        let mut latest = Self::Absent;
        for (source, hash) in hashes {
            let mark = match hash {
                Ok(fields) => Self::read(fields, source),
                Err(error) => Self::Unreadable(error.clone()),
            };
            latest = match (latest, mark) {
                (latest @ Self::At { .. }, Self::At { at, .. }) if matches!(latest, Self::At { at: known, .. } if known >= at) => {
                    latest
                }
                (_, mark @ Self::At { .. }) => mark,
                (latest @ (Self::At { .. } | Self::Unreadable(_)), _) => latest,
                (Self::Absent, mark) => mark,
            };
        }
        latest
    }

    fn read(fields: &Fields, source: &MarkSource) -> Self {
        let Some(text) = fields.get(source.price) else {
            return Self::Absent;
        };
        let price = text.trim().parse::<f64>().ok();
        let Some(price) = price.and_then(|price| Price::new(price).ok()) else {
            return Self::Unreadable(format!("`{}` is not a price greater than 0", source.source));
        };
        let at = fields.get(source.time);
        match at.map(|at| Timestamp::parse_seconds_or_iso(at)) {
            Some(Ok((at, _))) => Self::At {
                price,
                at,
                source: source.source,
            },
            Some(Err(error)) => Self::Unreadable(format!(
                "`{}` of `{}` is {error}",
                source.time, source.source
            )),
            None => Self::Unreadable(format!(
                "`{}` has no time in `{}`",
                source.source, source.time
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::QUANTUM_TRADER;

    fn hash(pairs: &[(&str, &str)]) -> Fields {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_position_is_open_flat_or_unreadable() {
        let read = |pairs: &[(&str, &str)]| {
            HeldPosition::read(&hash(pairs), QUANTUM_TRADER.plans.position_quantities)
        };
        let open = |side, quantity| HeldPosition::Open(side, Quantity::new(quantity).unwrap());
        let long = open(PositionSide::Long, 0.5);
        let short = open(PositionSide::Short, 0.5);
        assert_eq!(read(&[("side", "LONG"), ("quantity", "0.5")]), long);
        assert_eq!(read(&[("position_amt", "0.5")]), long);
        assert_eq!(read(&[("position_amt", "-0.5")]), short);
        let both = [
            ("side", "short"),
            ("quantity", "0.5"),
            ("position_amt", "-0.5"),
        ];
        assert_eq!(read(&both), short);
        for flat in [
            &[][..],
            &[("side", "FLAT"), ("quantity", "0.5")],
            &[("side", "LONG"), ("quantity", "0")],
            &[("position_amt", "0.0")],
            &[("mark_price", "1")],
        ] {
            assert_eq!(read(flat), HeldPosition::Flat, "{flat:?}");
        }
        for bad in [
            &[("side", "LONG")][..],
            &[("side", "UP"), ("quantity", "1")],
            &[("side", "LONG"), ("quantity", "NaN")],
            &[("side", "LONG"), ("quantity", "1"), ("position_amt", "2")],
            &[("side", "LONG"), ("position_amt", "-1")],
        ] {
            assert!(matches!(read(bad), HeldPosition::Unreadable(_)), "{bad:?}");
        }
    }

    #[test]
    fn the_latest_mark_counts() {
        let sources = QUANTUM_TRADER.plans.marks;
        let latest = |hashes: &[Result<Fields, String>]| Mark::latest(sources.iter().zip(hashes));
        let market = |at: &str| Ok(hash(&[("mark_price", "10"), ("ts_timestamp", at)]));
        let position = |at: &str| Ok(hash(&[("mark_price", "11"), ("ts_epoch", at)]));
        let source = |mark: Mark| match mark {
            Mark::At { source, .. } => source,
            Mark::Absent => "absent",
            Mark::Unreadable(_) => "unreadable",
        };
        for (hashes, expected) in [
            (
                [market("1767571200"), position("1767571201")],
                "position:mark_price",
            ),
            (
                [market("1767571201"), position("1767571201")],
                "market:mark_price",
            ),
            (
                [market("now"), position("1767571201")],
                "position:mark_price",
            ),
            (
                [market("1767571201"), Err("NOPERM".to_owned())],
                "market:mark_price",
            ),
            ([market("now"), Ok(hash(&[]))], "unreadable"),
            ([Ok(hash(&[])), Err("NOPERM".to_owned())], "unreadable"),
            ([Ok(hash(&[])), Ok(hash(&[("ts_epoch", "1")]))], "absent"),
            (
                [Ok(hash(&[("mark_price", "0")])), Ok(hash(&[]))],
                "unreadable",
            ),
            (
                [Ok(hash(&[("mark_price", "1")])), Ok(hash(&[]))],
                "unreadable",
            ),
        ] {
            assert_eq!(source(latest(&hashes)), expected, "{hashes:?}");
        }
    }
}
