//! Policy stores.

use std::{path::PathBuf, sync::Arc};

use portcullis::{Halt as InnerHalt, PolicyUnavailable, SkipCode, Timestamp, types::PolicyHash};
use portcullis_store::{
    AuditError, FileStore, HistoryEntry, LoadError, Operator, PolicySigner, PolicyStore,
    Publication, PublishError, RedisStore, StoreError,
};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList, PyTuple},
};

use crate::{
    error::{Fault, guarded},
    guardrails::Guardrails,
    live::Halt,
    policy::Policy,
    process::Owner,
    time::{from_datetime, to_datetime},
};

/// Returns the fault of a store, with its code.
pub(crate) fn store_fault(error: &StoreError) -> Fault {
    let code = match error {
        StoreError::Unavailable { .. } => SkipCode::PolicyStoreUnavailable.into(),
        StoreError::ReadOnly { .. } => "STORE_READ_ONLY",
        StoreError::Foreign { .. } => "STORE_FOREIGN_CONTENT",
        StoreError::Contended { .. } => "STORE_CONTENDED",
        StoreError::OutcomeUnknown { .. } => "STORE_OUTCOME_UNKNOWN",
        StoreError::Address(_) => "STORE_ADDRESS_INVALID",
        _ => "STORE_FAILED",
    };
    Fault::new(error).with_code(code)
}

/// Returns the fault of a load, with the skip reason of a decision without the policy.
pub(crate) fn load_fault(error: &LoadError) -> Fault {
    match error {
        LoadError::Store(error) => store_fault(error),
        LoadError::Absent(_) | _ => {
            Fault::new(error).with_code(SkipCode::from(&error.absence()).into())
        }
    }
}

fn publish_fault(error: &PublishError) -> Fault {
    let code = match error {
        PublishError::Store(error) => return store_fault(error),
        PublishError::Conflict { .. } => "PUBLISH_CONFLICT",
        PublishError::SignedWithoutSequence => "PUBLISH_SIGNED_WITHOUT_SEQUENCE",
        PublishError::NotInHistory(_) => "PUBLISH_NOT_IN_HISTORY",
        PublishError::Unmet(_) => "PUBLISH_CONDITION_UNMET",
        PublishError::SequenceNotHigher { .. }
        | PublishError::NeverInForce { .. }
        | PublishError::ConstraintViolation(_)
        | PublishError::Refused(_)
        | _ => error.code().map_or("PUBLISH_FAILED", Into::into),
    };
    Fault::new(error).with_code(code)
}

/// Parses the argument `expected`.
fn parse_hash(text: &str) -> PyResult<PolicyHash> {
    text.parse().map_err(|error| {
        Fault::new(format_args!("`expected`: {error}"))
            .with_field("expected")
            .with_value(text)
            .into()
    })
}

fn operator(name: String, reason: Option<String>) -> PyResult<Operator> {
    if name.trim().is_empty() {
        return Err(Fault::new(
            "`operator` is empty; pass the name of the person or service that makes the change",
        )
        .with_field("operator")
        .into());
    }
    let operator = Operator::new(name);
    Ok(match reason {
        None => operator,
        Some(reason) => operator.with_reason(reason),
    })
}

/// A policy store.
#[pyclass(frozen, module = "portcullis_engine._portcullis")]
pub(crate) struct Store {
    inner: Arc<dyn PolicyStore>,
    owner: Owner,
}

impl Store {
    fn new(inner: impl PolicyStore + 'static) -> Self {
        Self {
            inner: Arc::new(inner),
            owner: Owner::new(),
        }
    }

    /// Returns the store for a reader.
    pub(crate) fn shared(&self) -> PyResult<Arc<dyn PolicyStore>> {
        self.owner.check("store")?;
        Ok(Arc::clone(&self.inner))
    }

    /// Calls the store without the global interpreter lock.
    fn call<T: Send, E: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&dyn PolicyStore) -> Result<T, E> + Send,
        fault: impl FnOnce(&E) -> Fault,
    ) -> PyResult<T> {
        self.owner.check("store")?;
        guarded(|| {
            let result = py.detach(|| call(&*self.inner));
            result.map_err(|error| fault(&error).into())
        })
    }

    /// Changes the halts, and returns all current halts.
    fn change_halt(
        &self,
        py: Python<'_>,
        halt: &Halt,
        change: impl FnOnce(&dyn PolicyStore, &InnerHalt) -> Result<InnerHalt, StoreError> + Send,
    ) -> PyResult<Halt> {
        if halt.inner == InnerHalt::Nothing {
            return Err(Fault::new(
                "the halt names no symbols; pass `Halt([\"BTCUSDT\"])` or `Halt.all()`",
            )
            .with_field("halt")
            .into());
        }
        let inner = self.call(py, |store| change(store, &halt.inner), store_fault)?;
        Ok(Halt { inner })
    }
}

#[pymethods]
impl Store {
    /// Opens the store on a Redis server without connecting.
    #[staticmethod]
    fn redis(url: &str) -> PyResult<Self> {
        let store = RedisStore::open(url);
        // The URL can contain a password, so it is not in the error.
        let store = store.map_err(|error| store_fault(&error).with_field("url"))?;
        Ok(Self::new(store))
    }

    /// Opens the store of a policy file, or of `policy.json` in a directory.
    #[staticmethod]
    fn file(path: PathBuf) -> Self {
        Self::new(FileStore::open(path))
    }

    /// The name of the store, without a password.
    #[getter]
    fn name(&self) -> String {
        self.inner.name()
    }

    /// Loads the policy.
    fn load(&self, py: Python<'_>) -> PyResult<Policy> {
        let inner = self.call(py, |store| store.load(), load_fault)?;
        Ok(Policy { inner })
    }

    /// Returns the hash of the stored fields, even if they are not a valid policy.
    fn current_hash(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let hash = self.call(py, |store| store.current_hash(), store_fault)?;
        Ok(hash.map(|hash| hash.to_string()))
    }

    /// Publishes a policy. Returns the policy as it is stored, its sequence, and texts about repairs.
    #[pyo3(signature = (policy, guardrails, operator_name, *, expected, now, reason, signing_key))]
    #[expect(
        clippy::too_many_arguments,
        reason = "they are the fields of a publication"
    )]
    fn publish(
        &self,
        py: Python<'_>,
        policy: &Policy,
        guardrails: &Guardrails,
        operator_name: String,
        expected: Option<&str>,
        now: &Bound<'_, PyAny>,
        reason: Option<String>,
        signing_key: Option<&str>,
    ) -> PyResult<(Policy, u64, Vec<String>)> {
        let expected = expected.map(parse_hash).transpose()?;
        let now = from_datetime(now, "now")?;
        let operator = operator(operator_name, reason)?;
        let publication = Publication::new(policy.inner.clone(), &guardrails.inner, operator, now)
            .map_err(|error| publish_fault(&error))?;
        let publication = match signing_key {
            None => publication,
            Some(key) => {
                let signer = PolicySigner::from_base64(key);
                let signer = signer.map_err(|error| Fault::new(error).with_field("signing_key"))?;
                publication.with_signer(signer)
            }
        };
        let publish = |store: &dyn PolicyStore| store.publish(&publication, expected);
        let receipt = self.call(py, publish, publish_fault)?;
        let inner = receipt.policy().clone();
        Ok((Policy { inner }, receipt.seq(), receipt.repairs().to_vec()))
    }

    /// Returns at most `newest` publications as the fields of `HistoryEntry`, newest first.
    fn history<'py>(&self, py: Python<'py>, newest: usize) -> PyResult<Bound<'py, PyList>> {
        let entries = self.call(py, |store| store.history(newest), store_fault)?;
        let list = PyList::empty(py);
        for entry in &entries {
            list.append(history_fields(py, entry)?)?;
        }
        Ok(list)
    }

    fn halts(&self, py: Python<'_>) -> PyResult<Halt> {
        let inner = self.call(py, |store| store.halts(), store_fault)?;
        Ok(Halt { inner })
    }

    #[pyo3(signature = (halt, operator_name, *, now, reason))]
    fn halt(
        &self,
        py: Python<'_>,
        halt: &Halt,
        operator_name: String,
        now: &Bound<'_, PyAny>,
        reason: Option<String>,
    ) -> PyResult<Halt> {
        let (operator, now) = (operator(operator_name, reason)?, from_datetime(now, "now")?);
        self.change_halt(py, halt, |store, halt| store.halt(halt, &operator, now))
    }

    #[pyo3(signature = (halt, operator_name, *, now, reason))]
    fn resume(
        &self,
        py: Python<'_>,
        halt: &Halt,
        operator_name: String,
        now: &Bound<'_, PyAny>,
        reason: Option<String>,
    ) -> PyResult<Halt> {
        let (operator, now) = (operator(operator_name, reason)?, from_datetime(now, "now")?);
        self.change_halt(py, halt, |store, halt| store.resume(halt, &operator, now))
    }

    /// Returns the audit log as the fields of `AuditTrail`.
    fn audit<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let trail = self.call(py, |store| store.audit(), store_fault)?;
        let entries = PyList::empty(py);
        for entry in trail.entries() {
            let fields = PyDict::new(py);
            fields.set_item("number", entry.number())?;
            fields.set_item("event", entry.event())?;
            fields.set_item("at", datetime(py, entry.at())?)?;
            fields.set_item("by", entry.by())?;
            fields.set_item("reason", entry.reason())?;
            fields.set_item("symbols", entry.symbols())?;
            fields.set_item(
                "policy_hash",
                entry.policy_hash().map(|hash| hash.to_string()),
            )?;
            fields.set_item("code", entry.code())?;
            fields.set_item("detail", entry.detail())?;
            entries.append(fields)?;
        }
        let fields = PyDict::new(py);
        fields.set_item("entries", entries)?;
        let faults = trail.faults().iter().map(AuditError::to_string);
        fields.set_item("faults", PyTuple::new(py, faults.collect::<Vec<_>>())?)?;
        let foreign = trail.foreign().iter();
        let foreign = foreign.map(|record| format!("{}: {}", record.id(), record.why()));
        fields.set_item("foreign", PyTuple::new(py, foreign.collect::<Vec<_>>())?)?;
        fields.set_item("trimmed", trail.trimmed())?;
        Ok(fields)
    }
}

fn datetime<'py>(py: Python<'py>, at: Option<Timestamp>) -> PyResult<Option<Bound<'py, PyAny>>> {
    at.map(|at| to_datetime(py, at)).transpose()
}

fn history_fields<'py>(py: Python<'py>, entry: &HistoryEntry) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    let policy = match entry.policy() {
        Ok(policy) => Some(Py::new(
            py,
            Policy {
                inner: policy.clone(),
            },
        )?),
        Err(_) => None,
    };
    fields.set_item("policy", policy)?;
    let fault = entry.policy().err().map(PolicyUnavailable::to_string);
    fields.set_item("fault", fault)?;
    fields.set_item("seq", entry.seq())?;
    fields.set_item("hash", entry.hash().map(|hash| hash.to_string()))?;
    fields.set_item("version", entry.version())?;
    fields.set_item("published_at", datetime(py, entry.published_at())?)?;
    fields.set_item("by", entry.by())?;
    fields.set_item("reason", entry.reason())?;
    fields.set_item(
        "rollback_of",
        entry.rollback_of().map(|hash| hash.to_string()),
    )?;
    Ok(fields)
}
