//! The answers to positions.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
};

use portcullis::{
    PolicyState, Symbol, Timestamp,
    answer::Answer,
    harvest::HarvestDecision,
    intent::{Intent, IntentError, IntentErrorKind},
    record::{OtherRecord, Scratch, TapeRecord, Untyped, read_as},
};
use portcullis_sim::replay::{evaluate_position, read_snapshot};
use pyo3::{exceptions::PyTypeError, prelude::*, types::PyTuple};

use crate::{
    active::Active,
    answer::{detached, to_line, to_python},
    decision::harvest_skip,
    names::answer_side,
    policy::Policy,
};

/// A position, or the unreadable intent as which any other record is answered.
pub(crate) enum Record<'a> {
    Position(OtherRecord<'a>),
    Other(Intent<'a>),
}

impl<'a> Record<'a> {
    pub(crate) fn read(text: &'a str, scratch: &'a mut Scratch) -> Self {
        match read_as(text, Untyped::Position, scratch) {
            TapeRecord::Position(record) => Self::Position(record),
            TapeRecord::Intent(intent) if is_unreadable(&intent) => Self::Other(intent),
            TapeRecord::Intent(_) => {
                let fault = IntentError::UnknownEvent {
                    line: 1,
                    column: 1,
                    event: "trade.intent".to_owned(),
                };
                Self::Other(Intent::unreadable(fault))
            }
            other @ (TapeRecord::RecordedDecision(_)
            | TapeRecord::PolicyUpdated(..)
            | TapeRecord::PolicyWithdrawn(_)) => Self::Other(other.into_intent()),
        }
    }
}

fn is_unreadable(intent: &Intent<'_>) -> bool {
    let fault = intent.request().err();
    fault.is_some_and(|fault| fault.kind() == IntentErrorKind::Unreadable)
}

pub(crate) fn evaluate<'p>(
    record: &OtherRecord<'_>,
    of: PolicyState<'p>,
    at: Timestamp,
) -> Result<HarvestDecision<'p>, &'static str> {
    evaluate_position(&read_snapshot(record), of, Some(at))
}

/// Returns the Python object of the answer to a position.
pub(crate) fn to_object(
    py: Python<'_>,
    record: &OtherRecord<'_>,
    active: Active<'_>,
    at: Timestamp,
) -> PyResult<Py<PyAny>> {
    let (of, policy) = (active.state(), active.object());
    let snapshot = read_snapshot(record);
    let (row, is_harvest) = match evaluate_position(&snapshot, of, Some(at)) {
        Ok(decision) => (
            Answer::harvest(&decision, of),
            matches!(decision, HarvestDecision::Harvest(_)),
        ),
        Err(detail) => (Answer::harvest_invalid(detail), false),
    };
    let row = match &snapshot {
        Ok(snapshot) => row.about(&snapshot.position),
        Err(_) => row,
    };
    let row = row.to(0, None, record.event_time());
    match (is_harvest, policy) {
        (true, Some(policy)) => {
            let advice = HarvestAdvice {
                row: detached(&row),
                id: record.id().map(str::to_owned),
                policy: policy.clone_ref(py),
            };
            Ok(Py::new(py, advice)?.into_any())
        }
        (_, _) => harvest_skip(py, &row, policy, record.id()),
    }
}

/// The proposal for an open position: the action, and the numbers from which it was computed.
#[pyclass(frozen, module = "portcullis_engine")]
#[derive(Debug)]
pub(crate) struct HarvestAdvice {
    row: Answer<'static>,
    id: Option<String>,
    policy: Py<Policy>,
}

impl HarvestAdvice {
    fn with_row<T>(&self, use_row: impl FnOnce(&Answer<'_>) -> T) -> T {
        let mut row: Answer<'_> = self.row.clone();
        row.policy_version = Some(self.policy.get().inner.version());
        if let Some(id) = &self.id {
            row = row.to(0, Some(id), self.row.ts);
        }
        use_row(&row)
    }
}

#[pymethods]
impl HarvestAdvice {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str) {
        ("symbol", "action", "close_quantity")
    }

    #[getter]
    fn decision(&self) -> &'static str {
        self.row.decision.as_str()
    }

    #[getter]
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    #[getter]
    fn symbol(&self) -> Option<&str> {
        self.row.symbol.as_ref().map(Symbol::as_str)
    }

    #[getter]
    fn side(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.row.side.map(|side| answer_side(py, side)).transpose()
    }

    /// `NONE`, `PARTIAL_25`, `PARTIAL_50`, `PARTIAL_75` or `FULL_CLOSE_PROPOSED`.
    #[getter]
    fn action(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let action = self.row.harvest_action;
        action
            .map(|action| crate::names::harvest_action(py, action))
            .transpose()
    }

    #[getter]
    fn close_quantity(&self) -> Option<f64> {
        self.row.close_quantity
    }

    #[getter]
    fn close_fraction(&self) -> Option<f64> {
        self.row.close_fraction
    }

    /// The proposed stop, in USD per unit.
    #[getter]
    fn stop(&self) -> Option<f64> {
        self.row.stop_proposed
    }

    /// The source of the stop distance with which R was computed.
    #[getter]
    fn stop_source(&self) -> Option<String> {
        self.row.stop_source.map(|source| source.to_string())
    }

    #[getter]
    fn r_net(&self) -> Option<f64> {
        self.row.r_net
    }

    #[getter]
    fn risk_unit(&self) -> Option<f64> {
        self.row.risk_unit
    }

    #[getter]
    fn cost(&self) -> Option<f64> {
        self.row.cost
    }

    #[getter]
    fn kill_score(&self) -> Option<f64> {
        self.row.kill_score
    }

    #[getter]
    fn k_regime_flip(&self) -> Option<f64> {
        self.row.k_regime_flip
    }

    #[getter]
    fn k_sigma_spike(&self) -> Option<f64> {
        self.row.k_sigma_spike
    }

    #[getter]
    fn k_ts_drop(&self) -> Option<f64> {
        self.row.k_ts_drop
    }

    #[getter]
    fn k_age_penalty(&self) -> Option<f64> {
        self.row.k_age_penalty
    }

    #[getter]
    fn reasons<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let reasons = self.row.harvest_reasons.into_iter();
        let reasons: Vec<&str> = reasons.flat_map(|reasons| reasons.iter()).collect();
        PyTuple::new(py, reasons)
    }

    #[getter]
    fn policy(&self, py: Python<'_>) -> Py<Policy> {
        self.policy.clone_ref(py)
    }

    #[getter]
    fn policy_version(&self) -> &str {
        self.policy.get().inner.version()
    }

    #[getter]
    fn policy_hash(&self) -> String {
        self.policy.get().inner.hash().to_string()
    }

    /// Returns the answer row.
    fn record<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.with_row(|row| to_python(py, row))
    }

    /// Returns the answer row as a line of JSON.
    fn to_json(&self) -> String {
        self.with_row(to_line)
    }

    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err(
            "an advice is neither true nor false; use `advice.action`",
        ))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let other = other.cast_exact::<Self>();
        other.is_ok_and(|other| other.get().to_json() == self.to_json())
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.to_json().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!("<HarvestAdvice {}>", self.to_json())
    }

    fn __reduce_ex__(&self, _protocol: Bound<'_, PyAny>) -> PyResult<()> {
        Err(not_copied())
    }

    fn __copy__(&self) -> PyResult<()> {
        Err(not_copied())
    }

    fn __deepcopy__(&self, _memo: Bound<'_, PyAny>) -> PyResult<()> {
        Err(not_copied())
    }
}

fn not_copied() -> PyErr {
    PyTypeError::new_err(
        "HarvestAdvice objects cannot be pickled or copied, because only the engine makes them; use `.record()`, which returns an Answer",
    )
}
