//! A comparison, for a person and for a machine.

use std::{cmp::Reverse, collections::BTreeMap, fmt};

use portcullis::{
    domain::{Shown, Symbol},
    policy::Policy,
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{Difference, Effect, Flip, changes_text};
use crate::report::{
    Operator, printable,
    table::{and_more, bar, table, thousands, write_table},
};

/// How many rows of a table, and of the largest flips, a person is shown.
const ROWS_SHOWN: usize = 12;

/// A comparison, and what was compared.
#[derive(Debug)]
pub struct Told<'a> {
    /// What came of it.
    pub difference: &'a Difference,
    /// The policies.
    pub policies: (&'a Policy, &'a Policy),
    /// What the operator had said.
    pub operator: &'a Operator,
    /// What was read.
    pub tapes: &'a [String],
}

#[derive(Serialize)]
struct PolicyRow<'a> {
    version: &'a str,
    hash: String,
    valid_until: String,
}

impl<'a> PolicyRow<'a> {
    fn of(policy: &'a Policy) -> Self {
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

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let it = self.difference;
        let (before, after) = self.policies;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("tapes", self.tapes)?;
        map.serialize_entry("before", &PolicyRow::of(before))?;
        map.serialize_entry("after", &PolicyRow::of(after))?;
        map.serialize_entry("changes", &it.changes)?;
        map.serialize_entry("records", &it.read.records)?;
        map.serialize_entry("policy_records_set_aside", &it.read.set_aside)?;
        map.serialize_entry("recorded_decisions", &it.read.recorded)?;
        map.serialize_entry("unreadable_lines", &it.unreadable)?;
        map.serialize_entry("flips", &it.flips())?;
        map.serialize_entry("kinds", &it.kinds)?;
        let reasons: BTreeMap<_, _> = it.by_reason.iter().map(|(r, n)| (r.code(), n)).collect();
        map.serialize_entry("reasons", &reasons)?;
        map.serialize_entry("symbols", &it.by_symbol)?;
        map.serialize_entry("days", &it.by_day)?;
        let causes = it.by_cause.iter();
        let causes: Vec<_> = causes
            .map(|(fields, flips)| CauseRow {
                fields,
                flips: *flips,
            })
            .collect();
        map.serialize_entry("causes", &causes)?;
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
        map.serialize_entry("guardrails", &self.operator.guardrails)?;
        map.serialize_entry("exit_owner", &self.operator.exit_owner)?;
        map.serialize_entry("exit_delegates", &self.operator.exit_delegates)?;
        map.serialize_entry("assume_in_force", &self.operator.assume_in_force)?;
        map.end()
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        let it = self.difference;
        if it.flips() > 0 {
            let kinds = it.kinds.iter().map(|(kind, n)| (kind.as_str().into(), *n));
            write_counts(f, "flip", kinds.collect())?;
            let causes = it.by_cause.iter();
            let causes = causes.map(|(fields, n)| (cause_text(fields), *n));
            write_counts(f, "because of", causes.collect())?;
            let reasons = it.by_reason.iter().map(|(r, n)| (r.code().into(), *n));
            write_counts(f, "skipped because", reasons.collect())?;
            let symbols = it.by_symbol.iter();
            let symbols = symbols.map(|(symbol, n)| (or_none(symbol), *n));
            write_counts(f, "symbol", symbols.collect())?;
            self.write_days(f)?;
            self.write_totals(f)?;
            self.write_largest(f)?;
        }
        self.write_other_reasons(f)
    }
}

impl Told<'_> {
    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = self.difference;
        let (before, after) = self.policies;
        for (name, policy) in [("before", before), ("after ", after)] {
            let version = Shown(policy.version());
            writeln!(f, "{name}  {version} {}", policy.hash().short())?;
        }
        write!(f, "{}", changes_text(&it.changes))?;
        writeln!(f)?;
        it.read.write(f, self.tapes, self.operator, it.unreadable)?;
        match it.flips() {
            0 => writeln!(f, "no answer flips"),
            flips => writeln!(f, "{} of them flip", thousands(flips)),
        }
    }

    fn write_days(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = &self.difference.by_day;
        let flips = self.difference.flips();
        let mut table = table(&["day", "flips", ""], "lrl");
        for (day, count) in days.iter().take(ROWS_SHOWN) {
            table.add_row([or_none(day), thousands(*count), bar(*count, flips)]);
        }
        if days.len() > ROWS_SHOWN {
            let rest = days.values().skip(ROWS_SHOWN).sum();
            let more = and_more(days.len().saturating_sub(ROWS_SHOWN));
            table.add_row([more, thousands(rest), bar(rest, flips)]);
        }
        write_table(f, &table)
    }

    fn write_totals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = self.difference.totals;
        let mut table = table(&["", "trades", "notional USD", "mean leverage"], "lrrr");
        for (name, totals) in [("before", before), ("after", after)] {
            table.add_row([
                name.to_owned(),
                thousands(totals.trades),
                format!("{:.2}", totals.notional_usd),
                totals.mean_leverage(),
            ]);
        }
        write_table(f, &table)
    }

    fn write_largest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = ["n", "symbol", "before", "after", "notional", "because of"];
        let mut table = table(&columns, "rlllrl");
        for flip in self.difference.largest.iter().take(ROWS_SHOWN) {
            let symbol = flip.symbol.as_ref().map(Symbol::to_string);
            table.add_row([
                flip.n.to_string(),
                or_none(&symbol.unwrap_or_default()),
                effect_text(&flip.before),
                effect_text(&flip.after),
                moved_text(flip),
                cause_text(&flip.cause),
            ]);
        }
        write_table(f, &table)
    }

    fn write_other_reasons(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows: Vec<_> = self.difference.reasons.iter().collect();
        rows.sort_by_key(|(_, records)| Reverse(**records));
        let mut table = table(&["skipped under both", "and then", "records"], "llr");
        for ((before, after), records) in rows {
            table.add_row([
                before.code().to_owned(),
                after.code().to_owned(),
                thousands(*records),
            ]);
        }
        write_table(f, &table)
    }
}

/// Names and counts, the most first.
fn write_counts(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    mut rows: Vec<(String, u64)>,
) -> fmt::Result {
    let all = rows.iter().map(|(_, count)| count).sum();
    rows.sort_by_key(|(_, count)| Reverse(*count));
    let rest = rows.split_off(rows.len().min(ROWS_SHOWN));
    if !rest.is_empty() {
        let sum = rest.iter().map(|(_, count)| count).sum();
        rows.push((and_more(rest.len()), sum));
    }
    let mut table = table(&[name, "flips", ""], "lrl");
    for (name, count) in rows {
        table.add_row([name, thousands(count), bar(count, all)]);
    }
    write_table(f, &table)
}

pub(crate) fn or_none(text: &str) -> String {
    if text.is_empty() {
        return "none".to_owned();
    }
    text.to_owned()
}

/// One field, or those that it takes together.
pub(crate) fn cause_text(fields: &[String]) -> String {
    match fields {
        [] => "the whole of the policy".to_owned(),
        fields => printable(&fields.join(" + ")).into_owned(),
    }
}

pub(crate) fn effect_text(effect: &Effect) -> String {
    let more = match (effect.reason, effect.leverage, effect.harvest_action) {
        (Some(reason), _, _) => reason.code().to_owned(),
        (None, Some(leverage), _) => format!("{leverage}x"),
        (None, None, Some(action)) => match effect.stop_proposed {
            Some(stop) => format!("{} stop {stop}", action.as_str()),
            None => action.as_str().to_owned(),
        },
        (None, None, None) => String::new(),
    };
    format!("{} {more}", effect.decision.as_str())
        .trim_end()
        .to_owned()
}

pub(crate) fn moved_text(flip: &Flip) -> String {
    let moved = flip.notional_moved();
    if moved == 0.0 {
        return "–".to_owned();
    }
    format!("{moved:+.2}")
}
