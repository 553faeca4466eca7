//! Drafts of positions and their markets.

use super::write::{json, object, quote};
use portcullis::{
    harvest::{Harvested, Market, Position, ReportedSide, Snapshot, Stage},
    types::Timestamp,
};

/// A position and its market that can be used as values or written as JSON.
#[derive(Debug, Clone)]
pub struct PositionDraft {
    /// The position to evaluate.
    pub position: Position,
    /// The market, if the record contains one.
    pub market: Option<Market>,
    /// If true, [`read`](Self::read) parses the JSON text.
    pub as_json: bool,
    /// The age of the position and the market in microseconds, if they have a timestamp.
    pub age: Option<i64>,
}

impl PositionDraft {
    /// Returns the same position with its timestamps relative to a timestamp in microseconds.
    #[must_use]
    pub fn about(mut self, at: i64) -> Self {
        let millis = self.age.map(|age| at.saturating_sub(age).div_euclid(1_000));
        let then = millis.and_then(|millis| Timestamp::from_millis(millis).ok());
        self.position.as_of = then;
        if let Some(market) = &mut self.market {
            market.as_of = then;
        }
        self
    }

    /// Returns the position and the market as the engine reads them.
    #[must_use]
    pub fn read(&self) -> (Position, Option<Market>) {
        match Snapshot::from_json(&self.text(0), self.position.as_of) {
            Ok(snapshot) if self.as_json => (snapshot.position, snapshot.market),
            Ok(_) | Err(_) => (self.position, self.market),
        }
    }

    /// Returns the number in a field that a source can name.
    #[must_use]
    pub fn number(&self, field: &str) -> Option<f64> {
        match field {
            "entry_price" => self.position.entry_price,
            "current_price" => self.position.current_price,
            "stop_dist_pct" => self.position.stop_dist_pct,
            _ => None,
        }
    }

    /// Returns the record as JSON. Each `order` shuffles the keys differently; 0 keeps their order.
    #[must_use]
    pub fn text(&self, order: u64) -> String {
        let position = &self.position;
        let mut members = vec![
            ("event_type", quote("position.snapshot")),
            ("symbol", quote(position.symbol.as_str())),
        ];
        let side = position.side.map(|side| match side {
            ReportedSide::Open(side) => quote(side.as_str()),
            ReportedSide::Flat => quote("FLAT"),
            ReportedSide::Unreadable => quote("BOTH"),
        });
        members.extend(side.map(|side| ("side", side)));
        members.push((
            "harvested",
            quote(match position.harvested {
                Harvested::Stage(stage) | Harvested::AtLeast(stage) => match stage {
                    Stage::None => "NONE",
                    Stage::Partial25 => "partial_25",
                    Stage::Partial50 => "PARTIAL_50",
                    Stage::Partial75 => "PARTIAL_75",
                },
                Harvested::Unreadable => "PARTIAL_99",
            }),
        ));
        numbers(
            &mut members,
            [
                ("quantity", position.quantity),
                ("peak_quantity", position.peak_quantity),
                ("lot_size", position.sizes.lot_size),
                ("min_quantity", position.sizes.min_quantity),
                ("min_notional_usd", position.sizes.min_notional_usd),
                ("entry_price", position.entry_price),
                ("current_price", position.current_price),
                ("age_sec", position.age_sec),
                ("current_sl", position.current_sl),
                ("stop_dist_pct", position.stop_dist_pct),
            ],
        );
        members.extend(
            self.market
                .map(|market| ("market", market_text(&market, order))),
        );
        let ts = position.as_of.map(|at| at.as_millis().to_string());
        members.extend(ts.map(|ts| ("ts", ts)));
        object(&members, order)
    }
}

fn numbers<const N: usize>(
    members: &mut Vec<(&'static str, String)>,
    numbers: [(&'static str, Option<f64>); N],
) {
    let there = numbers.into_iter();
    members.extend(there.filter_map(|(field, x)| Some((field, json(x?, false)))));
}

fn market_text(market: &Market, order: u64) -> String {
    let mut members = Vec::new();
    numbers(
        &mut members,
        [
            ("sigma", market.sigma),
            ("ts", market.ts),
            ("p_trend", market.p_trend),
            ("p_mr", market.p_mr),
            ("p_chop", market.p_chop),
        ],
    );
    let as_of = market.as_of.map(|at| at.as_millis().to_string());
    members.extend(as_of.map(|as_of| ("as_of", as_of)));
    object(&members, order)
}
