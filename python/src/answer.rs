//! Answer rows.

use portcullis::{
    answer::{Answer, AnswerId},
    provenance::Source,
};
use pyo3::{IntoPyObjectExt as _, prelude::*, sync::PyOnceLock, types::PyDict};

macro_rules! to_dict {
    ($($group:ident {
        $($(#[$doc:meta])* $name:ident as $kind:ident: $type:ty,)*
    })*) => {
        /// Returns the columns of an answer that are present, by their names.
        fn columns<'py>(py: Python<'py>, answer: &Answer<'_>) -> PyResult<Bound<'py, PyDict>> {
            let row = PyDict::new(py);
            $($(if let Some(value) = value!($kind, py, answer.$name)? {
                row.set_item(stringify!($name), value)?;
            })*)*
            Ok(row)
        }
    };
}

macro_rules! value {
    (count, $py:ident, $value:expr) => {
        some($py, Some($value).filter(|n| *n > 0))
    };
    (id, $py:ident, $value:expr) => {
        some(
            $py,
            match $value {
                AnswerId::Own(id) => Some(id.to_owned()),
                AnswerId::Number(0) => None,
                AnswerId::Number(n) => Some(n.to_string()),
            },
        )
    };
    (verdict, $py:ident, $value:expr) => {
        some($py, Some($value.as_str()))
    };
    (time, $py:ident, $value:expr) => {
        some($py, $value.map(|at| at.as_millis()))
    };
    (number, $py:ident, $value:expr) => {
        some($py, $value)
    };
    (source, $py:ident, $value:expr) => {
        some($py, $value.as_ref().map(Source::to_string))
    };
    (names, $py:ident, $value:expr) => {
        some($py, $value.map(|names| names.iter().collect::<Vec<_>>()))
    };
    (name, $py:ident, $value:expr) => {
        some($py, $value.map(Into::<&'static str>::into))
    };
    ($text:ident, $py:ident, $value:expr) => {
        some($py, $value.as_ref().map(ToString::to_string))
    };
}

portcullis::answer_columns!(to_dict);

fn some<'py>(
    py: Python<'py>,
    value: Option<impl IntoPyObject<'py>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    value.map(|value| value.into_bound_py_any(py)).transpose()
}

/// Returns the answer as an `Answer` of the Python package.
pub(crate) fn to_python<'py>(py: Python<'py>, answer: &Answer<'_>) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = CLASS.get_or_try_init(py, || {
        let class = py.import("portcullis_engine._answer")?.getattr("Answer")?;
        class.getattr("from_dict").map(Bound::unbind)
    })?;
    make.bind(py).call1((columns(py, answer)?,))
}

/// Returns the answer as a line of JSON, without a line ending.
pub(crate) fn to_line(answer: &Answer<'_>) -> String {
    let mut line = Vec::new();
    answer.write_json(&mut line);
    let line = String::from_utf8_lossy(&line);
    match answer.id {
        // The id of a record is its number, and a decision without an id and a tape has neither.
        AnswerId::Number(0) => line.replacen("\"id\":\"0\",", "", 1),
        AnswerId::Number(_) | AnswerId::Own(_) => line.into_owned(),
    }
}

macro_rules! detach {
    ($($group:ident {
        $($(#[$doc:meta])* $name:ident as $kind:ident: $type:ty,)*
    })*) => {
        /// Returns a copy of an answer without the columns that borrow: `id`, `detail` and `policy_version`.
        pub(crate) fn detached(answer: &Answer<'_>) -> Answer<'static> {
            let mut copy = Answer::new(answer.decision);
            $($(copy_column!($kind, copy.$name, answer.$name);)*)*
            copy
        }
    };
}

macro_rules! copy_column {
    (id, $to:expr, $from:expr) => {};
    (text, $to:expr, $from:expr) => {};
    ($copied:ident, $to:expr, $from:expr) => {
        $to = $from
    };
}

portcullis::answer_columns!(detach);
