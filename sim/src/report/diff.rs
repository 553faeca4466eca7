//! The report of a comparison: its inputs and its text.

mod json;

use std::{cmp::Reverse, fmt};

use portcullis::{
    policy::Policy,
    types::{Shown, Symbol, Timestamp},
};

use super::{fixed_policy::write_input, next_step::Skips, run_settings::RunSettings};
use crate::{
    diff::{Change, Difference, Effect, Flip, FlipKind},
    text::{and_more, bar, bar_cells, counted, table, thousands, without_noise, write_table},
};

/// The maximum number of rows in a table, and of largest flips, in the text report.
const ROWS_SHOWN: usize = 12;

/// A comparison with its inputs, ready to be reported.
#[derive(Debug)]
pub struct DiffReport<'a> {
    /// The result of the comparison.
    pub difference: &'a Difference,
    /// The inputs of the comparison.
    pub compared: DiffInputs<'a>,
}

/// The inputs of a comparison.
#[derive(Debug, Clone, Copy)]
pub enum DiffInputs<'a> {
    /// Two policies over the same tapes.
    Policies {
        /// The old and the new policy.
        policies: (&'a Policy, &'a Policy),
        /// The names of the tapes.
        tapes: &'a [String],
        /// The settings of the run.
        run_settings: &'a RunSettings,
    },
    /// Two files of recorded answers.
    Answers {
        /// The names of both files.
        files: (&'a str, &'a str),
    },
    /// Recorded answers from a file, and the answers of this engine to the same tapes.
    Engine {
        /// The name of the file with answers.
        file: &'a str,
        /// The name of the policy that is active from the beginning.
        policy: Option<&'a str>,
        /// The names of the tapes.
        tapes: &'a [String],
        /// The settings of the run.
        run_settings: &'a RunSettings,
    },
}

/// The version of this engine.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The explanation for missing causes.
const NO_CAUSES: &str =
    "causes are not available, because recorded answers do not contain policies";

impl fmt::Display for DiffReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        let it = self.difference;
        if it.flips() > 0 {
            let kinds = it.kinds.iter().map(|(kind, n)| (kind.as_str().into(), *n));
            write_counts(f, "flip", kinds.collect())?;
            if self.has_causes() {
                let causes = it.by_cause.iter();
                let causes = causes.map(|(fields, n)| (cause_text(fields), *n));
                write_counts(f, "because of", causes.collect())?;
            }
            let reasons = it.by_reason.iter().map(|(r, n)| (r.code().into(), *n));
            write_counts(f, "skipped because", reasons.collect())?;
            let symbols = it.by_symbol.iter();
            let symbols = symbols.map(|(symbol, n)| (or_none(symbol), *n));
            write_counts(f, "symbol", symbols.collect())?;
            self.write_days(f)?;
            self.write_totals(f)?;
            self.write_largest(f)?;
        }
        self.write_other_reasons(f)?;
        match it.flips() {
            0 => Ok(()),
            // The last line of a long report is the one that a terminal shows.
            flips => {
                let records = counted(it.read.records, "record");
                writeln!(f, "\ntotal  {records}: {} answers flip", thousands(flips))
            }
        }
    }
}

impl DiffReport<'_> {
    /// Returns true if the causes of flips are known.
    pub(super) const fn has_causes(&self) -> bool {
        matches!(self.compared, DiffInputs::Policies { .. })
    }

    /// Returns an error with the next step if nothing was compared: no answer flips, and no answer depends on a policy
    /// in force. For recorded answers, an answer that needs no policy, such as an exit, counts as compared.
    #[must_use]
    pub fn judged_nothing(&self) -> Option<String> {
        let it = self.difference;
        let needs_policy = self.has_causes();
        let judged = it.reached_policy + if needs_policy { 0 } else { it.without_policy };
        if judged > 0 || it.flips() > 0 {
            return None;
        }
        let skips = Skips {
            answered: it.same + it.reasons.values().sum::<u64>(),
            reasons: it
                .unreached
                .iter()
                .map(|(reason, n)| (*reason, *n))
                .collect(),
            samples: &it.samples,
            listed: Vec::new(),
            tapes: self.tapes(),
        };
        let again = "replay the tape under a policy that is in force, and compare those answers";
        let again = match self.compared {
            DiffInputs::Answers { .. } => Some(again),
            DiffInputs::Policies { .. } | DiffInputs::Engine { .. } => None,
        };
        Some(skips.nothing_judged(it.read.records, "compared", again))
    }

    /// Returns the settings of the run, if the engine evaluated records.
    pub(super) const fn run_settings(&self) -> Option<&RunSettings> {
        match self.compared {
            DiffInputs::Policies { run_settings, .. } | DiffInputs::Engine { run_settings, .. } => {
                Some(run_settings)
            }
            DiffInputs::Answers { .. } => None,
        }
    }

    /// Returns the names of the tapes.
    pub(super) const fn tapes(&self) -> &[String] {
        match self.compared {
            DiffInputs::Policies { tapes, .. } | DiffInputs::Engine { tapes, .. } => tapes,
            DiffInputs::Answers { .. } => &[],
        }
    }

    /// Returns the descriptions of both sides.
    pub(super) fn sides(&self) -> [String; 2] {
        let answers = |file: &str| format!("answers in file {}", Shown(file).whole());
        match self.compared {
            DiffInputs::Policies {
                policies: (before, after),
                ..
            } => [before, after].map(|it| format!("{} {}", Shown(it.version()), it.hash().short())),
            DiffInputs::Answers {
                files: (before, after),
            } => [answers(before), answers(after)],
            DiffInputs::Engine { file, policy, .. } => {
                let engine = match policy {
                    Some(it) => {
                        let file = Shown(it).whole();
                        format!("engine {VERSION}, policy {file} from the beginning of the tape")
                    }
                    None => format!("engine {VERSION}"),
                };
                [answers(file), engine]
            }
        }
    }

    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = self.difference;
        let [before, after] = self.sides();
        writeln!(f, "before  {before}\nafter   {after}")?;
        if self.has_causes() {
            write!(f, "{}", changes_text(&it.changes))?;
        }
        writeln!(f)?;
        match self.run_settings() {
            Some(settings) => write_input(f, &it.read, self.tapes(), settings, it.unreadable)?,
            None => {
                writeln!(f, "{}", counted(it.read.records, "record"))?;
                if it.unreadable > 0 {
                    let lines = counted(it.unreadable, "unreadable line");
                    writeln!(f, "{lines}, skipped on both sides")?;
                }
            }
        }
        match it.flips() {
            0 if self.judged_nothing().is_some() => {
                writeln!(f, "nothing was compared: no record used a policy in force")
            }
            0 => writeln!(f, "no answer flips"),
            flips if self.has_causes() => writeln!(f, "{} answers flip", thousands(flips)),
            flips => writeln!(f, "{} answers flip; {NO_CAUSES}", thousands(flips)),
        }
    }

    fn write_days(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = &self.difference.by_day;
        let flips = self.difference.flips();
        let cells = bar_cells(f);
        let mut table = table(&["day", "flips", ""], "lrl");
        for (day, count) in days.iter().take(ROWS_SHOWN) {
            table.add_row([or_none(day), thousands(*count), bar(cells, *count, flips)]);
        }
        if days.len() > ROWS_SHOWN {
            let rest = days.values().skip(ROWS_SHOWN).sum();
            let more = and_more(days.len().saturating_sub(ROWS_SHOWN));
            table.add_row([more, thousands(rest), bar(cells, rest, flips)]);
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
                format!("{:.2}", totals.notional_usd.value()),
                totals.mean_leverage(),
            ]);
        }
        write_table(f, &table)
    }

    fn write_largest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = [
            "n",
            "flips",
            "symbol",
            "before",
            "after",
            "notional",
            "because of",
        ];
        let (columns, _) = columns.split_at(if self.has_causes() { 7 } else { 6 });
        let mut table = table(columns, "rrlllrl");
        // Rows that differ only in the number of the record are one row.
        let mut rows: Vec<(Vec<String>, u64)> = Vec::new();
        for row in self.difference.largest.iter().map(flip_row) {
            let is_equal = |(other, _): &&mut (Vec<String>, u64)| other.get(1..) == row.get(1..);
            match rows.iter_mut().find(is_equal) {
                Some((_, count)) => *count += 1,
                None => rows.push((row, 1)),
            }
        }
        for (mut row, count) in rows.into_iter().take(ROWS_SHOWN) {
            row.insert(1, thousands(count));
            table.add_row(row);
        }
        write_table(f, &table)
    }

    fn write_other_reasons(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows: Vec<_> = self.difference.reasons.iter().collect();
        rows.sort_by_key(|(_, records)| Reverse(**records));
        let mut table = table(
            &["skip reason before", "skip reason after", "records"],
            "llr",
        );
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

/// Formats one line per change: `+` for an added, `-` for a removed, and `~` for a changed value.
#[must_use]
pub fn changes_text(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "no difference\n".to_owned();
    }
    let width = changes.iter().map(|c| c.field.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for change in changes {
        let field = Shown(&change.field).whole();
        let shown = |value: &str| with_time(&change.field, Shown(value).whole());
        let (mark, values) = match (&change.before, &change.after) {
            (None, Some(after)) => ('+', shown(after)),
            (Some(before), None) => ('-', shown(before)),
            (Some(before), Some(after)) => ('~', format!("{} → {}", shown(before), shown(after))),
            (None, None) => continue,
        };
        text.push_str(&format!("{mark} {field:<width$}  {values}\n"));
    }
    text
}

/// Appends the time to the value of a field in epoch seconds.
#[must_use]
pub fn with_time(field: &str, value: String) -> String {
    if field.ends_with("_epoch")
        && let Ok(at) = Timestamp::parse_epoch_seconds(&value)
    {
        return format!("{value} ({at})");
    }
    value
}

/// Writes a table of names and counts, largest count first.
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
    let cells = bar_cells(f);
    let mut table = table(&[name, "flips", ""], "lrl");
    for (name, count) in rows {
        table.add_row([name, thousands(count), bar(cells, count, all)]);
    }
    write_table(f, &table)
}

fn or_none(text: &str) -> String {
    if text.is_empty() {
        return "none".to_owned();
    }
    text.to_owned()
}

/// Formats a cause: one field, or the fields that are needed together.
pub(super) fn cause_text(fields: &[String]) -> String {
    match fields {
        [] => "the whole policy".to_owned(),
        fields => Shown(fields.join(" + ")).whole(),
    }
}

/// Returns a flip as table cells: number, symbol, before, after, change of notional and, if known, the cause.
pub(super) fn flip_row(flip: &Flip) -> Vec<String> {
    let symbol = flip.symbol.as_ref().map(Symbol::to_string);
    let mut row = vec![
        flip.n.to_string(),
        or_none(&symbol.unwrap_or_default()),
        effect_text(&flip.before, flip.kind),
        effect_text(&flip.after, flip.kind),
        moved_text(flip),
    ];
    row.extend(flip.cause.as_deref().map(cause_text));
    row
}

fn effect_text(effect: &Effect, kind: FlipKind) -> String {
    let side = match (kind, effect.side) {
        (FlipKind::Side, Some(side)) => format!("{} ", side.as_str()),
        (_, _) => String::new(),
    };
    let more = match (effect.reason, effect.leverage, effect.harvest_action) {
        (Some(reason), _, _) => reason.code().to_owned(),
        (None, Some(leverage), _) => format!("{leverage}x"),
        (None, None, Some(action)) => match effect.stop_proposed {
            Some(stop) => format!("{} stop {stop}", action.as_str()),
            None => action.as_str().to_owned(),
        },
        (None, None, None) => match effect.quantity {
            Some(quantity) => format!("of {quantity}"),
            None => String::new(),
        },
    };
    let text = format!("{} {side}{more}", effect.decision.as_str());
    without_noise(text.trim_end())
}

fn moved_text(flip: &Flip) -> String {
    let moved = flip.notional_moved();
    if moved == 0.0 {
        return "–".to_owned();
    }
    format!("{moved:+.2}")
}
