//! The page of a comparison.

use super::{Data, Page, Section, Table, shown};
use crate::{
    diff::{Told, changes_text, flip_row},
    report::table::{some, thousands},
};

/// So many tapes are named.
const TAPES_SHOWN: usize = 20;

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
    let section = |counts, title, empty| Section {
        id: counts,
        title,
        empty,
        counts: Some(counts),
        table: Table {
            columns: vec![title, "flips"],
            ..Table::default()
        },
        ..Section::default()
    };
    let none = "No answer flips.";
    let mut sections = vec![section("kinds", "Flips by kind", none)];
    if told.has_causes() {
        sections.push(section("causes", "Because of", none));
    }
    sections.extend([
        section("reasons", "The skip that comes or goes", "None."),
        section("symbols", "By symbol", none),
        section("days", "By day", none),
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
            flips: Some(it.tally.data()),
            sections,
            ..Data::default()
        },
    }
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
        lead: "Of all records, whatever the filters say.".to_owned(),
        table: Table {
            columns: vec!["", "trades", "notional USD", "mean leverage"],
            rows: rows.to_vec(),
        },
        ..Section::default()
    }
}

fn largest(told: &Told<'_>) -> Section {
    let tally = &told.difference.tally;
    let largest = &told.difference.largest;
    let mut columns = vec!["record", "symbol", "before", "after", "notional USD"];
    if told.has_causes() {
        columns.push("because of");
    }
    Section {
        id: "largest",
        title: "The largest flips",
        lead: "Up to a hundred, by the notional that they move, then by leverage; the filters choose among these."
            .to_owned(),
        empty: "No answer flips.",
        wide: true,
        table: Table {
            columns,
            rows: largest.iter().map(flip_row).collect(),
        },
        marks: Some(tally.marks(largest)),
        ..Section::default()
    }
}
