//! The engine.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
};

use portcullis::{
    Answer, Engine as Inner, ExitOwnership,
    explain::{Explanation, HarvestExplanation},
    intent::Intent,
    record::{Scratch, read},
};
use pyo3::{
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    active::{active, current},
    answer::to_python,
    decision::to_object,
    error::{Fault, guarded},
    fields::{Known, record_text},
    guardrails::Guardrails,
    position::{self, Record},
    time::instant,
};

/// The decision engine: the guardrails and the exit ownership of the operator. It has no state.
#[pyclass(frozen, subclass, module = "portcullis_engine._portcullis")]
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) inner: Inner,
    pub(crate) guardrails: Py<Guardrails>,
}

/// Calls `decide` with the intent in a mapping or a text.
fn with_intent<T>(
    intent: &Bound<'_, PyAny>,
    decide: impl FnOnce(&Intent<'_>) -> PyResult<T>,
) -> PyResult<T> {
    let fields = intent.cast::<PyDict>().ok().and_then(Known::of_dict);
    if let Some(known) = &fields
        && let Some(plain) = known.plain()
    {
        return decide(&plain.build());
    }
    let mut scratch = Scratch::default();
    decide(&read(&record_text(intent, "the intent")?, &mut scratch).into_intent())
}

/// Calls `decide` with the intent in arguments.
fn with_fields<'py, T>(
    known: &Known<&Bound<'py, PyAny>>,
    decide: impl FnOnce(&Intent<'_>) -> PyResult<T>,
) -> PyResult<T> {
    if let Some(plain) = known.plain() {
        return decide(&plain.build());
    }
    let mut scratch = Scratch::default();
    decide(&read(&known.to_json()?, &mut scratch).into_intent())
}

#[pymethods]
impl Engine {
    /// Creates an engine. Nothing that decides has a default: pass `Guardrails.none()` for no limits.
    #[new]
    #[pyo3(signature = (guardrails, *, exit_owner, exit_delegates))]
    fn new(
        guardrails: Py<Guardrails>,
        exit_owner: String,
        exit_delegates: Vec<String>,
    ) -> PyResult<Self> {
        let fault = |error: &dyn std::fmt::Display, field| Fault::new(error).with_field(field);
        let mut ownership =
            ExitOwnership::new(exit_owner).map_err(|error| fault(&error, "exit_owner"))?;
        for name in exit_delegates {
            ownership = ownership
                .with_delegate(name)
                .map_err(|error| fault(&error, "exit_delegates"))?;
        }
        Ok(Self {
            inner: Inner::new(guardrails.get().inner.clone(), ownership),
            guardrails,
        })
    }

    #[getter]
    fn guardrails(&self, py: Python<'_>) -> Py<Guardrails> {
        self.guardrails.clone_ref(py)
    }

    #[getter]
    fn exit_owner(&self) -> &str {
        self.inner.ownership().owner()
    }

    #[getter]
    fn exit_delegates<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let delegates = self.inner.ownership().delegates();
        PyTuple::new(py, delegates.collect::<Vec<_>>())
    }

    /// Decides one intent.
    #[pyo3(signature = (policy, intent = None, *, symbol = None, side = None, source = None, leverage = None,
        position_size_usd = None, now_ms = None, now = None, quantity = None, price = None, id = None, ts = None,
        position_usd = None, entry_price = None, stop_loss = None, take_profit = None, action = None, reduce_only = None,
        position_side = None, timestamp = None, size = None, qty = None, intent_id = None, confidence = None, regime = None,
        model = None))]
    #[expect(
        clippy::too_many_arguments,
        reason = "they are the fields of an intent"
    )]
    fn decide<'py>(
        &self,
        py: Python<'py>,
        policy: &Bound<'py, PyAny>,
        intent: Option<&Bound<'py, PyAny>>,
        symbol: Option<&Bound<'py, PyAny>>,
        side: Option<&Bound<'py, PyAny>>,
        source: Option<&Bound<'py, PyAny>>,
        leverage: Option<&Bound<'py, PyAny>>,
        position_size_usd: Option<&Bound<'py, PyAny>>,
        now_ms: Option<&Bound<'py, PyAny>>,
        now: Option<&Bound<'py, PyAny>>,
        quantity: Option<&Bound<'py, PyAny>>,
        price: Option<&Bound<'py, PyAny>>,
        id: Option<&Bound<'py, PyAny>>,
        ts: Option<&Bound<'py, PyAny>>,
        position_usd: Option<&Bound<'py, PyAny>>,
        entry_price: Option<&Bound<'py, PyAny>>,
        stop_loss: Option<&Bound<'py, PyAny>>,
        take_profit: Option<&Bound<'py, PyAny>>,
        action: Option<&Bound<'py, PyAny>>,
        reduce_only: Option<&Bound<'py, PyAny>>,
        position_side: Option<&Bound<'py, PyAny>>,
        timestamp: Option<&Bound<'py, PyAny>>,
        size: Option<&Bound<'py, PyAny>>,
        qty: Option<&Bound<'py, PyAny>>,
        intent_id: Option<&Bound<'py, PyAny>>,
        confidence: Option<&Bound<'py, PyAny>>,
        regime: Option<&Bound<'py, PyAny>>,
        model: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let at = instant(now, now_ms)?;
        let known = Known {
            symbol,
            side,
            source,
            leverage,
            position_size_usd,
            quantity,
            price,
            id,
            ts,
            position_usd,
            entry_price,
            stop_loss,
            take_profit,
            action,
            reduce_only,
            position_side,
            timestamp,
            size,
            qty,
            intent_id,
            confidence,
            regime,
            model,
        };
        let policy = &current(policy)?;
        let policy = active(policy, at)?;
        guarded(|| {
            let decide = |intent: &Intent<'_>| {
                let of = policy.state();
                let engine = policy.engine(&self.inner);
                to_object(py, &engine.decide(of, intent, at), policy.object())
            };
            match intent {
                None => with_fields(&known, decide),
                Some(intent) if known.is_empty() => with_intent(intent, decide),
                Some(_) => Err(Fault::new(
                    "an intent and fields of an intent are both given; pass only one of them",
                )
                .with_field("intent")
                .into()),
            }
        })
    }

    /// Explains the decision about one intent: each gate, with the values that it compared.
    #[pyo3(signature = (policy, intent, *, now = None, now_ms = None))]
    fn explain<'py>(
        &self,
        policy: &Bound<'py, PyAny>,
        intent: &Bound<'py, PyAny>,
        now: Option<&Bound<'py, PyAny>>,
        now_ms: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<String> {
        let at = instant(now, now_ms)?;
        let policy = &current(policy)?;
        let policy = active(policy, at)?;
        guarded(|| {
            with_intent(intent, |intent| {
                let of = policy.state();
                let engine = policy.engine(&self.inner);
                let traced = engine.decide_traced(of, intent, Some(at));
                Ok(Explanation::new(traced).to_string())
            })
        })
    }

    /// Evaluates one open position.
    #[pyo3(signature = (policy, position, *, now = None, now_ms = None))]
    fn harvest<'py>(
        &self,
        py: Python<'py>,
        policy: &Bound<'py, PyAny>,
        position: &Bound<'py, PyAny>,
        now: Option<&Bound<'py, PyAny>>,
        now_ms: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let at = instant(now, now_ms)?;
        let policy = &current(policy)?;
        let policy = active(policy, at)?;
        let text = record_text(position, "the position")?;
        guarded(|| {
            let mut scratch = Scratch::default();
            match Record::read(&text, &mut scratch) {
                Record::Position(record) => position::to_object(py, &record, policy, at),
                Record::Other(intent) => {
                    let of = policy.state();
                    to_object(py, &self.inner.decide(of, &intent, at), policy.object())
                }
            }
        })
    }

    /// Explains the evaluation of one open position.
    #[pyo3(signature = (policy, position, *, now = None, now_ms = None))]
    fn explain_harvest<'py>(
        &self,
        policy: &Bound<'py, PyAny>,
        position: &Bound<'py, PyAny>,
        now: Option<&Bound<'py, PyAny>>,
        now_ms: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<String> {
        let at = instant(now, now_ms)?;
        let policy = &current(policy)?;
        let policy = active(policy, at)?;
        let text = record_text(position, "the position")?;
        guarded(|| {
            let of = policy.state();
            let mut scratch = Scratch::default();
            Ok(match Record::read(&text, &mut scratch) {
                Record::Position(record) => match position::evaluate(&record, of, at) {
                    Ok(decision) => HarvestExplanation::new(decision, of).to_string(),
                    Err(detail) => format!("SKIP HARVEST_INVALID_INPUT: {detail}\n"),
                },
                Record::Other(intent) => {
                    let traced = self.inner.decide_traced(of, &intent, Some(at));
                    Explanation::new(traced).to_string()
                }
            })
        })
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let other = other.cast::<Self>();
        other.is_ok_and(|other| other.get().inner == self.inner)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        format!("{:?}", self.inner).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let delegates: Vec<&str> = self.inner.ownership().delegates().collect();
        Ok(format!(
            "<Engine with {}, exit owner {:?}, exit delegates {delegates:?}>",
            self.guardrails.bind(py).repr()?,
            self.exit_owner(),
        ))
    }

    fn __getnewargs_ex__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<((Py<Guardrails>,), Bound<'py, PyDict>)> {
        let named = PyDict::new(py);
        named.set_item("exit_owner", self.exit_owner())?;
        named.set_item("exit_delegates", self.exit_delegates(py)?)?;
        Ok(((self.guardrails.clone_ref(py),), named))
    }
}

/// Decides one intent as if the policy were in force. Returns only the answer row, because such a decision must never be
/// executed.
#[pyfunction]
pub(crate) fn decide_assumed<'py>(
    py: Python<'py>,
    engine: &Bound<'py, Engine>,
    policy: &Bound<'py, PyAny>,
    intent: &Bound<'py, PyAny>,
    now: Option<&Bound<'py, PyAny>>,
    now_ms: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let at = instant(now, now_ms)?;
    let policy = &current(policy)?;
    let policy = active(policy, at)?;
    guarded(|| {
        with_intent(intent, |intent| {
            let of = policy.state().assume_in_force();
            let engine = policy.engine(&engine.get().inner);
            let decision = engine.decide(of, intent, at);
            let row = Answer::decision(&decision);
            let row = row.to(0, intent.id(), intent.event_time());
            to_python(py, &row)
        })
    })
}
