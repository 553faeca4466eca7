//! Replays and comparisons of tape files.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use portcullis::PolicyUnavailable;
use portcullis_sim::{
    diff::{Difference, FlipSink},
    replay::{AnswerRows, AnswerSink, ReplayOutcome, Replayer, Sinks},
    tape::{Progress, TapeReader, TapeSource, resolve},
};
use pyo3::{prelude::*, types::PyDict};

use crate::{
    engine::Engine,
    error::{Fault, guarded},
    policy::Policy,
};

/// The time between two checks for Ctrl-C.
const SIGNALS_EVERY: Duration = Duration::from_millis(50);

/// Runs a function on its own thread while this one handles signals. A signal handler that raises, as that of Ctrl-C
/// does, calls `stop`, which ends the function early.
pub(crate) fn interruptible<T: Send>(
    py: Python<'_>,
    stop: impl Fn() + Send + Sync,
    run: impl FnOnce() -> T + Send,
) -> PyResult<T> {
    py.detach(|| {
        thread::scope(|scope| {
            let (done, is_done) = mpsc::channel();
            let worker = scope.spawn(move || {
                let result = run();
                // The receiver waits for this message, and only an interrupt ends it earlier.
                let _ = done.send(());
                result
            });
            let mut signal = Ok(());
            while signal.is_ok()
                && matches!(
                    is_done.recv_timeout(SIGNALS_EVERY),
                    Err(mpsc::RecvTimeoutError::Timeout)
                )
            {
                signal = Python::attach(|py| py.check_signals());
            }
            if signal.is_err() {
                stop();
            }
            let result = worker.join();
            signal?;
            result.map_err(|_| {
                Fault::new("the engine panicked, which is a bug; report it with the tape").into()
            })
        })
    })
}

/// Returns the tapes at paths and glob patterns.
pub(crate) fn sources(paths: Vec<PathBuf>) -> PyResult<Vec<TapeSource>> {
    if paths.is_empty() {
        let fault = Fault::new("no tape is given; pass one or more paths or patterns");
        return Err(fault.with_field("tapes").into());
    }
    Ok(resolve(paths).map_err(|error| Fault::new(error).with_field("tapes"))?)
}

/// Opens the tapes at paths and glob patterns.
fn open(paths: Vec<PathBuf>) -> PyResult<(TapeReader, Arc<Progress>)> {
    let reader = TapeReader::new(sources(paths)?);
    let progress = reader.progress();
    Ok((reader, progress))
}

fn replayer(engine: &Engine, assume_in_force: bool) -> Replayer {
    Replayer {
        assume_in_force,
        ..Replayer::new(engine.inner.clone())
    }
}

/// Answers every record of tapes, and returns the counts and the digest. `out` receives the answers.
#[pyfunction]
pub(crate) fn replay<'py>(
    py: Python<'py>,
    engine: &Bound<'py, Engine>,
    policy: Option<Bound<'py, Policy>>,
    tapes: Vec<PathBuf>,
    threads: usize,
    out: Option<PathBuf>,
    assume_in_force: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let (reader, progress) = open(tapes)?;
    let replayer = replayer(engine.get(), assume_in_force);
    let initial = match &policy {
        Some(policy) => Ok(policy.get().inner.clone()),
        None => Err(PolicyUnavailable::NotFound),
    };
    let outcome = guarded(|| {
        let run = || write_answers(&replayer, initial, reader, threads, out.as_deref());
        Ok(interruptible(py, || progress.stop(), run)??)
    })?;
    outcome_to_dict(py, &outcome)
}

/// Returns the result of a replay as a dict.
pub(crate) fn outcome_to_dict<'py>(
    py: Python<'py>,
    outcome: &ReplayOutcome,
) -> PyResult<Bound<'py, PyDict>> {
    let counts = PyDict::new(py);
    let of = &outcome.counts;
    counts.set_item("records", of.records)?;
    for (verdict, count) in of.decisions() {
        counts.set_item(verdict.as_str(), count)?;
    }
    let reasons = PyDict::new(py);
    for (reason, count) in of.reasons() {
        reasons.set_item(reason.code(), count)?;
    }
    let result = PyDict::new(py);
    result.set_item("counts", counts)?;
    result.set_item("reasons", reasons)?;
    result.set_item("digest", outcome.digest.to_string())?;
    result.set_item("policies", outcome.timeline.policies().count())?;
    Ok(result)
}

/// Creates the fault for an output that cannot be written. `argument` is the argument with its path.
pub(crate) fn write_fault(argument: &str, path: &Path, error: &io::Error) -> Fault {
    Fault::new(format_args!("cannot write `{}`: {error}", path.display())).with_field(argument)
}

/// Replays tapes and writes the answers to a file: Parquet if its name ends in `.parquet`, otherwise JSON lines.
fn write_answers(
    replayer: &Replayer,
    initial: Result<portcullis::Policy, PolicyUnavailable>,
    tapes: TapeReader,
    threads: usize,
    out: Option<&Path>,
) -> Result<ReplayOutcome, Fault> {
    let write_fault = |path: &Path, error| write_fault("out", path, &error);
    let mut file = match out {
        None => None,
        Some(path) => {
            let file = File::create(path).map_err(|error| write_fault(path, error))?;
            Some((path, BufWriter::new(file)))
        }
    };
    let answers = match &mut file {
        None => AnswerSink::Discard,
        Some((path, file)) if path.extension().is_some_and(|it| it == "parquet") => {
            let path = *path;
            AnswerSink::Rows(Box::new(
                AnswerRows::new(file).map_err(|error| write_fault(path, error))?,
            ))
        }
        Some((_, file)) => AnswerSink::Lines(file),
    };
    let sinks = Sinks {
        answers,
        tally: None,
        progress: &mut |_| (),
    };
    let outcome = portcullis_sim::replay::replay(replayer, initial, tapes, threads, sinks);
    let outcome = outcome.map_err(Fault::new)?;
    if let Some((path, file)) = &mut file {
        file.flush().map_err(|error| write_fault(path, error))?;
    }
    Ok(outcome)
}

/// Compares two policies over tapes. Returns the counts, and each flip as a line of JSON.
#[pyfunction]
pub(crate) fn diff<'py>(
    py: Python<'py>,
    engine: &Bound<'py, Engine>,
    policies: (Bound<'py, Policy>, Bound<'py, Policy>),
    tapes: Vec<PathBuf>,
    threads: usize,
    assume_in_force: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let (reader, progress) = open(tapes)?;
    let replayer = replayer(engine.get(), assume_in_force);
    let (before, after) = &policies;
    let policies = (&before.get().inner, &after.get().inner);
    let (difference, lines) = guarded(|| {
        let run = || {
            let mut lines = Vec::new();
            let sink = FlipSink::Lines(&mut lines);
            let compared =
                portcullis_sim::diff::diff(&replayer, policies, reader, threads, sink, &mut |_| ());
            compared.map(|difference| (difference, lines))
        };
        let compared = interruptible(py, || progress.stop(), run)?;
        Ok(compared.map_err(Fault::new)?)
    })?;
    to_dict(py, &difference, &lines)
}

fn to_dict<'py>(
    py: Python<'py>,
    difference: &Difference,
    lines: &[u8],
) -> PyResult<Bound<'py, PyDict>> {
    let kinds = PyDict::new(py);
    for (kind, count) in &difference.kinds {
        kinds.set_item(kind.as_str(), count)?;
    }
    let causes = PyDict::new(py);
    for (cause, count) in &difference.by_cause {
        causes.set_item(cause.join(", "), count)?;
    }
    let result = PyDict::new(py);
    result.set_item("records", difference.read.records)?;
    result.set_item("same", difference.same)?;
    result.set_item("kinds", kinds)?;
    result.set_item("causes", causes)?;
    result.set_item("flips", String::from_utf8_lossy(lines))?;
    Ok(result)
}
