//! The report of a comparison.

use portcullis::types::Shown;

use super::{
    flips::{FlipCells, marks},
    page::{Data, Page, Section, Table},
};
use crate::{
    report::diff::{DiffReport, changes_text, flip_row},
    text::{some, thousands},
};

/// The maximum number of tapes that are named.
const TAPES_SHOWN: usize = 20;

/// Creates the report of a comparison: which answers flip, and why.
#[must_use]
pub fn diff_page(report: &DiffReport<'_>) -> Page {
    let it = report.difference;
    let [before, after] = report.sides();
    let mut facts = vec![("Before", before), ("After", after)];
    if report.has_causes() {
        facts.push(("Changes", changes_text(&it.changes)));
    }
    if !report.tapes().is_empty() {
        facts.push(("Tapes", Shown(some(report.tapes(), TAPES_SHOWN)).whole()));
    }
    facts.push(("Records", thousands(it.read.records)));
    facts.push(("Flips", thousands(it.flips())));
    if report.has_causes() {
        facts.push(("Policy records ignored", thousands(it.read.ignored)));
        facts.push(("Recorded decisions", thousands(it.read.recorded)));
    }
    facts.push(("Unreadable lines", thousands(it.unreadable)));
    if let Some(settings) = report.run_settings() {
        facts.push(("Guardrails", Shown(&settings.guardrails).whole()));
    }
    let section = |counts, title, column, empty| Section {
        id: counts,
        title,
        empty,
        counts: Some(counts),
        table: Table {
            columns: vec![column, "Flips"],
            ..Table::default()
        },
        ..Section::default()
    };
    let none = "No flips.";
    let mut sections = vec![section("kinds", "Flips by kind", "Kind", none)];
    if report.has_causes() {
        sections.push(section("causes", "Flips by cause", "Cause", none));
    }
    sections.extend([
        section(
            "reasons",
            "Flips by skip reason",
            "Skip reason",
            "No flips from or to a skip.",
        ),
        section("symbols", "Flips by symbol", "Symbol", none),
        section("days", "Flips by day", "Day (UTC)", none),
        totals(report),
        largest(report),
    ]);
    let compared = if report.has_causes() {
        "policies"
    } else {
        "sets of answers"
    };
    Page {
        title: format!("Portcullis comparison: two {compared}"),
        facts,
        data: Data {
            flips: Some(FlipCells::new(&it.tally)),
            sections,
            ..Data::default()
        },
    }
}

fn totals(report: &DiffReport<'_>) -> Section {
    let (before, after) = report.difference.totals;
    let rows = [("Before", before), ("After", after)].map(|(name, totals)| {
        vec![
            name.to_owned(),
            thousands(totals.trades),
            format!("{:.2}", totals.notional_usd.value()),
            totals.mean_leverage(),
        ]
    });
    Section {
        id: "totals",
        title: "Totals of all trades",
        lead: "All records; not affected by the filters.".to_owned(),
        table: Table {
            columns: vec!["", "Trades", "Notional (USD)", "Mean leverage"],
            rows: rows.to_vec(),
        },
        ..Section::default()
    }
}

fn largest(report: &DiffReport<'_>) -> Section {
    let tally = &report.difference.tally;
    let largest = &report.difference.largest;
    let mut columns = vec![
        "First record",
        "Flips",
        "Symbol",
        "Before",
        "After",
        "Notional change (USD)",
    ];
    if report.has_causes() {
        columns.push("Cause");
    }
    Section {
        id: "largest",
        title: "Largest flips",
        lead: "Up to 100 flips with the largest change in notional, then leverage; equal ones are one row. The filters \
               select from this list."
            .to_owned(),
        folds: true,
        empty: "No flips.",
        wide: true,
        table: Table {
            columns,
            rows: largest.iter().map(flip_row).collect(),
        },
        marks: Some(marks(tally, largest)),
        ..Section::default()
    }
}
