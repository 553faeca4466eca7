//! The answers to intents.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
};

use portcullis::{
    Decision as Decided, Gate, PositionSide, SkipCode, Symbol, Timestamp,
    answer::{Answer, Detail},
    exit::ExitRule,
    intent::ExitQuantity,
    provenance::{Source, Sourced},
};
use pyo3::{
    PyClassInitializer,
    exceptions::PyTypeError,
    prelude::*,
};

use crate::{
    answer::{detached, to_line, to_python},
    names::{answer_side, gate, position_side, skip_code},
    policy::Policy,
    time::to_datetime,
};

/// The answer to an intent or a position: the base class of `Trade`, `Exit` and `Skip`.
#[pyclass(frozen, subclass, module = "portcullis_engine")]
#[derive(Debug)]
pub(crate) struct Decision {
    row: Answer<'static>,
    id: Option<String>,
    detail: Option<String>,
    policy: Option<Py<Policy>>,
    /// The decision as text.
    shown: Shown,
}

/// The text of a decision; that of a trade is written when it is needed.
#[derive(Debug)]
enum Shown {
    Trade,
    Text(String),
}

impl Decision {
    /// Copies an answer. `policy` is the policy that was passed; it is kept if the answer names a policy.
    pub(crate) fn new(
        answer: &Answer<'_>,
        policy: Option<&Py<Policy>>,
        id: Option<&str>,
        detail: Option<String>,
        py: Python<'_>,
    ) -> Self {
        let policy = policy.filter(|_| answer.policy_hash.is_some());
        Self {
            row: detached(answer),
            id: id.map(str::to_owned),
            detail,
            policy: policy.map(|policy| policy.clone_ref(py)),
            shown: Shown::Trade,
        }
    }

    fn showing(mut self, text: String) -> Self {
        self.shown = Shown::Text(text);
        self
    }

    /// Calls a function with the complete answer row.
    fn with_row<T>(&self, use_row: impl FnOnce(&Answer<'_>) -> T) -> T {
        let mut row: Answer<'_> = self.row.clone();
        row.detail = self.detail.as_deref().map(Detail::Written);
        row.policy_version = self
            .policy
            .as_ref()
            .map(|policy| policy.get().inner.version());
        if let Some(id) = &self.id {
            row = row.to(0, Some(id), self.row.ts);
        }
        use_row(&row)
    }

    pub(crate) fn line(&self) -> String {
        self.with_row(to_line)
    }
}

#[pymethods]
impl Decision {
    /// `TRADE`, `EXIT` or `SKIP`.
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

    /// The policy that was checked, or `None` if no gate checked a policy.
    #[getter]
    fn policy(&self, py: Python<'_>) -> Option<Py<Policy>> {
        self.policy.as_ref().map(|policy| policy.clone_ref(py))
    }

    #[getter]
    fn policy_version(&self) -> Option<&str> {
        self.policy
            .as_ref()
            .map(|policy| policy.get().inner.version())
    }

    #[getter]
    fn policy_hash(&self) -> Option<String> {
        self.row.policy_hash.map(|hash| hash.to_string())
    }

    /// Returns the answer row, which permits nothing.
    fn record<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.with_row(|row| to_python(py, row))
    }

    /// Returns the answer row as a line of JSON.
    fn to_json(&self) -> String {
        self.line()
    }

    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err(
            "a decision is neither true nor false; use `isinstance(decision, Trade)` or `match`",
        ))
    }

    fn __eq__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> bool {
        let Ok(other) = other.cast::<Self>() else {
            return false;
        };
        let are_equal_parts = match (slf.cast::<Trade>(), other.cast::<Trade>()) {
            (Ok(one), Ok(other)) => one.get() == other.get(),
            _ => match (slf.cast::<Exit>(), other.cast::<Exit>()) {
                (Ok(one), Ok(other)) => one.get() == other.get(),
                _ => slf.get_type().is(other.get_type()),
            },
        };
        are_equal_parts && slf.get().line() == other.get().line()
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.line().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(slf: &Bound<'_, Self>) -> String {
        match (&slf.get().shown, slf.cast::<Trade>()) {
            (Shown::Text(text), _) => format!("<{text}>"),
            (Shown::Trade, Ok(trade)) => format!("<{}>", trade.get().text(slf.get())),
            (Shown::Trade, Err(_)) => format!("<{}>", slf.get().line()),
        }
    }

    fn __reduce_ex__(slf: &Bound<'_, Self>, _protocol: Bound<'_, PyAny>) -> PyResult<()> {
        Err(not_copied(slf, "pickled"))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(not_copied(slf, "pickled"))
    }

    fn __copy__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(not_copied(slf, "copied"))
    }

    fn __deepcopy__(slf: &Bound<'_, Self>, _memo: Bound<'_, PyAny>) -> PyResult<()> {
        Err(not_copied(slf, "copied"))
    }
}

fn not_copied(decision: &Bound<'_, Decision>, what: &str) -> PyErr {
    let class = decision.get_type().name();
    let class = class.map_or_else(|_| "Decision".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!(
        "{class} objects cannot be {what}, because only the engine makes decisions; use `.record()`, which returns an Answer"
    ))
}

/// A number and its source.
type Number = (f64, Source);

/// The numbers of a trade that are not in its answer row.
#[derive(Debug, PartialEq)]
struct TradeNumbers {
    notional_source: Source,
    margin: Number,
    quantity_source: Option<Source>,
    entry_price: Option<f64>,
    stop_loss: Option<f64>,
    take_profit: Option<f64>,
    not_after_source: Source,
    fresh_until: Option<Timestamp>,
}

/// The proof that an entry passed every gate.
#[pyclass(frozen, extends = Decision, module = "portcullis_engine")]
#[derive(Debug, PartialEq)]
pub(crate) struct Trade(TradeNumbers);

impl Trade {
    fn text(&self, base: &Decision) -> String {
        let row = &base.row;
        let text = |part: Option<String>| part.unwrap_or_default();
        format!(
            "TRADE {} {} {}x ({}), {} USD {} ({})",
            row.side.map_or("", |side| side.as_str()),
            row.symbol.as_ref().map_or("", Symbol::as_str),
            text(row.leverage.map(|number| number.to_string())),
            text(row.leverage_source.map(|source| source.to_string())),
            text(row.size_usd.map(|number| number.to_string())),
            row.size_basis.unwrap_or_default(),
            text(row.size_source.map(|source| source.to_string())),
        )
    }
}

fn row<'a>(slf: &'a Bound<'_, Trade>) -> &'a Answer<'static> {
    &slf.as_super().get().row
}

#[pymethods]
impl Trade {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str, &'static str) {
        ("symbol", "side", "leverage", "notional_usd")
    }

    #[getter]
    fn leverage(slf: &Bound<'_, Self>) -> Option<f64> {
        row(slf).leverage
    }

    #[getter]
    fn leverage_source(slf: &Bound<'_, Self>) -> Option<String> {
        row(slf).leverage_source.map(|source| source.to_string())
    }

    #[getter]
    fn leverage_requested(slf: &Bound<'_, Self>) -> Option<f64> {
        row(slf).leverage_requested
    }

    #[getter]
    fn size_usd(slf: &Bound<'_, Self>) -> Option<f64> {
        row(slf).size_usd
    }

    #[getter]
    fn size_basis(slf: &Bound<'_, Self>) -> Option<&'static str> {
        row(slf).size_basis
    }

    #[getter]
    fn size_source(slf: &Bound<'_, Self>) -> Option<String> {
        row(slf).size_source.map(|source| source.to_string())
    }

    #[getter]
    fn notional_usd(slf: &Bound<'_, Self>) -> Option<f64> {
        row(slf).notional_usd
    }

    #[getter]
    fn notional_source(&self) -> String {
        self.0.notional_source.to_string()
    }

    #[getter]
    fn margin_usd(&self) -> f64 {
        self.0.margin.0
    }

    #[getter]
    fn margin_source(&self) -> String {
        self.0.margin.1.to_string()
    }

    #[getter]
    fn quantity(slf: &Bound<'_, Self>) -> Option<f64> {
        row(slf).quantity
    }

    #[getter]
    fn quantity_source(&self) -> Option<String> {
        self.0.quantity_source.map(|source| source.to_string())
    }

    #[getter]
    fn entry_price(&self) -> Option<f64> {
        self.0.entry_price
    }

    #[getter]
    fn stop_loss(&self) -> Option<f64> {
        self.0.stop_loss
    }

    #[getter]
    fn take_profit(&self) -> Option<f64> {
        self.0.take_profit
    }

    #[getter]
    fn not_after<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let at = row(slf).not_after;
        at.map(|at| to_datetime(slf.py(), at)).transpose()
    }

    #[getter]
    fn not_after_ms(slf: &Bound<'_, Self>) -> Option<i64> {
        row(slf).not_after.map(Timestamp::as_millis)
    }

    #[getter]
    fn not_after_source(&self) -> String {
        self.0.not_after_source.to_string()
    }

    #[getter]
    fn fresh_until<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let at = self.0.fresh_until;
        at.map(|at| to_datetime(py, at)).transpose()
    }
}

/// The parts of an exit that are not in its answer row.
#[pyclass(frozen, extends = Decision, module = "portcullis_engine")]
#[derive(Debug, PartialEq)]
pub(crate) struct Exit {
    source: String,
    position_side: Option<PositionSide>,
    quantity_source: Option<Source>,
    quantity_state: &'static str,
    trigger_source: Option<Source>,
}

fn exit_row<'a>(slf: &'a Bound<'_, Exit>) -> &'a Answer<'static> {
    &slf.as_super().get().row
}

#[pymethods]
impl Exit {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str) {
        ("symbol", "side", "quantity")
    }

    /// The service that requested the exit.
    #[getter]
    fn source(&self) -> &str {
        &self.source
    }

    /// `owner` or `delegate`.
    #[getter]
    fn rule(slf: &Bound<'_, Self>) -> Option<&'static str> {
        exit_row(slf).exit_rule.map(ExitRule::as_str)
    }

    #[getter]
    fn position_side(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.position_side
            .map(|side| position_side(py, side))
            .transpose()
    }

    #[getter]
    fn quantity(slf: &Bound<'_, Self>) -> Option<f64> {
        exit_row(slf).quantity
    }

    #[getter]
    fn quantity_fraction(slf: &Bound<'_, Self>) -> Option<f64> {
        exit_row(slf).quantity_fraction
    }

    #[getter]
    fn quantity_source(&self) -> Option<String> {
        self.quantity_source.map(|source| source.to_string())
    }

    /// `stated`, `fraction`, `not_stated`, `usd_only` or `unreadable`.
    #[getter]
    fn quantity_state(&self) -> &'static str {
        self.quantity_state
    }

    #[getter]
    fn trigger_price(slf: &Bound<'_, Self>) -> Option<f64> {
        exit_row(slf).trigger_price
    }

    #[getter]
    fn trigger_source(&self) -> Option<String> {
        self.trigger_source.map(|source| source.to_string())
    }

    /// The parts of the intent that could not be used, as text.
    #[getter]
    fn notes(slf: &Bound<'_, Self>) -> Option<String> {
        slf.as_super().get().detail.clone()
    }
}

/// A skip: nothing is done.
#[pyclass(frozen, extends = Decision, module = "portcullis_engine")]
#[derive(Debug)]
pub(crate) struct Skip {
    reason: SkipCode,
    gate: Option<Gate>,
}

#[pymethods]
impl Skip {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str) {
        ("reason", "detail")
    }

    #[getter]
    fn reason(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        skip_code(py, self.reason)
    }

    #[getter]
    fn gate(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.gate.map(|it| gate(py, it)).transpose()
    }

    #[getter]
    fn detail(slf: &Bound<'_, Self>) -> Option<String> {
        slf.as_super().get().detail.clone()
    }
}

/// Returns the Python object of a decision.
pub(crate) fn to_object(
    py: Python<'_>,
    decision: &Decided<'_>,
    policy: Option<&Py<Policy>>,
) -> PyResult<Py<PyAny>> {
    let intent = decision.intent();
    let id = intent.id();
    let row = Answer::decision(decision).to(0, None, intent.event_time());
    match decision {
        Decided::Trade(trade) => {
            let base = Decision::new(&row, policy, id, None, py);
            let price = |price: Option<Sourced<portcullis::Price>>| {
                price.map(|price| price.value().get())
            };
            let margin = trade.margin();
            let numbers = TradeNumbers {
                notional_source: trade.notional().source(),
                margin: (margin.value().get(), margin.source()),
                quantity_source: trade.quantity().map(|quantity| quantity.source()),
                entry_price: price(trade.entry_price()),
                stop_loss: price(trade.stop_loss()),
                take_profit: price(trade.take_profit()),
                not_after_source: trade.not_after().source(),
                fresh_until: trade.fresh_until(),
            };
            let object = PyClassInitializer::from(base).add_subclass(Trade(numbers));
            Ok(Py::new(py, object)?.into_any())
        }
        Decided::Exit(permit) => {
            let (state, source) = match permit.quantity() {
                ExitQuantity::Stated(quantity) => ("stated", Some(quantity.source())),
                ExitQuantity::Fraction(fraction) => ("fraction", Some(fraction.source())),
                ExitQuantity::NotStated => ("not_stated", None),
                ExitQuantity::UsdSizeOnly => ("usd_only", None),
                ExitQuantity::Unreadable => ("unreadable", None),
            };
            let exit = Exit {
                source: permit.source().to_owned(),
                position_side: permit.position_side(),
                quantity_source: source,
                quantity_state: state,
                trigger_source: permit.trigger().map(|trigger| trigger.source()),
            };
            let detail = permit.notes().map(|notes| notes.to_string());
            let base = Decision::new(&row, policy, id, detail, py).showing(permit.to_string());
            let object = PyClassInitializer::from(base).add_subclass(exit);
            Ok(Py::new(py, object)?.into_any())
        }
        Decided::Skip(skip) => {
            let detail = skip.evidence().to_string();
            let shown = format!("SKIP {}: {detail}", skip.reason());
            let base = Decision::new(&row, policy, id, Some(detail), py).showing(shown);
            let skip = Skip {
                reason: skip.reason(),
                gate: Some(skip.gate()),
            };
            let object = PyClassInitializer::from(base).add_subclass(skip);
            Ok(Py::new(py, object)?.into_any())
        }
    }
}

/// Returns the `Skip` of a position that is not evaluated.
pub(crate) fn harvest_skip(
    py: Python<'_>,
    row: &Answer<'_>,
    policy: Option<&Py<Policy>>,
    id: Option<&str>,
) -> PyResult<Py<PyAny>> {
    let reason = row.reason.unwrap_or(SkipCode::HarvestInvalidInput);
    let detail = row.detail.as_ref().map(ToString::to_string);
    let shown = format!("SKIP {reason}: {}", detail.as_deref().unwrap_or_default());
    let base = Decision::new(row, policy, id, detail, py).showing(shown);
    let object = PyClassInitializer::from(base).add_subclass(Skip { reason, gate: None });
    Ok(Py::new(py, object)?.into_any())
}

