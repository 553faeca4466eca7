//! Running the cases, and the table of the results.

use std::fmt::Write as _;

use super::{
    expectation::{Answer, Replayer, expected},
    states::{Age, Asked, Asker, Case, Halted, Held, Limited, Listing, Said, Sized, Space, When},
    world::{World, intent, now, observed, record},
};
use portcullis::{
    decide::{Engine, Gate},
    intent::Intent,
    policy::PolicyState,
    record::Scratch,
    types::Timestamp,
};

/// The real inputs of one case.
pub(crate) struct Asking<'a> {
    pub(crate) case: Case,
    pub(crate) engine: &'a Engine,
    pub(crate) state: PolicyState<'a>,
    pub(crate) intent: &'a Intent<'a>,
    pub(crate) now: Timestamp,
}

/// A base case; most of its fields are overwritten.
const FIRST: Case = Case {
    said: Said::OneThing,
    asker: Asker::EntryOther,
    halted: Halted::Nothing,
    held: Held::Permitted,
    when: When::Within,
    age: Age::Young,
    listed: Listing::Listed,
    asked: Asked::Nothing,
    sized: Sized::Notional,
    limited: Limited::Unlimited,
};

/// Visits every combination of a space.
pub(crate) fn each(
    world: &World,
    space: &Space,
    intents: &[(Said, Asker)],
    mut visit: impl FnMut(&Asking<'_>),
) {
    for (said, asker) in intents.iter().copied() {
        for age in space.age.iter().copied() {
            for listed in space.listed.iter().copied() {
                for asked in space.asked.iter().copied() {
                    for sized in space.sized.iter().copied() {
                        let case = Case {
                            said,
                            asker,
                            age,
                            listed,
                            asked,
                            sized,
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
fn each_operator(world: &World, space: &Space, case: Case, visit: &mut impl FnMut(&Asking<'_>)) {
    let cases_of = |limited| {
        let at = |when| Case {
            when,
            limited,
            ..case
        };
        space.when.iter().copied().map(at).collect::<Vec<Case>>()
    };
    // Two sets of intents: one with sizes that give finite numbers, one with sizes that overflow or underflow.
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
        for held in space.held.iter().copied() {
            let state = world.state(policies, held);
            for halted in space.halted.iter().copied() {
                let engine = engines.get(halted, held);
                for (when, intent) in space.when.iter().copied().zip(intents) {
                    visit(&Asking {
                        case: Case {
                            held,
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

/// A row of the table: the cases that took the same path.
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
    /// The first mismatch.
    pub(crate) mismatch: Option<String>,
}

/// Runs every combination of a space and compares each answer with the expectation.
pub(crate) fn run(world: &World, space: &Space, gates: &[Replayer; 10]) -> Table {
    // The intents are independent, so each half runs on a thread of its own.
    let (left, right) = space.intents.split_at(space.intents.len() / 2);
    let go = |intents: &[(Said, Asker)]| {
        let mut table = Table::default();
        each(world, space, intents, |asking| table.add(asking, gates));
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
            for asked in space.asked.iter().copied() {
                for sized in space.sized.iter().copied() {
                    for limited in space.limited.iter().copied() {
                        world.prepare(&Case {
                            age,
                            listed,
                            asked,
                            sized,
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
    fn add(&mut self, asking: &Asking<'_>, gates: &[Replayer; 10]) {
        let Asking {
            case,
            engine,
            state,
            intent,
            now,
        } = asking;
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
        for (gate, open) in Gate::ALL.into_iter().zip(self.open) {
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
                    Detail::Margin(case.sized == Sized::Margin)
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

    /// Returns the index of its row.
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
            Detail::Trade => format!("{}, {}", case.asked.text(), case.sized.text()),
            Detail::Margin(margin) => {
                let basis = if margin { "margin" } else { "notional" };
                format!("{basis}: {}", case.limited.text())
            }
            Detail::None if self.passed == 8 && case.sized == Sized::Margin => {
                format!("{}, {}", case.asked.text(), case.sized.text())
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
        place(Said::ALL, &case.said),
        place(Asker::ALL, &case.asker),
        place(Halted::ALL, &case.halted),
        place(Held::ALL, &case.held),
        place(When::ALL, &case.when),
        place(Age::ALL, &case.age),
        place(Listing::ALL, &case.listed),
        place(Asked::ALL, &case.asked),
        place(Sized::ALL, &case.sized),
        place(Limited::ALL, &case.limited),
    ]
}

/// Returns the texts of the states of a gate.
pub(crate) fn texts(gate: Gate) -> Vec<&'static str> {
    match gate {
        Gate::Readable => Said::ALL.iter().map(|state| state.text()).collect(),
        Gate::ExitOwnership => Asker::ALL.iter().map(|state| state.text()).collect(),
        Gate::Halt => Halted::ALL.iter().map(|state| state.text()).collect(),
        Gate::Policy => Held::ALL.iter().map(|state| state.text()).collect(),
        Gate::InForce => When::ALL.iter().map(|state| state.text()).collect(),
        Gate::Freshness => Age::ALL.iter().map(|state| state.text()).collect(),
        Gate::Universe => Listing::ALL.iter().map(|state| state.text()).collect(),
        Gate::Leverage => Asked::ALL.iter().map(|state| state.text()).collect(),
        Gate::Size => Sized::ALL.iter().map(|state| state.text()).collect(),
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
            let requested =
                leverage_requested.map_or_else(|| "nothing".to_owned(), |x| format!("{x}x"));
            format!(
                "TRADE {leverage}x from {leverage_source}, requested {requested}; notional {notional}, margin {margin}, size from {size_source}"
            )
        }
    }
}
