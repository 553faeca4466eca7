//! Readers of a policy store that keep the policy and the halts in memory.

use std::{
    future::{Future as _, poll_fn},
    path::PathBuf,
    pin::pin,
    sync::Arc,
    task::Poll,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwapOption;
use event_listener::Event;
use portcullis::Timestamp;
use portcullis_store::{Feed as Inner, PolicyStore, SequenceGuard, TrustedKeys, VerifyingReader};
use pyo3::{prelude::*, types::PyDict};

use crate::{
    error::{Fault, guarded},
    live::{FeedSnapshot, Halt},
    policy::Policy,
    process::Owner,
    store::{Store, load_fault, store_fault},
    time::to_datetime,
};

/// The longest time between two checks for signals and for the end of the feed.
const SLICE: Duration = Duration::from_millis(100);

/// Returns the time of this machine. If its clock cannot be used, returns the last timestamp, at which no policy is in
/// force.
fn clock() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "a feed compares the time with the validity of policies"
    )]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    since
        .and_then(|since| i64::try_from(since.as_micros()).ok())
        .and_then(|micros| Timestamp::from_micros(micros).ok())
        .unwrap_or(Timestamp::MAX)
}

/// Returns a reader that accepts the policies of trusted keys, in ascending order of their sequences.
fn reader(
    store: &Store,
    trusted_keys: Vec<String>,
    sequence_file: Option<PathBuf>,
) -> PyResult<VerifyingReader<Arc<dyn PolicyStore>>> {
    let keys = TrustedKeys::from_base64(trusted_keys.iter().map(String::as_str));
    let keys = keys.map_err(|error| Fault::new(error).with_field("trusted_keys"))?;
    let guard = match sequence_file {
        None => SequenceGuard::in_memory(),
        Some(path) => SequenceGuard::in_file(path).map_err(|error| store_fault(&error))?,
    };
    Ok(VerifyingReader::new(store.shared()?, guard).with_trusted_keys(keys))
}

/// A reader that accepts a policy only if a trusted key signed it and it is not older than the policies before.
#[pyclass(frozen, module = "portcullis_engine._portcullis")]
pub(crate) struct Reader {
    inner: VerifyingReader<Arc<dyn PolicyStore>>,
    owner: Owner,
}

#[pymethods]
impl Reader {
    #[new]
    fn new(
        store: &Store,
        trusted_keys: Vec<String>,
        sequence_file: Option<PathBuf>,
    ) -> PyResult<Self> {
        Ok(Self {
            inner: reader(store, trusted_keys, sequence_file)?,
            owner: Owner::new(),
        })
    }

    /// Reads the store once and returns its policy.
    fn load(&self, py: Python<'_>) -> PyResult<Policy> {
        self.owner.check("reader")?;
        guarded(|| {
            let inner = py.detach(|| self.inner.load());
            let inner = inner.map_err(|error| load_fault(&error))?;
            Ok(Policy { inner })
        })
    }
}

/// A thread that follows a store and keeps the current policy and halts in memory for decisions.
#[pyclass(frozen, subclass, module = "portcullis_engine._portcullis")]
#[derive(Debug)]
pub(crate) struct Feed {
    /// `None` after the end of the feed.
    inner: ArcSwapOption<Inner>,
    stopped: Event,
    /// The Python object of the last snapshot that was read.
    last: ArcSwapOption<Py<FeedSnapshot>>,
    owner: Owner,
    store: String,
}

impl Feed {
    fn running(&self) -> PyResult<Arc<Inner>> {
        self.owner.check("feed")?;
        self.inner.load_full().ok_or_else(|| stopped().into())
    }

    /// Returns the current snapshot without a lock.
    pub(crate) fn current(&self, py: Python<'_>) -> PyResult<Py<FeedSnapshot>> {
        self.owner.check("feed")?;
        let inner = self.inner.load();
        let Some(inner) = &*inner else {
            return Err(stopped().into());
        };
        let snapshot = inner.snapshot();
        if let Some(last) = &*self.last.load()
            && last.get().count() == snapshot.number()
        {
            return Ok(last.clone_ref(py));
        }
        let new = Py::new(py, FeedSnapshot::new(py, &snapshot)?)?;
        self.last.store(Some(Arc::new(new.clone_ref(py))));
        Ok(new)
    }
}

fn stopped() -> Fault {
    Fault::new("the feed was stopped; start another one").with_code("FEED_STOPPED")
}

#[pymethods]
impl Feed {
    #[new]
    #[pyo3(signature = (store, *, trusted_keys, sequence_file, require_noeviction))]
    fn new(
        store: &Store,
        trusted_keys: Vec<String>,
        sequence_file: Option<PathBuf>,
        require_noeviction: bool,
    ) -> PyResult<Self> {
        let mut reader = reader(store, trusted_keys, sequence_file)?;
        if require_noeviction {
            reader = reader.with_required_noeviction();
        }
        let store = reader.store().name();
        let inner = Inner::start(reader, clock)?;
        Ok(Self {
            inner: ArcSwapOption::from_pointee(inner),
            stopped: Event::new(),
            last: ArcSwapOption::empty(),
            owner: Owner::new(),
            store,
        })
    }

    /// The current policy and halts.
    #[getter]
    fn snapshot(&self, py: Python<'_>) -> PyResult<Py<FeedSnapshot>> {
        self.current(py)
    }

    /// The current policy, or the reason why it is unavailable.
    #[getter]
    fn policy(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(self.current(py)?.get().policy(py))
    }

    /// The current halts.
    #[getter]
    fn halt(&self, py: Python<'_>) -> PyResult<Py<Halt>> {
        Ok(self.current(py)?.get().halt(py))
    }

    /// Returns the health as the fields of `FeedHealth`.
    #[pyo3(name = "_read_health")]
    fn read_health<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let health = self.running()?.health();
        let fields = PyDict::new(py);
        fields.set_item("is_connected", health.is_connected())?;
        fields.set_item("error", health.error().map(ToString::to_string))?;
        let read = health.last_good_read();
        fields.set_item(
            "last_good_read",
            read.map(|at| to_datetime(py, at)).transpose()?,
        )?;
        fields.set_item("refused", health.refused().map(ToString::to_string))?;
        Ok(fields)
    }

    /// Waits at most `timeout` seconds for a snapshot after the number `after`, and returns true if there is one.
    #[pyo3(name = "_wait")]
    fn wait_for_change(&self, py: Python<'_>, after: u64, timeout: f64) -> PyResult<bool> {
        let left = Duration::try_from_secs_f64(timeout).map_err(|_| {
            Fault::new(format_args!(
                "`timeout` is {timeout}; pass a number of seconds that is not negative"
            ))
            .with_field("timeout")
            .with_value(timeout.to_string())
        })?;
        self.wait_in_slices(py, left, |feed, at_most| {
            feed.wait_for_change(after, at_most)
        })
    }

    /// Waits until there is a snapshot after the number `after`, and returns it; returns `None` if the feed is stopped.
    #[pyo3(name = "_wait_or_stop")]
    fn wait_or_stop(&self, py: Python<'_>, after: u64) -> PyResult<Option<Py<FeedSnapshot>>> {
        self.owner.check("feed")?;
        let is_changed = py.detach(|| {
            let mut stopped = pin!(self.stopped.listen());
            let Some(feed) = self.inner.load_full() else {
                return false;
            };
            let mut changed = pin!(feed.changed_after(after));
            pollster::block_on(poll_fn(|context| {
                if stopped.as_mut().poll(context).is_ready() {
                    return Poll::Ready(false);
                }
                changed.as_mut().poll(context).map(|()| true)
            }))
        });
        match is_changed {
            true => match self.current(py) {
                Ok(snapshot) => Ok(Some(snapshot)),
                Err(_) if self.inner.load().is_none() => Ok(None),
                Err(error) => Err(error),
            },
            false => Ok(None),
        }
    }

    /// Stops the thread and waits until it has ended. Has no effect on a feed that was stopped. Returns false, without an
    /// effect, in a forked child.
    #[pyo3(name = "_end")]
    fn end(&self, py: Python<'_>) -> bool {
        if !self.owner.is_here() {
            return false;
        }
        py.detach(|| {
            let feed = self.inner.swap(None);
            self.stopped.notify(usize::MAX);
            let Some(mut feed) = feed else {
                return;
            };
            // A waiting call holds the feed for at most one slice.
            loop {
                match Arc::try_unwrap(feed) {
                    Ok(feed) => return feed.stop(),
                    Err(held) => feed = held,
                }
                thread::sleep(Duration::from_millis(1));
            }
        });
        true
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        if !self.owner.is_here() || self.inner.load().is_none() {
            return Ok(format!("<Feed of {}, stopped>", self.store));
        }
        let snapshot = self.current(py)?;
        Ok(format!(
            "<Feed of {}, {}>",
            self.store,
            snapshot.bind(py).repr()?
        ))
    }
}

impl Feed {
    /// Waits in slices, so that signals and the end of the feed are noticed.
    fn wait_in_slices(
        &self,
        py: Python<'_>,
        mut left: Duration,
        wait: impl Fn(&Inner, Duration) -> bool + Sync,
    ) -> PyResult<bool> {
        loop {
            let slice = left.min(SLICE);
            let feed = self.running()?;
            if py.detach(|| wait(&feed, slice)) {
                return Ok(true);
            }
            drop(feed);
            py.check_signals()?;
            left = left.saturating_sub(slice);
            if left.is_zero() {
                return Ok(false);
            }
        }
    }
}
