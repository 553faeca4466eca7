//! Parsing of a position and its market from a record.

use std::borrow::Cow;

use thiserror::Error;

use super::{Harvested, Market, Position, ReportedSide, SizeRules, Stage};
use crate::{
    json::{Fields, RawField, SyntaxError, Unreadable, scan_object},
    types::{Symbol, Timestamp},
};

/// A position record: the fields of the position at the top level, and the market state in the object `market`.
///
/// A number can be a JSON number or a numeric string, and `null` counts as absent. A field whose key is a duplicate
/// within its object is unreadable. `side` and `harvested` are read ignoring ASCII case. Unknown keys, including
/// `peak_price` and `trough_price`, are ignored.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The state of the position.
    pub position: Position,
    /// The market, if the record has one. A value that is not an object becomes a market state in which every number is
    /// unreadable.
    pub market: Option<Market>,
}

/// The reason why a text is not a position record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SnapshotError {
    /// The text is not one JSON object.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// `symbol` is absent, so the position cannot be identified.
    #[error("`symbol` is missing")]
    SymbolAbsent,
    /// `symbol` is not a symbol, or is duplicate, so the position cannot be identified.
    #[error(
        "`symbol` must occur once, as a name such as BTCUSDT, with 1 to 32 bytes and without white space or control characters"
    )]
    SymbolUnreadable,
}

impl Snapshot {
    /// Creates the record of a position.
    #[must_use]
    pub const fn new(position: Position, market: Option<Market>) -> Self {
        Self { position, market }
    }

    /// Parses the text of a record. `as_of` is the time of the record; it is not read from the text.
    ///
    /// ```
    /// use portcullis::harvest::Snapshot;
    ///
    /// let text = r#"{"symbol": "btcusdt", "side": "long", "entry_price": "100", "market": {"sigma": 0.01}}"#;
    /// let snapshot = Snapshot::from_json(text, None)?;
    /// assert_eq!(snapshot.position.entry_price, Some(100.0));
    /// assert_eq!(snapshot.market.and_then(|market| market.sigma), Some(0.01));
    /// # Ok::<(), portcullis::harvest::SnapshotError>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text is not one JSON object, or has no readable `symbol`. After any other
    /// fault, only the parts of a harvest that need the faulty field are unavailable.
    pub fn from_json(text: &str, as_of: Option<Timestamp>) -> Result<Self, SnapshotError> {
        let mut fields = PositionFields::default();
        scan_object(text, &mut fields)?;
        Ok(Self {
            position: fields.position(fields.symbol()?, as_of),
            market: fields.market(),
        })
    }
}

impl Position {
    /// Reads a position from pairs of a field name and a text. The names are those of a position record. Unknown names
    /// are ignored.
    #[must_use]
    pub fn from_texts<'a>(
        symbol: Symbol,
        texts: impl IntoIterator<Item = (&'a str, &'a str)>,
        as_of: Option<Timestamp>,
    ) -> Self {
        let mut fields = PositionFields::default();
        fill(&mut fields, texts);
        fields.position(symbol, as_of)
    }
}

impl Market {
    /// Reads a market from pairs of a field name and a text. The names are those of the object `market` in a position
    /// record. Unknown names are ignored.
    #[must_use]
    pub fn from_texts<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut fields = MarketFields::default();
        fill(&mut fields, texts);
        fields.market()
    }
}

fn fill<'a>(fields: &mut impl Fields<'a>, texts: impl IntoIterator<Item = (&'a str, &'a str)>) {
    for (name, text) in texts {
        if let Some(field) = fields.field(name.as_bytes()) {
            field.fill_text(text);
        }
    }
}

#[derive(Default)]
struct PositionFields<'a> {
    symbol: RawField<'a>,
    side: RawField<'a>,
    quantity: RawField<'a>,
    qty: RawField<'a>,
    peak_quantity: RawField<'a>,
    lot_size: RawField<'a>,
    min_quantity: RawField<'a>,
    min_notional_usd: RawField<'a>,
    entry_price: RawField<'a>,
    current_price: RawField<'a>,
    age_sec: RawField<'a>,
    current_sl: RawField<'a>,
    stop_dist_pct: RawField<'a>,
    harvested: RawField<'a>,
    market: RawField<'a>,
}

impl<'a> Fields<'a> for PositionFields<'a> {
    fn field(&mut self, key: &[u8]) -> Option<&mut RawField<'a>> {
        // Most keys have different lengths, so the length is compared first.
        Some(match key.len() {
            3 if key == b"qty" => &mut self.qty,
            4 if key == b"side" => &mut self.side,
            6 if key == b"symbol" => &mut self.symbol,
            6 if key == b"market" => &mut self.market,
            7 if key == b"age_sec" => &mut self.age_sec,
            8 if key == b"quantity" => &mut self.quantity,
            8 if key == b"lot_size" => &mut self.lot_size,
            9 if key == b"harvested" => &mut self.harvested,
            10 if key == b"current_sl" => &mut self.current_sl,
            11 if key == b"entry_price" => &mut self.entry_price,
            12 if key == b"min_quantity" => &mut self.min_quantity,
            13 if key == b"current_price" => &mut self.current_price,
            13 if key == b"peak_quantity" => &mut self.peak_quantity,
            13 if key == b"stop_dist_pct" => &mut self.stop_dist_pct,
            16 if key == b"min_notional_usd" => &mut self.min_notional_usd,
            _ => return None,
        })
    }
}

impl PositionFields<'_> {
    fn symbol(&self) -> Result<Symbol, SnapshotError> {
        match text(&self.symbol) {
            Ok(Some(text)) => Symbol::new(&text).map_err(|_| SnapshotError::SymbolUnreadable),
            Ok(None) => Err(SnapshotError::SymbolAbsent),
            Err(Unreadable) => Err(SnapshotError::SymbolUnreadable),
        }
    }

    fn position(&self, symbol: Symbol, as_of: Option<Timestamp>) -> Position {
        Position {
            symbol,
            side: match text(&self.side) {
                Ok(side) => side.map(|side| ReportedSide::parse(&side)),
                Err(Unreadable) => Some(ReportedSide::Unreadable),
            },
            quantity: self.quantity.number().or_else(|| self.qty.number()),
            peak_quantity: self.peak_quantity.number(),
            sizes: SizeRules {
                lot_size: self.lot_size.number(),
                min_quantity: self.min_quantity.number(),
                min_notional_usd: self.min_notional_usd.number(),
            },
            entry_price: self.entry_price.number(),
            current_price: self.current_price.number(),
            age_sec: self.age_sec.number(),
            current_sl: self.current_sl.number(),
            stop_dist_pct: self.stop_dist_pct.number(),
            harvested: match text(&self.harvested) {
                Ok(None) => Harvested::Stage(Stage::None),
                Ok(Some(stage)) => Harvested::parse(&stage),
                Err(Unreadable) => Harvested::Unreadable,
            },
            as_of,
        }
    }

    fn market(&self) -> Option<Market> {
        if self.market.is_duplicate() {
            return Some(Market::UNREADABLE);
        }
        let raw = self.market.raw()?;
        let mut fields = MarketFields::default();
        Some(match scan_object(raw, &mut fields) {
            Ok(()) => fields.market(),
            Err(_) => Market::UNREADABLE,
        })
    }
}

#[derive(Default)]
struct MarketFields<'a> {
    sigma: RawField<'a>,
    ts: RawField<'a>,
    p_trend: RawField<'a>,
    p_mr: RawField<'a>,
    p_chop: RawField<'a>,
    as_of: RawField<'a>,
}

impl<'a> Fields<'a> for MarketFields<'a> {
    fn field(&mut self, key: &[u8]) -> Option<&mut RawField<'a>> {
        Some(match key.len() {
            2 if key == b"ts" => &mut self.ts,
            4 if key == b"p_mr" => &mut self.p_mr,
            5 if key == b"sigma" => &mut self.sigma,
            5 if key == b"as_of" => &mut self.as_of,
            6 if key == b"p_chop" => &mut self.p_chop,
            7 if key == b"p_trend" => &mut self.p_trend,
            _ => return None,
        })
    }
}

impl MarketFields<'_> {
    fn market(&self) -> Market {
        Market {
            sigma: self.sigma.number(),
            ts: self.ts.number(),
            p_trend: self.p_trend.number(),
            p_mr: self.p_mr.number(),
            p_chop: self.p_chop.number(),
            as_of: self.as_of(),
        }
    }

    /// Returns the time of the market state. Returns `None` if it cannot be read, so that the age
    /// is unknown.
    fn as_of(&self) -> Option<Timestamp> {
        if self.as_of.is_duplicate() {
            return None;
        }
        let text = self.as_of.number_text().ok().flatten()?;
        Timestamp::parse_epoch_millis(&text).ok()
    }
}

fn text<'a>(value: &RawField<'a>) -> Result<Option<Cow<'a, str>>, Unreadable> {
    if value.is_duplicate() {
        Err(Unreadable)
    } else {
        value.text()
    }
}
