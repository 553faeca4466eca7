//! The commands, one file each: arguments and execution.

pub(crate) mod bridge;
pub(crate) mod convert;
pub(crate) mod decide;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod generate;
pub(crate) mod halt;
pub(crate) mod harvest;
pub(crate) mod harvester;
pub(crate) mod history;
pub(crate) mod log;
pub(crate) mod merge;
pub(crate) mod policy;
pub(crate) mod proof;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod simulate;
pub(crate) mod updater;
