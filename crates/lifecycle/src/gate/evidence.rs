//! The evidence of a judgement: what was compared, and the measured values.

use serde::{Deserialize, Serialize};

/// The measured values of a judgement, and the digests of its inputs. It is stored with the publication.
///
/// Two judgements with the same inputs, time and version of the engine have equal evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Evidence {
    /// The version of this format, which is 1.
    pub format: u32,
    /// The version of the engine.
    pub engine: String,
    /// The time of the judgement, in epoch microseconds.
    pub now_us: i64,
    /// The SHA-256 of the gate file.
    pub gate_sha256: String,
    /// The BLAKE3 hash of the records in the time window.
    pub tape_blake3: String,
    /// The BLAKE3 hash of the candles, if results were simulated.
    pub candles_blake3: Option<String>,
    /// The number of records in the time window.
    pub records: u64,
    /// The values of the draft.
    pub draft: PolicyEvidence,
    /// The values of the policies with which the draft was compared: the active one, and that of 24 hours ago.
    pub baselines: Vec<BaselineEvidence>,
}

/// The measured values of one policy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PolicyEvidence {
    /// The BLAKE3 hash of all answers.
    pub answers_blake3: String,
    /// The number of trades.
    pub trades: u64,
    /// The total notional of the trades, in USD.
    pub notional_usd: f64,
    /// The maximum drawdown of the simulation, as a share of the starting cash.
    pub drawdown: Option<f64>,
}

/// The comparison of the draft with one policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BaselineEvidence {
    /// The name of the policy: `active` or `day_ago`.
    pub name: String,
    /// The hash of the policy.
    pub policy_hash: String,
    /// The measured values of the policy.
    pub policy: PolicyEvidence,
    /// The number of records whose answer depends on the numbers of the policy or of the draft.
    pub reached: u64,
    /// The number of records that this policy skips and the draft trades.
    pub new_trades: u64,
}

/// The result of the gate, as it is stored with a publication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case", deny_unknown_fields)]
pub enum GateRecord {
    /// The policy is the first one of the store. It was not judged, because there was no earlier policy.
    First,
    /// The policy is nowhere looser than the active policy.
    Tightening {
        /// The hash of the active policy.
        active: String,
    },
    /// The policy is the tightening part of a draft that the gate refused.
    TighteningPart {
        /// The hash of the active policy.
        active: String,
    },
    /// The policy is looser, and within all bounds.
    Permitted {
        /// The measured values.
        evidence: Box<Evidence>,
    },
}

impl GateRecord {
    /// Parses the text that [`Self::to_json`] has written.
    ///
    /// # Errors
    /// Returns an error if the text has another format.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Returns the record as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Texts and finite numbers can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}
