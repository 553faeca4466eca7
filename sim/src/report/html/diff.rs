//! The page of a comparison.

use super::{Data, Page, Section, Table, counts_section, shown};
use crate::{
    diff::{Told, cause_text, changes_text, effect_text, moved_text, or_none},
    report::table::{some, thousands},
};
use portcullis::domain::{Shown, Symbol};

/// So many tapes are named.
const TAPES_SHOWN: usize = 20;

/// So many bars; the rest is one.
const BARS_SHOWN: usize = 40;

/// Which answers flip, and why.
#[must_use]
pub fn diff_page(told: &Told<'_>) -> Page {
    let it = told.difference;
    let (before, after) = told.policies;
    let name = |policy: &portcullis::policy::Policy| {
        format!("{} {}", Shown(policy.version()), policy.hash().short())
    };
    let facts = vec![
        ("before", name(before)),
        ("after", name(after)),
        ("changes", changes_text(&it.changes).to_string()),
        ("tapes", shown(&some(told.tapes, TAPES_SHOWN))),
        ("records", thousands(it.read.records)),
        ("flips", thousands(it.flips())),
        ("policy records set aside", thousands(it.read.set_aside)),
        ("recorded decisions", thousands(it.read.recorded)),
        ("unreadable lines", thousands(it.unreadable)),
        ("guardrails", shown(&told.operator.guardrails)),
    ];
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
    Page {
        title: "Portcullis: two policies".to_owned(),
        facts,
        data: Data {
            cube: None,
            sections: vec![
                section("kinds", "Flips by kind", &most(&mut { kinds })),
                section("causes", "Because of", &most(&mut { causes })),
                section(
                    "reasons",
                    "The skip that comes or goes",
                    &most(&mut { reasons }),
                ),
                section("symbols", "By symbol", &most(&mut { symbols })),
                section("days", "By day", &days),
                totals(told),
                largest(told),
            ],
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
    let rows = told.difference.largest.iter().map(|flip| {
        let symbol = flip.symbol.as_ref().map(Symbol::to_string);
        vec![
            flip.n.to_string(),
            or_none(&symbol.unwrap_or_default()),
            effect_text(&flip.before),
            effect_text(&flip.after),
            moved_text(flip),
            cause_text(&flip.cause),
        ]
    });
    Section {
        id: "largest",
        title: "The largest flips",
        lead: "Up to a hundred, by the notional that they move, then by leverage.".to_owned(),
        empty: "No answer flips.",
        wide: true,
        table: Table {
            columns: vec![
                "record",
                "symbol",
                "before",
                "after",
                "notional USD",
                "because of",
            ],
            rows: rows.collect(),
        },
        ..Section::default()
    }
}
