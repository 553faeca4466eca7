//! Policy sets.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
};

use portcullis::{PolicyHash, Symbol};
use portcullis_rollout::{Arm as InnerArm, DocumentError, PolicySet as Inner};
use pyo3::{
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{error::Fault, policy::to_json_text, time::to_datetime};

/// A live policy and the arms beside it, each by the hash of its policy.
#[pyclass(frozen, module = "portcullis_engine")]
#[derive(Debug)]
pub(crate) struct PolicySet {
    inner: Inner,
}

fn invalid(error: &DocumentError) -> Fault {
    Fault::new(error)
}

#[pymethods]
impl PolicySet {
    /// Parses a policy set from JSON text.
    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        let inner = Inner::from_json(text).map_err(|error| invalid(&error))?;
        Ok(Self { inner })
    }

    /// Reads a policy set from a dict.
    #[staticmethod]
    fn from_dict(fields: &Bound<'_, PyDict>) -> PyResult<Self> {
        Self::from_json(&to_json_text(fields)?)
    }

    #[getter]
    fn seq(&self) -> u64 {
        self.inner.seq()
    }

    /// The hash of the live policy.
    #[getter]
    fn live(&self) -> String {
        self.inner.live().to_string()
    }

    #[getter]
    fn hash(&self) -> String {
        self.inner.hash().to_string()
    }

    #[getter]
    fn is_killed(&self) -> bool {
        self.inner.is_killed()
    }

    #[getter]
    fn arms<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let arms = self.inner.arms().iter();
        let arms = arms.map(|arm| Py::new(py, Arm { inner: arm.clone() }));
        PyTuple::new(py, arms.collect::<PyResult<Vec<_>>>()?)
    }

    /// Returns the arm whose policy has this hash.
    fn arm(&self, hash: &str) -> PyResult<Option<Arm>> {
        let parsed: Result<PolicyHash, _> = hash.parse();
        let parsed = parsed.map_err(|error| {
            Fault::new(format_args!("`hash` is {hash:?}, which is {error}"))
                .with_field("hash")
                .with_value(hash)
        })?;
        Ok(self.inner.arm(parsed).map(|arm| Arm { inner: arm.clone() }))
    }

    /// Returns the canary that the salts assign to a symbol and a source, and the bucket of the symbol.
    #[pyo3(signature = (symbol, source))]
    fn assigned(&self, symbol: &str, source: Option<&str>) -> PyResult<Option<(Arm, u16)>> {
        let name = Symbol::new(symbol).map_err(|error| {
            Fault::new(format_args!("`symbol` is {symbol:?}: {error}"))
                .with_field("symbol")
                .with_value(symbol)
        })?;
        let assigned = self.inner.assigned(name, source);
        Ok(assigned.map(|(arm, bucket)| (Arm { inner: arm.clone() }, bucket.get())))
    }

    fn to_json(&self) -> String {
        self.inner.to_json()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let other = other.cast_exact::<Self>();
        other.is_ok_and(|other| other.get().inner == self.inner)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.inner.hash().as_bytes().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!("<PolicySet {}>", self.inner.to_json())
    }

    /// A pickle contains the document, so that reading it validates the set again.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((slf.get_type().getattr("from_json")?, (slf.get().to_json(),)))
    }
}

/// A policy beside the live one, and the records to which it applies.
#[pyclass(frozen, module = "portcullis_engine")]
#[derive(Debug)]
pub(crate) struct Arm {
    inner: InnerArm,
}

#[pymethods]
impl Arm {
    /// The hash of the policy of the arm.
    #[getter]
    fn hash(&self) -> String {
        self.inner.hash().to_string()
    }

    /// `canary` or `shadow`.
    #[getter]
    fn role(&self) -> &'static str {
        match self.inner.is_shadow() {
            true => "shadow",
            false => "canary",
        }
    }

    /// `symbol`, `source` or `id`.
    #[getter]
    fn key(&self) -> &'static str {
        self.inner.key().into()
    }

    /// The share of the keys to which the arm applies, in basis points.
    #[getter]
    fn bps(&self) -> u16 {
        self.inner.bps().get()
    }

    #[getter]
    fn salt(&self) -> String {
        self.inner.salt().as_str().to_owned()
    }

    /// The last time at which the arm applies.
    #[getter]
    fn until<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_datetime(py, self.inner.until())
    }

    /// The source to which the arm is restricted.
    #[getter]
    fn source(&self) -> Option<&str> {
        self.inner.source()
    }

    /// The symbol to which the arm is restricted.
    #[getter]
    fn symbol(&self) -> Option<String> {
        self.inner.symbol().map(|symbol| symbol.as_str().to_owned())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let other = other.cast_exact::<Self>();
        other.is_ok_and(|other| other.get().inner == self.inner)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.inner.hash().as_bytes().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!(
            "<Arm {} {} at {} bps until {}>",
            self.role(),
            self.inner.hash().short(),
            self.bps(),
            self.inner.until()
        )
    }
}

/// Returns the bucket of a key, from 0 to 9999. An arm applies to a key if the bucket is below its basis points.
#[pyfunction]
pub(crate) fn bucket(salt: &str, key: &str) -> u16 {
    portcullis_rollout::bucket(salt, key).get()
}
