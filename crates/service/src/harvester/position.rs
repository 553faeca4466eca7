//! Reading of positions and market states from Redis hashes.
//!
//! | value | fields (the first that is present is used) |
//! |---|---|
//! | symbol | end of the key; `symbol`, if present, must be equal |
//! | side | `side`, `position_side`: LONG, SHORT or FLAT, in upper or lower case |
//! | entry price | `entry_price`, `avg_entry_price` |
//! | current price | `current_price`, `mark_price` |
//! | quantity | `quantity`, `qty`, `position_qty`, `position_amt`; signed or not |
//! | stop | `current_sl`, `stop_loss` |
//! | stage taken | `harvested` |
//! | opening time | see [`super::opening_time`] |
//! | time of the data | `ts` (epoch ms), `ts_epoch` (epoch s or ISO-8601), `timestamp` (epoch s or ISO-8601) |
//!
//! The stop distance is `stop_dist_pct` of `quantum:risk:proposal:<SYMBOL>`, or of the position if
//! that hash does not have it. A market has `sigma`, `ts`, `p_trend`, `p_mr`, `p_chop`, and `as_of`
//! (epoch ms), `ts_epoch` or `timestamp` as the time of its data.

use portcullis::{
    harvest::{Market, Position, ReportedSide},
    types::{PositionSide, Symbol, Timestamp},
};

use super::{
    fields::{Fields, StoredHash, Unit},
    opening_time::OpeningTime,
};

const SIDES: [&str; 2] = ["side", "position_side"];
const QUANTITIES: [&str; 4] = ["quantity", "qty", "position_qty", "position_amt"];
/// The fields of a position: the name that the engine reads, and the names in the hash.
const POSITION: [(&str, &[&str]); 6] = [
    ("side", &SIDES),
    ("quantity", &QUANTITIES),
    ("entry_price", &["entry_price", "avg_entry_price"]),
    ("current_price", &["current_price", "mark_price"]),
    ("current_sl", &["current_sl", "stop_loss"]),
    ("harvested", &["harvested"]),
];
const STOP_DISTANCE: &str = "stop_dist_pct";
const POSITION_TIME: [(&str, Unit); 3] = [
    ("ts", Unit::Millis),
    ("ts_epoch", Unit::SecondsOrIso),
    ("timestamp", Unit::SecondsOrIso),
];
const MARKET_TIME: [(&str, Unit); 3] = [
    ("as_of", Unit::Millis),
    ("ts_epoch", Unit::SecondsOrIso),
    ("timestamp", Unit::SecondsOrIso),
];

/// A position as read from its hashes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ObservedPosition {
    pub(super) position: Position,
    pub(super) opening: OpeningTime,
    /// True if the stop distance comes from the risk proposal.
    pub(super) stop_is_proposed: bool,
}

impl ObservedPosition {
    /// Reads a position.
    ///
    /// # Errors
    /// Returns an error if two fields contradict each other.
    pub(super) fn read(
        symbol: Symbol,
        fields: &Fields,
        risk: &StoredHash,
        now: Timestamp,
    ) -> Result<Self, String> {
        if let Some(text) = fields.text(&["symbol"])
            && Symbol::new(text) != Ok(symbol)
        {
            return Err("`symbol` differs from the symbol in the Redis key".to_owned());
        }
        check_sides(fields)?;
        let proposed = match risk {
            StoredHash::Absent => None,
            StoredHash::Fields(risk) => risk.text(&[STOP_DISTANCE]),
            StoredHash::WrongType => Some("not a number"),
        };
        let stop = proposed.or_else(|| fields.text(&[STOP_DISTANCE]));
        let texts = POSITION
            .iter()
            .filter_map(|(name, names)| Some((*name, fields.text(names)?)));
        let as_of = fields.instant(&POSITION_TIME).and_then(Result::ok);
        let mut position = Position::from_texts(
            symbol,
            texts.chain(stop.map(|text| (STOP_DISTANCE, text))),
            as_of,
        );
        check_quantities(fields, position.side)?;
        let opening = OpeningTime::read(fields);
        position.age_sec = opening.age_sec(now);
        Ok(Self {
            position,
            opening,
            stop_is_proposed: proposed.is_some(),
        })
    }
}

/// Reads a market. Returns `None` if its key is not a hash.
pub(super) fn market(held: &StoredHash) -> Option<Market> {
    let fields = match held {
        StoredHash::Absent | StoredHash::WrongType => return None,
        StoredHash::Fields(fields) => fields,
    };
    Some(Market {
        as_of: fields.instant(&MARKET_TIME).and_then(Result::ok),
        ..Market::from_texts(fields.iter())
    })
}

/// Checks that the two sides are equal if both are present and readable.
fn check_sides(fields: &Fields) -> Result<(), String> {
    match SIDES.map(|name| fields.text(&[name]).map(ReportedSide::parse)) {
        // An unreadable side does not contradict the other field.
        [Some(ReportedSide::Unreadable), _] | [_, Some(ReportedSide::Unreadable)] => Ok(()),
        [Some(one), Some(other)] if one != other => {
            Err("`side` and `position_side` differ".to_owned())
        }
        [_, _] => Ok(()),
    }
}

/// Checks that all quantities agree with each other and with the side.
fn check_quantities(fields: &Fields, side: Option<ReportedSide>) -> Result<(), String> {
    let stated: Vec<(&str, f64)> = QUANTITIES
        .iter()
        .filter_map(|name| Some((*name, fields.text(&[name])?.parse().unwrap_or(f64::NAN))))
        .collect();
    let Some((first, quantity)) = stated.first().copied() else {
        return Ok(());
    };
    for (name, other) in &stated {
        // The comparison is false if one of the two is NaN.
        if (quantity.abs() - other.abs()).abs() > 0.0 {
            return Err(format!("`{first}` and `{name}` differ"));
        }
        if *other < 0.0 && side == Some(ReportedSide::Open(PositionSide::Long)) {
            return Err(format!("`side` is LONG, but `{name}` is negative"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use portcullis::harvest::{Harvested, Stage};

    use super::*;

    const NOW: &str = "1767571200";

    fn read(fields: &[(&str, &str)], risk: &StoredHash) -> Result<ObservedPosition, String> {
        let fields: Fields = fields.iter().copied().collect();
        let now = Timestamp::parse_epoch_seconds(NOW).unwrap();
        ObservedPosition::read(Symbol::new("BTCUSDT").unwrap(), &fields, risk, now)
    }

    fn position(fields: &[(&str, &str)]) -> Position {
        read(fields, &StoredHash::Absent).unwrap().position
    }

    #[test]
    fn aliases_are_read_and_absent_fields_stay_absent() {
        let seen = position(&[
            ("symbol", "btcusdt"),
            ("position_side", "short"),
            ("avg_entry_price", "100"),
            ("mark_price", "96"),
            ("position_amt", "-2"),
            ("stop_loss", "101"),
            ("entry_time", "1767567600"),
            ("harvested", "partial_25"),
            ("ts_epoch", "1767571199"),
        ]);
        assert_eq!(seen.side, Some(ReportedSide::Open(PositionSide::Short)));
        assert_eq!(seen.entry_price, Some(100.0));
        assert_eq!(seen.current_price, Some(96.0));
        assert_eq!(seen.quantity, Some(-2.0));
        assert_eq!(seen.current_sl, Some(101.0));
        assert_eq!(seen.age_sec, Some(3600.0));
        assert_eq!(seen.harvested, Harvested::Stage(Stage::Partial25));
        assert_eq!(seen.as_of.map(|at| at.as_millis()), Some(1_767_571_199_000));
        assert_eq!(seen.stop_dist_pct, None);

        let bare = position(&[("leverage", "10"), ("age_sec", "5")]);
        let absent = [
            bare.entry_price,
            bare.current_price,
            bare.quantity,
            bare.current_sl,
            bare.age_sec,
        ];
        assert_eq!(absent, [None; 5]);
        assert_eq!((bare.side, bare.as_of), (None, None));
    }

    #[test]
    fn contradictions_are_errors() {
        for (fields, why) in [
            (
                &[("side", "LONG"), ("quantity", "-1")][..],
                "`side` is LONG, but `quantity` is negative",
            ),
            (
                &[("side", "LONG"), ("qty", "1"), ("position_amt", "-1")],
                "`side` is LONG, but `position_amt` is negative",
            ),
            (
                &[("quantity", "0"), ("qty", "1")],
                "`quantity` and `qty` differ",
            ),
            (
                &[("side", "LONG"), ("position_side", "SHORT")],
                "`side` and `position_side` differ",
            ),
            (
                &[("side", "LONG"), ("position_side", "FLAT")],
                "`side` and `position_side` differ",
            ),
            (
                &[("symbol", "ETHUSDT")],
                "`symbol` differs from the symbol in the Redis key",
            ),
        ] {
            assert_eq!(read(fields, &StoredHash::Absent), Err(why.to_owned()));
        }
        let short = [("side", "SHORT"), ("quantity", "1"), ("position_amt", "-1")];
        assert!(read(&short, &StoredHash::Absent).is_ok());
        for other in ["BOTH", "LONG", "long"] {
            let both = [("side", "LONG"), ("position_side", other)];
            assert!(read(&both, &StoredHash::Absent).is_ok(), "{other}");
        }
        // A long position may have been closed.
        let closed = [("side", "LONG"), ("quantity", "0"), ("qty", "-0")];
        assert!(position(&closed).is_flat());
        // The side FLAT takes precedence over a quantity that was not reset.
        assert!(position(&[("side", "FLAT"), ("quantity", "1")]).is_flat());
    }

    #[test]
    fn the_risk_proposal_has_precedence_for_the_stop_distance() {
        let own = [("stop_dist_pct", "0.03")];
        let distance = |risk: StoredHash| {
            let seen = read(&own, &risk).unwrap();
            (seen.position.stop_dist_pct, seen.stop_is_proposed)
        };
        let hash = |value| StoredHash::Fields([("stop_dist_pct", value)].into_iter().collect());
        assert_eq!(distance(hash("0.02")), (Some(0.02), true));
        assert_eq!(distance(StoredHash::Absent), (Some(0.03), false));
        // If the risk proposal is unreadable, the stop distance of the position is not used.
        for risk in [hash("wide"), StoredHash::WrongType] {
            assert!(distance(risk).0.unwrap().is_nan());
        }
    }
}
