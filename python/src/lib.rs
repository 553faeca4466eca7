//! The engine for Python: the native module of the package `portcullis_engine`.
//!
//! The module contains the objects and the calls. Codes, answer rows and errors are Python classes in the package, because
//! a dataclass is compared, hashed, pickled and matched without further code.

mod active;
mod answer;
mod decision;
mod engine;
mod error;
mod feed;
mod fields;
mod guardrails;
mod live;
mod names;
mod parts;
mod policy;
mod position;
mod process;
mod replay;
mod rollout;
mod store;
mod table;
mod time;
mod timeline;

use mimalloc::MiMalloc;
use pyo3::prelude::pymodule;

/// Keeps the memory of columns between calls, also where the allocator of the process does not, as in workers of Ray.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The native module.
#[pymodule]
mod _portcullis {
    #[pymodule_export]
    use crate::{
        decision::{Decision, Exit, Skip, Trade},
        engine::{Engine, decide_assumed},
        feed::{Feed, Reader},
        guardrails::Guardrails,
        live::{FeedSnapshot, Halt, PolicyUnavailable},
        parts::{Part, Plan, merge_parts, plan_parts, replay_part},
        policy::Policy,
        position::HarvestAdvice,
        replay::{diff, replay},
        rollout::{Arm, PolicySet, bucket},
        store::Store,
        table::{AnswerReader, answer_table, explain_row, open_answers, record_columns},
        timeline::PolicyTimeline,
    };

    /// Adds the version of the engine.
    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        use pyo3::types::PyModuleMethods as _;
        // A private name, which is not exported.
        #[cfg(debug_assertions)]
        pyo3::types::PyAnyMethods::setattr(
            module.as_any(),
            "_planted_panic",
            pyo3::wrap_pyfunction!(crate::error::planted_panic, module)?,
        )?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
