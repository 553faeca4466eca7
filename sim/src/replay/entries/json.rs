//! Answers to entries as JSON lines. Members that depend only on the policy, the symbol and the side are prepared once
//! for each batch. The bytes equal those of [`Answer::write_json`].

use std::ops::Range;

use portcullis::{
    answer::{Answer, AnswerSide, Verdict, write_json_number},
    decide::{SkipCode, SkipReason},
    intent::Size,
    policy::Policy,
    provenance::Source,
    types::{Side, Timestamp},
};
use serde::Serialize;

use super::answer::{EntryAnswer, EntryOutcome};
use crate::replay::digest::TradeNumbers;

/// The length of a line without its id. A longer line is also correct; the buffer then grows while it is written.
const LINE_BYTES: usize = 640;

/// The first member of an answer without a number, an event and a time.
const ID_MEMBER: &[u8] = b"{\"id\":\"0\"";

/// The prepared members of the answers to a batch.
#[derive(Debug, Default)]
pub(super) struct JsonLines {
    bytes: Vec<u8>,
    /// The members from the symbol on, up to the leverage that a trade requests, for each symbol, side and origin of
    /// the leverage. An empty range means that they are not prepared yet.
    trades: Vec<Range<usize>>,
    /// The members from the symbol on of the latest skip of each symbol and side.
    skips: Vec<(Option<SkipCode>, Range<usize>)>,
    /// The members of the policy.
    policy: Range<usize>,
    /// The expiry of the latest trade, and its member.
    not_after: (Option<Timestamp>, Vec<u8>),
    /// True if no id needs an escape.
    has_plain_ids: bool,
}

impl JsonLines {
    /// Starts a batch of entries with these ids and this number of symbols, which are decided under a policy.
    pub(super) fn start(&mut self, ids: &[u8], symbols: usize, policy: Option<&Policy>) {
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..=0x1f);
        self.has_plain_ids = !ids.iter().fold(false, |any, byte| any | special(byte));
        self.bytes.clear();
        self.trades.clear();
        self.trades.resize(4 * symbols, 0..0);
        self.skips.clear();
        self.skips.resize(2 * symbols, (None, 0..0));
        let mut members = Answer::new(Verdict::Trade);
        let mut before = Vec::new();
        members.write_json(&mut before);
        members.policy_version = policy.map(Policy::version);
        members.policy_hash = policy.map(Policy::hash);
        self.policy = self.prepare(&members, before.len().saturating_sub(1));
    }

    /// Prepares the members of an answer after the first `skipped` bytes.
    fn prepare(&mut self, members: &Answer<'_>, skipped: usize) -> Range<usize> {
        let start = self.bytes.len();
        members.write_json(&mut self.bytes);
        // Remove the closing brace.
        self.bytes.pop();
        start + skipped..self.bytes.len()
    }

    /// Appends an answer. `symbol` is the number of its symbol in the batch.
    pub(super) fn write(&mut self, answer: &EntryAnswer<'_>, symbol: u32, to: &mut Vec<u8>) {
        let symbol = usize::try_from(symbol).unwrap_or(usize::MAX);
        let place = symbol.saturating_mul(2) + usize::from(answer.side == Side::Sell);
        match &answer.outcome {
            EntryOutcome::Trade(trade) => self.write_trade(answer, trade, place, to),
            EntryOutcome::Skip(reason, evidence) => {
                if evidence.as_ref().is_some_and(is_same_for_symbol) {
                    self.write_skip(answer, *reason, place, to);
                } else {
                    answer.row().write_json(to);
                }
            }
        }
    }

    /// Appends the members that identify the record.
    fn write_record(&self, answer: &EntryAnswer<'_>, to: &mut Vec<u8>) {
        to.reserve(LINE_BYTES + answer.id.len());
        write_member("{\"n\":", &answer.n, to);
        to.extend_from_slice(b",\"event\":\"trade.intent\",\"id\":");
        if self.has_plain_ids {
            to.push(b'"');
            to.extend_from_slice(answer.id);
            to.push(b'"');
        } else {
            write_value(&std::str::from_utf8(answer.id).unwrap_or_default(), to);
        }
        if let Some(ts) = answer.ts {
            write_member(",\"ts\":", &ts.as_millis(), to);
        }
    }

    fn write_trade(
        &mut self,
        answer: &EntryAnswer<'_>,
        trade: &TradeNumbers,
        place: usize,
        to: &mut Vec<u8>,
    ) {
        let place = place * 2 + usize::from(trade.is_requested);
        let prepared = match self.trades.get(place) {
            Some(range) if !range.is_empty() => range.clone(),
            Some(_) | None => self.prepare_trade(answer, trade, place),
        };
        self.write_record(answer, to);
        to.extend_from_slice(self.bytes.get(prepared).unwrap_or_default());
        let mut requested = 0..0;
        if trade.is_requested {
            requested = write_number(",\"leverage\":", trade.leverage, to);
            to.extend_from_slice(b",\"leverage_source\":\"intent:leverage\"");
        }
        let leverage = (trade.leverage, requested);
        write_number_again(",\"leverage_requested\":", trade.requested, leverage, to);
        let usd = trade.size.usd();
        let size = write_number(",\"size_usd\":", Some(usd), to);
        to.extend_from_slice(match trade.size {
            Size::Notional(_) => b",\"size_basis\":\"notional\",\"size_source\":\"intent:",
            Size::Margin(_) => b",\"size_basis\":\"margin\",\"size_source\":\"intent:",
        });
        to.extend_from_slice(trade.size_source.field().as_bytes());
        to.push(b'"');
        write_number_again(",\"notional_usd\":", trade.notional, (Some(usd), size), to);
        self.write_not_after(trade.not_after, to);
        write_number(",\"quantity\":", trade.quantity, to);
        if let Some(members) = self.bytes.get(self.policy.clone()) {
            to.extend_from_slice(members);
        }
        to.push(b'}');
    }

    fn write_not_after(&mut self, not_after: Option<Timestamp>, to: &mut Vec<u8>) {
        let (latest, member) = &mut self.not_after;
        if *latest != not_after {
            *latest = not_after;
            member.clear();
            if let Some(at) = not_after {
                write_member(",\"not_after\":", &at.as_millis(), member);
            }
        }
        to.extend_from_slice(member);
    }

    fn prepare_trade(
        &mut self,
        answer: &EntryAnswer<'_>,
        trade: &TradeNumbers,
        place: usize,
    ) -> Range<usize> {
        let mut members = Answer::new(Verdict::Trade);
        members.symbol = Some(answer.symbol);
        members.side = Some(AnswerSide::Order(answer.side));
        if !trade.is_requested {
            members.leverage = trade.leverage;
            members.leverage_source = Some(Source::PolicyLeverage(answer.symbol));
        }
        let prepared = self.prepare(&members, ID_MEMBER.len());
        if let Some(range) = self.trades.get_mut(place) {
            *range = prepared.clone();
        }
        prepared
    }

    /// Appends a skip whose evidence is the same for all entries with its symbol in the batch.
    fn write_skip(
        &mut self,
        answer: &EntryAnswer<'_>,
        reason: SkipCode,
        place: usize,
        to: &mut Vec<u8>,
    ) {
        let prepared = match self.skips.get(place) {
            Some((Some(found), range)) if *found == reason => range.clone(),
            Some(_) | None => {
                let mut members = answer.row().to(0, None, None);
                members.event = None;
                let prepared = self.prepare(&members, ID_MEMBER.len());
                if let Some(skip) = self.skips.get_mut(place) {
                    *skip = (Some(reason), prepared.clone());
                }
                prepared
            }
        };
        self.write_record(answer, to);
        to.extend_from_slice(self.bytes.get(prepared).unwrap_or_default());
        to.push(b'}');
    }
}

/// Returns true if the evidence of a skip depends only on its symbol and on the settings of its batch.
const fn is_same_for_symbol(reason: &SkipReason<'_>) -> bool {
    matches!(
        reason,
        SkipReason::Halted { .. }
            | SkipReason::PolicyUnavailable(_)
            | SkipReason::NotInUniverse { .. }
            | SkipReason::NotPermitted { .. }
    )
}

/// Appends a number, if there is one, and returns where its text is.
fn write_number(key: &str, number: Option<f64>, to: &mut Vec<u8>) -> Range<usize> {
    let start = to.len() + key.len();
    match number {
        Some(number) => {
            to.extend_from_slice(key.as_bytes());
            write_json_number(number, to);
            start..to.len()
        }
        None => 0..0,
    }
}

/// Appends a number, if there is one. Its text is copied if an equal number was written before.
fn write_number_again(
    key: &str,
    number: Option<f64>,
    (before, text): (Option<f64>, Range<usize>),
    to: &mut Vec<u8>,
) {
    if text.is_empty() || number.map(f64::to_bits) != before.map(f64::to_bits) {
        write_number(key, number, to);
    } else {
        to.extend_from_slice(key.as_bytes());
        to.extend_from_within(text);
    }
}

fn write_member(key: &str, value: &impl Serialize, to: &mut Vec<u8>) {
    to.extend_from_slice(key.as_bytes());
    write_value(value, to);
}

fn write_value(value: &impl Serialize, to: &mut Vec<u8>) {
    // Writing to a `Vec` cannot fail, and each of these values is valid in JSON.
    let _ = serde_json::to_writer(to, value);
}

#[cfg(test)]
mod tests {
    use portcullis::types::{Margin, Notional, Symbol};
    use proptest::{collection::vec, option::of, prelude::*, sample::select};

    use super::*;
    use crate::replay::digest::SizeSource;

    fn outcome() -> impl Strategy<Value = EntryOutcome<'static>> {
        let number = || select(vec![0.25, 3.0, 0.1 + 0.2, 250.5, 1e300]);
        let trade = (
            number(),
            any::<bool>(),
            of(number()),
            of(number()),
            of(0..3_i64),
        );
        let trade = (trade, number(), any::<bool>(), of(number()));
        let trade = trade.prop_map(
            |((leverage, is_requested, requested, notional, expiry), usd, is_margin, quantity)| {
                EntryOutcome::Trade(TradeNumbers {
                    policy_hash: None,
                    leverage: Some(if is_requested { leverage } else { 8.0 }),
                    is_requested,
                    requested,
                    size: match is_margin {
                        true => Size::Margin(Margin::new(usd).unwrap()),
                        false => Size::Notional(Notional::new(usd).unwrap()),
                    },
                    size_source: SizeSource::PositionUsd,
                    notional,
                    not_after: expiry.map(|millis| Timestamp::from_millis(millis).unwrap()),
                    quantity,
                })
            },
        );
        let symbol = Symbol::new("BTCUSDT").unwrap();
        let skip = select(vec![
            SkipReason::NotInUniverse { symbol },
            SkipReason::NoSize,
            SkipReason::Halted {
                symbol,
                everything: true,
            },
        ]);
        let skip = skip.prop_map(|reason| EntryOutcome::Skip(reason.reason(), Some(reason)));
        prop_oneof![trade, skip]
    }

    proptest! {
        #[test]
        fn lines_equal_the_json_of_answers(
            entries in vec((1..100_u64, "[a\"\\\\\u{1}\u{7f}π-]{0,3}", 0..2_u32, any::<bool>(), outcome()), 1..8),
            has_policy: bool,
        ) {
            let text = crate::sample::policy_json(Timestamp::MAX);
            let policy = Policy::from_json(&text).ok().filter(|_| has_policy);
            let ids: String = entries.iter().map(|(_, id, ..)| id.as_str()).collect();
            let mut lines = JsonLines::default();
            lines.start(ids.as_bytes(), 2, policy.as_ref());
            for (n, id, symbol, buys, outcome) in entries {
                let answer = EntryAnswer {
                    n,
                    id: id.as_bytes(),
                    ts: Timestamp::from_millis(1_767_571_200_000).ok(),
                    symbol: Symbol::new(["BTCUSDT", "A\"B"][usize::try_from(symbol).unwrap()]).unwrap(),
                    side: if buys { Side::Buy } else { Side::Sell },
                    policy: policy.as_ref(),
                    outcome,
                };
                let (mut line, mut expected) = (b"before".to_vec(), b"before".to_vec());
                lines.write(&answer, symbol, &mut line);
                answer.row().write_json(&mut expected);
                prop_assert_eq!(String::from_utf8(line).unwrap(), String::from_utf8(expected).unwrap());
            }
        }
    }
}
