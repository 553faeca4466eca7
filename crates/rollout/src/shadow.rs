//! The answers of shadow arms.

use portcullis::{
    answer::{Answer, Verdict},
    decide::SkipCode,
    types::PolicyHash,
};
use serde::Serialize;
use serde_json::value::RawValue;
use strum::{IntoStaticStr, VariantArray};

use crate::{
    decided::Decided,
    json,
    rollout::{Question, Rollout, unusable},
};

/// The answer of a shadow arm to an entry: texts and numbers for records and metrics.
///
/// It contains no [`Trade`](portcullis::Trade), has no function that returns one, and borrows nothing from which one
/// could be made. So nothing that acts on a trade can act on a shadow.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowAnswer {
    seq: u64,
    arm: PolicyHash,
    verdict: Verdict,
    reason: Option<SkipCode>,
    notional_usd: Option<f64>,
    agreement: Agreement,
    json: String,
}

/// The comparison of a shadow answer with the answer that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Agreement {
    /// Both trade with the same leverage, size and notional, or both skip for the same reason.
    Same,
    /// Both trade, with another leverage, size or notional.
    OtherNumbers,
    /// Both skip, for different reasons.
    OtherReason,
    /// Only the shadow skips.
    OnlyAnswerTrades,
    /// Only the shadow trades.
    OnlyShadowTrades,
    /// The policy of the shadow is absent, not permitted by the guardrails, or not in force, so nothing is compared.
    Unusable,
}

impl Agreement {
    /// All agreements, in the order of the enum.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Returns the name, for metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns true if the answers were compared; [`Self::Same`] is the only agreement among them.
    #[must_use]
    pub const fn is_compared(self) -> bool {
        !matches!(self, Self::Unusable)
    }
}

impl<'a> Rollout<'a> {
    /// Decides an entry under each shadow arm that covers it and whose last time has not passed, and compares the results
    /// with the answer. There are at most two; for an exit or an invalid intent there are none. The kill switch has no
    /// effect. `n` and `id` are those of the answer row.
    #[must_use]
    pub fn shadows(
        &self,
        question: &Question<'a>,
        answer: &Decided<'a>,
        n: u64,
        id: Option<&str>,
    ) -> Vec<ShadowAnswer> {
        let answer = Answer::decision(answer.decision());
        let shadow = |(arm, state): (&crate::arm::Arm, _)| {
            let decision = question.under(state);
            let row = Answer::decision(&decision).to(n, id, Some(question.now));
            let agreement = match unusable(&decision) {
                Some(_) => Agreement::Unusable,
                None => compare(&answer, &row),
            };
            ShadowAnswer {
                seq: self.set().seq(),
                arm: arm.hash(),
                verdict: row.decision,
                reason: row.reason,
                notional_usd: row.notional_usd,
                agreement,
                json: json::write(&row),
            }
        };
        self.covering_shadows(question).map(shadow).collect()
    }
}

fn compare(answer: &Answer<'_>, shadow: &Answer<'_>) -> Agreement {
    let trades = |row: &Answer<'_>| row.decision == Verdict::Trade;
    let numbers = |row: &Answer<'_>| {
        let numbers = [row.leverage, row.size_usd, row.notional_usd];
        numbers.map(|number| number.map(f64::to_bits))
    };
    match (trades(answer), trades(shadow)) {
        (true, true) if numbers(answer) == numbers(shadow) => Agreement::Same,
        (true, true) => Agreement::OtherNumbers,
        (true, false) => Agreement::OnlyAnswerTrades,
        (false, true) => Agreement::OnlyShadowTrades,
        (false, false) if answer.reason == shadow.reason => Agreement::Same,
        (false, false) => Agreement::OtherReason,
    }
}

impl ShadowAnswer {
    /// Returns the hash of the arm's policy.
    #[must_use]
    pub const fn arm(&self) -> PolicyHash {
        self.arm
    }

    /// Returns the verdict that the arm would have given.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Returns the skip reason, if the verdict is `SKIP`.
    #[must_use]
    pub const fn reason(&self) -> Option<SkipCode> {
        self.reason
    }

    /// Returns the notional of the trade that the arm would have made, in USD.
    #[must_use]
    pub const fn notional_usd(&self) -> Option<f64> {
        self.notional_usd
    }

    /// Returns the comparison with the answer.
    #[must_use]
    pub const fn agreement(&self) -> Agreement {
        self.agreement
    }

    /// Returns the record of the shadow answer as JSON on one line: `set_seq`, `arm`, `agreement`, and the answer row as
    /// `shadow_answer`, so that no reader takes it for an answer.
    #[must_use]
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Record<'a> {
            set_seq: u64,
            arm: PolicyHash,
            agreement: &'static str,
            shadow_answer: Option<&'a RawValue>,
        }
        json::write(&Record {
            set_seq: self.seq,
            arm: self.arm,
            agreement: self.agreement.as_str(),
            shadow_answer: serde_json::from_str(&self.json).ok(),
        })
    }
}
