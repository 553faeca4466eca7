//! The answers to intents.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
};

use portcullis::{
    Decision as Decided, ExitPermit, Gate, PositionSide, Price, SkipCode, Symbol, Timestamp,
    Trade as Permitted,
    answer::{Answer, AnswerSide, Detail, RecordKind, Verdict},
    exit::ExitRule,
    intent::{ExitQuantity, Intent},
    provenance::{Source, Sourced},
};
use pyo3::{PyClassInitializer, exceptions::PyTypeError, prelude::*};

use crate::{
    answer::{to_line, to_python},
    names::{answer_side, gate, position_side, skip_code},
    policy::Policy,
    time::to_datetime,
};

/// The answer to an intent or a position: the base class of `Trade`, `Exit` and `Skip`. It contains the parts that all of
/// them have. A decision is small, because it is created for each call; its answer row is created when it is needed.
#[pyclass(frozen, subclass, module = "portcullis_engine")]
#[derive(Debug)]
pub(crate) struct Decision {
    verdict: Verdict,
    event: Option<RecordKind>,
    id: Option<Box<str>>,
    ts: Option<Timestamp>,
    symbol: Option<Symbol>,
    side: Option<AnswerSide>,
    /// The policy that was checked.
    policy: Option<Py<Policy>>,
}

impl Decision {
    fn of_intent(verdict: Verdict, intent: &Intent<'_>, policy: Option<Py<Policy>>) -> Self {
        Self {
            verdict,
            event: Some(RecordKind::Intent),
            id: intent.id().map(Box::from),
            ts: intent.event_time(),
            symbol: intent.symbol(),
            side: intent.side().map(AnswerSide::Order),
            policy,
        }
    }

    /// Calls a function with the answer row of a decision.
    fn with_row<T>(slf: &Bound<'_, Self>, use_row: impl FnOnce(&Answer<'_>) -> T) -> T {
        let base = slf.get();
        let mut row = Answer::new(base.verdict);
        row.event = base.event;
        row.symbol = base.symbol;
        row.side = base.side;
        let policy = base.policy.as_ref().map(|policy| &policy.get().inner);
        row.policy_version = policy.map(portcullis::Policy::version);
        row.policy_hash = policy.map(portcullis::Policy::hash);
        if let Ok(trade) = slf.cast_exact::<Trade>() {
            trade.get().fill(&mut row);
        } else if let Ok(exit) = slf.cast_exact::<Exit>() {
            exit.get().fill(&mut row);
        } else if let Ok(skip) = slf.cast_exact::<Skip>() {
            skip.get().fill(&mut row);
        }
        use_row(&row.to(0, base.id.as_deref(), base.ts))
    }
}

#[pymethods]
impl Decision {
    /// `TRADE`, `EXIT` or `SKIP`.
    #[getter]
    fn decision(&self) -> &'static str {
        self.verdict.as_str()
    }

    #[getter]
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    #[getter]
    fn symbol(&self) -> Option<&str> {
        self.symbol.as_ref().map(Symbol::as_str)
    }

    #[getter]
    fn side(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.side.map(|side| answer_side(py, side)).transpose()
    }

    /// The policy that was checked, or `None` if no gate checked a policy.
    #[getter]
    fn policy(&self, py: Python<'_>) -> Option<Py<Policy>> {
        self.policy.as_ref().map(|policy| policy.clone_ref(py))
    }

    #[getter]
    fn policy_version(&self) -> Option<&str> {
        let policy = self.policy.as_ref();
        policy.map(|policy| policy.get().inner.version())
    }

    #[getter]
    fn policy_hash(&self) -> Option<String> {
        let policy = self.policy.as_ref();
        policy.map(|policy| policy.get().inner.hash().to_string())
    }

    /// Returns the answer row, which permits nothing.
    fn record<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::with_row(slf, |row| to_python(slf.py(), row))
    }

    /// Returns the answer row as a line of JSON.
    fn to_json(slf: &Bound<'_, Self>) -> String {
        Self::with_row(slf, to_line)
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
        // A row does not have all parts of a trade or an exit, such as the stop.
        let are_equal_parts = if let Ok(trade) = slf.cast_exact::<Trade>() {
            other
                .cast_exact::<Trade>()
                .is_ok_and(|other| trade.get() == other.get())
        } else if let Ok(exit) = slf.cast_exact::<Exit>() {
            other
                .cast_exact::<Exit>()
                .is_ok_and(|other| exit.get() == other.get())
        } else {
            other.cast_exact::<Skip>().is_ok()
        };
        are_equal_parts && Self::to_json(slf) == Self::to_json(other)
    }

    fn __hash__(slf: &Bound<'_, Self>) -> u64 {
        let mut hasher = DefaultHasher::new();
        Self::to_json(slf).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(slf: &Bound<'_, Self>) -> String {
        let base = slf.get();
        let text = if let Ok(trade) = slf.cast_exact::<Trade>() {
            trade.get().shown(base)
        } else if let Ok(exit) = slf.cast_exact::<Exit>() {
            exit.get().shown.clone()
        } else if let Ok(skip) = slf.cast_exact::<Skip>() {
            format!("SKIP {}: {}", skip.get().reason, skip.get().detail)
        } else {
            base.verdict.as_str().to_owned()
        };
        format!("<{text}>")
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

/// The proof that an entry passed every gate.
#[pyclass(frozen, extends = Decision, module = "portcullis_engine")]
#[derive(Debug, PartialEq)]
pub(crate) struct Trade {
    leverage: (f64, Source),
    leverage_requested: Option<f64>,
    size_usd: (f64, Source),
    size_basis: &'static str,
    notional_usd: (f64, Source),
    margin_usd: (f64, Source),
    quantity: Option<(f64, Source)>,
    entry_price: Option<f64>,
    stop_loss: Option<f64>,
    take_profit: Option<f64>,
    not_after: (Timestamp, Source),
    fresh_until: Option<Timestamp>,
}

impl Trade {
    fn new(trade: &Permitted<'_>) -> Self {
        let price = |price: Option<Sourced<Price>>| price.map(|price| price.value().get());
        let (leverage, size, not_after) = (trade.leverage(), trade.size(), trade.not_after());
        let (notional, margin) = (trade.notional(), trade.margin());
        let requested = trade.leverage_requested();
        let quantity = trade.quantity();
        Self {
            leverage: (leverage.value().get(), leverage.source()),
            leverage_requested: requested.map(|requested| requested.value().get()),
            size_usd: (size.value().usd(), size.source()),
            size_basis: size.value().basis(),
            notional_usd: (notional.value().get(), notional.source()),
            margin_usd: (margin.value().get(), margin.source()),
            quantity: quantity.map(|quantity| (quantity.value().get(), quantity.source())),
            entry_price: price(trade.entry_price()),
            stop_loss: price(trade.stop_loss()),
            take_profit: price(trade.take_profit()),
            not_after: (not_after.value(), not_after.source()),
            fresh_until: trade.fresh_until(),
        }
    }

    fn fill(&self, row: &mut Answer<'_>) {
        row.leverage = Some(self.leverage.0);
        row.leverage_source = Some(self.leverage.1);
        row.leverage_requested = self.leverage_requested;
        row.size_usd = Some(self.size_usd.0);
        row.size_basis = Some(self.size_basis);
        row.size_source = Some(self.size_usd.1);
        row.notional_usd = Some(self.notional_usd.0);
        row.not_after = Some(self.not_after.0);
        row.quantity = self.quantity.map(|(quantity, _)| quantity);
    }

    fn shown(&self, base: &Decision) -> String {
        format!(
            "TRADE {} {} {}x ({}), {} USD {} ({})",
            base.side.map_or("", AnswerSide::as_str),
            base.symbol.as_ref().map_or("", Symbol::as_str),
            self.leverage.0,
            self.leverage.1,
            self.size_usd.0,
            self.size_basis,
            self.size_usd.1,
        )
    }
}

#[pymethods]
impl Trade {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str, &'static str) {
        ("symbol", "side", "leverage", "notional_usd")
    }

    #[getter]
    fn leverage(&self) -> f64 {
        self.leverage.0
    }

    #[getter]
    fn leverage_source(&self) -> String {
        self.leverage.1.to_string()
    }

    #[getter]
    fn leverage_requested(&self) -> Option<f64> {
        self.leverage_requested
    }

    #[getter]
    fn size_usd(&self) -> f64 {
        self.size_usd.0
    }

    #[getter]
    fn size_basis(&self) -> &'static str {
        self.size_basis
    }

    #[getter]
    fn size_source(&self) -> String {
        self.size_usd.1.to_string()
    }

    #[getter]
    fn notional_usd(&self) -> f64 {
        self.notional_usd.0
    }

    #[getter]
    fn notional_source(&self) -> String {
        self.notional_usd.1.to_string()
    }

    #[getter]
    fn margin_usd(&self) -> f64 {
        self.margin_usd.0
    }

    #[getter]
    fn margin_source(&self) -> String {
        self.margin_usd.1.to_string()
    }

    #[getter]
    fn quantity(&self) -> Option<f64> {
        self.quantity.map(|(quantity, _)| quantity)
    }

    #[getter]
    fn quantity_source(&self) -> Option<String> {
        self.quantity.map(|(_, source)| source.to_string())
    }

    #[getter]
    fn entry_price(&self) -> Option<f64> {
        self.entry_price
    }

    #[getter]
    fn stop_loss(&self) -> Option<f64> {
        self.stop_loss
    }

    #[getter]
    fn take_profit(&self) -> Option<f64> {
        self.take_profit
    }

    #[getter]
    fn not_after<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_datetime(py, self.not_after.0)
    }

    #[getter]
    fn not_after_ms(&self) -> i64 {
        self.not_after.0.as_millis()
    }

    #[getter]
    fn not_after_source(&self) -> String {
        self.not_after.1.to_string()
    }

    #[getter]
    fn fresh_until<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let at = self.fresh_until;
        at.map(|at| to_datetime(py, at)).transpose()
    }
}

/// A permit to reduce or close a position.
#[pyclass(frozen, extends = Decision, module = "portcullis_engine")]
#[derive(Debug, PartialEq)]
pub(crate) struct Exit {
    source: String,
    rule: ExitRule,
    stated_position_side: Option<PositionSide>,
    position_side: Option<PositionSide>,
    quantity: Option<(f64, Source)>,
    fraction: Option<(f64, Source)>,
    quantity_state: &'static str,
    trigger: Option<(f64, Source)>,
    notes: Option<String>,
    shown: String,
}

impl Exit {
    fn new(permit: &ExitPermit<'_>) -> Self {
        let (state, quantity, fraction) = match permit.quantity() {
            ExitQuantity::Stated(it) => ("stated", Some((it.value().get(), it.source())), None),
            ExitQuantity::Fraction(it) => ("fraction", None, Some((it.value().get(), it.source()))),
            ExitQuantity::NotStated => ("not_stated", None, None),
            ExitQuantity::UsdSizeOnly => ("usd_only", None, None),
            ExitQuantity::Unreadable => ("unreadable", None, None),
        };
        let trigger = permit.trigger();
        Self {
            source: permit.source().to_owned(),
            rule: permit.rule(),
            stated_position_side: permit.stated_position_side(),
            position_side: permit.position_side(),
            quantity,
            fraction,
            quantity_state: state,
            trigger: trigger.map(|trigger| (trigger.value().get(), trigger.source())),
            notes: permit.notes().map(|notes| notes.to_string()),
            shown: permit.to_string(),
        }
    }

    fn fill<'a>(&'a self, row: &mut Answer<'a>) {
        row.exit_rule = Some(self.rule);
        row.quantity = self.quantity.map(|(quantity, _)| quantity);
        row.quantity_fraction = self.fraction.map(|(fraction, _)| fraction);
        row.position_leg = self.stated_position_side;
        row.trigger_price = self.trigger.map(|(price, _)| price);
        row.detail = self.notes.as_deref().map(Detail::Written);
    }
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
    fn rule(&self) -> &'static str {
        self.rule.as_str()
    }

    #[getter]
    fn position_side(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let side = self.position_side;
        side.map(|side| position_side(py, side)).transpose()
    }

    #[getter]
    fn quantity(&self) -> Option<f64> {
        self.quantity.map(|(quantity, _)| quantity)
    }

    #[getter]
    fn quantity_fraction(&self) -> Option<f64> {
        self.fraction.map(|(fraction, _)| fraction)
    }

    #[getter]
    fn quantity_source(&self) -> Option<String> {
        let stated = self.quantity.or(self.fraction);
        stated.map(|(_, source)| source.to_string())
    }

    /// `stated`, `fraction`, `not_stated`, `usd_only` or `unreadable`.
    #[getter]
    fn quantity_state(&self) -> &'static str {
        self.quantity_state
    }

    #[getter]
    fn trigger_price(&self) -> Option<f64> {
        self.trigger.map(|(price, _)| price)
    }

    #[getter]
    fn trigger_source(&self) -> Option<String> {
        self.trigger.map(|(_, source)| source.to_string())
    }

    /// The parts of the intent that could not be used, as text.
    #[getter]
    fn notes(&self) -> Option<&str> {
        self.notes.as_deref()
    }
}

/// A skip: nothing is done.
#[pyclass(frozen, extends = Decision, module = "portcullis_engine")]
#[derive(Debug)]
pub(crate) struct Skip {
    reason: SkipCode,
    gate: Option<Gate>,
    detail: String,
}

impl Skip {
    fn fill<'a>(&'a self, row: &mut Answer<'a>) {
        row.reason = Some(self.reason);
        row.detail = Some(Detail::Written(&self.detail));
    }
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
    fn detail(&self) -> &str {
        &self.detail
    }
}

/// Returns the Python object of a decision.
pub(crate) fn to_object(
    py: Python<'_>,
    decision: &Decided<'_>,
    policy: Option<&Py<Policy>>,
) -> PyResult<Py<PyAny>> {
    let policy = policy.filter(|_| decision.policy().is_some());
    let policy = policy.map(|policy| policy.clone_ref(py));
    let intent = decision.intent();
    match decision {
        Decided::Trade(trade) => {
            let base = Decision::of_intent(Verdict::Trade, intent, policy);
            let object = PyClassInitializer::from(base).add_subclass(Trade::new(trade));
            Ok(Py::new(py, object)?.into_any())
        }
        Decided::Exit(permit) => {
            let base = Decision::of_intent(Verdict::Exit, intent, policy);
            let object = PyClassInitializer::from(base).add_subclass(Exit::new(permit));
            Ok(Py::new(py, object)?.into_any())
        }
        Decided::Skip(skip) => {
            let reason = skip.reason();
            let event = (reason != SkipCode::IntentUnreadable).then_some(RecordKind::Intent);
            let base = Decision {
                event,
                ..Decision::of_intent(Verdict::Skip, intent, policy)
            };
            let skip = Skip {
                reason,
                gate: Some(skip.gate()),
                detail: skip.evidence().to_string(),
            };
            let object = PyClassInitializer::from(base).add_subclass(skip);
            Ok(Py::new(py, object)?.into_any())
        }
    }
}

/// Returns the `Skip` of a position that is not evaluated. `row` is its answer.
pub(crate) fn harvest_skip(
    py: Python<'_>,
    row: &Answer<'_>,
    policy: Option<&Py<Policy>>,
    id: Option<&str>,
) -> PyResult<Py<PyAny>> {
    let policy = policy.filter(|_| row.policy_hash.is_some());
    let base = Decision {
        verdict: Verdict::Skip,
        event: row.event,
        id: id.map(Box::from),
        ts: row.ts,
        symbol: row.symbol,
        side: row.side,
        policy: policy.map(|policy| policy.clone_ref(py)),
    };
    let detail = row.detail.as_ref().map(ToString::to_string);
    let skip = Skip {
        reason: row.reason.unwrap_or(SkipCode::HarvestInvalidInput),
        gate: None,
        detail: detail.unwrap_or_default(),
    };
    let object = PyClassInitializer::from(base).add_subclass(skip);
    Ok(Py::new(py, object)?.into_any())
}
