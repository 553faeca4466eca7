//! The page of a replay.

use portcullis::{
    domain::{Instant, Shown},
    policy::Policy,
};

use super::{Data, Page, Section, Table, Tally, shown, tally::Threshold};
use crate::{
    replay::Timeline,
    report::{
        Summary,
        table::{some, thousands, to_second},
    },
};

/// So many tapes are named.
const TAPES_SHOWN: usize = 20;

/// So many lines are drawn across the ladder, those of the policies that came first.
const THRESHOLDS_SHOWN: usize = 12;

/// So many reigns are listed.
const REIGNS_SHOWN: usize = 500;

/// What a run answered, and under what.
#[must_use]
pub fn replay_page(summary: &Summary<'_>, tally: &Tally) -> Page {
    let outcome = summary.outcome;
    let counts = &outcome.counts;
    let mut facts = vec![
        ("tapes", shown(&some(summary.tapes, TAPES_SHOWN))),
        ("records", thousands(counts.records)),
    ];
    for (verdict, count) in counts.decisions() {
        facts.push((verdict.as_str(), thousands(count)));
    }
    if let Some((first, last)) = counts.span {
        facts.push(("time", format!("{first} to {last}")));
    }
    facts.push((
        "policies",
        format!(
            "{} seen, {} refused",
            thousands(counts.policies_seen),
            thousands(counts.policies_refused)
        ),
    ));
    facts.push(("guardrails", shown(&summary.operator.guardrails)));
    facts.push(("exit owner", shown(&summary.operator.exit_owner)));
    if summary.operator.assume_in_force {
        let assumed = "every policy was ASSUMED to be in force at every record's time";
        facts.push(("policies", assumed.to_owned()));
    }
    for (name, count) in [
        ("unreadable lines", counts.unreadable()),
        ("times without an offset", counts.offset_assumed),
        ("skipped without a time", counts.untimed),
    ] {
        if count > 0 {
            facts.push((name, thousands(count)));
        }
    }
    facts.push(("digest", outcome.digest.to_hex().to_string()));
    let thresholds = thresholds(&outcome.timeline);
    Page {
        title: "Portcullis: a replay".to_owned(),
        facts,
        data: Data {
            cube: Some(tally.data(outcome.timeline.symbols(), &thresholds.0)),
            sections: sections(&outcome.timeline, tally, &thresholds),
            ..Data::default()
        },
    }
}

/// What R was held against, the least first; each once, and not more than are read at a glance: how many more there are.
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
            let found = Threshold { field, r: r.get() };
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

/// How a ladder names its lines.
fn lines_told((thresholds, more): &(Vec<Threshold>, usize)) -> String {
    let names: Vec<String> = thresholds.iter().map(ToString::to_string).collect();
    let more = match more {
        0 => String::new(),
        more => format!(", and {more} more that are not drawn"),
    };
    match &*names {
        [] => String::new(),
        names => format!(
            " Lines: {}{more}, as the policies had them.",
            names.join(", ")
        ),
    }
}

fn sections(
    timeline: &Timeline,
    tally: &Tally,
    thresholds: &(Vec<Threshold>, usize),
) -> Vec<Section> {
    let none = "No record of this tape.";
    let no_harvest = "No position was judged.";
    let wide = |section: Section| Section {
        wide: true,
        ..section
    };
    vec![
        wide(Section::of_cube(
            "time",
            "Answers over time",
            "Records without a time are left out here.",
            none,
        )),
        Section::of_cube(
            "answers",
            "Skips by reason",
            "All decisions stand in the table.",
            none,
        ),
        Section::of_cube(
            "symbols",
            "Answers by symbol",
            "The twenty with the most answers; all of them stand in the table.",
            none,
        ),
        Section::of_cube(
            "leverages",
            "Leverage of the trades",
            "Filtered by symbol and time.",
            "No trade.",
        ),
        Section::of_cube(
            "notionals",
            "Size of the trades",
            "What a position is worth when it is opened, in USD. Filtered by symbol and time.",
            "No trade.",
        ),
        wide(Section::of_cube(
            "ladder",
            "The harvest ladder",
            &format!(
                "Profit less costs in units of the risk (R_net) of every position judged, and what was proposed. Filtered by \
                 symbol and time.{}",
                lines_told(thresholds)
            ),
            no_harvest,
        )),
        Section::of_cube(
            "kills",
            "Kill scores",
            "Filtered by symbol and time.",
            no_harvest,
        ),
        Section::of_cube(
            "components",
            "What makes up the kill scores",
            "In how many positions each component was above zero. Filtered by symbol and time.",
            no_harvest,
        ),
        near(tally),
        reigns(timeline),
    ]
}

fn near(tally: &Tally) -> Section {
    Section {
        id: "near",
        title: "Skips that a smaller change would have passed",
        lead: "At the gate that failed; a later gate might still have refused. Over all records, whatever the filters say."
            .to_owned(),
        empty: "No such skip.",
        wide: true,
        table: Table {
            columns: vec!["what would have let them pass", "change", "records", "first record"],
            rows: tally.near_rows().into_iter().map(Vec::from).collect(),
        },
        ..Section::default()
    }
}

/// What ruled when, as the tape told it.
fn reigns(timeline: &Timeline) -> Section {
    let all: Vec<_> = timeline.reigns().collect();
    let mut rows = Vec::new();
    for (place, (from, rule)) in all.iter().enumerate().take(REIGNS_SHOWN) {
        let until = all.get(place + 1).map(|(next, _)| *next);
        let begin = match *from == Instant::MIN {
            true => "the beginning".to_owned(),
            false => to_second(*from),
        };
        let end = until.map_or_else(|| "the end".to_owned(), to_second);
        rows.push(match rule {
            Ok(policy) => vec![begin, end, label(policy), to_second(policy.valid_until())],
            Err(absence) => vec![begin, end, shown(&absence.to_string()), "–".to_owned()],
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
        title: "What ruled when",
        lead: "Past its expiry a policy rules, and entries are skipped as stale.".to_owned(),
        empty: "Nothing.",
        wide: true,
        table: Table {
            columns: vec!["from", "to", "policy", "valid until"],
            rows,
        },
        ..Section::default()
    }
}

fn label(policy: &Policy) -> String {
    format!("{} {}", Shown(policy.version()), policy.hash().short())
}
