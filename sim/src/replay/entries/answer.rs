//! The answer to an entry.

use portcullis::{
    answer::{Answer, AnswerSide, Detail, RecordKind, Verdict},
    decide::{SkipCode, SkipReason},
    policy::Policy,
    provenance::Source,
    types::{Side, Symbol, Timestamp},
};

use crate::replay::digest::TradeNumbers;

/// The answer to an entry.
pub(super) struct EntryAnswer<'a> {
    pub(super) n: u64,
    /// The id, which is valid UTF-8.
    pub(super) id: &'a [u8],
    pub(super) ts: Option<Timestamp>,
    pub(super) symbol: Symbol,
    pub(super) side: Side,
    /// The policy that the answer names.
    pub(super) policy: Option<&'a Policy>,
    pub(super) outcome: EntryOutcome<'a>,
}

/// The decision of an entry.
#[derive(Debug)]
pub(super) enum EntryOutcome<'a> {
    Trade(TradeNumbers),
    /// A skip, with its evidence if it is written.
    Skip(SkipCode, Option<SkipReason<'a>>),
}

impl EntryOutcome<'_> {
    /// Returns true if the answer names the policy under which it was decided.
    pub(super) fn names_policy(&self) -> bool {
        match self {
            Self::Trade(_) => true,
            Self::Skip(reason, _) => skip_names_policy(*reason),
        }
    }
}

/// Returns true if the answer to an entry that was skipped for this reason names the policy.
pub(super) fn skip_names_policy(reason: SkipCode) -> bool {
    reason.number() >= SkipCode::PolicyMissing.number()
}

impl<'a> EntryAnswer<'a> {
    /// Returns the answer as a row.
    pub(super) fn row(&self) -> Answer<'a> {
        let verdict = match self.outcome {
            EntryOutcome::Trade(_) => Verdict::Trade,
            EntryOutcome::Skip(..) => Verdict::Skip,
        };
        let id = std::str::from_utf8(self.id).ok();
        let mut row = Answer::new(verdict).to(self.n, id, self.ts);
        row.event = Some(RecordKind::Intent);
        row.symbol = Some(self.symbol);
        row.side = Some(AnswerSide::Order(self.side));
        row.policy_version = self.policy.map(Policy::version);
        row.policy_hash = self.policy.map(Policy::hash);
        match &self.outcome {
            EntryOutcome::Trade(trade) => {
                row.leverage = trade.leverage;
                row.leverage_source = Some(match trade.is_requested {
                    true => Source::Intent("leverage"),
                    false => Source::PolicyLeverage(self.symbol),
                });
                row.leverage_requested = trade.requested;
                row.size_usd = Some(trade.size.usd());
                row.size_basis = Some(trade.size.basis());
                row.size_source = Some(Source::Intent(trade.size_source.field()));
                row.notional_usd = trade.notional;
                row.not_after = trade.not_after;
                row.quantity = trade.quantity;
            }
            EntryOutcome::Skip(reason, evidence) => {
                row.reason = Some(*reason);
                row.detail = evidence.map(Detail::SkipReason);
            }
        }
        row
    }
}
