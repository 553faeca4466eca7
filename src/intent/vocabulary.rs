//! The words by which senders name the effect of an order, its side, the position side, and a share of the position.

use crate::types::{PositionSide, Side};

/// The effect of an order on a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Opens a position or adds to it.
    Open,
    /// Reduces or closes a position.
    Close,
}

/// The meaning of a text in a field such as `action` or `side`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Word {
    /// One or more statements about the order.
    Order(Statement),
    /// HOLD: no trade is requested. A side next to HOLD contradicts it.
    Hold,
    /// A change of a resting order, such as `UPDATE_SL`, or `HOLD_CLOSE`: no trade is requested.
    NoAction,
    /// REVERSE or FLIP: a close and an opposite entry in one order.
    Reverse,
    /// Nothing is stated, as in NONE or BOTH.
    Nothing,
    /// The text is not in the vocabulary.
    Unknown,
}

/// The statements that one word makes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Statement {
    pub(super) effect: Option<Effect>,
    pub(super) side: Option<Side>,
    /// LONG or SHORT. Without an effect it is the side of an entry; in an exit it is the position side.
    pub(super) position: Option<PositionSide>,
    pub(super) share: Option<Share>,
}

/// The part of a position that a word requests to close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Share {
    /// The whole position.
    All,
    /// A percentage of the position, as written.
    Percent(f64),
    /// A part of the position; the word does not state how much.
    Unstated,
}

/// The maximum length of a word in bytes. Longer texts are not in the vocabulary.
const BYTES_MAX: usize = 64;

impl Word {
    /// Reads a text. Case does not matter, and tokens may be separated by `_`, `-`, `.` or spaces.
    pub(super) fn read(text: &str) -> Self {
        let one = |statement| Self::Order(statement);
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        // The words of nearly all intents.
        if is("BUY") {
            return one(Statement::side(Side::Buy));
        }
        if is("SELL") {
            return one(Statement::side(Side::Sell));
        }
        if is("HOLD") {
            return Self::Hold;
        }
        if text.len() > BYTES_MAX || text.trim() != text {
            return Self::Unknown;
        }
        let mut found = Found::default();
        let mut rest = text;
        while let Some((token, tail)) = next_token(rest) {
            found.add(token);
            rest = tail;
        }
        found.word()
    }

    /// Returns the close that a free text, such as the value of `intent_type`, states with a closing word as a whole
    /// token. If one of the tokens is PARTIAL, the text does not state how much to close.
    pub(super) fn close_within(text: &str) -> Option<Self> {
        let mut found = None;
        let mut share = None;
        let mut rest = text;
        while let Some((token, tail)) = next_token(rest) {
            match Token::read(token) {
                Some(Token::Effect(Effect::Close)) => found = Some(Effect::Close),
                Some(Token::Share(Share::Unstated)) => {
                    found = Some(Effect::Close);
                    share = Some(Share::Unstated);
                }
                Some(_) | None => {}
            }
            rest = tail;
        }
        found.map(|effect| {
            Self::Order(Statement {
                effect: Some(effect),
                share,
                ..Statement::default()
            })
        })
    }
}

impl Statement {
    const fn side(side: Side) -> Self {
        Self {
            effect: None,
            side: Some(side),
            position: None,
            share: None,
        }
    }
}

/// Splits the first token off a text: at `_`, `-`, `.`, a space, and before an upper-case letter after
/// a lower-case letter or a digit.
pub(super) fn next_token(text: &str) -> Option<(&str, &str)> {
    let is_separator = |letter: char| matches!(letter, '_' | '-' | '.' | ' ');
    let text = text.trim_start_matches(is_separator);
    if text.is_empty() {
        return None;
    }
    let mut before = ' ';
    let end = text
        .char_indices()
        .find(|(_, letter)| {
            let is_camel = (before.is_ascii_lowercase() || before.is_ascii_digit())
                && letter.is_ascii_uppercase();
            before = *letter;
            is_camel || is_separator(*letter)
        })
        .map_or(text.len(), |(at, _)| at);
    text.split_at_checked(end)
}

/// A token of the vocabulary.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Token {
    Effect(Effect),
    Side(Side),
    Position(PositionSide),
    Share(Share),
    /// SCALE, which needs one of the tokens UP, IN, DOWN and OUT after it.
    Scale,
    Scaled(Effect),
    NoAction,
    Reverse,
    Nothing,
    /// A token without a meaning of its own, as in `CLOSE_POSITION`.
    Filler,
}

impl Token {
    fn read(token: &str) -> Option<Self> {
        const TOKENS: &[(&str, Token)] = &[
            ("BUY", Token::Side(Side::Buy)),
            ("B", Token::Side(Side::Buy)),
            ("BID", Token::Side(Side::Buy)),
            ("SELL", Token::Side(Side::Sell)),
            ("S", Token::Side(Side::Sell)),
            ("ASK", Token::Side(Side::Sell)),
            ("LONG", Token::Position(PositionSide::Long)),
            ("SHORT", Token::Position(PositionSide::Short)),
            ("OPEN", Token::Effect(Effect::Open)),
            ("OPENING", Token::Effect(Effect::Open)),
            ("ENTER", Token::Effect(Effect::Open)),
            ("ENTRY", Token::Effect(Effect::Open)),
            ("ADD", Token::Effect(Effect::Open)),
            ("INCREASE", Token::Effect(Effect::Open)),
            ("SCALE", Token::Scale),
            ("UP", Token::Scaled(Effect::Open)),
            ("IN", Token::Scaled(Effect::Open)),
            ("CLOSE", Token::Effect(Effect::Close)),
            ("CLOSING", Token::Effect(Effect::Close)),
            ("EXIT", Token::Effect(Effect::Close)),
            ("REDUCE", Token::Effect(Effect::Close)),
            ("DECREASE", Token::Effect(Effect::Close)),
            ("COVER", Token::Effect(Effect::Close)),
            ("FLATTEN", Token::Effect(Effect::Close)),
            ("UNWIND", Token::Effect(Effect::Close)),
            ("LIQUIDATE", Token::Effect(Effect::Close)),
            ("DOWN", Token::Scaled(Effect::Close)),
            ("OUT", Token::Scaled(Effect::Close)),
            ("FULL", Token::Share(Share::All)),
            ("ALL", Token::Share(Share::All)),
            ("PARTIAL", Token::Share(Share::Unstated)),
            ("HOLD", Token::NoAction),
            ("UPDATE", Token::NoAction),
            ("REVERSE", Token::Reverse),
            ("REVERSAL", Token::Reverse),
            ("FLIP", Token::Reverse),
            ("BOTH", Token::Nothing),
            ("NET", Token::Nothing),
            ("NONE", Token::Nothing),
            ("NIL", Token::Nothing),
            ("NULL", Token::Nothing),
            ("FLAT", Token::Nothing),
            ("TO", Token::Filler),
            ("POSITION", Token::Filler),
            ("ORDER", Token::Filler),
            ("ONLY", Token::Filler),
            ("PROPOSED", Token::Filler),
            ("TODAY", Token::Filler),
            ("YESTERDAY", Token::Filler),
            ("MARKET", Token::Filler),
            ("LIMIT", Token::Filler),
            ("PERCENT", Token::Filler),
            ("PCT", Token::Filler),
        ];
        TOKENS
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(token))
            .map(|(_, token)| *token)
    }
}

/// The tokens of a text, as far as they were read.
#[derive(Debug, Default)]
struct Found {
    statement: Statement,
    percent: Option<f64>,
    no_action: bool,
    reverse: bool,
    nothing: bool,
    scale: bool,
    partial: bool,
    /// True if a token is not in the vocabulary, or if two tokens state different things.
    unknown: bool,
}

impl Found {
    fn add(&mut self, token: &str) {
        let statement = &mut self.statement;
        let unknown = &mut self.unknown;
        match Token::read(token) {
            Some(Token::Effect(effect)) => state(&mut statement.effect, effect, unknown),
            Some(Token::Scaled(effect)) if self.scale => {
                state(&mut statement.effect, effect, unknown);
            }
            Some(Token::Side(side)) => state(&mut statement.side, side, unknown),
            Some(Token::Position(side)) => state(&mut statement.position, side, unknown),
            Some(Token::Share(share)) => {
                self.partial |= share == Share::Unstated;
                state(&mut statement.share, share, unknown);
            }
            Some(Token::Scale) => self.scale = true,
            Some(Token::NoAction) => self.no_action = true,
            Some(Token::Reverse) => self.reverse = true,
            Some(Token::Nothing) => self.nothing = true,
            Some(Token::Filler) => {}
            Some(Token::Scaled(_)) => *unknown = true,
            None => {
                let digits = token.strip_suffix('%').unwrap_or(token);
                let is_number =
                    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                *unknown |= !is_number || self.percent.is_some();
                self.percent = digits.parse().ok();
            }
        }
    }

    fn word(self) -> Word {
        let Self {
            mut statement,
            percent,
            ..
        } = self;
        let is_empty =
            statement.effect.is_none() && statement.side.is_none() && statement.position.is_none();
        if self.no_action {
            return Word::NoAction;
        }
        if self.reverse {
            return Word::Reverse;
        }
        if self.nothing && is_empty && statement.share.is_none() && percent.is_none() {
            return Word::Nothing;
        }
        if let Some(percent) = percent {
            // FULL_CLOSE_25 contradicts itself: no part is stated.
            statement.share = Some(match statement.share {
                Some(Share::All) => Share::Unstated,
                Some(Share::Percent(_) | Share::Unstated) | None => Share::Percent(percent),
            });
        }
        let reduces = matches!(statement.share, Some(Share::Percent(_) | Share::Unstated));
        match (statement.effect, statement.side, statement.position) {
            _ if self.unknown || self.nothing => return Word::Unknown,
            // A number alone is not a share.
            (None, None, None) if percent.is_some() && !self.partial => return Word::Unknown,
            (None, _, _) if reduces => statement.effect = Some(Effect::Close),
            (None, None, None) => return Word::Unknown,
            // `SELL_SHORT` opens a short position.
            (None, Some(Side::Sell), Some(PositionSide::Short)) => {
                statement.effect = Some(Effect::Open);
            }
            (None, Some(_), Some(_)) => return Word::Unknown,
            (Some(_), _, _) | (None, _, _) => {}
        }
        Word::Order(statement)
    }
}

/// Stores a statement, and notes whether it differs from an earlier one.
fn state<T: PartialEq>(place: &mut Option<T>, stated: T, differs: &mut bool) {
    *differs |= place.as_ref().is_some_and(|earlier| *earlier != stated);
    *place = Some(stated);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(text: &str) -> Statement {
        let Word::Order(statement) = Word::read(text) else {
            panic!("{text} states no order");
        };
        statement
    }

    #[test]
    fn words_state_effect_side_and_position() {
        let (open, close) = (Some(Effect::Open), Some(Effect::Close));
        let (buy, sell) = (Some(Side::Buy), Some(Side::Sell));
        let (long, short) = (Some(PositionSide::Long), Some(PositionSide::Short));
        for (text, effect, side, position) in [
            ("buy", None, buy, None),
            ("Ask", None, sell, None),
            ("LONG", None, None, long),
            ("enter_long", open, None, long),
            ("open-short", open, None, short),
            ("exitLong", close, None, long),
            ("CLOSE SHORT", close, None, short),
            ("sell_short", open, sell, short),
            ("buy_to_cover", close, buy, None),
            ("sell_to_close", close, sell, None),
            ("BUY_TO_OPEN", open, buy, None),
            ("closeLongPosition", close, None, long),
            ("scale_up", open, None, None),
            ("SCALE_OUT", close, None, None),
            ("close_today", close, None, None),
        ] {
            let read = order(text);
            assert_eq!(
                (read.effect, read.side, read.position),
                (effect, side, position),
                "{text}"
            );
        }
    }

    #[test]
    fn words_state_a_share() {
        for (text, share) in [
            ("FULL_CLOSE", Some(Share::All)),
            ("CLOSE_FULL", Some(Share::All)),
            ("FULL_CLOSE_PROPOSED", Some(Share::All)),
            ("PARTIAL_25", Some(Share::Percent(25.0))),
            ("partial_75_proposed", Some(Share::Percent(75.0))),
            ("CLOSE_50%", Some(Share::Percent(50.0))),
            ("PARTIAL", Some(Share::Unstated)),
            ("CLOSE", None),
        ] {
            let read = order(text);
            assert_eq!(
                (read.effect, read.share),
                (Some(Effect::Close), share),
                "{text}"
            );
        }
    }

    #[test]
    fn other_words_state_no_order() {
        assert_eq!(Word::read("Hold"), Word::Hold);
        for text in ["hold_close", "UPDATE_SL", "UpdateTp"] {
            assert_eq!(Word::read(text), Word::NoAction, "{text}");
        }
        for text in ["REVERSE", "flip", "FLIP_TO_SHORT", "close_and_reverse"] {
            assert_eq!(Word::read(text), Word::Reverse, "{text}");
        }
        for text in ["BOTH", "net", "None", "FLAT", "NIL"] {
            assert_eq!(Word::read(text), Word::Nothing, "{text}");
        }
        for text in [
            "",
            "CLOSED",
            "BUYER",
            "LONGER",
            "25",
            "OPEN_CLOSE",
            "BUY_SELL",
            "up",
            "out",
            "🚀",
        ] {
            assert_eq!(Word::read(text), Word::Unknown, "{text}");
        }
    }

    #[test]
    fn a_closing_word_in_a_free_text_is_a_whole_token() {
        let share = |text: &str| match Word::close_within(text) {
            Some(Word::Order(statement)) => {
                assert_eq!(statement.effect, Some(Effect::Close), "{text}");
                statement.share
            }
            other => panic!("{text}: {other:?}"),
        };
        for text in ["AI_EXIT_SIGNAL", "positionClose", "stop loss exit"] {
            assert_eq!(share(text), None, "{text}");
        }
        for text in ["PARTIAL_TP1", "exit 2 partial"] {
            assert_eq!(share(text), Some(Share::Unstated), "{text}");
        }
        for text in [
            "AUTO_CLOSED_BAR_SIGNAL",
            "disclose",
            "TREND_ENTRY",
            "EXITING",
            "",
        ] {
            assert_eq!(Word::close_within(text), None, "{text}");
        }
    }
}
