//! Conversion of times.

use portcullis::Timestamp;
use pyo3::{intern, prelude::*, sync::PyOnceLock, types::PyInt};

use crate::error::Fault;

/// 2000-01-01 to 2100-01-01 in epoch milliseconds. A time outside is almost always a number in another unit.
const PLAUSIBLE_MS: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;

/// Returns the time of a decision from exactly one of `now` and `now_ms`.
pub(crate) fn instant(
    now: Option<&Bound<'_, PyAny>>,
    now_ms: Option<&Bound<'_, PyAny>>,
) -> PyResult<Timestamp> {
    match (now, now_ms) {
        (None, Some(millis)) => from_millis(millis, "now_ms"),
        (Some(now), None) => from_datetime(now, "now"),
        (None, None) => Err(Fault::new(
            "the time of the decision is missing; pass `now`, an aware datetime, or `now_ms`, epoch milliseconds",
        )
        .with_field("now")
        .into()),
        (Some(_), Some(_)) => Err(Fault::new(
            "`now` and `now_ms` are both given; pass only one of them",
        )
        .with_field("now")
        .into()),
    }
}

fn from_millis(millis: &Bound<'_, PyAny>, name: &str) -> PyResult<Timestamp> {
    let fault = |problem: &str| {
        Fault::new(format_args!("`{name}` is {millis}, {problem}"))
            .with_field(name)
            .with_value(millis.to_string())
    };
    if !millis.is_exact_instance_of::<PyInt>() {
        return Err(fault("which is not an int; pass whole epoch milliseconds").into());
    }
    let number: Result<i64, _> = millis.extract();
    let number = number.map_err(|_| fault("which is out of range; pass epoch milliseconds"))?;
    if !PLAUSIBLE_MS.contains(&number) {
        let problem = match number.checked_mul(1_000) {
            Some(millis) if PLAUSIBLE_MS.contains(&millis) => {
                "which looks like epoch seconds; pass epoch milliseconds"
            }
            _ if PLAUSIBLE_MS.contains(&(number / 1_000)) => {
                "which looks like epoch microseconds; pass epoch milliseconds"
            }
            _ if PLAUSIBLE_MS.contains(&(number / 1_000_000)) => {
                "which looks like epoch nanoseconds; pass epoch milliseconds"
            }
            _ => "which is not between 2000-01-01 and 2100-01-01; pass epoch milliseconds",
        };
        return Err(fault(problem).into());
    }
    Timestamp::from_millis(number).map_err(|error| Fault::new(error).with_field(name).into())
}

/// Returns the class `datetime.datetime`.
fn datetime_class(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = CLASS.get_or_try_init(py, || {
        py.import("datetime")?
            .getattr("datetime")
            .map(Bound::unbind)
    })?;
    Ok(class.bind(py))
}

/// Returns true if the object is a `datetime.datetime`.
pub(crate) fn is_datetime(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    value.is_instance(datetime_class(value.py())?)
}

/// Returns the time of an aware datetime. `name` is the name of the argument.
pub(crate) fn from_datetime(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Timestamp> {
    let py = value.py();
    let fault = |problem: &str| {
        let shown = value.repr().map(|text| text.to_string());
        let shown = shown.unwrap_or_else(|_| "an object".to_owned());
        Fault::new(format_args!("`{name}` is {shown}, {problem}"))
            .with_field(name)
            .with_value(shown)
    };
    if !is_datetime(value)? {
        return Err(fault(
            "which is not a datetime; pass an aware datetime, such as `datetime.now(timezone.utc)`",
        )
        .into());
    }
    // `NaT` of pandas is a datetime without these methods.
    let offset = value.call_method0(intern!(py, "utcoffset"));
    let offset = offset.map_err(|_| fault("which is not a time; pass an aware datetime"))?;
    if offset.is_none() {
        return Err(fault(
            "which has no time zone; pass an aware datetime, such as `datetime.now(timezone.utc)`",
        )
        .into());
    }
    let since = value.sub(epoch(py)?)?;
    let part = |name| since.getattr(name).and_then(|part| part.extract::<i64>());
    let micros = match (
        part(intern!(py, "days")),
        part(intern!(py, "seconds")),
        part(intern!(py, "microseconds")),
    ) {
        (Ok(days), Ok(seconds), Ok(micros)) => {
            Some(days * 86_400_000_000 + seconds * 1_000_000 + micros)
        }
        _ => None,
    };
    micros
        .and_then(|micros| Timestamp::from_micros(micros).ok())
        .filter(|at| PLAUSIBLE_MS.contains(&at.as_millis()))
        .ok_or_else(|| {
            fault("which is not between 2000-01-01 and 2100-01-01; check the date").into()
        })
}

/// Returns 1970-01-01 in UTC as an aware datetime.
fn epoch(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static EPOCH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let epoch = EPOCH.get_or_try_init(py, || {
        let utc = py.import("datetime")?.getattr("timezone")?.getattr("utc")?;
        let parts = (1970, 1, 1, 0, 0, 0, 0, utc);
        datetime_class(py)?.call1(parts).map(Bound::unbind)
    })?;
    Ok(epoch.bind(py))
}

/// Returns an aware datetime in UTC.
pub(crate) fn to_datetime(py: Python<'_>, at: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    let module = py.import(intern!(py, "datetime"))?;
    let span = module.getattr(intern!(py, "timedelta"))?;
    epoch(py)?.add(span.call1((0, 0, at.as_micros()))?)
}
