//! Values that follow a policy store: halts, and a policy or the reason why there is none.

use std::{
    collections::{BTreeSet, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
};

use portcullis::{Halt as InnerHalt, PolicyUnavailable as Reason, SkipCode, Symbol};
use portcullis_store::PolicySnapshot;
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyString, PyTuple},
};

use crate::{error::Fault, names::skip_code, policy::Policy};

/// The symbols in which entries are halted.
#[pyclass(frozen, eq, module = "portcullis_engine.store")]
#[derive(Debug, PartialEq)]
pub(crate) struct Halt {
    pub(crate) inner: InnerHalt,
}

impl Halt {
    fn names(&self) -> Vec<&str> {
        match &self.inner {
            InnerHalt::Nothing | InnerHalt::Everything => Vec::new(),
            InnerHalt::Symbols(symbols) => symbols.iter().map(Symbol::as_str).collect(),
        }
    }
}

#[pymethods]
impl Halt {
    /// Creates a halt of these symbols.
    #[new]
    fn new(symbols: &Bound<'_, PyAny>) -> PyResult<Self> {
        if symbols.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err(
                "`symbols` is a str; pass a list of symbols, such as `Halt([\"BTCUSDT\"])`",
            ));
        }
        let mut halted = BTreeSet::new();
        for name in symbols.try_iter()? {
            let name: String = name?.extract()?;
            let fault = |problem: String| {
                Fault::new(problem)
                    .with_field("symbols")
                    .with_value(name.as_str())
            };
            if name == "*" {
                let problem = "`*` is not a symbol; use `Halt.all()` for every symbol";
                return Err(fault(problem.to_owned()).into());
            }
            let symbol = Symbol::new(&name).map_err(|error| fault(error.to_string()))?;
            halted.insert(symbol);
        }
        Ok(Self {
            inner: match halted.is_empty() {
                true => InnerHalt::Nothing,
                false => InnerHalt::Symbols(halted),
            },
        })
    }

    /// Returns the halt of every symbol.
    #[staticmethod]
    const fn all() -> Self {
        Self {
            inner: InnerHalt::Everything,
        }
    }

    /// True if every symbol is halted. Then `symbols` is empty.
    #[getter]
    fn is_everything(&self) -> bool {
        self.inner == InnerHalt::Everything
    }

    #[getter]
    fn symbols<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.names())
    }

    /// Returns true if entries in the symbol are halted. A text that is not a symbol is halted.
    fn halts(&self, symbol: &str) -> bool {
        match &self.inner {
            InnerHalt::Nothing => Symbol::new(symbol).is_err(),
            InnerHalt::Everything => true,
            InnerHalt::Symbols(symbols) => {
                Symbol::new(symbol).map_or(true, |symbol| symbols.contains(&symbol))
            }
        }
    }

    /// True if anything is halted.
    fn __bool__(&self) -> bool {
        self.inner != InnerHalt::Nothing
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.is_everything(), self.names()).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        match self.is_everything() {
            true => "Halt.all()".to_owned(),
            false => format!("Halt({:?})", self.names()),
        }
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let (py, class, halt) = (slf.py(), slf.get_type(), slf.get());
        match halt.is_everything() {
            true => Ok((class.getattr("all")?, PyTuple::empty(py))),
            false => Ok((class.into_any(), PyTuple::new(py, [halt.names()])?)),
        }
    }
}

/// The reason why a store has no policy that the reader accepts. A decision under it is a skip with this reason.
#[pyclass(frozen, eq, module = "portcullis_engine.store")]
#[derive(Debug, PartialEq)]
pub(crate) struct PolicyUnavailable {
    reason: Reason,
}

impl PolicyUnavailable {
    pub(crate) const fn reason(&self) -> &Reason {
        &self.reason
    }
}

#[pymethods]
impl PolicyUnavailable {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str) {
        ("code", "detail")
    }

    /// The skip reason of a decision without this policy.
    #[getter]
    fn code(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        skip_code(py, SkipCode::from(&self.reason))
    }

    #[getter]
    fn detail(&self) -> String {
        self.reason.to_string()
    }

    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err(
            "an unavailable policy is neither true nor false; use `isinstance(policy, Policy)`",
        ))
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.detail().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let code = SkipCode::from(&self.reason);
        format!("<PolicyUnavailable {code}: {}>", self.reason)
    }
}

/// The policy, or the reason why there is none, and the halts of a store at one moment.
#[pyclass(frozen, module = "portcullis_engine.store")]
#[derive(Debug)]
pub(crate) struct FeedSnapshot {
    number: u64,
    policy: Result<Py<Policy>, Py<PolicyUnavailable>>,
    halt: Py<Halt>,
}

impl FeedSnapshot {
    pub(crate) fn new(py: Python<'_>, snapshot: &PolicySnapshot) -> PyResult<Self> {
        let policy = match snapshot.policy().policy() {
            Ok(policy) => Ok(Py::new(
                py,
                Policy {
                    inner: policy.clone(),
                },
            )?),
            Err(reason) => Err(Py::new(
                py,
                PolicyUnavailable {
                    reason: reason.clone(),
                },
            )?),
        };
        let halt = Py::new(
            py,
            Halt {
                inner: snapshot.halt().clone(),
            },
        )?;
        Ok(Self {
            number: snapshot.number(),
            policy,
            halt,
        })
    }

    /// Returns the policy, or the reason why there is none, and the halts.
    pub(crate) fn parts(&self) -> (Result<&Py<Policy>, &Reason>, &InnerHalt) {
        let policy = self.policy.as_ref();
        let policy = policy.map_err(|unavailable| &unavailable.get().reason);
        (policy, &self.halt.get().inner)
    }

    /// Returns the number, which is higher for each later snapshot of a feed.
    pub(crate) const fn count(&self) -> u64 {
        self.number
    }
}

#[pymethods]
impl FeedSnapshot {
    /// The number of the snapshot. It grows with each change; 0 means that the store has not answered yet.
    #[getter]
    const fn number(&self) -> u64 {
        self.number
    }

    /// The policy, or the reason why it is unavailable. It does not contain the halts.
    #[getter]
    pub(crate) fn policy(&self, py: Python<'_>) -> Py<PyAny> {
        match &self.policy {
            Ok(policy) => policy.clone_ref(py).into_any(),
            Err(reason) => reason.clone_ref(py).into_any(),
        }
    }

    #[getter]
    pub(crate) fn halt(&self, py: Python<'_>) -> Py<Halt> {
        self.halt.clone_ref(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let policy = self.policy(py);
        Ok(format!(
            "<FeedSnapshot {}: {}, {}>",
            self.number,
            policy.bind(py).repr()?,
            self.halt.get().__repr__()
        ))
    }
}
