//! The report of a replay, as text and as JSON.

use std::{cmp::Reverse, collections::BTreeMap, fmt};

use portcullis::{answer::Verdict, policy::Policy, types::Shown};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{
    next_step::{Skips, write_next_steps},
    policy_set::SetSection,
    run_settings::{RunSettings, write_offset_note},
};
use crate::{
    replay::{Counts, ReplayOutcome, SymbolCounts},
    text::{
        and_more, bar, bar_cells, counted, share, some, table, thousands, to_second, write_table,
    },
};

/// The maximum numbers of symbols, policies and tapes in the text. The rest is summed up in one
/// row.
const SYMBOLS_SHOWN: usize = 12;
const POLICIES_SHOWN: usize = 20;
const TAPES_SHOWN: usize = 5;

/// A replay with its inputs, ready to be reported.
#[derive(Debug)]
pub struct ReplayReport<'a> {
    /// The outcome of the replay.
    pub outcome: &'a ReplayOutcome,
    /// The settings of the run.
    pub run_settings: &'a RunSettings,
    /// The names of the tapes.
    pub tapes: &'a [String],
}

/// Pairs that are serialized as a JSON object, in their order.
struct Object<T>(T);

impl<K: Serialize, V: Serialize, T: Iterator<Item = (K, V)> + Clone> Serialize for Object<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.clone())
    }
}

#[derive(Serialize)]
struct PolicyRow<'a> {
    version: &'a str,
    hash: String,
    valid_until: String,
    answers: u64,
}

impl ReplayReport<'_> {
    fn counts(&self) -> &Counts {
        &self.outcome.counts
    }

    fn of(&self, verdict: Verdict) -> u64 {
        self.counts()
            .decisions()
            .filter(|(v, _)| *v == verdict)
            .map(|(_, count)| count)
            .sum()
    }

    /// Returns the symbols that any policy lists, sorted by name, with their counts.
    fn symbols(&self) -> Vec<(String, SymbolCounts)> {
        let names = self.outcome.timeline.symbols().iter().enumerate();
        let mut symbols: Vec<_> = names
            .map(|(number, symbol)| (symbol.to_string(), self.counts().of_symbol(number)))
            .collect();
        symbols.sort_by(|(a, _), (b, _)| a.cmp(b));
        symbols
    }

    /// Returns each policy with the number of answers under it. Policies with equal hashes are merged: they differ only
    /// in whether they state their hash.
    fn policies(&self) -> Vec<(&Policy, u64)> {
        let mut rows: Vec<(&Policy, u64)> = Vec::new();
        let mut places = BTreeMap::new();
        for (number, policy) in self.outcome.timeline.policies().enumerate() {
            let answers = self.counts().under_policy(number);
            let place = *places
                .entry(*policy.hash().as_bytes())
                .or_insert(rows.len());
            match rows.get_mut(place) {
                Some((_, sum)) => *sum += answers,
                None => rows.push((policy, answers)),
            }
        }
        rows
    }
}

impl Serialize for ReplayReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counts = self.counts();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("tapes", self.tapes)?;
        map.serialize_entry("records", &counts.records)?;
        let decisions: Vec<_> = counts.decisions().map(|(v, n)| (v.as_str(), n)).collect();
        map.serialize_entry("decisions", &Object(decisions.into_iter()))?;
        let reasons: Vec<_> = counts.reasons().map(|(r, n)| (r.code(), n)).collect();
        map.serialize_entry("reasons", &Object(reasons.into_iter()))?;
        let actions: Vec<_> = counts.actions().map(|(a, n)| (a.as_str(), n)).collect();
        map.serialize_entry("harvest_actions", &Object(actions.into_iter()))?;
        map.serialize_entry("symbols", &Object(self.symbols().into_iter()))?;
        map.serialize_entry("other_symbols", &counts.other_symbols)?;
        let policies: Vec<PolicyRow<'_>> = self
            .policies()
            .into_iter()
            .map(|(policy, answers)| PolicyRow {
                version: policy.version(),
                hash: policy.hash().to_string(),
                valid_until: policy.valid_until().to_string(),
                answers,
            })
            .collect();
        map.serialize_entry("policies", &policies)?;
        map.serialize_entry("policies_seen", &counts.policies_applied)?;
        map.serialize_entry("policies_refused", &counts.policies_rejected)?;
        map.serialize_entry("unreadable_lines", &self.counts().unreadable())?;
        map.serialize_entry("times_without_offset", &counts.offset_assumed)?;
        map.serialize_entry("first_ts", &counts.span.map(|(first, _)| first.as_millis()))?;
        map.serialize_entry("last_ts", &counts.span.map(|(_, last)| last.as_millis()))?;
        if let Some(set) = &self.outcome.set {
            map.serialize_entry("policy_set", &SetSection::of_replay(set))?;
        }
        self.run_settings.serialize_into(&mut map)?;
        map.serialize_entry("digest", self.outcome.digest.to_hex().as_str())?;
        map.end()
    }
}

impl fmt::Display for ReplayReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        self.write_decisions(f)?;
        self.write_reasons(f)?;
        self.write_harvests(f)?;
        self.write_symbols(f)?;
        self.write_policies(f)?;
        if let Some(set) = &self.outcome.set {
            write!(f, "{}", SetSection::of_replay(set))?;
        }
        writeln!(f, "\ndigest  {}", self.outcome.digest.to_hex())?;
        self.write_totals(f)?;
        let symbols = self.outcome.timeline.symbols();
        let skips = Skips::of(self.counts(), symbols, self.tapes);
        write_next_steps(f, &skips.next_steps())
    }
}

impl ReplayReport<'_> {
    /// Writes the totals again, because the last lines of a long summary are those that a terminal shows.
    fn write_totals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decisions = self.counts().decisions().filter(|(_, count)| *count > 0);
        let totals: Vec<String> = decisions
            .map(|(verdict, count)| format!("{} {}", thousands(count), verdict.as_str()))
            .collect();
        let records = counted(self.counts().records, "record");
        match totals.is_empty() {
            true => Ok(()),
            false => writeln!(f, "total   {records}: {}", totals.join(", ")),
        }
    }

    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts();
        writeln!(
            f,
            "{} from {}",
            counted(counts.records, "record"),
            Shown(some(self.tapes, TAPES_SHOWN)).whole()
        )?;
        if let Some((first, last)) = counts.span {
            writeln!(f, "{} to {}", to_second(first), to_second(last))?;
        }
        let settings = self.run_settings;
        let mut exits = format!("exit owner: {}", settings.exit_owner);
        if !settings.exit_delegates.is_empty() {
            let delegates = settings.exit_delegates.join(", ");
            exits.push_str(&format!("; exit delegates: {delegates}"));
        }
        let (guardrails, exits) = (Shown(&settings.guardrails).whole(), Shown(&exits).whole());
        writeln!(f, "guardrails: {guardrails}; {exits}")?;
        settings.write_assumption(f)?;
        write_offset_note(f, counts.offset_assumed)?;
        if self.counts().unreadable() > 0 {
            let lines = counted(self.counts().unreadable(), "unreadable line");
            writeln!(
                f,
                "{lines}; the `detail` of each answer has the line and column"
            )?;
        }
        Ok(())
    }

    fn write_decisions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = table(&["decision", "records", "share"], "lrr");
        for (verdict, count) in self.counts().decisions().filter(|(_, count)| *count > 0) {
            table.add_row([
                verdict.as_str().to_owned(),
                thousands(count),
                share(count, self.counts().records),
            ]);
        }
        write_table(f, &table)
    }

    fn write_reasons(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let skips = self.of(Verdict::Skip);
        let mut reasons: Vec<_> = self.counts().reasons().collect();
        if reasons.is_empty() {
            return Ok(());
        }
        reasons.sort_by_key(|(_, count)| Reverse(*count));
        let cells = bar_cells(f);
        let mut table = table(&["skip reason", "records", "share", ""], "lrrl");
        for (reason, count) in reasons {
            table.add_row([
                reason.code().to_owned(),
                thousands(count),
                share(count, skips),
                bar(cells, count, skips),
            ]);
        }
        write_table(f, &table)
    }

    fn write_harvests(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let evaluated = self.of(Verdict::Harvest);
        if evaluated == 0 {
            return Ok(());
        }
        let cells = bar_cells(f);
        let mut table = table(&["harvest action", "positions", "share", ""], "lrrl");
        for (action, count) in self.counts().actions() {
            table.add_row([
                action.as_str().to_owned(),
                thousands(count),
                share(count, evaluated),
                bar(cells, count, evaluated),
            ]);
        }
        write_table(f, &table)
    }

    fn write_symbols(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = table(&["symbol", "trades", "exits", "harvests", "skips"], "lrrrr");
        let mut symbols = self.symbols();
        symbols.retain(|(_, counts)| counts.total() > 0);
        symbols.sort_by_key(|(_, counts)| Reverse(counts.total()));
        let rest = symbols.split_off(symbols.len().min(SYMBOLS_SHOWN));
        if !rest.is_empty() {
            let mut sum = SymbolCounts::default();
            rest.iter().for_each(|(_, counts)| sum.merge(*counts));
            symbols.push((and_more(rest.len()), sum));
        }
        let others = self.counts().other_symbols;
        if others.total() > 0 {
            symbols.push(("not in any policy".to_owned(), others));
        }
        for (name, counts) in symbols {
            table.add_row([
                name,
                thousands(counts.trades),
                thousands(counts.exits),
                thousands(counts.harvests),
                thousands(counts.skips),
            ]);
        }
        write_table(f, &table)
    }

    fn write_policies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts();
        let mut table = table(&["policy", "hash", "valid until", "answers"], "lllr");
        // The policies with the most answers, in the order in which they appeared.
        let mut policies: Vec<_> = self.policies().into_iter().enumerate().collect();
        policies.sort_by_key(|(_, (_, answers))| Reverse(*answers));
        let rest = policies.split_off(policies.len().min(POLICIES_SHOWN));
        policies.sort_by_key(|(place, _)| *place);
        for (_, (policy, answers)) in policies {
            table.add_row([
                Shown(policy.version()).to_string(),
                policy.hash().short(),
                to_second(policy.valid_until()),
                thousands(answers),
            ]);
        }
        if !rest.is_empty() {
            let answers = rest.iter().map(|(_, (_, answers))| answers).sum();
            let blank = String::new;
            table.add_row([and_more(rest.len()), blank(), blank(), thousands(answers)]);
        }
        if table.is_empty() {
            writeln!(f, "\nno policy was active")?;
        } else {
            write_table(f, &table)?;
        }
        if counts.policies_rejected > 0 {
            let updates = counted(counts.policies_rejected, "policy update");
            match self.outcome.set {
                Some(_) => writeln!(f, "{updates} rejected")?,
                None => writeln!(f, "{updates} rejected; the previous policy stayed active")?,
            }
        }
        Ok(())
    }
}
