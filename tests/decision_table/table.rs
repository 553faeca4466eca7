//! The run of all cases, and the table of its results.

use std::fmt::Write as _;

use super::{
    expectation::{Answer, Replayer, expected},
    observed::observed,
    states::{
        Age, Case, DecisionTime, Halted, Limited, Listing, PolicyInput, Readability,
        RequestedLeverage, Sender, SizeInput, Space,
    },
    world::{World, intent, now, record},
};
use portcullis::{
    decide::{Engine, Gate},
    intent::Intent,
    policy::PolicyState,
    record::Scratch,
    types::Timestamp,
};

/// The inputs of the engine for one case.
pub(crate) struct Combination<'a> {
    pub(crate) case: Case,
    pub(crate) engine: &'a Engine,
    pub(crate) state: PolicyState<'a>,
    pub(crate) intent: &'a Intent<'a>,
    pub(crate) now: Timestamp,
}

/// The case from which all others are built. Most of its fields are overwritten.
const FIRST: Case = Case {
    readability: Readability::Readable,
    sender: Sender::EntryOther,
    halted: Halted::Nothing,
    policy_input: PolicyInput::Permitted,
    when: DecisionTime::Within,
    age: Age::Young,
    listed: Listing::Listed,
    requested: RequestedLeverage::Nothing,
    size_input: SizeInput::Notional,
    limited: Limited::Unlimited,
};

/// Visits every combination of a space.
pub(crate) fn each(
    world: &World,
    space: &Space,
    intents: &[(Readability, Sender)],
    mut visit: impl FnMut(&Combination<'_>),
) {
    for (readability, sender) in intents.iter().copied() {
        for age in space.age.iter().copied() {
            for listed in space.listed.iter().copied() {
                for requested in space.requested.iter().copied() {
                    for size_input in space.size_input.iter().copied() {
                        let case = Case {
                            readability,
                            sender,
                            age,
                            listed,
                            requested,
                            size_input,
                            ..FIRST
                        };
                        each_operator(world, space, case, &mut visit);
                    }
                }
            }
        }
    }
}

/// Visits the combinations that share one intent.
fn each_operator(
    world: &World,
    space: &Space,
    case: Case,
    visit: &mut impl FnMut(&Combination<'_>),
) {
    let cases_of = |limited| {
        let at = |when| Case {
            when,
            limited,
            ..case
        };
        space.when.iter().copied().map(at).collect::<Vec<Case>>()
    };
    // There are two sets of intents: in one, the sizes lead to finite numbers; in the other, they
    // overflow or underflow.
    let cases = [Limited::Unlimited, Limited::Overflow].map(cases_of);
    let records = cases
        .each_ref()
        .map(|cases| cases.iter().map(record).collect::<Vec<_>>());
    let mut scratches = records.each_ref().map(|records| {
        records
            .iter()
            .map(|_| Scratch::default())
            .collect::<Vec<_>>()
    });
    let mut intents = [Vec::new(), Vec::new()];
    for ((intents, records), scratches) in intents.iter_mut().zip(&records).zip(&mut scratches) {
        intents.extend(records.iter().zip(scratches).map(|(r, s)| intent(r, s)));
    }
    for limited in space.limited.iter().copied() {
        let case = Case { limited, ..case };
        let (policies, engines) = (world.policies(&case), world.engines(&case));
        let [numbers, overflows] = &intents;
        let intents = if limited == Limited::Overflow {
            overflows
        } else {
            numbers
        };
        for policy_input in space.policy_input.iter().copied() {
            let state = world.state(policies, policy_input);
            for halted in space.halted.iter().copied() {
                let engine = engines.get(halted, policy_input);
                for (when, intent) in space.when.iter().copied().zip(intents) {
                    visit(&Combination {
                        case: Case {
                            policy_input,
                            halted,
                            when,
                            ..case
                        },
                        engine,
                        state,
                        intent,
                        now: now(when),
                    });
                }
            }
        }
    }
}

/// A row of the table, for the cases with the same path through the gates.
struct Row {
    answer: Answer,
    states: String,
}

/// The results of a run.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Option<Row>>,
    /// The states that passed each gate, as a bit set of their indices.
    open: [u32; 10],
    pub(crate) cases: usize,
    pub(crate) mismatches: usize,
    /// The first case whose answer differs from the expectation, as text.
    pub(crate) mismatch: Option<String>,
}

/// Runs every combination of a space and compares each answer with the expectation.
pub(crate) fn run(world: &World, space: &Space, gates: &[Replayer; 10]) -> Table {
    // The intents are independent, so each half runs on a thread of its own.
    let (left, right) = space.intents.split_at(space.intents.len() / 2);
    let go = |intents: &[(Readability, Sender)]| {
        let mut table = Table::default();
        each(world, space, intents, |combination| {
            table.add(combination, gates)
        });
        table
    };
    let (mut table, other) = std::thread::scope(|scope| {
        let left = scope.spawn(|| go(left));
        let right = go(right);
        (left.join().unwrap(), right)
    });
    table.merge(other);
    table
}

/// Creates the policies and engines for all cases of a space.
pub(crate) fn prepare(space: &Space) -> World {
    let mut world = World::new();
    for age in space.age.iter().copied() {
        for listed in space.listed.iter().copied() {
            for requested in space.requested.iter().copied() {
                for size_input in space.size_input.iter().copied() {
                    for limited in space.limited.iter().copied() {
                        world.prepare(&Case {
                            age,
                            listed,
                            requested,
                            size_input,
                            limited,
                            ..FIRST
                        });
                    }
                }
            }
        }
    }
    world
}

impl Table {
    fn add(&mut self, combination: &Combination<'_>, gates: &[Replayer; 10]) {
        let Combination {
            case,
            engine,
            state,
            intent,
            now,
        } = combination;
        let answer = observed(&engine.decide(*state, intent, *now));
        self.cases += 1;
        let wanted = expected(gates, case);
        if answer != wanted {
            self.mismatches += 1;
            self.mismatch.get_or_insert_with(|| {
                format!("{case:?}\nintent   {intent:?}\nengine   {answer:?}\nexpected {wanted:?}")
            });
        }
        let path = Path::of(case, &answer);
        for gate in 0..path.passed {
            self.open[gate] |= 1 << path.places[gate];
        }
        let row = path.row();
        if self.rows.len() <= row {
            self.rows.resize_with(row + 1, || None);
        }
        match &mut self.rows[row] {
            Some(row) => {
                assert!(
                    row.answer == answer,
                    "one path has two answers: {case:?}\n{:?}\n{answer:?}",
                    row.answer
                );
            }
            empty @ None => {
                *empty = Some(Row {
                    answer,
                    states: path.states(case),
                });
            }
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.cases += other.cases;
        self.mismatches += other.mismatches;
        self.mismatch = self.mismatch.take().or(other.mismatch);
        for (mine, theirs) in self.open.iter_mut().zip(other.open) {
            *mine |= theirs;
        }
        if self.rows.len() < other.rows.len() {
            self.rows.resize_with(other.rows.len(), || None);
        }
        for (mine, theirs) in self.rows.iter_mut().zip(other.rows) {
            match (mine.as_mut(), theirs) {
                (_, None) => {}
                (None, theirs) => *mine = theirs,
                (Some(mine), Some(theirs)) => {
                    assert_eq!(mine.answer, theirs.answer, "one path has two answers");
                }
            }
        }
    }

    /// Returns the answers, one per path.
    pub(crate) fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.rows.iter().flatten().map(|row| &row.answer)
    }

    /// Returns the table as text.
    pub(crate) fn text(&self) -> String {
        let rows: Vec<&Row> = self.rows.iter().flatten().collect();
        let width = rows.iter().map(|row| row.states.len()).max().unwrap();
        let mut out = format!(
            "{} combinations, {} paths\n\n1 2 3 4 5 6 7 8 9 10  {:<width$}  answer\n",
            Space::whole().size(),
            rows.len(),
            "because of",
        );
        for row in &rows {
            writeln!(
                out,
                "{}   {:<width$}  {}",
                marks(&row.answer),
                row.states,
                answer_text(&row.answer)
            )
            .unwrap();
        }
        out.push_str(
            "\n+ passed   x failed   > exit allowed   · not checked\n\nStates that pass each gate:\n",
        );
        for (gate, open) in Gate::ALL.iter().copied().zip(self.open) {
            let states = texts(gate);
            let names = states
                .iter()
                .enumerate()
                .filter(|(place, _)| open & (1 << place) != 0)
                .map(|(_, text)| *text);
            let names: Vec<&str> = names.collect();
            writeln!(
                out,
                "{:>2}  {:<14}  {}",
                gate.number(),
                gate,
                names.join(" | ")
            )
            .unwrap();
        }
        out
    }
}

/// The path of one case through the gates.
struct Path {
    /// The index of each gate's state among all states of that gate.
    places: [usize; 10],
    /// The number of gates that passed.
    passed: usize,
    /// The additional state on which the row depends.
    detail: Detail,
}

enum Detail {
    None,
    /// True if the size is stated as a margin.
    Margin(bool),
    Trade,
}

impl Path {
    fn of(case: &Case, answer: &Answer) -> Self {
        let places = places(case);
        let (passed, detail) = match answer {
            Answer::Exit { .. } => (1, Detail::None),
            Answer::Trade { .. } => (10, Detail::Trade),
            Answer::Skip { gate, .. } => {
                let detail = if case.limited == Limited::Overflow && *gate == Gate::Limits {
                    Detail::Margin(case.size_input == SizeInput::Margin)
                } else {
                    Detail::None
                };
                (gate.number() - 1, detail)
            }
        };
        Self {
            places,
            passed,
            detail,
        }
    }

    /// Returns the index of the path's row.
    fn row(&self) -> usize {
        let detail = match self.detail {
            Detail::None | Detail::Margin(false) => 0,
            Detail::Margin(true) => 1,
            Detail::Trade => return 1_000 + self.places[7] * 10 + self.places[8],
        };
        self.passed * 100 + self.places[self.passed] * 2 + detail
    }

    /// Returns the text of the states on which the answer depends.
    fn states(&self, case: &Case) -> String {
        match self.detail {
            Detail::Trade => format!("{}, {}", case.requested.text(), case.size_input.text()),
            Detail::Margin(margin) => {
                let (stated, derived) = match margin {
                    true => ("margin", "notional"),
                    false => ("notional", "margin"),
                };
                format!("size is a {stated}: {derived} {}", case.limited.text())
            }
            Detail::None if self.passed == 8 && case.size_input == SizeInput::Margin => {
                format!("{}, {}", case.requested.text(), case.size_input.text())
            }
            Detail::None => texts(Gate::ALL[self.passed])[self.places[self.passed]].to_owned(),
        }
    }
}

fn place<T: PartialEq>(all: &[T], one: &T) -> usize {
    all.iter().position(|state| state == one).unwrap()
}

fn places(case: &Case) -> [usize; 10] {
    [
        place(Readability::ALL, &case.readability),
        place(Sender::ALL, &case.sender),
        place(Halted::ALL, &case.halted),
        place(PolicyInput::ALL, &case.policy_input),
        place(DecisionTime::ALL, &case.when),
        place(Age::ALL, &case.age),
        place(Listing::ALL, &case.listed),
        place(RequestedLeverage::ALL, &case.requested),
        place(SizeInput::ALL, &case.size_input),
        place(Limited::ALL, &case.limited),
    ]
}

/// Returns the texts of the states of a gate.
pub(crate) fn texts(gate: Gate) -> Vec<&'static str> {
    match gate {
        Gate::Readable => Readability::ALL.iter().map(|state| state.text()).collect(),
        Gate::ExitOwnership => Sender::ALL.iter().map(|state| state.text()).collect(),
        Gate::Halt => Halted::ALL.iter().map(|state| state.text()).collect(),
        Gate::Policy => PolicyInput::ALL.iter().map(|state| state.text()).collect(),
        Gate::InForce => DecisionTime::ALL.iter().map(|state| state.text()).collect(),
        Gate::Freshness => Age::ALL.iter().map(|state| state.text()).collect(),
        Gate::Universe => Listing::ALL.iter().map(|state| state.text()).collect(),
        Gate::Leverage => RequestedLeverage::ALL
            .iter()
            .map(|state| state.text())
            .collect(),
        Gate::Size => SizeInput::ALL.iter().map(|state| state.text()).collect(),
        Gate::Limits => Limited::ALL.iter().map(|state| state.text()).collect(),
    }
}

/// Returns one character per gate: `+` passed, `>` permitted the exit, `x` failed, `·` was not checked.
fn marks(answer: &Answer) -> String {
    let (passed, last) = match answer {
        Answer::Exit { .. } => (1, Some("> ")),
        Answer::Skip { gate, .. } => (gate.number() - 1, Some("x ")),
        Answer::Trade { .. } => (10, None),
    };
    let mut marks = "+ ".repeat(passed);
    marks.push_str(last.unwrap_or_default());
    let rest = 10 - passed - usize::from(last.is_some());
    marks.push_str(&"· ".repeat(rest));
    marks
}

fn answer_text(answer: &Answer) -> String {
    match answer {
        Answer::Exit { rule } => format!("EXIT as {rule}"),
        Answer::Skip {
            reason, evidence, ..
        } => {
            let text = format!("SKIP {reason}");
            if evidence.is_empty() {
                text
            } else {
                format!("{text} ({evidence})")
            }
        }
        Answer::Trade {
            leverage,
            leverage_source,
            leverage_requested,
            notional,
            margin,
            size_source,
        } => {
            let requested = leverage_requested.map_or_else(
                || "no leverage requested".to_owned(),
                |x| format!("requested {x}x"),
            );
            format!(
                "TRADE {leverage}x from {leverage_source}, {requested}; notional {notional}, margin {margin}, size from {size_source}"
            )
        }
    }
}
