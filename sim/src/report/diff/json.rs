//! The report of a comparison as JSON.

use std::collections::BTreeMap;

use portcullis::policy::Policy;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{DiffInputs, DiffReport, VERSION};

#[derive(Serialize)]
struct PolicyRow<'a> {
    version: &'a str,
    hash: String,
    valid_until: String,
}

impl<'a> PolicyRow<'a> {
    fn new(policy: &'a Policy) -> Self {
        Self {
            version: policy.version(),
            hash: policy.hash().to_string(),
            valid_until: policy.valid_until().to_string(),
        }
    }
}

#[derive(Serialize)]
struct CauseRow<'a> {
    fields: &'a [String],
    flips: u64,
}

#[derive(Serialize)]
struct ReasonRow {
    before: &'static str,
    after: &'static str,
    records: u64,
}

/// One side of a comparison that does not compare two policies.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Side<'a> {
    Answers(&'a str),
    Engine(&'a str),
}

impl Serialize for DiffReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let it = self.difference;
        let mut map = serializer.serialize_map(None)?;
        match self.compared {
            DiffInputs::Policies {
                policies: (before, after),
                tapes,
                ..
            } => {
                map.serialize_entry("tapes", tapes)?;
                map.serialize_entry("before", &PolicyRow::new(before))?;
                map.serialize_entry("after", &PolicyRow::new(after))?;
                map.serialize_entry("changes", &it.changes)?;
            }
            DiffInputs::Answers {
                files: (before, after),
            } => {
                map.serialize_entry("before", &Side::Answers(before))?;
                map.serialize_entry("after", &Side::Answers(after))?;
            }
            DiffInputs::Engine {
                file,
                policy,
                tapes,
                ..
            } => {
                map.serialize_entry("tapes", tapes)?;
                map.serialize_entry("policy", &policy)?;
                map.serialize_entry("before", &Side::Answers(file))?;
                map.serialize_entry("after", &Side::Engine(VERSION))?;
            }
        }
        map.serialize_entry("records", &it.read.records)?;
        if self.has_causes() {
            map.serialize_entry("policy_records_set_aside", &it.read.ignored)?;
            map.serialize_entry("recorded_decisions", &it.read.recorded)?;
        }
        map.serialize_entry("unreadable_lines", &it.unreadable)?;
        map.serialize_entry("reached_policy", &it.reached_policy)?;
        map.serialize_entry("flips", &it.flips())?;
        map.serialize_entry("kinds", &it.kinds)?;
        let reasons: BTreeMap<_, _> = it.by_reason.iter().map(|(r, n)| (r.code(), n)).collect();
        map.serialize_entry("reasons", &reasons)?;
        map.serialize_entry("symbols", &it.by_symbol)?;
        map.serialize_entry("days", &it.by_day)?;
        map.serialize_entry("causes", &self.cause_rows())?;
        let other = it
            .reasons
            .iter()
            .map(|((before, after), records)| ReasonRow {
                before: before.code(),
                after: after.code(),
                records: *records,
            });
        map.serialize_entry("other_reasons", &other.collect::<Vec<_>>())?;
        map.serialize_entry("totals_before", &it.totals.0)?;
        map.serialize_entry("totals_after", &it.totals.1)?;
        map.serialize_entry("largest", &it.largest)?;
        if let Some(settings) = self.run_settings() {
            settings.serialize_into(&mut map)?;
        }
        map.end()
    }
}

impl DiffReport<'_> {
    /// Returns the causes, or `None` if causes are not available.
    fn cause_rows(&self) -> Option<Vec<CauseRow<'_>>> {
        let rows = self.difference.by_cause.iter();
        let rows = rows.map(|(fields, flips)| CauseRow {
            fields,
            flips: *flips,
        });
        self.has_causes().then(|| rows.collect())
    }
}
