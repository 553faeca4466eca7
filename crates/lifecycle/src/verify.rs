//! Repetition of a stored judgement.

use portcullis::{
    policy::Policy,
    types::{PolicyHash, Timestamp},
};
use portcullis_forge::Comparison;
use portcullis_sim::{replay::Replayer, simulate::candles::Series, tape::TapeReader};
use portcullis_store::{PolicyStore, PublicationId, StoreError};
use serde_json::Value;
use thiserror::Error;

use crate::{
    baselines::Baselines,
    gate::{Case, Evidence, GateRecord, GateRules, JudgeError, Judgement, judge},
};

/// A value of the stored evidence that differs from the repeated judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The path of the value, such as `draft.trades`.
    pub field: String,
    /// The stored value.
    pub stored: String,
    /// The value of the repeated judgement.
    pub repeated: String,
}

/// The inputs of a verification, which must be those of the publication.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The rules of the gate.
    pub rules: &'a GateRules,
    /// The evaluator of the recorded intents.
    pub replayer: &'a Replayer,
    /// The candles of the simulation.
    pub candles: &'a [Series],
}

/// An error that ends a verification without a result.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The history of the store does not contain the publication.
    #[error("the history has no publication with {0}; see `policy history`")]
    NotInHistory(PublicationId),
    /// The publication was made without a judgement.
    #[error(
        "the publication with {0} was made without a judgement; choose one that was made with `--gate` or by `portcullis updater`, but not the first one"
    )]
    WithoutGate(PublicationId),
    /// The stored result or a stored policy cannot be read.
    #[error("the publication with {id}: {why}")]
    Unreadable {
        /// The publication.
        id: PublicationId,
        /// The cause.
        why: String,
    },
    /// The draft cannot be judged.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Repeats the judgement that was stored with a publication. Returns the values that differ; none if the stored evidence
/// is confirmed.
///
/// # Errors
/// Returns an error if the publication has no stored judgement, if its policies are not in the history, or if the
/// history cannot be read.
pub fn verify(
    store: &dyn PolicyStore,
    id: PublicationId,
    inputs: &Inputs<'_>,
    history: TapeReader,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<Difference>, VerifyError> {
    let unreadable = |why: String| VerifyError::Unreadable { id, why };
    let entry = store
        .publication(id)?
        .ok_or(VerifyError::NotInHistory(id))?;
    let text = entry.gate().ok_or(VerifyError::WithoutGate(id))?;
    let record = GateRecord::from_json(text).map_err(|error| {
        unreadable(format!(
            "the stored result of the gate is unreadable: {error}"
        ))
    })?;
    let policy = entry
        .policy()
        .map_err(|error| unreadable(error.to_string()))?;
    let find = |hash: &str| find(store, id, hash);
    let published = entry.published_at().unwrap_or(Timestamp::MIN);
    let (evidence, expected) = match &record {
        GateRecord::Tightening { active } | GateRecord::TighteningPart { active } => {
            let comparison = Comparison::of(&find(active)?, policy, published);
            let comparison = comparison.ok_or_else(|| {
                unreadable("one of the two policies can never be in force".to_owned())
            })?;
            let looser = comparison.looser();
            let difference = |field: &str| Difference {
                field: field.to_owned(),
                stored: "not looser".to_owned(),
                repeated: "looser".to_owned(),
            };
            return Ok(looser.map(difference).collect());
        }
        GateRecord::First => return Err(VerifyError::WithoutGate(id)),
        GateRecord::Permitted { evidence } => (evidence, Timestamp::from_micros(evidence.now_us)),
    };
    let now = expected.map_err(|error| unreadable(error.to_string()))?;
    let mut baselines = Baselines::default();
    for baseline in &evidence.baselines {
        let found = Some(find(&baseline.policy_hash)?);
        match baseline.name.as_str() {
            "active" => baselines.active = found,
            _ => baselines.day_ago = found,
        }
    }
    let case = Case {
        draft: policy,
        baselines: &baselines,
        rules: inputs.rules,
        replayer: inputs.replayer,
        candles: inputs.candles,
        now,
    };
    Ok(match judge(&case, history, progress)? {
        Judgement::Permitted(repeated) => differences(evidence, &repeated),
        Judgement::Tightening => vec![Difference::of_result("tightening")],
        Judgement::Refused {
            refusals,
            evidence: repeated,
            ..
        } => {
            let mut found: Vec<Difference> = refusals
                .iter()
                .map(|refusal| Difference::of_result(refusal.code()))
                .collect();
            found.extend(repeated.iter().flat_map(|it| differences(evidence, it)));
            found
        }
    })
}

impl Difference {
    fn of_result(repeated: &str) -> Self {
        Self {
            field: "result".to_owned(),
            stored: "permitted".to_owned(),
            repeated: repeated.to_owned(),
        }
    }
}

fn find(store: &dyn PolicyStore, id: PublicationId, hash: &str) -> Result<Policy, VerifyError> {
    let unreadable = |why: String| VerifyError::Unreadable { id, why };
    let hash: PolicyHash = hash
        .parse()
        .map_err(|error| unreadable(format!("`{hash}` is not a hash: {error}")))?;
    let found = store.publication(PublicationId::Hash(hash))?;
    let entry = found.ok_or_else(|| {
        unreadable(format!(
            "the history no longer contains the policy {hash}, with which the published policy was compared; use a copy of the store from the time of the publication"
        ))
    })?;
    let policy = entry
        .policy()
        .map_err(|error| unreadable(error.to_string()))?;
    Ok(policy.clone())
}

fn differences(stored: &Evidence, repeated: &Evidence) -> Vec<Difference> {
    let [stored, repeated] =
        [stored, repeated].map(|it| serde_json::to_value(it).unwrap_or_default());
    let mut found = Vec::new();
    compare("", &stored, &repeated, &mut found);
    found
}

fn compare(path: &str, stored: &Value, repeated: &Value, found: &mut Vec<Difference>) {
    let join = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    match (stored, repeated) {
        (Value::Object(one), Value::Object(other)) => {
            for (name, value) in one {
                compare(
                    &join(name),
                    value,
                    other.get(name).unwrap_or(&Value::Null),
                    found,
                );
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&join(&index.to_string()), one, other, found);
            }
        }
        _ if stored == repeated => {}
        _ => found.push(Difference {
            field: path.to_owned(),
            stored: stored.to_string(),
            repeated: repeated.to_string(),
        }),
    }
}
