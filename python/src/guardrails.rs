//! Operator limits.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
    path::PathBuf,
};

use portcullis::guardrails::{Guardrails as Inner, GuardrailsError, GuardrailsFieldError};
use pyo3::{
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    error::Fault,
    policy::{read_file, to_json_text},
};

/// Operator limits that apply to every policy and every intent.
#[pyclass(frozen, module = "portcullis_engine")]
#[derive(Debug)]
pub(crate) struct Guardrails {
    pub(crate) inner: Inner,
    /// The document; `None` for no guardrails.
    text: Option<String>,
}

fn invalid(error: &GuardrailsError) -> Fault {
    let fault = Fault::new(error);
    match error.errors().first() {
        Some(GuardrailsFieldError::NotAnObject(syntax)) => fault.with_line(syntax.line),
        Some(GuardrailsFieldError::UnknownKey(key)) => fault.with_field(key.as_str()),
        Some(GuardrailsFieldError::Duplicate(field)) => fault.with_field(*field),
        Some(GuardrailsFieldError::BadValue { field, value, .. }) => {
            fault.with_field(*field).with_value(value.as_str())
        }
        Some(_) | None => fault,
    }
}

impl Guardrails {
    fn parse(text: String) -> Result<Self, Fault> {
        let inner = Inner::from_json(&text).map_err(|error| invalid(&error))?;
        Ok(Self {
            inner,
            text: Some(text),
        })
    }

    /// Returns the document; `None` for no guardrails.
    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

#[pymethods]
impl Guardrails {
    /// Returns guardrails without limits.
    #[staticmethod]
    fn none() -> Self {
        Self {
            inner: Inner::none(),
            text: None,
        }
    }

    /// Parses guardrails from JSON text.
    #[staticmethod]
    fn from_json(text: String) -> PyResult<Self> {
        Ok(Self::parse(text)?)
    }

    /// Reads guardrails from a dict.
    #[staticmethod]
    fn from_dict(fields: &Bound<'_, PyDict>) -> PyResult<Self> {
        Ok(Self::parse(to_json_text(fields)?)?)
    }

    /// Reads guardrails from a JSON file.
    #[staticmethod]
    fn from_file(path: PathBuf) -> PyResult<Self> {
        let text = read_file(&path)?;
        Ok(Self::parse(text).map_err(|fault| fault.in_file(path.display()))?)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let other = other.cast_exact::<Self>();
        other.is_ok_and(|other| other.get().inner == self.inner)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        // Equal guardrails have equal texts.
        format!("{:?}", self.inner).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        match &self.text {
            None => "<Guardrails without limits>".to_owned(),
            Some(text) => format!("<Guardrails {text}>"),
        }
    }

    /// A pickle contains the document, so that reading it validates the guardrails again.
    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let (py, class) = (slf.py(), slf.get_type());
        match &slf.get().text {
            Some(text) => Ok((class.getattr("from_json")?, PyTuple::new(py, [text])?)),
            None => Ok((class.getattr("none")?, PyTuple::empty(py))),
        }
    }
}
