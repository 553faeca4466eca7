//! What is to be proposed for a position, beside what was proposed before.

use portcullis::{
    domain::Instant,
    harvest::{
        Harvest, HarvestAction, HarvestDecision, HarvestSkip, Harvested, Market, Position, Stage,
        harvest,
    },
    policy::PolicyState,
};

use super::{memory::Memory, position::Seen, proposal::Face};

/// What is to be done about a position.
#[derive(Debug)]
pub(super) enum Advice<'p> {
    /// What was proposed before stands.
    Unchanged,
    /// Something else is proposed; before, this stage was taken.
    Propose(Harvest<'p>, Harvested),
    /// Nothing can be said.
    Skip(HarvestSkip<'p>),
}

/// What a position is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'p, 's> {
    pub(super) policy: PolicyState<'p>,
    pub(super) seen: &'s Seen,
    pub(super) market: Option<&'s Market>,
    pub(super) memory: Memory,
    /// The last proposal; blank where there is none.
    pub(super) last: &'s Face,
    pub(super) now: Instant,
}

impl<'p> Case<'p, '_> {
    /// Judges a position. A partial close that was proposed stands for as long as it would be proposed still,
    /// had it not been; whatever else is proposed after it, counts it as taken.
    pub(super) fn advice(&self) -> Advice<'p> {
        let taken = self.memory.taken(&self.seen.opening, self.now);
        let before = match taken {
            Harvested::Stage(stage) => self.last.stage_before(stage, self.seen),
            Harvested::Unreadable => None,
        };
        if let Some(before) = before
            && let HarvestDecision::Harvest(harvest) = self.judge(Harvested::Stage(before)).0
            && self.is_last(&harvest)
        {
            return Advice::Unchanged;
        }
        match self.judge(taken) {
            (HarvestDecision::Skip(skip), _) => Advice::Skip(skip),
            (HarvestDecision::Harvest(harvest), _) if self.is_last(&harvest) => Advice::Unchanged,
            (HarvestDecision::Harvest(harvest), harvested) => Advice::Propose(harvest, harvested),
        }
    }

    fn judge(&self, taken: Harvested) -> (HarvestDecision<'p>, Harvested) {
        let harvested = higher(taken, self.seen.position.harvested);
        let position = Position {
            harvested,
            ..self.seen.position
        };
        let decision = harvest(self.policy, &position, self.market, self.now);
        (decision, harvested)
    }

    fn is_last(&self, harvest: &Harvest<'_>) -> bool {
        let none = Harvested::Stage(Stage::None);
        Face::of(harvest, self.seen, none).says_the_same(self.last)
    }
}

/// The stage that a proposal takes.
pub(super) const fn stage(action: HarvestAction) -> Option<Stage> {
    match action {
        HarvestAction::Partial25 => Some(Stage::Partial25),
        HarvestAction::Partial50 => Some(Stage::Partial50),
        HarvestAction::Partial75 => Some(Stage::Partial75),
        HarvestAction::None | HarvestAction::FullCloseProposed => None,
    }
}

/// What either says was taken.
fn higher(one: Harvested, other: Harvested) -> Harvested {
    match (one, other) {
        (Harvested::Stage(one), Harvested::Stage(other)) => Harvested::Stage(one.max(other)),
        (Harvested::Unreadable, _) | (_, Harvested::Unreadable) => Harvested::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use portcullis::{
        domain::Symbol,
        exit::{ExitOwnership, STANDARD_OWNER},
        policy::Policy,
    };

    use super::*;
    use crate::harvester::{
        Authority,
        fields::{Fields, Held},
        position::market,
        proposal::proposal,
    };

    /// What the server would hold.
    struct World {
        policy: Policy,
        memory: String,
        last: Face,
    }

    impl World {
        fn new() -> Self {
            let until = Instant::parse_epoch_seconds("1767580000").unwrap();
            Self {
                policy: Policy::from_json(&crate::sample::policy_json(until)).unwrap(),
                memory: String::new(),
                last: Face::default(),
            }
        }

        /// Judges a position and keeps what is proposed: action, stop, and the fields of the proposal.
        fn look(
            &mut self,
            fields: &[(&str, &str)],
            market_fields: &[(&str, &str)],
        ) -> Option<Vec<String>> {
            let now = Instant::parse_epoch_seconds("1767571200").unwrap();
            let of = |base: &[(&'static str, &'static str)], more: &[(&str, &str)]| -> Fields {
                let all = base.iter().chain(more).copied();
                all.collect()
            };
            let position = [
                ("side", "LONG"),
                ("quantity", "1"),
                ("entry_price", "100"),
                ("current_sl", "99"),
                ("opened_at", "1767567600"),
            ];
            let sample = [
                ("sigma", "0.01"),
                ("ts", "0.35"),
                ("p_trend", "0.5"),
                ("p_mr", "0.2"),
                ("p_chop", "0.3"),
            ];
            let risk = Held::Hash([("stop_dist_pct", "0.02")].into_iter().collect());
            let symbol = Symbol::new("BTCUSDT").unwrap();
            let seen = Seen::read(symbol, &of(&position, fields), &risk, now).unwrap();
            let memory = Memory::read(self.memory.as_bytes());
            let market = market(&Held::Hash(of(&sample, market_fields)));
            let case = Case {
                policy: PolicyState::present(&self.policy),
                seen: &seen,
                market: market.as_ref(),
                memory,
                last: &self.last,
                now,
            };
            let (harvest, harvested) = match case.advice() {
                Advice::Unchanged => return None,
                Advice::Propose(harvest, harvested) => (harvest, harvested),
                Advice::Skip(skip) => panic!("{skip:?}"),
            };
            let ownership = ExitOwnership::new(STANDARD_OWNER, [""; 0]).unwrap();
            let authority = Authority::of(&ownership, STANDARD_OWNER).unwrap();
            let items = proposal(&harvest, &seen, harvested, &authority, now);
            if let Some(stage) = stage(harvest.action()) {
                self.memory = memory.of(stage, &seen.opening, now);
            }
            self.last = Face::of(&harvest, &seen, harvested);
            Some(items.iter().map(str::to_owned).collect())
        }
    }

    fn field<'a>(items: &'a [String], name: &str) -> &'a str {
        let mut pairs = items.chunks(2);
        let pair = pairs.find(|pair| pair[0] == name);
        pair.map_or("-", |pair| pair[1].as_str())
    }

    #[test]
    fn the_check_values_come_out_to_the_bit() {
        let usual = "0.5024999791668749";
        type Row<'a> = (
            &'a [(&'a str, &'a str)],
            &'a [(&'a str, &'a str)],
            [&'a str; 5],
        );
        let rows: [Row<'_>; 11] = [
            (
                &[("current_price", "101")],
                &[],
                ["0.44", usual, "NONE", "-", "-"],
            ),
            (
                &[("current_price", "103")],
                &[],
                ["1.44", usual, "NONE", "-", "100.29999999999998"],
            ),
            (
                &[("current_price", "103.8")],
                &[],
                ["1.84", usual, "PARTIAL_25", "0.25", "100.29999999999998"],
            ),
            (
                &[("current_price", "107.2")],
                &[],
                ["3.54", usual, "PARTIAL_50", "0.5", "100.29999999999998"],
            ),
            (
                &[("current_price", "111.8")],
                &[],
                ["5.84", usual, "PARTIAL_75", "0.75", "100.29999999999998"],
            ),
            (
                &[
                    ("side", "SHORT"),
                    ("current_price", "96"),
                    ("current_sl", "101"),
                ],
                &[],
                ["1.94", usual, "PARTIAL_25", "0.25", "99.7"],
            ),
            (
                &[("side", "SHORT"), ("current_price", "96")],
                &[],
                ["1.94", usual, "PARTIAL_25", "0.25", "-"],
            ),
            (
                &[("current_price", "103")],
                &[("p_trend", "0.1"), ("p_mr", "0.3"), ("p_chop", "0.6")],
                [
                    "1.44",
                    "0.6921095043017882",
                    "FULL_CLOSE_PROPOSED",
                    "1",
                    "100.29999999999998",
                ],
            ),
            (
                &[("current_price", "103")],
                &[("sigma", "0.03")],
                [
                    "1.44",
                    "0.7130001627522816",
                    "FULL_CLOSE_PROPOSED",
                    "1",
                    "100.29999999999998",
                ],
            ),
            (
                &[("current_price", "103")],
                &[("ts", "0.1")],
                [
                    "1.44",
                    "0.5274723043445937",
                    "NONE",
                    "-",
                    "100.29999999999998",
                ],
            ),
            (
                &[("current_price", "103"), ("opened_at", "1767471200")],
                &[],
                [
                    "1.44",
                    "0.549833997312478",
                    "NONE",
                    "-",
                    "100.29999999999998",
                ],
            ),
        ];
        for (position, market, expected) in rows {
            let items = World::new().look(position, market).unwrap();
            let names = ["r_net", "kill_score", "action", "share", "stop_proposed"];
            let found = names.map(|name| field(&items, name));
            assert_eq!(found, expected, "{position:?} {market:?}");
            assert_eq!(field(&items, "risk_unit"), "2");
            assert_eq!(field(&items, "cost"), "0.12");
            assert_eq!(field(&items, "stop_source"), "risk:stop_dist_pct");
        }
    }

    #[test]
    fn a_stage_is_proposed_once_and_stands_while_it_holds() {
        let mut world = World::new();
        let mut look = |price, more: &[(&str, &str)]| {
            let fields = [&[("current_price", price)], more].concat();
            let items = world.look(&fields, &[])?;
            Some((
                field(&items, "action").to_owned(),
                field(&items, "harvested").to_owned(),
            ))
        };
        let is = |action: HarvestAction, before: HarvestAction| {
            Some((action.to_string(), before.to_string()))
        };
        use HarvestAction::{None as Nothing, Partial25, Partial50, Partial75};
        assert_eq!(look("103.8", &[]), is(Partial25, Nothing));
        // It stands at another price that reaches it, and goes when the price does not.
        assert_eq!(look("104", &[]), None);
        assert_eq!(look("103", &[]), is(Nothing, Partial25));
        assert_eq!(look("103.8", &[]), None);
        assert_eq!(look("107.2", &[]), is(Partial50, Partial25));
        // Taken, as the position says itself.
        let taken = [("harvested", "PARTIAL_50")];
        assert_eq!(look("107.2", &taken), is(Nothing, Partial50));
        assert_eq!(look("111.8", &[]), is(Partial75, Partial50));
        // Another position.
        let later = [("opened_at", "1767567601")];
        assert_eq!(look("103.8", &later), is(Partial25, Nothing));
        // Without an opening nobody can tell.
        assert_eq!(
            look("107.2", &[("opened_at", "?")]),
            is(Partial50, Partial25)
        );
        assert_eq!(look("107.2", &later), is(Nothing, Partial50));
    }

    #[test]
    fn a_stop_that_moved_does_not_bring_a_stage_back() {
        let mut world = World::new();
        let reached = [("current_price", "103.8")];
        let moved = [("current_price", "103.8"), ("current_sl", "100.3")];
        let first = world.look(&reached, &[]).unwrap();
        assert_eq!(field(&first, "action"), "PARTIAL_25");
        let second = world.look(&moved, &[]).unwrap();
        assert_eq!(field(&second, "action"), "NONE");
        assert_eq!(field(&second, "stop_proposed"), "-");
        assert_eq!(world.look(&moved, &[]), None);
    }
}
