//! The text about the records of a run under fixed policies.

use std::fmt;

use portcullis::types::Shown;

use super::run_settings::RunSettings;
use crate::{
    replay::FixedReplay,
    text::{counted, some},
};

/// The maximum number of tapes that the text names.
const TAPES_SHOWN: usize = 5;

/// Writes the tapes, the settings, and the numbers of ignored and unreadable records.
pub(super) fn write_input(
    f: &mut fmt::Formatter<'_>,
    read: &FixedReplay,
    tapes: &[String],
    run_settings: &RunSettings,
    unreadable: u64,
) -> fmt::Result {
    let records = counted(read.records, "record");
    writeln!(
        f,
        "{records} from {}",
        Shown(some(tapes, TAPES_SHOWN)).whole()
    )?;
    run_settings.write_policy_settings(f)?;
    if read.ignored > 0 {
        let records = counted(read.ignored, "policy record");
        writeln!(f, "ignored on the tape: {records}")?;
    }
    if read.recorded > 0 {
        let records = counted(read.recorded, "recorded decision");
        writeln!(
            f,
            "decided under these policies instead of the recorded ones: {records}"
        )?;
    }
    if unreadable > 0 {
        let lines = counted(unreadable, "unreadable line");
        writeln!(f, "{lines}, skipped under every policy")?;
    }
    Ok(())
}
