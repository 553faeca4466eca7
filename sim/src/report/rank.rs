//! The report of a ranking, as text and as JSON.

use std::{cmp::Reverse, collections::BTreeMap, fmt};

use portcullis::{answer::Verdict, harvest::HarvestAction, types::Shown};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{fixed_policy::write_input, next_step::Skips, run_settings::RunSettings};
use crate::{
    rank::{Candidate, Ranking},
    replay::Totals,
    text::{table, thousands, write_table},
};

/// A ranking with its inputs, ready to be reported.
#[derive(Debug)]
pub struct RankingReport<'a> {
    /// The result of the ranking.
    pub ranking: &'a Ranking,
    /// The settings of the run.
    pub run_settings: &'a RunSettings,
    /// The names of the tapes.
    pub tapes: &'a [String],
}

#[derive(Serialize)]
struct Row<'a> {
    file: &'a str,
    version: &'a str,
    hash: String,
    decisions: BTreeMap<&'static str, u64>,
    reasons: BTreeMap<&'static str, u64>,
    harvest_actions: BTreeMap<&'static str, u64>,
    #[serde(flatten)]
    totals: Totals,
}

impl<'a> Row<'a> {
    fn new(it: &'a Candidate) -> Self {
        let counts = &it.counts;
        Self {
            file: &it.name,
            version: it.policy.version(),
            hash: it.policy.hash().to_string(),
            decisions: counts.decisions().map(|(v, n)| (v.as_str(), n)).collect(),
            reasons: counts.reasons().map(|(r, n)| (r.code(), n)).collect(),
            harvest_actions: counts.actions().map(|(a, n)| (a.as_str(), n)).collect(),
            totals: it.totals,
        }
    }
}

impl Serialize for RankingReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Ranking {
            read,
            unreadable,
            candidates,
        } = self.ranking;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("tapes", self.tapes)?;
        map.serialize_entry("records", &read.records)?;
        map.serialize_entry("policy_records_set_aside", &read.ignored)?;
        map.serialize_entry("recorded_decisions", &read.recorded)?;
        map.serialize_entry("unreadable_lines", unreadable)?;
        let rows: Vec<_> = candidates.iter().map(Row::new).collect();
        map.serialize_entry("policies", &rows)?;
        self.run_settings.serialize_into(&mut map)?;
        map.end()
    }
}

impl RankingReport<'_> {
    /// Returns a message with the next step if no answer depends on a policy, so that the ranking has no meaning.
    #[must_use]
    pub fn judged_nothing(&self) -> Option<String> {
        let Ranking {
            read, candidates, ..
        } = self.ranking;
        if candidates.iter().any(|it| it.counts.reached_policy() > 0) {
            return None;
        }
        let counts = &candidates.first()?.counts;
        let skips = Skips::of(counts, &[], self.tapes);
        Some(skips.nothing_judged(read.records, "ranked", None))
    }
}

impl fmt::Display for RankingReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ranking {
            read,
            unreadable,
            candidates,
        } = self.ranking;
        write_input(f, read, self.tapes, self.run_settings, *unreadable)?;
        write_trades(f, candidates)?;
        write_skips(f, candidates)?;
        write_harvests(f, candidates)
    }
}

fn write_trades(f: &mut fmt::Formatter<'_>, candidates: &[Candidate]) -> fmt::Result {
    let columns = [
        "policy",
        "version",
        "hash",
        "notional USD",
        "trades",
        "mean leverage",
    ];
    let mut table = table(&columns, "lllrrr");
    for it in candidates {
        table.add_row([
            Shown(&it.name).whole(),
            Shown(it.policy.version()).to_string(),
            it.policy.hash().short(),
            format!("{:.2}", it.totals.notional_usd.value()),
            thousands(it.totals.trades),
            it.totals.mean_leverage(),
        ]);
    }
    write_table(f, &table)
}

/// The maximum number of skip reasons that the text report lists for a policy.
const REASONS_SHOWN: usize = 3;

fn write_skips(f: &mut fmt::Formatter<'_>, candidates: &[Candidate]) -> fmt::Result {
    let mut table = table(&["policy", "skips", "most frequent skip reasons"], "lrl");
    for it in candidates {
        let mut reasons: Vec<_> = it.counts.reasons().collect();
        reasons.sort_by_key(|(_, count)| Reverse(*count));
        let most = reasons.iter().take(REASONS_SHOWN);
        let most: Vec<_> = most
            .map(|(reason, count)| format!("{} {}", reason.code(), thousands(*count)))
            .collect();
        table.add_row([
            Shown(&it.name).whole(),
            thousands(decided(it, Verdict::Skip)),
            most.join(", "),
        ]);
    }
    write_table(f, &table)
}

fn write_harvests(f: &mut fmt::Formatter<'_>, candidates: &[Candidate]) -> fmt::Result {
    if candidates
        .iter()
        .all(|it| decided(it, Verdict::Harvest) == 0)
    {
        return Ok(());
    }
    let mut columns = vec!["policy", "harvests"];
    columns.extend(HarvestAction::ALL.iter().map(|action| action.as_str()));
    let mut table = table(&columns, &format!("l{}", "r".repeat(columns.len())));
    for it in candidates {
        let mut row = vec![
            Shown(&it.name).whole(),
            thousands(decided(it, Verdict::Harvest)),
        ];
        row.extend(it.counts.actions().map(|(_, count)| thousands(count)));
        table.add_row(row);
    }
    write_table(f, &table)
}

fn decided(it: &Candidate, verdict: Verdict) -> u64 {
    let of = it.counts.decisions().filter(|(v, _)| *v == verdict);
    of.map(|(_, count)| count).sum()
}
