//! The report of a backfill.

use portcullis::types::Shown;

use super::page::{Chart, Data, Page, Section, Series, Table};
use crate::{
    report::backfill::{BackfillReport, PublicationRow, usd},
    text::{some, thousands},
};

/// The maximum number of tapes that are named.
const TAPES_SHOWN: usize = 20;

/// Creates the report of a backfill.
#[must_use]
pub fn backfill_page(report: &BackfillReport<'_>) -> Page {
    let (records, days) = report.days();
    let totals = report.totals();
    let period = match (days.first(), days.last()) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "no days".to_owned(),
    };
    let facts = vec![
        ("Tapes", Shown(some(report.tapes, TAPES_SHOWN)).whole()),
        ("Intents", thousands(records)),
        ("Days", format!("{} ({period})", days.len())),
        ("Publications", totals.len().to_string()),
        ("Guardrails", Shown(&report.run_settings.guardrails).whole()),
    ];
    Page {
        title: "Portcullis history".to_owned(),
        facts,
        data: Data {
            sections: vec![changes(&totals), policies(&totals), by_day(report, &days)],
            ..Data::default()
        },
    }
}

fn name(it: &PublicationRow) -> String {
    let seq = it.seq.map_or_else(|| "-".to_owned(), |seq| seq.to_string());
    format!("{seq}: {}", Shown(&it.version).whole())
}

/// The effect of each publication.
fn changes(totals: &[PublicationRow]) -> Section {
    let with_effect = || totals.iter().filter_map(|it| Some((it, it.effect?)));
    let has_profit = with_effect().any(|(_, effect)| effect.net_usd.is_some());
    let values = with_effect().map(|(_, effect)| match effect.net_usd {
        Some((before, after)) => after - before,
        None => effect.notional_usd.1 - effect.notional_usd.0,
    });
    Section {
        id: "changes",
        title: "Effect of each publication",
        lead: "Each policy against the policy before it, for the intents that were recorded while it was active. The chart \
               shows the change of the simulated net profit or, without candles, of the notional."
            .to_owned(),
        empty: "There is only one publication.",
        chart: Some(Chart {
            kind: "bars",
            sideways: true,
            labels: with_effect().map(|(it, _)| name(it)).collect(),
            series: vec![Series {
                name: if has_profit { "Net profit, USD" } else { "Notional, USD" },
                values: values.collect(),
            }],
            ..Chart::default()
        }),
        table: Table {
            columns: vec!["Policy", "Published", "Intents", "Trades before", "Trades", "Net before", "Net", "Result"],
            rows: with_effect()
                .map(|(it, effect)| {
                    vec![
                        name(it),
                        it.published.clone(),
                        thousands(effect.records),
                        thousands(effect.trades.0),
                        thousands(effect.trades.1),
                        usd(effect.net_usd.map(|net| net.0)),
                        usd(effect.net_usd.map(|net| net.1)),
                        it.verdict().to_owned(),
                    ]
                })
                .collect(),
        },
        ..Section::default()
    }
}

/// The totals of each policy over all days.
fn policies(totals: &[PublicationRow]) -> Section {
    Section {
        id: "policies",
        title: "Every policy for all days",
        lead:
            "The answers to all intents, as if the policy had been in force from beginning to end."
                .to_owned(),
        empty: "There are no publications.",
        chart: Some(Chart {
            kind: "bars",
            sideways: true,
            labels: totals.iter().map(name).collect(),
            series: vec![Series {
                name: "Notional, USD",
                values: totals.iter().map(|it| it.notional_usd).collect(),
            }],
            ..Chart::default()
        }),
        table: Table {
            columns: vec![
                "Policy",
                "Hash",
                "Published",
                "Trades",
                "Notional, USD",
                "Net, USD",
            ],
            rows: totals
                .iter()
                .map(|it| {
                    vec![
                        name(it),
                        it.hash.chars().take(8).collect(),
                        it.published.clone(),
                        thousands(it.trades),
                        format!("{:.2}", it.notional_usd),
                        usd(it.net_usd),
                    ]
                })
                .collect(),
        },
        ..Section::default()
    }
}

/// The trades of each day under the policies that were active.
fn by_day(report: &BackfillReport<'_>, days: &[&str]) -> Section {
    let of_day = |day: &str| {
        let active = report
            .backfill
            .parts
            .iter()
            .filter(move |part| part.day == day && part.active.as_ref() == Some(&part.policy));
        active.fold((0, 0.0, None), |(trades, notional, net), part| {
            let both = match (net, part.net_usd) {
                (Some(one), Some(other)) => Some(one + other),
                (one, other) => one.or(other),
            };
            (trades + part.trades, notional + part.notional_usd, both)
        })
    };
    let results: Vec<(u64, f64, Option<f64>)> = days.iter().map(|day| of_day(day)).collect();
    Section {
        id: "by_day",
        title: "Active policies by day",
        lead: "The intents of each day, answered under the policy that was active when they were recorded.".to_owned(),
        empty: "There are no intents.",
        chart: Some(Chart {
            kind: "bars",
            labels: days.iter().map(|day| (*day).to_owned()).collect(),
            series: vec![Series {
                name: "Notional, USD",
                values: results.iter().map(|it| it.1).collect(),
            }],
            ..Chart::default()
        }),
        table: Table {
            columns: vec!["Day", "Trades", "Notional, USD", "Net, USD"],
            rows: days
                .iter()
                .zip(&results)
                .map(|(day, (trades, notional, net))| {
                    vec![(*day).to_owned(), thousands(*trades), format!("{notional:.2}"), usd(*net)]
                })
                .collect(),
        },
        ..Section::default()
    }
}
