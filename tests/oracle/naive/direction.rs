//! Statements about the effect, the side and the position side of an order.

use super::Flaw;
use super::json::Json;
use super::record::{Record, flag, tokens};

const BUY: &str = "BUY";
const SELL: &str = "SELL";
const LONG: &str = "LONG";
const SHORT: &str = "SHORT";

/// All statements of an intent about its direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statements {
    pub opens: bool,
    pub closes: bool,
    /// A word that needs no side closes the position.
    pub is_request: bool,
    /// A field closes the whole position, regardless of its size.
    pub is_whole: bool,
    /// A word states a part of the position, but not which one.
    pub is_partial: bool,
    pub holds: bool,
    /// HOLD contradicts every other direction; a change of a resting order does not.
    pub is_hold: bool,
    /// A reversal, which is not supported.
    pub reverses: bool,
    /// A number as the side, which is not supported.
    pub is_numbered: bool,
    /// A statement that cannot be read.
    pub unreadable: bool,
    /// An unreadable word in a field of the side.
    pub unreadable_word: bool,
    sides: Vec<&'static str>,
    /// BUY or SELL in the field `side`.
    words: Vec<&'static str>,
    /// LONG or SHORT in a field of the side.
    bare: Vec<&'static str>,
    legs: Vec<&'static str>,
    /// Shares of the position in the words: 1 is the whole position.
    pub shares: Vec<f64>,
}

/// The direction of an intent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Direction {
    pub is_exit: bool,
    /// One field states an open, another one states a close, and the source does not own exits.
    pub is_unclear: bool,
    pub side: Option<&'static str>,
    /// The position side of an exit, if a field states it.
    pub leg: Option<&'static str>,
    /// Statements contradict each other; an exit has no side then.
    pub disagrees: bool,
}

const SIDE_FIELDS: [&str; 4] = ["side", "action", "direction", "order_side"];
const LEG_FIELDS: [&str; 3] = ["position_side", "posSide", "holdSide"];
const EFFECT_FIELDS: [&str; 3] = ["offset", "position_action", "positionEffect"];
const CLOSING_FIELDS: [&str; 5] = ["type", "order_type", "signal", "auto_size", "order_action"];
/// All fields that state a direction.
pub(crate) const FIELDS: [&str; 26] = [
    "side",
    "action",
    "direction",
    "order_side",
    "is_buy",
    "b",
    "position_side",
    "posSide",
    "holdSide",
    "positionIdx",
    "is_short",
    "reduce_only",
    "r",
    "closePosition",
    "closeOnTrigger",
    "close",
    "offset",
    "position_action",
    "positionEffect",
    "tradeSide",
    "intent_type",
    "type",
    "order_type",
    "signal",
    "order_action",
    "auto_size",
];

/// Returns true if a record states anything about the direction. Some fields state it with certain values only.
pub(crate) fn is_stated(record: &Record) -> bool {
    let words = CLOSING_FIELDS.iter().filter(|name| **name != "intent_type");
    let by_word = words
        .flat_map(|name| record.readable(name))
        .any(|value| matches!(value, Json::Text(word) if is_closing(&word) || is_opening(&word)));
    let by_letter = ["b", "r"].iter().any(|name| {
        record
            .readable(name)
            .iter()
            .any(|value| matches!(value, Json::Bool(_)))
    });
    let by_name = FIELDS.iter().any(|name| {
        let depends = CLOSING_FIELDS.contains(name) || ["b", "r", "close"].contains(name);
        !depends && record.has(name)
    });
    by_name || by_letter || by_word || record.readable("close").iter().any(is_true)
}

fn is_true(value: &Json) -> bool {
    match value {
        Json::Bool(yes) => *yes,
        Json::Text(word) => word.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// Returns the values of a field; a duplicate is an unreadable statement.
fn values_of(record: &Record, name: &str, statements: &mut Statements) -> Vec<Json> {
    statements.unreadable |= record.is_duplicate(name);
    record.readable(name)
}

/// Reads all statements of an intent.
pub(crate) fn read_statements(record: &Record, flaw: Option<Flaw>) -> Statements {
    let mut statements = Statements::default();
    for name in SIDE_FIELDS {
        for value in values_of(record, name, &mut statements) {
            match &value {
                Json::Text(word) => side_word(name, word, &mut statements),
                Json::Number(number) if name == "side" => side_number(number, &mut statements),
                _ => statements.unreadable_word = true,
            }
        }
    }
    for name in LEG_FIELDS {
        for value in values_of(record, name, &mut statements) {
            let word = match &value {
                Json::Text(word) => word.to_ascii_uppercase(),
                _ => "?".to_owned(),
            };
            match word.as_str() {
                "LONG" => statements.legs.push(LONG),
                "SHORT" => statements.legs.push(SHORT),
                "BOTH" | "NET" | "FLAT" | "NONE" | "NIL" | "NULL" | "" => {}
                _ => statements.unreadable = true,
            }
        }
    }
    for value in values_of(record, "positionIdx", &mut statements) {
        let index = match &value {
            Json::Number(index) | Json::Text(index) => index.as_str(),
            _ => "?",
        };
        match index {
            "0" => {}
            "1" => statements.legs.push(LONG),
            "2" => statements.legs.push(SHORT),
            _ => statements.unreadable = true,
        }
    }
    flags(record, &mut statements);
    effects(record, &mut statements);
    let words = std::mem::take(&mut statements.words);
    statements.sides.extend(words);
    if flaw == Some(Flaw::LegIgnored) {
        statements.legs.clear();
    }
    statements
}

/// Reads the fields that are true or false.
fn flags(record: &Record, statements: &mut Statements) {
    for name in [
        "is_buy",
        "is_short",
        "reduce_only",
        "closePosition",
        "closeOnTrigger",
    ] {
        for value in values_of(record, name, statements) {
            match (name, flag(&value)) {
                (_, None) => statements.unreadable = true,
                ("is_buy", Some(yes)) => statements.sides.push(if yes { BUY } else { SELL }),
                ("is_short", Some(yes)) => statements.legs.push(if yes { SHORT } else { LONG }),
                ("closePosition", Some(true)) => {
                    statements.closes = true;
                    statements.is_request = true;
                    statements.is_whole = true;
                }
                (_, Some(yes)) => statements.closes |= yes,
            }
        }
    }
    for name in ["b", "r"] {
        for value in values_of(record, name, statements) {
            match (name, value) {
                ("b", Json::Bool(yes)) => statements.sides.push(if yes { BUY } else { SELL }),
                ("r", Json::Bool(yes)) => statements.closes |= yes,
                _ => {}
            }
        }
    }
    for value in values_of(record, "close", statements) {
        let closes = is_true(&value);
        statements.closes |= closes;
        statements.is_request |= closes;
    }
}

/// Reads the fields that state an effect.
fn effects(record: &Record, statements: &mut Statements) {
    for name in EFFECT_FIELDS.into_iter().chain(["tradeSide"]) {
        for value in values_of(record, name, statements) {
            let word = match &value {
                Json::Text(word) => word.to_ascii_uppercase(),
                _ => "?".to_owned(),
            };
            match (name, word.as_str()) {
                (_, "OPEN") => statements.opens = true,
                ("tradeSide", "CLOSE") => {
                    statements.closes = true;
                    statements.is_request = true;
                    // In this case, the value of `side` is the position side.
                    let sides = std::mem::take(&mut statements.words);
                    let legs = sides
                        .into_iter()
                        .map(|side| if side == BUY { LONG } else { SHORT });
                    statements.legs.extend(legs);
                }
                ("tradeSide", "BUY") => statements.sides.push(BUY),
                ("tradeSide", "SELL") => statements.sides.push(SELL),
                (_, "CLOSE") => {
                    statements.closes = true;
                    statements.is_request = true;
                }
                (
                    "offset" | "position_action" | "positionEffect",
                    "NIL" | "NULL" | "NONE" | "NET" | "FLAT" | "BOTH" | "",
                ) => {}
                _ => statements.unreadable = true,
            }
        }
    }
    for value in values_of(record, "intent_type", statements) {
        match &value {
            Json::Text(word) if is_closing(word) => {
                statements.closes = true;
                statements.is_request = true;
                shares(word, statements);
            }
            Json::Text(word) => statements.opens |= is_opening(word),
            // A type that is not a text could have meant an exit.
            _ => statements.unreadable = true,
        }
    }
    for name in CLOSING_FIELDS {
        for value in values_of(record, name, statements) {
            let Json::Text(word) = &value else { continue };
            if is_closing(word) {
                statements.closes = true;
                statements.is_request = true;
                shares(word, statements);
                let tokens = tokens(word);
                let has = |leg: &&str| tokens.iter().any(|token| token == leg);
                statements.legs.extend([LONG, SHORT].into_iter().find(has));
            }
        }
    }
}

/// Returns true if one of the tokens is a closing word.
fn is_closing(word: &str) -> bool {
    let tokens = tokens(word);
    tokens
        .iter()
        .any(|token| ["CLOSE", "EXIT", "REDUCE", "PARTIAL"].contains(&token.as_str()))
}

/// Reads the share of the position in a closing word.
fn shares(word: &str, statements: &mut Statements) {
    let tokens = tokens(word);
    let has = |word: &str| tokens.iter().any(|token| token == word);
    let percent = tokens.iter().find_map(|token| token.parse::<f64>().ok());
    match percent {
        _ if has("FULL") => statements.shares.push(1.0),
        Some(percent) if has("PARTIAL") => statements.shares.push(percent / 100.0),
        Some(_) | None => statements.is_partial |= has("PARTIAL"),
    }
}

/// Returns true if one of the tokens is an opening word.
fn is_opening(word: &str) -> bool {
    let tokens = tokens(word);
    tokens
        .iter()
        .any(|token| ["OPEN", "ENTRY", "ENTER"].contains(&token.as_str()))
}

fn side_number(number: &str, statements: &mut Statements) {
    if ["1", "2", "3", "4"].contains(&number) {
        statements.is_numbered = true;
    } else {
        statements.unreadable_word = true;
    }
}

/// Reads a word in a field of the side.
fn side_word(name: &str, word: &str, statements: &mut Statements) {
    let tokens = tokens(word);
    let mut tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let leg = |word: &str| if word == LONG { LONG } else { SHORT };
    match tokens.as_slice() {
        ["BUY" | "B" | "BID"] if name == "side" => return statements.words.push(BUY),
        ["SELL" | "S" | "ASK"] if name == "side" => return statements.words.push(SELL),
        ["BUY" | "B" | "BID"] => return statements.sides.push(BUY),
        ["SELL" | "S" | "ASK"] => return statements.sides.push(SELL),
        [word @ ("LONG" | "SHORT")] => return statements.bare.push(leg(word)),
        ["ENTER" | "OPEN", word @ ("LONG" | "SHORT")] => {
            statements.opens = true;
            return statements.legs.push(leg(word));
        }
        ["BUY", "TO", "OPEN"] => {
            statements.opens = true;
            return statements.sides.push(BUY);
        }
        ["SELL", "SHORT"] | ["SELL", "TO", "OPEN"] => {
            statements.opens = true;
            return statements.sides.push(SELL);
        }
        ["OPEN"] | ["ADD"] | ["INCREASE"] | ["SCALE", "UP"] => {
            statements.opens = true;
            return;
        }
        ["HOLD"] => {
            statements.holds = true;
            statements.is_hold = true;
            return;
        }
        ["HOLD", "CLOSE"] | ["UPDATE", "SL"] => {
            statements.holds = true;
            return;
        }
        ["REVERSE"] | ["FLIP"] => {
            statements.reverses = true;
            return;
        }
        ["1" | "2" | "3" | "4"] if name == "side" => {
            statements.is_numbered = true;
            return;
        }
        _ => {}
    }
    if tokens.last() == Some(&"PROPOSED") {
        tokens.pop();
    }
    match tokens.as_slice() {
        ["EXIT" | "CLOSE", word @ ("LONG" | "SHORT")] => statements.legs.push(leg(word)),
        ["SELL", "TO", "CLOSE"] => statements.sides.push(SELL),
        ["BUY", "TO", "CLOSE" | "COVER"] => statements.sides.push(BUY),
        ["CLOSE"] | ["EXIT"] | ["REDUCE"] | ["SCALE", "OUT"] => {}
        ["FULL", "CLOSE"] | ["CLOSE", "FULL"] | ["PARTIAL"] | ["PARTIAL", _] => {
            shares(word, statements);
        }
        _ => {
            statements.unreadable_word = true;
            return;
        }
    }
    statements.closes = true;
    statements.is_request = true;
}

impl Statements {
    /// Returns true if a statement is one that is not supported.
    pub(crate) fn is_unsupported(&self) -> bool {
        self.reverses || self.is_numbered
    }

    /// Returns true if a field states a direction of any kind.
    pub(crate) fn acts(&self) -> bool {
        self.opens
            || self.is_request
            || self.reverses
            || !self.sides.is_empty()
            || !self.bare.is_empty()
    }

    /// Returns the direction. If one field states an open and another one states a close, the intent is an exit only if
    /// it is from the exit owner.
    pub(crate) fn direction(&self, is_owner: bool) -> Direction {
        let only = |all: &[&'static str]| match all.split_first() {
            Some((first, rest)) if rest.iter().all(|other| other == first) => Some(*first),
            Some(_) | None => None,
        };
        let closing_side = |leg: &str| if leg == LONG { SELL } else { BUY };
        let opening_side = |leg: &str| if leg == LONG { BUY } else { SELL };
        let by_law = self.bare.is_empty()
            && match (only(&self.sides), only(&self.legs)) {
                (Some(side), Some(leg)) => side == closing_side(leg),
                _ => false,
            };
        let closes = !self.holds && (self.closes || (by_law && !self.opens));
        if closes {
            let legs = [self.legs.as_slice(), self.bare.as_slice()].concat();
            let mut sides = self.sides.clone();
            sides.extend(legs.iter().map(|leg| closing_side(leg)));
            let disagrees = self.opens || (!sides.is_empty() && only(&sides).is_none());
            return Direction {
                is_exit: true,
                is_unclear: self.opens && !is_owner,
                side: only(&sides).filter(|_| !disagrees),
                leg: only(&legs).filter(|_| !disagrees),
                disagrees,
            };
        }
        if self.holds {
            return Direction::default();
        }
        let mut sides = self.sides.clone();
        sides.extend(self.bare.iter().map(|leg| opening_side(leg)));
        let states_a_side = !sides.is_empty() || self.opens;
        sides.extend(self.legs.iter().map(|leg| opening_side(leg)));
        Direction {
            is_exit: false,
            is_unclear: false,
            side: only(&sides).filter(|_| states_a_side),
            leg: None,
            disagrees: !sides.is_empty() && only(&sides).is_none(),
        }
    }
}
