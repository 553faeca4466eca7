//! The part of a report about a policy set, as text and as JSON.

use std::{cmp::Reverse, collections::BTreeMap, fmt};

use portcullis_rollout::{Agreement, Arm};
use serde::Serialize;

use crate::{
    replay::{EntryCounts, ExactSum, SetOutcome},
    simulate::{ArmResult, units::Money},
    text::{counted, share, table, thousands, write_table},
};

/// The maximum number of skip reasons that the text lists for an arm.
const REASONS_SHOWN: usize = 3;

/// A policy set with its counts and, for a simulation, its results.
pub(super) struct SetSection<'a> {
    outcome: &'a SetOutcome,
    results: &'a [ArmResult],
}

#[derive(Serialize)]
struct Section<'a> {
    seq: u64,
    hash: String,
    kill: bool,
    policy_records_set_aside: u64,
    recorded_decisions: u64,
    arm_reasons: &'a BTreeMap<&'static str, u64>,
    arms: Vec<Row>,
}

/// The live policy or an arm, with its counts and results.
#[derive(Serialize)]
struct Row {
    hash: String,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bps: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    entries: u64,
    trades: u64,
    notional_usd: ExactSum,
    reasons: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement: Option<Compared>,
    #[serde(skip_serializing_if = "Option::is_none")]
    simulated: Option<Simulated>,
    #[serde(skip)]
    counts: EntryCounts,
}

#[derive(Serialize)]
struct Compared {
    compared: u64,
    #[serde(flatten)]
    kinds: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct Simulated {
    opened: u64,
    closed: u64,
    net_usd: Money,
    drawdown_usd: Money,
}

impl<'a> SetSection<'a> {
    /// Creates the section of a replay.
    pub(super) const fn of_replay(outcome: &'a SetOutcome) -> Self {
        Self {
            outcome,
            results: &[],
        }
    }

    /// Creates the section of a simulation, with the results of the arms.
    pub(super) const fn of_simulation(outcome: &'a SetOutcome, results: &'a [ArmResult]) -> Self {
        Self { outcome, results }
    }

    /// Returns the live policy and the arms, in the order of the set.
    fn rows(&self) -> Vec<Row> {
        let SetOutcome { set, counts, .. } = self.outcome;
        let arms = set.arms().iter().map(|arm| {
            let counts = counts.of_arm(arm.hash());
            let mut row = Row::new(arm.hash().to_string(), role(arm), counts);
            row.bps = Some(u64::from(arm.bps().get()));
            row.until = Some(arm.until().to_string());
            row.agreement = arm.is_shadow().then(|| Compared::new(&row.counts));
            row
        });
        let live = Row::new(set.live().to_string(), "live", counts.live.clone());
        let mut rows: Vec<Row> = std::iter::once(live).chain(arms).collect();
        for result in self.results {
            let hash = result.policy.to_string();
            if let Some(row) = rows.iter_mut().find(|row| row.hash == hash) {
                row.simulated = Some(Simulated::new(result));
            }
        }
        rows
    }

    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SetOutcome { set, counts, .. } = self.outcome;
        writeln!(f, "\npolicy set {}", set.seq())?;
        if set.is_killed() {
            writeln!(f, "`kill` is true: the live policy decided all entries")?;
        }
        if counts.ignored > 0 {
            let records = counted(counts.ignored, "policy record");
            writeln!(f, "no effect under the set: {records} on the tape")?;
        }
        if counts.recorded > 0 {
            let records = counted(counts.recorded, "record");
            writeln!(
                f,
                "decided under the set instead of the recorded policy: {records}"
            )?;
        }
        Ok(())
    }

    fn write_reasons(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = table(&["arm reason", "entries"], "lr");
        for (code, count) in &self.outcome.counts.arm_reasons {
            table.add_row([(*code).to_owned(), thousands(*count)]);
        }
        write_table(f, &table)
    }
}

impl Serialize for SetSection<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let SetOutcome { set, counts, .. } = self.outcome;
        Section {
            seq: set.seq(),
            hash: set.hash().to_string(),
            kill: set.is_killed(),
            policy_records_set_aside: counts.ignored,
            recorded_decisions: counts.recorded,
            arm_reasons: &counts.arm_reasons,
            arms: self.rows(),
        }
        .serialize(serializer)
    }
}

impl fmt::Display for SetSection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        self.write_head(f)?;
        write_arms(f, &rows)?;
        self.write_reasons(f)?;
        write_agreements(f, &rows)?;
        write_results(f, &rows)
    }
}

impl Row {
    fn new(hash: String, role: &'static str, counts: EntryCounts) -> Self {
        Self {
            hash,
            role,
            bps: None,
            until: None,
            entries: counts.entries,
            trades: counts.trades,
            notional_usd: counts.notional_usd,
            reasons: counts.skips.iter().map(|(r, n)| (r.code(), *n)).collect(),
            agreement: None,
            simulated: None,
            counts,
        }
    }

    /// Returns the first digits of the hash.
    fn short_hash(&self) -> String {
        self.hash.chars().take(8).collect()
    }
}

impl Compared {
    fn new(counts: &EntryCounts) -> Self {
        let count = |kind: &Agreement| counts.agreements.get(kind).copied().unwrap_or_default();
        let kinds = Agreement::ALL.iter();
        Self {
            compared: counts.compared(),
            kinds: kinds.map(|it| (it.as_str(), count(it))).collect(),
        }
    }
}

impl Simulated {
    const fn new(result: &ArmResult) -> Self {
        Self {
            opened: result.opened,
            closed: result.closed,
            net_usd: result.net_usd,
            drawdown_usd: result.drawdown_usd,
        }
    }
}

fn role(arm: &Arm) -> &'static str {
    match arm.is_shadow() {
        true => "shadow",
        false => "canary",
    }
}

fn write_arms(f: &mut fmt::Formatter<'_>, rows: &[Row]) -> fmt::Result {
    let columns = [
        "role",
        "hash",
        "bps",
        "entries",
        "trades",
        "notional USD",
        "most frequent skip reasons",
    ];
    let mut table = table(&columns, "llrrrrl");
    for row in rows {
        let mut reasons: Vec<_> = row.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| Reverse(**count));
        let most = reasons.iter().take(REASONS_SHOWN);
        let most = most.map(|(reason, count)| format!("{reason} {}", thousands(**count)));
        table.add_row([
            row.role.to_owned(),
            row.short_hash(),
            row.bps
                .map_or_else(|| "–".to_owned(), |bps| bps.to_string()),
            thousands(row.entries),
            thousands(row.trades),
            format!("{:.2}", row.notional_usd.value()),
            most.collect::<Vec<_>>().join(", "),
        ]);
    }
    write_table(f, &table)
}

/// Writes the comparison of each shadow with the answers.
fn write_agreements(f: &mut fmt::Formatter<'_>, rows: &[Row]) -> fmt::Result {
    let mut table = table(
        &["shadow", "compared with the answer", "entries", "share"],
        "llrr",
    );
    for (row, agreement) in rows
        .iter()
        .filter_map(|row| Some((row, row.agreement.as_ref()?)))
    {
        for kind in Agreement::ALL {
            let count = agreement
                .kinds
                .get(kind.as_str())
                .copied()
                .unwrap_or_default();
            if count == 0 {
                continue;
            }
            let share = match kind.is_compared() {
                true => share(count, agreement.compared),
                false => "–".to_owned(),
            };
            table.add_row([
                row.short_hash(),
                kind.as_str().to_owned(),
                thousands(count),
                share,
            ]);
        }
    }
    write_table(f, &table)
}

/// Writes the results of the positions, if they were simulated.
fn write_results(f: &mut fmt::Formatter<'_>, rows: &[Row]) -> fmt::Result {
    let columns = [
        "role",
        "hash",
        "positions",
        "closed",
        "net (USD)",
        "max drawdown (USD)",
    ];
    let mut table = table(&columns, "llrrrr");
    for (row, result) in rows
        .iter()
        .filter_map(|row| Some((row, row.simulated.as_ref()?)))
    {
        table.add_row([
            row.role.to_owned(),
            row.short_hash(),
            thousands(result.opened),
            thousands(result.closed),
            result.net_usd.to_string(),
            result.drawdown_usd.to_string(),
        ]);
    }
    write_table(f, &table)
}
