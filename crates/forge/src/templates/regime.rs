//! A regime after the checks.

use std::collections::BTreeMap;

use super::{area::Area, document::LeverageRule};
use crate::parameter::{Limit, Parameter};

/// A regime of the market or of a symbol.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Regime {
    pub(crate) confirm: u32,
    pub(crate) validity_sec: u32,
    pub(crate) enter: Area,
    pub(crate) keep: Area,
    pub(crate) leverage: LeverageRule,
    pub(crate) theta: BTreeMap<Parameter, f64>,
    pub(crate) limits: BTreeMap<Limit, f64>,
}
