//! The Python exception.

use std::{
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
};

use pyo3::{IntoPyObjectExt as _, prelude::*, sync::PyOnceLock, types::PyDict};

/// The content of a `PortcullisError`.
#[derive(Debug, Default)]
pub(crate) struct Fault {
    message: String,
    field: Option<String>,
    value: Option<String>,
    line: Option<usize>,
    code: Option<&'static str>,
}

impl Fault {
    /// Creates a fault with a message.
    pub(crate) fn new(message: impl Display) -> Self {
        Self {
            message: message.to_string(),
            ..Self::default()
        }
    }

    /// Sets the field with the fault.
    pub(crate) fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Sets the value that was found.
    pub(crate) fn with_value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Sets the line of the fault in the text.
    pub(crate) fn with_line(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }

    /// Sets the stable code of the fault.
    pub(crate) fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Prepends the name of the file in which the fault is.
    pub(crate) fn in_file(mut self, path: impl Display) -> Self {
        self.message = format!("{path}: {}", self.message);
        self
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        Python::attach(|py| raise(py, fault).unwrap_or_else(|error| error))
    }
}

fn raise(py: Python<'_>, fault: Fault) -> PyResult<PyErr> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.get_or_try_init(py, || {
        let module = py.import("portcullis_engine._errors")?;
        module.getattr("PortcullisError").map(Bound::unbind)
    })?;
    let named = PyDict::new(py);
    named.set_item("field", fault.field)?;
    named.set_item("value", fault.value)?;
    named.set_item("line", fault.line)?;
    named.set_item("code", fault.code)?;
    let message = fault.message.into_bound_py_any(py)?;
    let error = class.bind(py).call((message,), Some(&named))?;
    Ok(PyErr::from_value(error))
}

/// Runs a function of the engine. A panic, which would be a bug of the engine, becomes a `PortcullisError`, so that a
/// caller that handles errors also handles it.
pub(crate) fn guarded<T>(run: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_else(|| "no message".to_owned());
        Err(Fault::new(format_args!(
            "the engine panicked, which is a bug; report it with the input: {text}"
        ))
        .into())
    })
}

/// Panics on this thread, or on the thread of a replay, so that tests can check how a bug of the engine is reported. Only
/// development builds have this function.
#[cfg(debug_assertions)]
#[pyfunction]
#[expect(clippy::panic, reason = "the panic is the purpose of the function")]
pub(crate) fn planted_panic(py: Python<'_>, on_thread: bool) -> PyResult<()> {
    guarded(|| match on_thread {
        true => crate::replay::interruptible(py, || (), || panic!("planted")),
        false => panic!("planted"),
    })
}
