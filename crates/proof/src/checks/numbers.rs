//! Checks 1 to 4 and 6, and the weights of check 5: hard-coded trading numbers.

use super::{
    follow::{Follow, Wanted, has_unit},
    orders::{Order, order},
    routine::{Part, Program, Routine},
    sinks::{Sink, Way},
};
use crate::{
    check::Check,
    evidence::Evidence,
    name_words::{any, words},
    tree::{Kind, Node},
    vocabulary::Subject,
};

/// The subject of a name, and the check that covers its numbers.
const NUMBERS: [(Subject, Check); 8] = [
    (Subject::Leverage, Check::Leverage),
    (Subject::Threshold, Check::HarvestThreshold),
    (Subject::KillScore, Check::KillScore),
    (Subject::KillScoreInContext, Check::KillScore),
    (Subject::Weight, Check::Symbols),
    (Subject::WeightInContext, Check::Symbols),
    (Subject::Size, Check::Size),
    (Subject::SizeInContext, Check::Size),
];

/// Words that indicate a trading context: one of these, or two of [`MAYBE_TRADING`].
const TRADING: [&str; 8] = [
    "symbol", "leverage", "notional", "trade", "trading", "lev", "usdt", "usd",
];
const MAYBE_TRADING: [&str; 5] = ["side", "order", "position", "entry", "qty"];
/// Words of things other than trades that have a size.
const OTHER_CALLS: [&str; 18] = [
    "plot", "chart", "figure", "fig", "scatter", "font", "draw", "ax", "axis", "legend", "style",
    "pool", "queue", "cache", "image", "page", "grid", "batch",
];
const SELECTION: [&str; 8] = [
    "symbol",
    "universe",
    "ranking",
    "rank",
    "selection",
    "selector",
    "scoring",
    "select",
];
const KILL: [&str; 5] = ["kill", "sigma", "harvest", "ts", "theta"];

pub(super) fn examine<'a>(
    program: &Program<'a>,
    routine: &Routine<'a>,
    sinks: &[Sink<'a>],
    found: &mut Vec<Evidence>,
) {
    for sink in sinks {
        for (subject, check) in NUMBERS {
            let Some(name) = named(program, routine, sink, subject) else {
                continue;
            };
            let wanted = Number { program, subject };
            for it in (Follow {
                program,
                routine,
                wanted: &wanted,
                to_unit: has_unit(name),
            })
            .all(sink.value)
            {
                let why = format!("{} {} `{name}`", it.value, sink.way.told());
                found.push(Evidence {
                    check,
                    at: it.node.at,
                    value: it.value,
                    why,
                });
            }
        }
        stop_price(program, routine, sink, found);
        maximum(program, routine, sink, found);
    }
    for (_, call) in routine.calls() {
        if order(program, routine, call) == Some(Order::Entry) {
            for it in call
                .positional()
                .filter_map(|it| Some((it, Maximum { program }.leaf(it)?)))
            {
                let why = format!("the maximum `{}` is passed to an order", it.1);
                found.push(Evidence {
                    check: Check::MaximumLeverage,
                    at: it.0.at,
                    value: it.1,
                    why,
                });
            }
        }
    }
}

/// Returns the name of the sink that refers to the subject.
pub(super) fn named<'a>(
    program: &Program<'a>,
    routine: &Routine<'a>,
    sink: &Sink<'a>,
    subject: Subject,
) -> Option<&'a str> {
    let speaks = |name: &&&str| program.speaks_of(name, subject);
    let name = sink.names.iter().rev().find(speaks)?;
    let in_context = match subject {
        Subject::SizeInContext => trades(routine, sink),
        Subject::WeightInContext => titled(routine, sink, &SELECTION),
        Subject::KillScoreInContext => {
            titled(routine, sink, &KILL)
                || beside(sink, &KILL)
                || sink.within.iter().any(|name| any(&words(name), &KILL))
        }
        _ => true,
    };
    in_context.then_some(name)
}

/// Returns true if the function, class or map around a value is about trading.
fn trades(routine: &Routine<'_>, sink: &Sink<'_>) -> bool {
    let is_within = |of: &[&str]| sink.within.iter().any(|name| any(&words(name), of));
    let around = |of: &[&str]| {
        is_within(of)
            || titled(routine, sink, of)
            || beside(sink, of)
            || routine.part != Part::Module && routine.mentions(of)
    };
    let speaks = || {
        around(&TRADING)
            || MAYBE_TRADING
                .iter()
                .filter(|word| around(&[**word]))
                .count()
                >= 2
    };
    !is_within(&OTHER_CALLS) && speaks()
}

/// Returns true if a name of the value, the function or the class contains one of these words.
fn titled(routine: &Routine<'_>, sink: &Sink<'_>, of: &[&str]) -> bool {
    let class = routine.class.map(|class| class.name.as_str());
    let mut names = sink
        .names
        .iter()
        .copied()
        .chain([routine.name])
        .chain(class);
    names.any(|name| any(&words(name), of))
}

/// Returns true if the name of an entry in the same record contains one of these words.
fn beside(sink: &Sink<'_>, of: &[&str]) -> bool {
    let names = sink
        .record
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| entry.name.as_deref());
    names.map(words).any(|name| any(&name, of))
}

/// Search for numbers that are a violation for a subject.
struct Number<'p, 'a> {
    program: &'p Program<'a>,
    subject: Subject,
}

impl Wanted for Number<'_, '_> {
    fn leaf(&self, node: &Node) -> Option<String> {
        let (number, told) = match &node.kind {
            Kind::Number(number) => (*number, number.to_string()),
            Kind::Text(text) => (number_of(text)?, format!("\"{text}\"")),
            _ => return None,
        };
        let nothing = match self.subject {
            Subject::Threshold
            | Subject::KillScore
            | Subject::KillScoreInContext
            | Subject::StopPrice => false,
            _ => number <= 0.0,
        };
        (number.is_finite() && !nothing).then_some(told)
    }

    fn is_known(&self, name: &str) -> bool {
        let is = |subject| self.program.speaks_of(name, subject);
        let bound = self.subject == Subject::Leverage && is(Subject::MaximumLeverage);
        bound || self.subject != Subject::StopPrice && is(self.subject)
    }
}

/// Parses a string as a number: `"10"`, `" 10.5 "`, `"10x"`, `"10%"`.
fn number_of(text: &str) -> Option<f64> {
    let text = text.trim();
    let text = text.strip_suffix(['x', '%']).unwrap_or(text);
    let is_number =
        text.starts_with(|letter: char| letter.is_ascii_digit() || "+-.".contains(letter));
    if is_number { text.parse().ok() } else { None }
}

/// Checks for `stop = entry * 0.98`, where the factor is a hard-coded stop distance.
fn stop_price<'a>(
    program: &Program<'a>,
    routine: &Routine<'a>,
    sink: &Sink<'a>,
    found: &mut Vec<Evidence>,
) {
    let Some(name) = named(program, routine, sink, Subject::StopPrice) else {
        return;
    };
    let wanted = Number {
        program,
        subject: Subject::StopPrice,
    };
    let Kind::Arithmetic(..) = sink.value.kind else {
        return;
    };
    for it in (Follow {
        program,
        routine,
        wanted: &wanted,
        to_unit: false,
    })
    .all(sink.value)
    {
        let is_fraction =
            matches!(it.node.kind, Kind::Number(number) if number > 0.0 && number < 3.0);
        if is_fraction {
            let why = format!(
                "`{name}` is computed with the factor {}, a hard-coded stop or target distance",
                it.value
            );
            found.push(Evidence {
                check: Check::HarvestThreshold,
                at: it.node.at,
                value: it.value,
                why,
            });
        }
    }
}

/// Check 2: a maximum leverage that is used as the leverage.
fn maximum<'a>(
    program: &Program<'a>,
    routine: &Routine<'a>,
    sink: &Sink<'a>,
    found: &mut Vec<Evidence>,
) {
    let Some(name) = named(program, routine, sink, Subject::Leverage) else {
        return;
    };
    if sink.way == Way::Setting {
        return;
    }
    let wanted = Maximum { program };
    for it in (Follow {
        program,
        routine,
        wanted: &wanted,
        to_unit: false,
    })
    .all(sink.value)
    {
        let why = format!("the maximum `{}` {} `{name}`", it.value, sink.way.told());
        found.push(Evidence {
            check: Check::MaximumLeverage,
            at: it.node.at,
            value: it.value,
            why,
        });
    }
}

pub(super) struct Maximum<'p, 'a> {
    pub(super) program: &'p Program<'a>,
}

impl Wanted for Maximum<'_, '_> {
    fn leaf(&self, node: &Node) -> Option<String> {
        let name = match &node.kind {
            Kind::Name(_) | Kind::Field(..) => node.last_name(),
            Kind::Index(_, key) => super::sinks::key_text(key),
            Kind::Call(call) => match call.positional().find_map(super::sinks::key_text) {
                Some(text) => Some(text),
                None => call.callee.last_name(),
            },
            _ => None,
        }?;
        self.program
            .speaks_of(name, Subject::MaximumLeverage)
            .then(|| name.to_owned())
    }

    fn is_known(&self, _: &str) -> bool {
        false
    }
}
