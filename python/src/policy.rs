//! Policies.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash as _, Hasher as _},
    path::PathBuf,
};

use portcullis::{InvalidPolicyError, Symbol, policy::Policy as Inner};
use pyo3::{prelude::*, types::PyDict};

use crate::{error::Fault, time::to_datetime};

/// A validated policy.
#[pyclass(frozen, module = "portcullis_engine")]
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) inner: Inner,
}

/// Creates the error for an invalid policy, with the first violation.
fn invalid(error: &InvalidPolicyError) -> Fault {
    let fault = Fault::new(error);
    match error.violations().first() {
        Some(first) => fault.with_field(first.field()).with_value(first.value()),
        None => fault,
    }
}

/// Writes a Python object with the module `json`.
pub(crate) fn to_json_text(value: &Bound<'_, PyDict>) -> PyResult<String> {
    let json = value.py().import("json")?;
    json.call_method1("dumps", (value,))?.extract()
}

/// Reads a text file, with its path in the error.
pub(crate) fn read_file(path: &PathBuf) -> PyResult<String> {
    fs::read(path).map_err(PyErr::from).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| {
            Fault::new(format_args!(
                "{}: the file is not UTF-8; save it as UTF-8",
                path.display()
            ))
            .into()
        })
    })
}

#[pymethods]
impl Policy {
    /// Parses a policy from JSON text.
    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        let inner = Inner::from_json(text).map_err(|error| invalid(&error))?;
        Ok(Self { inner })
    }

    /// Reads a policy from a dict: a document, or the texts of a Redis hash.
    #[staticmethod]
    fn from_dict(fields: &Bound<'_, PyDict>) -> PyResult<Self> {
        Self::from_json(&to_json_text(fields)?)
    }

    /// Reads a policy from a JSON file.
    #[staticmethod]
    fn from_file(path: PathBuf) -> PyResult<Self> {
        let text = read_file(&path)?;
        let inner = Inner::from_json(&text);
        let inner = inner.map_err(|error| invalid(&error).in_file(path.display()))?;
        Ok(Self { inner })
    }

    #[getter]
    fn version(&self) -> &str {
        self.inner.version()
    }

    #[getter]
    fn hash(&self) -> String {
        self.inner.hash().to_string()
    }

    #[getter]
    fn seq(&self) -> Option<u64> {
        self.inner.seq()
    }

    #[getter]
    fn valid_from<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let from = self.inner.valid_from();
        from.map(|at| to_datetime(py, at)).transpose()
    }

    #[getter]
    fn valid_until<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_datetime(py, self.inner.valid_until())
    }

    #[getter]
    fn valid_until_ms(&self) -> i64 {
        self.inner.valid_until().as_millis()
    }

    #[getter]
    fn symbols(&self) -> Vec<String> {
        let symbols = self.inner.symbols();
        symbols.map(|symbol| symbol.as_str().to_owned()).collect()
    }

    #[getter]
    fn market(&self) -> Option<&str> {
        self.inner.market()
    }

    #[getter]
    fn venue(&self) -> Option<&str> {
        self.inner.venue()
    }

    /// Returns true if the policy lists the symbol.
    fn lists(&self, symbol: &str) -> bool {
        Symbol::new(symbol).is_ok_and(|symbol| self.inner.lists(&symbol))
    }

    /// Returns the policy as the JSON text of its fields, in the form of a Redis hash.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self.inner.fields()).unwrap_or_default()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let other = other.cast_exact::<Self>();
        other.is_ok_and(|other| other.get().inner.fields() == self.inner.fields())
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.inner.hash().as_bytes().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!(
            "<Policy {:?} {} with {} symbols, in force until {}>",
            self.inner.version(),
            self.inner.hash().short(),
            self.inner.symbols().len(),
            self.inner.valid_until(),
        )
    }

    /// A pickle contains the fields as text, so that reading it validates the policy again.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((slf.get_type().getattr("from_json")?, (slf.get().to_json(),)))
    }
}
