//! The report of a replay.

use portcullis::{
    policy::Policy,
    types::{Shown, Timestamp},
};

use super::{Data, Page, Section, Table, Tally, shown, tally::Threshold};
use crate::{
    replay::Timeline,
    report::{
        Summary,
        table::{some, thousands, to_second},
    },
};

/// The maximum number of tapes that are named.
const TAPES_SHOWN: usize = 20;

/// The maximum number of threshold lines in the ladder chart. The first policies of the tape have precedence.
const THRESHOLDS_SHOWN: usize = 12;

/// The maximum number of rows in the policy timeline.
const REIGNS_SHOWN: usize = 500;

/// Creates the report of a replay.
#[must_use]
pub fn replay_page(summary: &Summary<'_>, tally: &Tally) -> Page {
    let outcome = summary.outcome;
    let counts = &outcome.counts;
    let mut facts = vec![
        ("Tapes", shown(&some(summary.tapes, TAPES_SHOWN))),
        ("Records", thousands(counts.records)),
    ];
    for (verdict, count) in counts.decisions() {
        facts.push((verdict.as_str(), thousands(count)));
    }
    if let Some((first, last)) = counts.span {
        facts.push(("Time range", format!("{first} to {last}")));
    }
    facts.push((
        "Policy updates",
        format!(
            "{} applied, {} rejected",
            thousands(counts.policies_seen),
            thousands(counts.policies_refused)
        ),
    ));
    facts.push(("Guardrails", shown(&summary.operator.guardrails)));
    facts.push(("Exit owner", shown(&summary.operator.exit_owner)));
    if summary.operator.assume_in_force {
        let assumed = "every policy was ASSUMED to be in force at every record's time";
        facts.push(("Policy validity", assumed.to_owned()));
    }
    for (name, count) in [
        ("Unreadable lines", counts.unreadable()),
        ("Timestamps without UTC offset", counts.offset_assumed),
        ("Skipped without timestamp", counts.untimed),
    ] {
        if count > 0 {
            facts.push((name, thousands(count)));
        }
    }
    facts.push(("Digest", outcome.digest.to_hex().to_string()));
    let thresholds = thresholds(&outcome.timeline);
    Page {
        title: "Portcullis replay".to_owned(),
        facts,
        data: Data {
            cube: Some(tally.data(outcome.timeline.symbols(), &thresholds.0)),
            sections: sections(&outcome.timeline, tally, &thresholds),
            ..Data::default()
        },
    }
}

/// Returns the distinct R thresholds of all policies in ascending order, at most [`THRESHOLDS_SHOWN`], and the number
/// of thresholds that are left out.
fn thresholds(timeline: &Timeline) -> (Vec<Threshold>, usize) {
    let mut all = Vec::new();
    for policy in timeline.policies() {
        let in_force = policy.assume_theta_in_force(policy.valid_until());
        let theta = in_force.theta();
        for (field, r) in [
            ("T1_R", theta.t1_r()),
            ("T2_R", theta.t2_r()),
            ("T3_R", theta.t3_r()),
            ("lock_R", theta.lock_r()),
        ] {
            let found = Threshold {
                field,
                r: r.value().get(),
            };
            if !all.contains(&found) {
                all.push(found);
            }
        }
    }
    let more = all.len().saturating_sub(THRESHOLDS_SHOWN);
    all.truncate(THRESHOLDS_SHOWN);
    all.sort_by(|a, b| a.r.total_cmp(&b.r));
    (all, more)
}

/// Describes the threshold lines of the ladder chart.
fn lines_told((thresholds, more): &(Vec<Threshold>, usize)) -> String {
    let names: Vec<String> = thresholds.iter().map(ToString::to_string).collect();
    let more = match more {
        0 => String::new(),
        more => format!(", and {more} more that are not drawn"),
    };
    match &*names {
        [] => String::new(),
        names => format!(" Lines: policy thresholds {}{more}.", names.join(", ")),
    }
}

fn sections(
    timeline: &Timeline,
    tally: &Tally,
    thresholds: &(Vec<Threshold>, usize),
) -> Vec<Section> {
    let none = "No records.";
    let no_harvest = "No evaluated positions.";
    let wide = |section: Section| Section {
        wide: true,
        ..section
    };
    vec![
        wide(Section::of_cube(
            "time",
            "Decisions over time",
            "Records without a timestamp are not shown.",
            none,
        )),
        Section::of_cube(
            "answers",
            "Skips by reason",
            "The table lists all decisions.",
            none,
        ),
        Section::of_cube(
            "symbols",
            "Decisions by symbol",
            "The chart shows the 20 symbols with the most records; the table lists all symbols.",
            none,
        ),
        Section::of_cube(
            "leverages",
            "Trades by leverage",
            "Filtered by symbol and time.",
            "No trades.",
        ),
        Section::of_cube(
            "notionals",
            "Trades by notional (USD)",
            "Filtered by symbol and time.",
            "No trades.",
        ),
        wide(Section::of_cube(
            "ladder",
            "Harvest ladder: positions by R",
            &format!(
                "R_net is the profit of a position less costs, divided by its risk at entry. Each bar counts evaluated \
                 positions by proposed action. Filtered by symbol and time.{}",
                lines_told(thresholds)
            ),
            no_harvest,
        )),
        Section::of_cube(
            "kills",
            "Positions by kill score (K)",
            "Filtered by symbol and time.",
            no_harvest,
        ),
        Section::of_cube(
            "components",
            "Kill score components",
            "The number of positions in which each component is above zero. Filtered by symbol and time.",
            no_harvest,
        ),
        near(tally),
        reigns(timeline),
    ]
}

fn near(tally: &Tally) -> Section {
    Section {
        id: "near",
        title: "Near misses: skipped entries that one change would allow",
        lead: "The change passes the failed gate; a later gate may still skip the entry. All records; not affected by \
               the filters."
            .to_owned(),
        empty: "No near misses.",
        wide: true,
        table: Table {
            columns: vec!["Change needed", "Amount or symbol", "Skips", "First record"],
            rows: tally.near_rows().into_iter().map(Vec::from).collect(),
        },
        ..Section::default()
    }
}

/// Creates the policy timeline: which policy was active when.
fn reigns(timeline: &Timeline) -> Section {
    let all: Vec<_> = timeline.activations().collect();
    let mut rows = Vec::new();
    for (place, (from, state)) in all.iter().enumerate().take(REIGNS_SHOWN) {
        let until = all.get(place + 1).map(|(next, _)| *next);
        let begin = match *from == Timestamp::MIN {
            true => "start".to_owned(),
            false => to_second(*from),
        };
        let end = until.map_or_else(|| "end".to_owned(), to_second);
        rows.push(match state.policy() {
            Ok(policy) => vec![begin, end, label(policy), to_second(policy.valid_until())],
            Err(unavailable) => vec![begin, end, shown(&unavailable.to_string()), "–".to_owned()],
        });
    }
    if all.len() > REIGNS_SHOWN {
        let more = all.len() - REIGNS_SHOWN;
        rows.push(vec![
            "…".to_owned(),
            String::new(),
            format!("{more} more"),
            String::new(),
        ]);
    }
    Section {
        id: "reigns",
        title: "Policy timeline",
        lead: "A policy stays active after it expires; entries are then skipped as POLICY_STALE."
            .to_owned(),
        empty: "No policies.",
        wide: true,
        table: Table {
            columns: vec!["From", "To", "Policy", "Valid until"],
            rows,
        },
        ..Section::default()
    }
}

fn label(policy: &Policy) -> String {
    format!("{} {}", Shown(policy.version()), policy.hash().short())
}
