//! The effect of an order on a position, its side and its position side, from all fields that state one of them.
//!
//! Any two of effect, side and position side give the third: an order buys if and only if it opens a long position or
//! closes a short one.

use super::{
    IntentError,
    vocabulary::{Effect, Share, Statement, Word},
};
use crate::types::{PositionSide, Side};

/// The name of the field that made a statement first.
type Field = Option<&'static str>;

/// All statements of an intent about its direction.
#[derive(Debug, Default)]
pub(super) struct Direction {
    opens: Field,
    /// A closing word, which needs no side.
    closes_by_word: Field,
    /// A reduce-only flag, which needs a side or a position side.
    closes_by_flag: Field,
    buys: Field,
    sells: Field,
    /// The position side.
    long: Field,
    short: Field,
    /// LONG or SHORT in a field of the side: the side of an entry, or the position side of an exit.
    side_long: Field,
    side_short: Field,
    holds: Field,
    no_action: bool,
    reverses: Field,
    /// True if `tradeSide` is CLOSE: `side` is then the position side.
    pub(super) side_is_position: bool,
    /// BUY or SELL in `side`, kept separately for `side_is_position`.
    plain_buys: Field,
    plain_sells: Field,
    /// The shares of the position that the words state.
    pub(super) share: Option<(Share, &'static str)>,
    pub(super) shares_differ: bool,
    /// The fault of the first field of the side that could not be read.
    pub(super) unreadable: Option<IntentError>,
}

/// The result of all statements.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Resolved {
    Entry(Result<Option<Side>, IntentError>),
    Exit(ExitDirection),
    /// The intent requests no trade, or a trade that is not supported.
    Neither(IntentError),
}

/// The direction of an exit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ExitDirection {
    pub(super) side: Option<Side>,
    /// The position side, if a field states it.
    pub(super) position: Option<PositionSide>,
    /// Two fields that contradict each other. The exit then has no side and no position side.
    pub(super) conflict: Option<ExitConflict>,
    /// True if a closing word is present, so that no side is needed.
    pub(super) by_word: bool,
}

/// Two fields of an exit that contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitConflict {
    /// The first field.
    pub first: &'static str,
    /// The second field.
    pub second: &'static str,
    /// True if one of the fields opens a position, so that it is unclear whether the intent is an exit.
    pub opens: bool,
}

impl Direction {
    /// Adds the word of a field that states a side, such as `side` or `action`.
    pub(super) fn add_word(&mut self, word: Word, field: &'static str) {
        match word {
            Word::Order(statement) => self.add_statement(statement, field),
            Word::Hold => keep(&mut self.holds, field),
            Word::NoAction => self.no_action = true,
            Word::Reverse => keep(&mut self.reverses, field),
            Word::Nothing => {}
            Word::Unknown => self.add_unreadable(IntentError::BadValue {
                field,
                expected: "BUY, SELL, LONG, SHORT, HOLD, CLOSE or a word such as EXIT_LONG",
            }),
        }
    }

    fn add_statement(&mut self, statement: Statement, field: &'static str) {
        match statement.effect {
            Some(Effect::Open) => keep(&mut self.opens, field),
            Some(Effect::Close) => keep(&mut self.closes_by_word, field),
            None => {}
        }
        let alone = statement.effect.is_none() && statement.position.is_none();
        match statement.side {
            Some(Side::Buy) if alone && field == "side" => keep(&mut self.plain_buys, field),
            Some(Side::Sell) if alone && field == "side" => keep(&mut self.plain_sells, field),
            Some(side) => self.add_side(side, field),
            None => {}
        }
        match statement.position {
            Some(position) if statement.effect.is_some() => self.add_position(position, field),
            Some(PositionSide::Long) => keep(&mut self.side_long, field),
            Some(PositionSide::Short) => keep(&mut self.side_short, field),
            None => {}
        }
        if let Some(share) = statement.share {
            self.shares_differ |= self.share.is_some_and(|(earlier, _)| earlier != share);
            self.share = Some((share, field));
        }
    }

    pub(super) fn add_side(&mut self, side: Side, field: &'static str) {
        match side {
            Side::Buy => keep(&mut self.buys, field),
            Side::Sell => keep(&mut self.sells, field),
        }
    }

    pub(super) fn add_position(&mut self, position: PositionSide, field: &'static str) {
        match position {
            PositionSide::Long => keep(&mut self.long, field),
            PositionSide::Short => keep(&mut self.short, field),
        }
    }

    pub(super) fn add_effect(&mut self, effect: Effect, field: &'static str) {
        match effect {
            Effect::Open => keep(&mut self.opens, field),
            Effect::Close => keep(&mut self.closes_by_word, field),
        }
    }

    /// Adds a flag that is true: the order may only reduce a position.
    pub(super) fn add_flag(&mut self, field: &'static str) {
        keep(&mut self.closes_by_flag, field);
    }

    /// Adds the fault of a statement that cannot be read. Of several faults, the one whose kind comes first
    /// in the order of [`IntentErrorKind`](super::IntentErrorKind) is kept; of the same kind, the first fault.
    pub(super) fn add_unreadable(&mut self, fault: IntentError) {
        let kept = self.unreadable.as_ref();
        if kept.is_none_or(|kept| fault.kind() < kept.kind()) {
            self.unreadable = Some(fault);
        }
    }

    /// Derives effect, side and position side.
    pub(super) fn resolve(&self) -> Resolved {
        let closes = self.closes_by_word.or(self.closes_by_flag);
        if let Some(hold) = self.holds {
            let plain = [self.plain_buys, self.plain_sells, self.opens];
            let sides = [self.buys, self.sells, self.side_long, self.side_short];
            let other = self
                .closes_by_word
                .or(self.reverses)
                .or_else(|| plain.into_iter().chain(sides).flatten().next());
            return Resolved::Neither(match other {
                Some(other) => contradiction(hold, other),
                None => IntentError::Hold,
            });
        }
        if self.no_action {
            return Resolved::Neither(IntentError::Hold);
        }
        if let Some(field) = self.reverses {
            return Resolved::Neither(IntentError::Reverses { field });
        }
        match closes {
            Some(field) => Resolved::Exit(self.exit(field)),
            None => self.entry_or_derived_exit(),
        }
    }

    fn exit(&self, closes: &'static str) -> ExitDirection {
        let by_word = self.closes_by_word.is_some();
        let (plain_long, plain_short) = match self.side_is_position {
            true => (self.plain_buys, self.plain_sells),
            false => (None, None),
        };
        let (buys, sells) = match self.side_is_position {
            true => (self.buys, self.sells),
            false => (
                self.buys.or(self.plain_buys),
                self.sells.or(self.plain_sells),
            ),
        };
        let long = self.long.or(self.side_long).or(plain_long);
        let short = self.short.or(self.side_short).or(plain_short);
        let conflict = match (self.opens, long.or(sells), short.or(buys)) {
            (Some(opens), _, _) => Some((opens, closes, true)),
            // A sale closes a long position, and a purchase a short one.
            (None, Some(first), Some(second)) => Some((first, second, false)),
            (None, _, _) => None,
        };
        if let Some((first, second, opens)) = conflict {
            return ExitDirection {
                side: None,
                position: None,
                conflict: Some(ExitConflict {
                    first,
                    second,
                    opens,
                }),
                by_word,
            };
        }
        ExitDirection {
            side: match (long.or(sells), short.or(buys)) {
                (Some(_), _) => Some(Side::Sell),
                (None, Some(_)) => Some(Side::Buy),
                (None, None) => None,
            },
            position: match (long, short) {
                (Some(_), _) => Some(PositionSide::Long),
                (None, Some(_)) => Some(PositionSide::Short),
                (None, None) => None,
            },
            conflict: None,
            by_word,
        }
    }

    fn entry_or_derived_exit(&self) -> Resolved {
        let buys = self.buys.or(self.plain_buys);
        let sells = self.sells.or(self.plain_sells);
        let long = self.long.or(self.side_long);
        let short = self.short.or(self.side_short);
        for (first, second) in [
            (buys, sells),
            (long, short),
            (self.side_long, sells),
            (self.side_short, buys),
        ] {
            if let (Some(first), Some(second)) = (first, second) {
                return Resolved::Entry(Err(contradiction(first, second)));
            }
        }
        // A sale of a long position and a purchase of a short one are exits.
        let derived = match (self.long.and(sells), self.short.and(buys)) {
            (Some(field), _) => Some((Side::Sell, PositionSide::Long, field, self.long)),
            (_, Some(field)) => Some((Side::Buy, PositionSide::Short, field, self.short)),
            (None, None) => None,
        };
        if let Some((side, position, field, position_field)) = derived {
            return match (self.opens, position_field) {
                (Some(_), Some(other)) => Resolved::Entry(Err(contradiction(field, other))),
                (_, _) => Resolved::Exit(ExitDirection {
                    side: Some(side),
                    position: Some(position),
                    conflict: None,
                    by_word: false,
                }),
            };
        }
        // LONG or SHORT in a field of the side is the side of an entry. A position side is its side only with an
        // opening word.
        let opens = self.opens.is_some();
        let is_buy = buys.or(self.side_long).is_some() || (opens && self.long.is_some());
        let is_sell = sells.or(self.side_short).is_some() || (opens && self.short.is_some());
        Resolved::Entry(Ok(match (is_buy, is_sell) {
            (true, _) => Some(Side::Buy),
            (false, true) => Some(Side::Sell),
            (false, false) => None,
        }))
    }
}

const fn contradiction(first: &'static str, second: &'static str) -> IntentError {
    IntentError::Contradiction { first, second }
}

fn keep(place: &mut Field, field: &'static str) {
    if place.is_none() {
        *place = Some(field);
    }
}
