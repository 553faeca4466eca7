//! The digest of a run. Runs with equal answers have equal digests.
//!
//! The digest is BLAKE3 over one row of [`ROW_BYTES`] bytes per record, in record order. The row of a harvest that
//! closes has 16 bytes more. All numbers are little-endian. The digest can be recomputed from the answers in a JSONL
//! file:
//!
//! | bytes | content |
//! |---|---|
//! | 0..8 | `ts` in epoch milliseconds, signed; the minimum value if absent |
//! | 8..16 | XXH3 (64 bits, seed 0) of the bytes of `id` |
//! | 16..24 | XXH3 of the bytes of `symbol`; 0 if absent |
//! | 24..32 | the first 8 bytes of `policy_hash`; 0 if absent |
//! | 32 | `event`: 1 trade.intent, 2 position.snapshot, 3 policy.updated, 4 policy.withdrawn |
//! | 33 | `decision`: 1 TRADE, 2 EXIT, 3 SKIP, 4 HARVEST, 5 POLICY |
//! | 34 | the number of `reason` ([`SkipCode::number`](portcullis::decide::SkipCode::number)) |
//! | 35 | `side`: 1 BUY, 2 SELL, 3 LONG, 4 SHORT |
//! | 36 | `leverage_source`: 1 policy, 2 intent |
//! | 37 | `size_basis`: 1 notional, 2 margin |
//! | 38 | `size_source`: 1 quantity\*price, 2 quantity\*entry_price, 3 qty\*price, 4 qty\*entry_price, 5 position_usd, 6 size, 7 position_size_usd, 8 stake_amount, 9 size\*price, 10 notional/leverage |
//! | 39 | `exit_rule`: 1 owner, 2 delegate |
//! | 40 | `harvest_action`: 1 NONE, 2 PARTIAL_25, 3 PARTIAL_50, 4 PARTIAL_75, 5 FULL_CLOSE_PROPOSED |
//! | 41 | `stop_source`: 1 position, 2 policy |
//! | 42..44 | `harvest_reasons`, one bit per reason in the order of [`HarvestReason::ALL`](portcullis::harvest::HarvestReason::ALL) |
//! | 44 | `position_leg`: 1 LONG, 2 SHORT |
//! | 45..48 | 0 |
//! | 48..120 | nine numbers, each as the bits of an IEEE-754 double; all bits are 1 if a number is absent. For HARVEST: `stop_proposed`, `r_net`, `risk_unit`, `cost`, `kill_score`, `k_regime_flip`, `k_sigma_spike`, `k_ts_drop`, `k_age_penalty`. For all others: `leverage`, `leverage_requested`, `size_usd`, `notional_usd`, `not_after` (signed epoch milliseconds, not a double), `quantity`, `quantity_fraction`, `trigger_price`, and a ninth number that is always absent |
//! | 120..136 | only for a HARVEST that closes: `close_quantity`, `close_fraction` |
//!
//! The one-byte codes are 0 if their field is absent.

use portcullis::{
    answer::{Answer, AnswerId, AnswerSide, RecordKind, Verdict},
    decide::SkipCode,
    exit::ExitRule,
    harvest::HarvestAction,
    intent::Size,
    provenance::Source,
    types::{PolicyHash, PositionSide, Side, Timestamp},
};
use xxhash_rust::xxh3::xxh3_64;

/// The number of bytes of a row, without those of a close.
pub(super) const ROW_BYTES: usize = 120;

/// [`ROW_BYTES`] as a `u64`.
pub(super) const ROW_BYTES_WIDE: u64 = 120;

/// The encoding of an absent number: the bits of a NaN that never occurs in an answer.
const ABSENT: u64 = u64::MAX;

/// Appends the row of one answer.
pub(super) fn push_row(answer: &Answer<'_>, rows: &mut Vec<u8>) {
    let symbol = answer
        .symbol
        .map_or(0, |symbol| xxh3_64(symbol.as_str().as_bytes()));
    let hashes = [id_hash(&answer.id), symbol];
    let (codes, numbers) = (codes(answer), numbers(answer));
    push(
        rows,
        answer.ts,
        hashes,
        answer.policy_hash,
        &codes,
        &numbers,
    );
    if answer.close_quantity.is_some() || answer.close_fraction.is_some() {
        for number in [answer.close_quantity, answer.close_fraction] {
            rows.extend_from_slice(&bits(number).to_le_bytes());
        }
    }
}

/// Appends the first 120 bytes of a row. `hashes` are those of the id and of the symbol.
#[inline(always)]
fn push(
    rows: &mut Vec<u8>,
    ts: Option<Timestamp>,
    hashes: [u64; 2],
    policy: Option<PolicyHash>,
    codes: &[u8; 16],
    numbers: &[u64; 9],
) {
    // The values are written to their place at once, because to copy a row that was just written is slow.
    let start = rows.len();
    rows.resize(start.saturating_add(ROW_BYTES), 0);
    let mut rest = rows.get_mut(start..).unwrap_or_default();
    let mut put = |bytes: &[u8]| {
        if let Some((head, tail)) = std::mem::take(&mut rest).split_at_mut_checked(bytes.len()) {
            head.copy_from_slice(bytes);
            rest = tail;
        }
    };
    put(&ts.map_or(i64::MIN, Timestamp::as_millis).to_le_bytes());
    for hash in hashes {
        put(&hash.to_le_bytes());
    }
    let head = policy.and_then(|hash| hash.as_bytes().first_chunk::<8>().copied());
    put(&head.unwrap_or_default());
    put(codes);
    for number in numbers {
        put(&number.to_le_bytes());
    }
}

/// The values of an entry's row that do not depend on the decision.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryRow {
    pub(super) ts: Option<Timestamp>,
    pub(super) id_hash: u64,
    pub(super) symbol_hash: u64,
    pub(super) side: Side,
}

/// The numbers of a trade.
#[derive(Debug, Clone, Copy)]
pub(super) struct TradeNumbers {
    pub(super) policy_hash: Option<PolicyHash>,
    pub(super) leverage: Option<f64>,
    /// True if the leverage is that of the intent.
    pub(super) is_requested: bool,
    pub(super) requested: Option<f64>,
    pub(super) size: Size,
    pub(super) size_source: SizeSource,
    pub(super) notional: Option<f64>,
    pub(super) not_after: Option<Timestamp>,
    pub(super) quantity: Option<f64>,
}

impl EntryRow {
    /// Appends the row of a trade. It is equal to the row of the trade's answer.
    #[inline]
    pub(super) fn push_trade(&self, trade: &TradeNumbers, rows: &mut Vec<u8>) {
        let mut codes = self.codes(Verdict::Trade);
        let [_, _, _, _, from, basis, source, ..] = &mut codes;
        *from = if trade.is_requested { 2 } else { 1 };
        *basis = basis_code(trade.size.basis());
        *source = trade.size_source.code();
        let numbers = [
            bits(trade.leverage),
            bits(trade.requested),
            bits(Some(trade.size.usd())),
            bits(trade.notional),
            not_after_bits(trade.not_after),
            bits(trade.quantity),
            ABSENT,
            ABSENT,
            ABSENT,
        ];
        self.push(trade.policy_hash, &codes, &numbers, rows);
    }

    /// Appends the row of a skip. It is equal to the row of the skip's answer.
    #[inline]
    pub(super) fn push_skip(
        &self,
        reason: SkipCode,
        policy: Option<PolicyHash>,
        rows: &mut Vec<u8>,
    ) {
        let mut codes = self.codes(Verdict::Skip);
        let [_, _, code, ..] = &mut codes;
        *code = reason.number();
        self.push(policy, &codes, &[ABSENT; 9], rows);
    }

    fn codes(&self, verdict: Verdict) -> [u8; 16] {
        let mut codes = [0; 16];
        let [event, decision, _, side, ..] = &mut codes;
        *event = event_code(RecordKind::Intent);
        *decision = verdict_code(verdict);
        *side = side_code(AnswerSide::Order(self.side));
        codes
    }

    #[inline(always)]
    fn push(
        &self,
        policy: Option<PolicyHash>,
        codes: &[u8; 16],
        numbers: &[u64; 9],
        rows: &mut Vec<u8>,
    ) {
        let hashes = [self.id_hash, self.symbol_hash];
        push(rows, self.ts, hashes, policy, codes, numbers);
    }
}

fn not_after_bits(not_after: Option<Timestamp>) -> u64 {
    not_after.map_or(ABSENT, |at| at.as_millis().cast_unsigned())
}

/// Returns the encoding of a number.
fn bits(number: Option<f64>) -> u64 {
    number.map_or(ABSENT, f64::to_bits)
}

fn id_hash(id: &AnswerId<'_>) -> u64 {
    match id {
        AnswerId::Own(id) => xxh3_64(id.as_bytes()),
        AnswerId::Number(n) => xxh3_64(n.to_string().as_bytes()),
    }
}

fn codes(answer: &Answer<'_>) -> [u8; 16] {
    let [reasons_low, reasons_high] = answer
        .harvest_reasons
        .map_or(0, |reasons| reasons.bits())
        .to_le_bytes();
    [
        answer.event.map_or(0, event_code),
        verdict_code(answer.decision),
        answer.reason.map_or(0, SkipCode::number),
        answer.side.map_or(0, side_code),
        answer.leverage_source.map_or(0, leverage_source_code),
        answer.size_basis.map_or(0, basis_code),
        answer.size_source.map_or(0, size_source_code),
        answer.exit_rule.map_or(0, exit_rule_code),
        answer.harvest_action.map_or(0, action_code),
        answer.stop_source.map_or(0, stop_source_code),
        reasons_low,
        reasons_high,
        answer.position_leg.map_or(0, leg_code),
        0,
        0,
        0,
    ]
}

fn numbers(answer: &Answer<'_>) -> [u64; 9] {
    if answer.decision == Verdict::Harvest {
        [
            bits(answer.stop_proposed),
            bits(answer.r_net),
            bits(answer.risk_unit),
            bits(answer.cost),
            bits(answer.kill_score),
            bits(answer.k_regime_flip),
            bits(answer.k_sigma_spike),
            bits(answer.k_ts_drop),
            bits(answer.k_age_penalty),
        ]
    } else {
        [
            bits(answer.leverage),
            bits(answer.leverage_requested),
            bits(answer.size_usd),
            bits(answer.notional_usd),
            not_after_bits(answer.not_after),
            bits(answer.quantity),
            bits(answer.quantity_fraction),
            bits(answer.trigger_price),
            ABSENT,
        ]
    }
}

const fn event_code(event: RecordKind) -> u8 {
    match event {
        RecordKind::Intent => 1,
        RecordKind::Position => 2,
        RecordKind::PolicyUpdated => 3,
        RecordKind::PolicyWithdrawn => 4,
    }
}

const fn verdict_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Trade => 1,
        Verdict::Exit => 2,
        Verdict::Skip => 3,
        Verdict::Harvest => 4,
        Verdict::Policy => 5,
    }
}

const fn side_code(side: AnswerSide) -> u8 {
    match side {
        AnswerSide::Order(Side::Buy) => 1,
        AnswerSide::Order(Side::Sell) => 2,
        AnswerSide::Position(PositionSide::Long) => 3,
        AnswerSide::Position(PositionSide::Short) => 4,
    }
}

const fn leg_code(side: PositionSide) -> u8 {
    match side {
        PositionSide::Long => 1,
        PositionSide::Short => 2,
    }
}

const fn leverage_source_code(source: Source) -> u8 {
    if matches!(source, Source::Intent(_)) {
        2
    } else {
        1
    }
}

fn basis_code(basis: &str) -> u8 {
    if basis == "margin" { 2 } else { 1 }
}

/// The fields from which a size is read, with their codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SizeSource {
    QuantityPrice,
    QuantityEntryPrice,
    QtyPrice,
    QtyEntryPrice,
    PositionUsd,
    Size,
    PositionSizeUsd,
    StakeAmount,
    SizePrice,
    NotionalLeverage,
}

impl SizeSource {
    fn of(field: &str) -> Option<Self> {
        Some(match field {
            "quantity*price" => Self::QuantityPrice,
            "quantity*entry_price" => Self::QuantityEntryPrice,
            "qty*price" => Self::QtyPrice,
            "qty*entry_price" => Self::QtyEntryPrice,
            "position_usd" => Self::PositionUsd,
            "size" => Self::Size,
            "position_size_usd" => Self::PositionSizeUsd,
            "stake_amount" => Self::StakeAmount,
            "size*price" => Self::SizePrice,
            "notional/leverage" => Self::NotionalLeverage,
            _ => return None,
        })
    }

    /// Returns the field or the product of fields, as in the source of a size.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::QuantityPrice => "quantity*price",
            Self::QuantityEntryPrice => "quantity*entry_price",
            Self::QtyPrice => "qty*price",
            Self::QtyEntryPrice => "qty*entry_price",
            Self::PositionUsd => "position_usd",
            Self::Size => "size",
            Self::PositionSizeUsd => "position_size_usd",
            Self::StakeAmount => "stake_amount",
            Self::SizePrice => "size*price",
            Self::NotionalLeverage => "notional/leverage",
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::QuantityPrice => 1,
            Self::QuantityEntryPrice => 2,
            Self::QtyPrice => 3,
            Self::QtyEntryPrice => 4,
            Self::PositionUsd => 5,
            Self::Size => 6,
            Self::PositionSizeUsd => 7,
            Self::StakeAmount => 8,
            Self::SizePrice => 9,
            Self::NotionalLeverage => 10,
        }
    }
}

fn size_source_code(source: Source) -> u8 {
    let source = match source {
        Source::Intent(field) => SizeSource::of(field),
        Source::PolicyLeverage(_)
        | Source::Policy(_)
        | Source::Position(_)
        | Source::Market(_)
        | Source::Guardrails(_)
        | Source::Derived(_) => None,
    };
    source.map_or(u8::MAX, SizeSource::code)
}

const fn exit_rule_code(rule: ExitRule) -> u8 {
    match rule {
        ExitRule::Owner => 1,
        ExitRule::Delegate => 2,
    }
}

const fn action_code(action: HarvestAction) -> u8 {
    match action {
        HarvestAction::None => 1,
        HarvestAction::Partial25 => 2,
        HarvestAction::Partial50 => 3,
        HarvestAction::Partial75 => 4,
        HarvestAction::FullCloseProposed => 5,
    }
}

const fn stop_source_code(source: Source) -> u8 {
    if matches!(source, Source::Position(_)) {
        1
    } else {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes in the documentation of the digest.
    #[test]
    fn each_value_has_its_documented_code() {
        let fields = [
            "quantity*price",
            "quantity*entry_price",
            "qty*price",
            "qty*entry_price",
            "position_usd",
            "size",
            "position_size_usd",
            "stake_amount",
            "size*price",
            "notional/leverage",
        ];
        let sizes = fields.map(|field| size_source_code(Source::Intent(field)));
        assert_eq!(sizes, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        let (intent, policy) = (Source::Intent("leverage"), Source::Policy("leverage"));
        assert_eq!([intent, policy].map(size_source_code), [u8::MAX; 2]);
        assert_eq!([policy, intent].map(leverage_source_code), [1, 2]);
        let position = Source::Position("stop_dist_pct");
        assert_eq!([position, policy].map(stop_source_code), [1, 2]);
        assert_eq!(["notional", "margin"].map(basis_code), [1, 2]);
        let rules = [ExitRule::Owner, ExitRule::Delegate];
        assert_eq!(rules.map(exit_rule_code), [1, 2]);
        let legs = [PositionSide::Long, PositionSide::Short];
        assert_eq!(legs.map(leg_code), [1, 2]);
        let sides = [Side::Buy, Side::Sell].map(AnswerSide::Order);
        assert_eq!(sides.map(side_code), [1, 2]);
        assert_eq!(legs.map(AnswerSide::Position).map(side_code), [3, 4]);
        let codes = |all: &mut dyn Iterator<Item = u8>| all.collect::<Vec<_>>();
        let mut verdicts = Verdict::ALL.iter().map(|it| verdict_code(*it));
        assert_eq!(codes(&mut verdicts), [1, 2, 3, 4, 5]);
        let mut actions = HarvestAction::ALL.iter().map(|it| action_code(*it));
        assert_eq!(codes(&mut actions), [1, 2, 3, 4, 5]);
        let events = [
            RecordKind::Intent,
            RecordKind::Position,
            RecordKind::PolicyUpdated,
            RecordKind::PolicyWithdrawn,
        ];
        assert_eq!(events.map(event_code), [1, 2, 3, 4]);
    }
}
