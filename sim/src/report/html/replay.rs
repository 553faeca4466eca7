//! The report of a replay.

use portcullis::{
    policy::Policy,
    types::{Shown, Timestamp},
};

use super::{
    cube::{CubeData, Threshold, near_miss_rows},
    page::{Data, Page, Section, Table},
};
use crate::{
    replay::{AnswerTally, Timeline},
    report::{replay::ReplayReport, run_settings::ASSUMED},
    text::{some, thousands, to_second},
};

/// The maximum number of tapes that are named.
const TAPES_SHOWN: usize = 20;

/// The maximum number of threshold lines in the ladder chart. The first policies of the tape have precedence.
const THRESHOLDS_SHOWN: usize = 12;

/// The maximum number of rows in the policy timeline.
const ACTIVATIONS_SHOWN: usize = 500;

/// Creates the report of a replay.
#[must_use]
pub fn replay_page(report: &ReplayReport<'_>, tally: &AnswerTally) -> Page {
    let outcome = report.outcome;
    let counts = &outcome.counts;
    let mut facts = vec![
        ("Tapes", Shown(some(report.tapes, TAPES_SHOWN)).whole()),
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
            thousands(counts.policies_applied),
            thousands(counts.policies_rejected)
        ),
    ));
    facts.push(("Guardrails", Shown(&report.run_settings.guardrails).whole()));
    facts.push(("Exit owner", Shown(&report.run_settings.exit_owner).whole()));
    if report.run_settings.assume_in_force {
        facts.push(("Policy validity", ASSUMED.to_owned()));
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
            cube: Some(CubeData::new(
                tally,
                outcome.timeline.symbols(),
                &thresholds.0,
            )),
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
fn threshold_text((thresholds, more): &(Vec<Threshold>, usize)) -> String {
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
    tally: &AnswerTally,
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
                threshold_text(thresholds)
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
        near_misses(tally),
        activations(timeline),
    ]
}

fn near_misses(tally: &AnswerTally) -> Section {
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
            rows: near_miss_rows(tally),
        },
        ..Section::default()
    }
}

/// Creates the policy timeline: which policy was active when.
fn activations(timeline: &Timeline) -> Section {
    let all: Vec<_> = timeline.activations().collect();
    let mut rows = Vec::new();
    for (place, (from, state)) in all.iter().enumerate().take(ACTIVATIONS_SHOWN) {
        let until = all.get(place + 1).map(|(next, _)| *next);
        let begin = match *from == Timestamp::MIN {
            true => "start".to_owned(),
            false => to_second(*from),
        };
        let end = until.map_or_else(|| "end".to_owned(), to_second);
        rows.push(match state.policy() {
            Ok(policy) => vec![begin, end, label(policy), to_second(policy.valid_until())],
            Err(unavailable) => vec![begin, end, Shown(unavailable).whole(), "–".to_owned()],
        });
    }
    if all.len() > ACTIVATIONS_SHOWN {
        let more = all.len() - ACTIVATIONS_SHOWN;
        rows.push(vec![
            "…".to_owned(),
            String::new(),
            format!("{more} more"),
            String::new(),
        ]);
    }
    Section {
        id: "activations",
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
