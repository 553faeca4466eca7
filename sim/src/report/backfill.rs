//! The report of a backfill, as text and as JSON.

use std::fmt;

use portcullis::types::Shown;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::run_settings::RunSettings;
use crate::{
    backfill::{Backfill, Effect, Part, Publication, effects},
    text::{counted, some, table, thousands, to_second, write_table},
};

/// The maximum number of tapes that the text names.
const TAPES_SHOWN: usize = 5;

/// A backfill with its inputs, ready to be reported.
#[derive(Debug)]
pub struct BackfillReport<'a> {
    /// The result of the backfill.
    pub backfill: &'a Backfill,
    /// The publications, in order of time.
    pub publications: &'a [Publication],
    /// The settings of the run.
    pub run_settings: &'a RunSettings,
    /// The names of the tapes.
    pub tapes: &'a [String],
}

/// The totals of one policy over all days.
#[derive(Debug, Default, Serialize)]
pub(super) struct PublicationRow {
    pub(super) seq: Option<u64>,
    pub(super) version: String,
    pub(super) hash: String,
    pub(super) published: String,
    pub(super) trades: u64,
    pub(super) notional_usd: f64,
    pub(super) net_usd: Option<f64>,
    pub(super) effect: Option<Effect>,
}

impl PublicationRow {
    /// Returns the word for the effect of the publication: `helped`, `hurt` or `same` by the simulated profit, or `-` if
    /// nothing was simulated.
    pub(super) fn verdict(&self) -> &'static str {
        match self.effect.and_then(|effect| effect.net_usd) {
            None => "-",
            Some((before, after)) if after > before => "helped",
            Some((before, after)) if after < before => "hurt",
            Some(_) => "same",
        }
    }
}

impl BackfillReport<'_> {
    /// Returns the totals of each publication, in order of time.
    pub(super) fn totals(&self) -> Vec<PublicationRow> {
        let effects = effects(self.publications, &self.backfill.parts);
        let of = |(publication, effect): (&Publication, Option<Effect>)| {
            let hash = publication.policy.hash().to_string();
            let own = self
                .backfill
                .parts
                .iter()
                .filter(|part| part.policy == hash);
            let mut totals = PublicationRow {
                seq: publication.policy.seq(),
                version: publication.policy.version().to_owned(),
                published: to_second(publication.at),
                effect,
                ..PublicationRow::default()
            };
            for part in own {
                totals.trades += part.trades;
                totals.notional_usd += part.notional_usd;
                if let Some(net) = part.net_usd {
                    *totals.net_usd.get_or_insert(0.0) += net;
                }
            }
            totals.hash = hash;
            totals
        };
        self.publications.iter().zip(effects).map(of).collect()
    }

    /// Returns the number of records, and the days, in order.
    pub(super) fn days(&self) -> (u64, Vec<&str>) {
        let first = self.backfill.parts.first().map(|part| part.policy.as_str());
        let of_one = self
            .backfill
            .parts
            .iter()
            .filter(|part| Some(&*part.policy) == first);
        let mut days: Vec<&str> = of_one.clone().map(|part| part.day.as_str()).collect();
        days.sort_unstable();
        days.dedup();
        (of_one.map(|part| part.records).sum(), days)
    }
}

impl Serialize for BackfillReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("tapes", self.tapes)?;
        map.serialize_entry("undated", &self.backfill.undated)?;
        map.serialize_entry("policies", &self.totals())?;
        let parts: &[Part] = &self.backfill.parts;
        map.serialize_entry("parts", parts)?;
        self.run_settings.serialize_into(&mut map)?;
        map.end()
    }
}

impl fmt::Display for BackfillReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (records, days) = self.days();
        writeln!(
            f,
            "{} on {} from {}",
            counted(records, "intent"),
            counted(days.len(), "day"),
            Shown(some(self.tapes, TAPES_SHOWN)).whole()
        )?;
        self.run_settings.write_policy_settings(f)?;
        if self.backfill.undated > 0 {
            let intents = counted(self.backfill.undated, "intent");
            writeln!(f, "{intents} without a time, in no day")?;
        }
        let totals = self.totals();
        writeln!(f, "\nevery policy for all days")?;
        let columns = [
            "sequence",
            "version",
            "published",
            "trades",
            "notional USD",
            "net USD",
        ];
        let mut all = table(&columns, "lllrrr");
        for it in &totals {
            all.add_row([
                it.seq.map_or_else(|| "-".to_owned(), |seq| seq.to_string()),
                Shown(&it.version).to_string(),
                it.published.clone(),
                thousands(it.trades),
                format!("{:.2}", it.notional_usd),
                usd(it.net_usd),
            ]);
        }
        write_table(f, &all)?;
        writeln!(
            f,
            "\neach publication against the policy before it, while it was active"
        )?;
        let columns = [
            "sequence",
            "intents",
            "trades",
            "notional USD",
            "net USD",
            "result",
        ];
        let mut changes = table(&columns, "lrrrrl");
        for it in &totals {
            let Some(effect) = &it.effect else { continue };
            let net = effect.net_usd.map(|(before, after)| after - before);
            changes.add_row([
                it.seq.map_or_else(|| "-".to_owned(), |seq| seq.to_string()),
                thousands(effect.records),
                format!(
                    "{} → {}",
                    thousands(effect.trades.0),
                    thousands(effect.trades.1)
                ),
                format!(
                    "{:.2} → {:.2}",
                    effect.notional_usd.0, effect.notional_usd.1
                ),
                usd(net),
                it.verdict().to_owned(),
            ]);
        }
        write_table(f, &changes)
    }
}

/// Formats an amount, or `-` if nothing was simulated.
pub(super) fn usd(amount: Option<f64>) -> String {
    amount.map_or_else(|| "-".to_owned(), |amount| format!("{amount:.2}"))
}
