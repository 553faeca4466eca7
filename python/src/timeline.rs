//! Policies by time.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
};

use portcullis::{PolicyUnavailable, Timestamp};
use portcullis_sim::replay::Timeline;
use pyo3::prelude::*;

use crate::{
    error::Fault,
    policy::Policy,
    time::{from_datetime, to_datetime},
};

/// The policies that are active from given times on. Before the first time, there is no policy.
#[pyclass(frozen, module = "portcullis_engine")]
#[derive(Debug)]
pub(crate) struct PolicyTimeline {
    /// In order of time; each time occurs once.
    changes: Vec<(Timestamp, Option<Py<Policy>>)>,
}

impl PolicyTimeline {
    /// Returns the policy that is active at a time.
    pub(crate) fn active(&self, now: Timestamp) -> Option<&Py<Policy>> {
        let after = self.changes.partition_point(|(from, _)| *from <= now);
        let (_, policy) = self.changes.get(after.checked_sub(1)?)?;
        policy.as_ref()
    }

    /// Returns the timeline for a replay.
    pub(crate) fn timeline(&self) -> Timeline {
        let mut timeline = Timeline::new(Err(PolicyUnavailable::NotFound));
        for (from, policy) in &self.changes {
            match policy {
                Some(policy) => timeline.activate(policy.get().inner.clone(), *from),
                None => timeline.withdraw(*from),
            }
        }
        timeline
    }

    fn is_equal(&self, other: &Self) -> bool {
        let fields = |policy: &Option<Py<Policy>>| {
            policy
                .as_ref()
                .map(|policy| policy.get().inner.fields().clone())
        };
        self.changes.len() == other.changes.len()
            && self.changes.iter().zip(&other.changes).all(
                |((from, policy), (other_from, other_policy))| {
                    from == other_from && fields(policy) == fields(other_policy)
                },
            )
    }
}

/// The changes as Python objects.
type Changes<'py> = Vec<(Bound<'py, PyAny>, Option<Py<Policy>>)>;

#[pymethods]
impl PolicyTimeline {
    /// Creates a timeline from pairs of an aware datetime and a policy, or `None` for a withdrawal.
    #[new]
    fn new(changes: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut sorted: Vec<(Timestamp, Option<Py<Policy>>)> = Vec::new();
        for change in changes.try_iter()? {
            let (from, policy): (Bound<'_, PyAny>, Bound<'_, PyAny>) = change?.extract()?;
            let at = from_datetime(&from, "from")?;
            let policy = match policy.is_none() {
                true => None,
                false => Some(policy.cast_exact::<Policy>()?.clone().unbind()),
            };
            let place = sorted.partition_point(|(from, _)| *from < at);
            if sorted.get(place).is_some_and(|(from, _)| *from == at) {
                return Err(Fault::new(format_args!(
                    "two policies are active from {at}; remove one of them"
                ))
                .with_field("from")
                .with_value(at.to_string())
                .into());
            }
            sorted.insert(place, (at, policy));
        }
        Ok(Self { changes: sorted })
    }

    /// The changes in order of time, as pairs of an aware datetime and a policy or `None`.
    #[getter]
    fn changes<'py>(&self, py: Python<'py>) -> PyResult<Changes<'py>> {
        let changes = self.changes.iter();
        let change = |(from, policy): &(Timestamp, Option<Py<Policy>>)| {
            let policy = policy.as_ref().map(|policy| policy.clone_ref(py));
            Ok((to_datetime(py, *from)?, policy))
        };
        changes.map(change).collect()
    }

    /// Returns the policy that is active at an aware datetime.
    fn at(&self, py: Python<'_>, when: &Bound<'_, PyAny>) -> PyResult<Option<Py<Policy>>> {
        let active = self.active(from_datetime(when, "when")?);
        Ok(active.map(|policy| policy.clone_ref(py)))
    }

    fn __len__(&self) -> usize {
        self.changes.len()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let other = other.cast_exact::<Self>();
        other.is_ok_and(|other| self.is_equal(other.get()))
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (from, policy) in &self.changes {
            from.as_micros().hash(&mut hasher);
            let hash = policy.as_ref().map(|policy| policy.get().inner.hash());
            hash.hash(&mut hasher);
        }
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let mut text = String::from("<PolicyTimeline");
        for (from, policy) in &self.changes {
            let version = match policy {
                Some(policy) => format!("{:?}", policy.get().inner.version()),
                None => "no policy".to_owned(),
            };
            text += &format!(" from {from}: {version};");
        }
        text.trim_end_matches(';').to_owned() + ">"
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Changes<'py>,))> {
        let changes = slf.get().changes(slf.py())?;
        Ok((slf.get_type().into_any(), (changes,)))
    }
}
