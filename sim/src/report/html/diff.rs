//! The page of a comparison.

use super::{Data, Page, Section, Table, counts_section, shown};
use crate::{
    diff::{Told, cause_text, changes_text, flip_row, or_none},
    report::table::{some, thousands},
};

/// So many tapes are named.
const TAPES_SHOWN: usize = 20;

/// So many bars; the rest is one.
const BARS_SHOWN: usize = 40;

/// Which answers flip, and why.
#[must_use]
pub fn diff_page(told: &Told<'_>) -> Page {
    let it = told.difference;
    let [before, after] = told.sides();
    let mut facts = vec![("before", before), ("after", after)];
    if told.has_causes() {
        facts.push(("changes", changes_text(&it.changes)));
    }
    if !told.tapes().is_empty() {
        facts.push(("tapes", shown(&some(told.tapes(), TAPES_SHOWN))));
    }
    facts.push(("records", thousands(it.read.records)));
    facts.push(("flips", thousands(it.flips())));
    if told.has_causes() {
        facts.push(("policy records set aside", thousands(it.read.set_aside)));
        facts.push(("recorded decisions", thousands(it.read.recorded)));
    }
    facts.push(("unreadable lines", thousands(it.unreadable)));
    if let Some(operator) = told.operator() {
        facts.push(("guardrails", shown(&operator.guardrails)));
    }
    let kinds = it
        .kinds
        .iter()
        .map(|(kind, n)| (kind.as_str().to_owned(), *n));
    let causes = it
        .by_cause
        .iter()
        .map(|(fields, n)| (cause_text(fields), *n));
    let reasons = it
        .by_reason
        .iter()
        .map(|(reason, n)| (reason.code().to_owned(), *n));
    let symbols = it.by_symbol.iter().map(|(symbol, n)| (or_none(symbol), *n));
    let days: Vec<_> = it
        .by_day
        .iter()
        .map(|(day, n)| (or_none(day), *n))
        .collect();
    let most = |counts: &mut dyn Iterator<Item = (String, u64)>| most_first(counts.collect());
    let section = |id, title, counts: &[(String, u64)]| {
        counts_section((id, title), "", counts, [title, "flips"])
    };
    let mut sections = vec![section("kinds", "Flips by kind", &most(&mut { kinds }))];
    if told.has_causes() {
        sections.push(section("causes", "Because of", &most(&mut { causes })));
    }
    sections.extend([
        section(
            "reasons",
            "The skip that comes or goes",
            &most(&mut { reasons }),
        ),
        section("symbols", "By symbol", &most(&mut { symbols })),
        section("days", "By day", &days),
        totals(told),
        largest(told),
    ]);
    let compared = if told.has_causes() {
        "policies"
    } else {
        "sets of answers"
    };
    Page {
        title: format!("Portcullis: two {compared}"),
        facts,
        data: Data {
            cube: None,
            sections,
        },
    }
}

fn most_first(mut counts: Vec<(String, u64)>) -> Vec<(String, u64)> {
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let rest = counts.split_off(counts.len().min(BARS_SHOWN));
    if !rest.is_empty() {
        let sum = rest.iter().map(|(_, count)| count).sum();
        counts.push((format!("and {} more", rest.len()), sum));
    }
    counts
}

fn totals(told: &Told<'_>) -> Section {
    let (before, after) = told.difference.totals;
    let rows = [("before", before), ("after", after)].map(|(name, totals)| {
        vec![
            name.to_owned(),
            thousands(totals.trades),
            format!("{:.2}", totals.notional_usd),
            totals.mean_leverage(),
        ]
    });
    Section {
        id: "totals",
        title: "What all trades come to",
        table: Table {
            columns: vec!["", "trades", "notional USD", "mean leverage"],
            rows: rows.to_vec(),
        },
        ..Section::default()
    }
}

fn largest(told: &Told<'_>) -> Section {
    let mut columns = vec!["record", "symbol", "before", "after", "notional USD"];
    if told.has_causes() {
        columns.push("because of");
    }
    Section {
        id: "largest",
        title: "The largest flips",
        lead: "Up to a hundred, by the notional that they move, then by leverage.".to_owned(),
        empty: "No answer flips.",
        wide: true,
        table: Table {
            columns,
            rows: told.difference.largest.iter().map(flip_row).collect(),
        },
        ..Section::default()
    }
}
