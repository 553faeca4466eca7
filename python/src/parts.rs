//! Replays that are divided into parts, which other processes or machines evaluate.

use std::{
    fs::File,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use portcullis_sim::{
    replay::{
        AnswerRows, AnswerSink, Sinks,
        parts::{self, Merged, NamedText, PartsError, Settings},
    },
    tape::TapeReader,
};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    engine::Engine,
    error::{Fault, guarded},
    policy::Policy,
    replay::{interruptible, outcome_to_dict, sources, write_fault},
};

/// A replay that is divided into parts.
#[pyclass(frozen, module = "portcullis_engine.parts")]
#[derive(Debug)]
pub(crate) struct Plan {
    inner: parts::Plan,
}

/// The result of consecutive parts of a replay.
#[pyclass(frozen, module = "portcullis_engine.parts")]
#[derive(Debug)]
pub(crate) struct Part {
    inner: parts::Part,
}

fn fault(error: &PartsError) -> Fault {
    Fault::new(error)
}

/// Reads the JSON of a plan or a part. An error names `kind`, such as "a plan", as the content that is expected.
fn read<T: DeserializeOwned>(json: &[u8], kind: &str) -> PyResult<T> {
    let read = serde_json::from_slice(json).map_err(|error| {
        Fault::new(format_args!(
            "the bytes are not {kind}, or they are cut off or belong to another version: {error}"
        ))
    });
    Ok(read?)
}

fn write<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyBytes>> {
    let json = serde_json::to_vec(value).map_err(Fault::new)?;
    Ok(PyBytes::new(py, &json))
}

/// The class method that reads a pickle, and its argument.
type Reduced<'py> = (Bound<'py, PyAny>, (Bound<'py, PyBytes>,));

#[pymethods]
impl Plan {
    /// Reads a plan from the JSON of `to_json` or of `portcullis replay --plan`.
    #[staticmethod]
    fn from_json(json: &[u8]) -> PyResult<Self> {
        let inner = read(json, "a plan")?;
        Ok(Self { inner })
    }

    fn to_json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        write(py, &self.inner)
    }

    #[getter]
    fn parts(&self) -> usize {
        self.inner.parts()
    }

    #[getter]
    fn tapes(&self) -> Vec<&str> {
        let inputs = self.inner.inputs().iter();
        inputs.map(|input| input.path.as_str()).collect()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let other = other.cast_exact::<Self>();
        other.is_ok_and(|other| other.get().inner == self.inner)
    }

    fn __repr__(&self) -> String {
        let tapes = self.inner.inputs().len();
        format!("<Plan of {} parts and {tapes} tapes>", self.inner.parts())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Reduced<'py>> {
        let json = slf.get().to_json(slf.py())?;
        Ok((slf.get_type().getattr("from_json")?, (json,)))
    }
}

#[pymethods]
impl Part {
    /// Reads a part from the JSON of `to_json` or of `portcullis replay --part`.
    #[staticmethod]
    fn from_json(json: &[u8]) -> PyResult<Self> {
        let inner = read(json, "a part")?;
        Ok(Self { inner })
    }

    fn to_json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        write(py, &self.inner)
    }

    #[getter]
    fn records(&self) -> (u64, u64) {
        self.inner.records()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let other = other.cast_exact::<Self>();
        other.is_ok_and(|other| other.get().inner == self.inner)
    }

    fn __repr__(&self) -> String {
        let (first, last) = self.inner.records();
        format!("<Part with the records {first} to {last}>")
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Reduced<'py>> {
        let json = slf.get().to_json(slf.py())?;
        Ok((slf.get_type().getattr("from_json")?, (json,)))
    }
}

/// Returns the settings of a replay with an engine and a policy.
fn settings(py: Python<'_>, engine: &Engine, policy: Option<&Bound<'_, Policy>>) -> Settings {
    let named = |name: &str, text: String| NamedText {
        name: name.to_owned(),
        text,
    };
    let guardrails = engine.guardrails.bind(py).get().text();
    let ownership = engine.inner.ownership();
    Settings {
        guardrails: guardrails.map(|text| named("guardrails", text.to_owned())),
        policy: policy.map(|policy| named("policy", policy.get().to_json())),
        exit_owner: ownership.owner().to_owned(),
        exit_delegates: ownership.delegates().map(str::to_owned).collect(),
        assume_in_force: false,
    }
}

/// Divides the replay of tapes into at most `parts` parts of about the same number of bytes.
#[pyfunction]
pub(crate) fn plan_parts(
    py: Python<'_>,
    engine: &Bound<'_, Engine>,
    policy: Option<Bound<'_, Policy>>,
    tapes: Vec<PathBuf>,
    parts: u64,
    threads: usize,
) -> PyResult<Plan> {
    if parts == 0 {
        let fault = Fault::new("the number of parts is 0; pass at least 1");
        return Err(fault.with_field("parts").into());
    }
    let tapes = sources(tapes)?;
    let settings = settings(py, engine.get(), policy.as_ref());
    let is_stopped = AtomicBool::new(false);
    guarded(|| {
        let run = || {
            let mut progress = |_: &_| match is_stopped.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
            parts::Plan::new(settings, &tapes, parts, threads, &mut progress)
        };
        let stop = || is_stopped.store(true, Ordering::Relaxed);
        let plan = interruptible(py, stop, run)?;
        let inner = plan.map_err(|error| fault(&error))?;
        Ok(Plan { inner })
    })
}

/// Evaluates part `number` of a plan, counted from 1. `answers` is the Parquet file that receives its answers.
#[pyfunction]
pub(crate) fn replay_part(
    py: Python<'_>,
    plan: &Bound<'_, Plan>,
    number: usize,
    answers: Option<PathBuf>,
    threads: usize,
) -> PyResult<Part> {
    let plan = &plan.get().inner;
    guarded(|| {
        let reader = plan.reader(number).map_err(|error| fault(&error))?;
        let progress = reader.progress();
        let run = || evaluate(plan, number, reader, answers.as_deref(), threads);
        let inner = interruptible(py, || progress.stop(), run)??;
        Ok(Part { inner })
    })
}

fn evaluate(
    plan: &parts::Plan,
    number: usize,
    reader: TapeReader,
    answers: Option<&Path>,
    threads: usize,
) -> Result<parts::Part, Fault> {
    let run = |answers| {
        let progress = &mut |_: &_| ();
        let sinks = Sinks {
            answers,
            tally: None,
            progress,
        };
        let part = plan.evaluate(number, reader, threads, sinks);
        part.map_err(|error| fault(&error))
    };
    let Some(path) = answers else {
        return run(AnswerSink::Discard);
    };
    let unwritten = |error| write_fault("answers", path, &error);
    let mut file = File::create_new(path).map_err(unwritten)?;
    let rows = AnswerRows::new(&mut file).map_err(unwritten)?;
    let part = run(AnswerSink::Rows(Box::new(rows)))?;
    file.sync_all().map_err(unwritten)?;
    Ok(part)
}

/// Merges all parts of a replay, and returns its counts and digest.
#[pyfunction]
pub(crate) fn merge_parts<'py>(
    py: Python<'py>,
    parts: Vec<Bound<'py, Part>>,
) -> PyResult<Bound<'py, PyDict>> {
    let named = (1..).zip(&parts);
    let named = named.map(|(place, part): (u64, _)| {
        (
            format!("the part at place {place}"),
            part.get().inner.clone(),
        )
    });
    let named = named.collect();
    let merged = guarded(|| Ok(py.detach(|| parts::merge(named))))?;
    let Merged { part, outcome, .. } = merged.map_err(|error| fault(&error))?;
    let (first, last) = part.records();
    let outcome = outcome.ok_or_else(|| {
        Fault::new(format_args!(
            "parts are missing: there are only the records {first} to {last}; pass every part of the plan"
        ))
        .with_field("parts")
    })?;
    outcome_to_dict(py, &outcome)
}
