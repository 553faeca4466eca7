//! The enums of the Python package, whose members are the codes of the engine.

use portcullis::{Gate, PositionSide, Side, SkipCode, answer::AnswerSide, harvest::HarvestAction};
use pyo3::{prelude::*, sync::PyOnceLock};

/// The members of an enum by their value.
struct Members {
    class: &'static str,
    members: PyOnceLock<Vec<(&'static str, Py<PyAny>)>>,
}

impl Members {
    const fn new(class: &'static str) -> Self {
        Self {
            class,
            members: PyOnceLock::new(),
        }
    }

    /// Returns the member at an index. `values` are the values of all members in order.
    fn get(
        &self,
        py: Python<'_>,
        values: impl Iterator<Item = &'static str>,
        value: &'static str,
    ) -> PyResult<Py<PyAny>> {
        let members = self.members.get_or_try_init(py, || {
            let class = py.import("portcullis_engine._codes")?.getattr(self.class)?;
            let member = |value| Ok((value, class.call1((value,))?.unbind()));
            values.map(member).collect::<PyResult<Vec<_>>>()
        })?;
        match members.iter().find(|(known, _)| *known == value) {
            Some((_, member)) => Ok(member.clone_ref(py)),
            None => Ok(py
                .import("portcullis_engine._codes")?
                .getattr(self.class)?
                .call1((value,))?
                .unbind()),
        }
    }
}

/// Returns the member of `Side`.
fn side(py: Python<'_>, side: Side) -> PyResult<Py<PyAny>> {
    static MEMBERS: Members = Members::new("Side");
    let values = [Side::Buy, Side::Sell].into_iter().map(Side::as_str);
    MEMBERS.get(py, values, side.as_str())
}

/// Returns the member of `PositionSide`.
pub(crate) fn position_side(py: Python<'_>, side: PositionSide) -> PyResult<Py<PyAny>> {
    static MEMBERS: Members = Members::new("PositionSide");
    let values = [PositionSide::Long, PositionSide::Short].into_iter();
    MEMBERS.get(py, values.map(PositionSide::as_str), side.as_str())
}

/// Returns the member of `Side` or `PositionSide`.
pub(crate) fn answer_side(py: Python<'_>, of: AnswerSide) -> PyResult<Py<PyAny>> {
    match of {
        AnswerSide::Order(of) => side(py, of),
        AnswerSide::Position(of) => position_side(py, of),
    }
}

/// Returns the member of `SkipCode`.
pub(crate) fn skip_code(py: Python<'_>, code: SkipCode) -> PyResult<Py<PyAny>> {
    static MEMBERS: Members = Members::new("SkipCode");
    let values = SkipCode::ALL.iter().map(|code| code.code());
    MEMBERS.get(py, values, code.code())
}

/// Returns the member of `Gate`.
pub(crate) fn gate(py: Python<'_>, gate: Gate) -> PyResult<Py<PyAny>> {
    static MEMBERS: Members = Members::new("Gate");
    let values = Gate::ALL.iter().map(|gate| gate.name());
    MEMBERS.get(py, values, gate.name())
}

/// Returns the member of `HarvestAction`.
pub(crate) fn harvest_action(py: Python<'_>, action: HarvestAction) -> PyResult<Py<PyAny>> {
    static MEMBERS: Members = Members::new("HarvestAction");
    let values = HarvestAction::ALL.iter().map(|action| action.as_str());
    MEMBERS.get(py, values, action.as_str())
}
