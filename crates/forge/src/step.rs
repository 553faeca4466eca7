//! One step of a number towards its target: tightening is immediate, and loosening is bounded.

use crate::{clamp::Clamp, parameter::Tighter};

/// The largest loosening of a number, per run and against the policy of 24 hours ago.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Step {
    /// Shares of the number: 0.1 permits 8 → 8.8. The number must be positive, and tighter if lower.
    Share { run: f64, day: f64 },
    /// Distances, in the unit of the number.
    Distance { run: f64, day: f64 },
    /// No loosening.
    Held,
}

/// The value of a number in the policy of 24 hours ago.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum DayAgo {
    /// It is unknown, so nothing may be loosened against it.
    Unknown,
    /// The policy did not contain this number, so it set no bound.
    Unlimited,
    /// The value.
    Value(f64),
}

/// A number after one step, and the clamp that kept it from its target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stepped {
    pub(crate) value: f64,
    pub(crate) clamp: Option<Clamp>,
}

impl Step {
    /// Moves a number towards its target. Without a previous value, the target is the result.
    ///
    /// The bound against the policy of 24 hours ago stops loosening, but it never tightens a number. Otherwise a short
    /// cut would be repeated 24 hours later, although no feature has changed.
    pub(crate) fn apply(
        self,
        tighter: Tighter,
        target: f64,
        previous: Option<f64>,
        day_ago: DayAgo,
    ) -> Stepped {
        let at_target = Stepped {
            value: target,
            clamp: None,
        };
        let Some(previous) = previous.filter(|it| tighter.is_looser(target, *it)) else {
            return at_target;
        };
        self.bounds(tighter, previous, day_ago)
            .into_iter()
            .flatten()
            .map(|(bound, clamp)| Stepped {
                value: tighter.looser_of(bound, previous),
                clamp: Some(clamp),
            })
            .fold(at_target, |tightest, bound| {
                if tighter.is_looser(tightest.value, bound.value) {
                    bound
                } else {
                    tightest
                }
            })
    }

    fn bounds(self, tighter: Tighter, previous: f64, day_ago: DayAgo) -> [Option<(f64, Clamp)>; 2] {
        let loosened = |number: f64, step: f64| match (self, tighter) {
            (Self::Held, _) => number,
            (Self::Share { .. }, _) => number + number * step,
            (Self::Distance { .. }, Tighter::Lower) => number + step,
            (Self::Distance { .. }, Tighter::Higher) => number - step,
        };
        let (run, day) = match self {
            Self::Share { run, day } | Self::Distance { run, day } => (run, day),
            Self::Held => return [Some((previous, Clamp::Held)), None],
        };
        let of_day = match day_ago {
            DayAgo::Unknown => Some((previous, Clamp::DayAgoUnknown)),
            DayAgo::Unlimited => None,
            DayAgo::Value(value) => Some((loosened(value, day), Clamp::MaxStep24h)),
        };
        [Some((loosened(previous, run), Clamp::MaxStep)), of_day]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHARE: Step = Step::Share { run: 0.1, day: 0.5 };
    const DISTANCE: Step = Step::Distance {
        run: 0.25,
        day: 0.5,
    };

    fn lower(step: Step, target: f64, previous: f64, day_ago: DayAgo) -> (f64, Option<Clamp>) {
        let stepped = step.apply(Tighter::Lower, target, Some(previous), day_ago);
        (stepped.value, stepped.clamp)
    }

    #[test]
    fn ten_per_cent_from_8_to_12() {
        let mut value = 8.0;
        let mut shown = Vec::new();
        for _ in 0..5 {
            value = lower(SHARE, 12.0, value, DayAgo::Value(8.0)).0;
            shown.push(format!("{value:.4}"));
        }
        assert_eq!(shown, ["8.8000", "9.6800", "10.6480", "11.7128", "12.0000"]);
    }

    #[test]
    fn the_clamp_is_the_tightest_bound() {
        let day = DayAgo::Value;
        assert_eq!(
            lower(SHARE, 12.0, 8.0, day(7.0)),
            (8.8, Some(Clamp::MaxStep))
        );
        assert_eq!(
            lower(SHARE, 12.0, 8.0, day(5.5)),
            (8.25, Some(Clamp::MaxStep24h))
        );
        assert_eq!(lower(SHARE, 8.125, 8.0, day(7.0)), (8.125, None));
        assert_eq!(lower(SHARE, 2.0, 8.0, day(7.0)), (2.0, None));
        let unknown = DayAgo::Unknown;
        assert_eq!(
            lower(SHARE, 12.0, 8.0, unknown),
            (8.0, Some(Clamp::DayAgoUnknown))
        );
        assert_eq!(
            lower(SHARE, 12.0, 8.0, DayAgo::Unlimited),
            (8.8, Some(Clamp::MaxStep))
        );
        assert_eq!(
            lower(Step::Held, 12.0, 8.0, day(7.0)),
            (8.0, Some(Clamp::Held))
        );
        assert_eq!(lower(Step::Held, 2.0, 8.0, day(7.0)), (2.0, None));
    }

    #[test]
    fn the_bound_of_24_hours_never_tightens() {
        let cut_a_day_ago = DayAgo::Value(2.0);
        assert_eq!(
            lower(SHARE, 12.0, 10.0, cut_a_day_ago),
            (10.0, Some(Clamp::MaxStep24h))
        );
    }

    #[test]
    fn distances_reach_zero_and_negative_targets() {
        let mut value = 0.6;
        let mut steps = Vec::new();
        for _ in 0..4 {
            value = DISTANCE
                .apply(Tighter::Higher, -0.2, Some(value), DayAgo::Unlimited)
                .value;
            steps.push(format!("{value:.2}"));
        }
        assert_eq!(steps, ["0.35", "0.10", "-0.15", "-0.20"]);
        let tightened = DISTANCE.apply(Tighter::Higher, 3.0, Some(0.0), DayAgo::Unknown);
        assert_eq!((tightened.value, tightened.clamp), (3.0, None));
    }

    fn tighter() -> impl Strategy<Value = Tighter> {
        prop_oneof![Just(Tighter::Lower), Just(Tighter::Higher)]
    }

    fn day_ago() -> impl Strategy<Value = DayAgo> {
        prop_oneof![
            Just(DayAgo::Unknown),
            Just(DayAgo::Unlimited),
            (-2.0..2.0).prop_map(DayAgo::Value)
        ]
    }

    proptest! {
        /// Planted bugs that this test detects: no `looser_of(bound, previous)` in `apply`; `-` and `+` swapped in
        /// `loosened`; `is_looser` with swapped arguments in the `filter` of `apply`.
        #[test]
        fn a_step_is_between_the_previous_value_and_the_target(
            tighter in tighter(), target in -2.0..2.0, previous in -2.0..2.0, day_ago in day_ago(),
        ) {
            let value = DISTANCE.apply(tighter, target, Some(previous), day_ago).value;
            if tighter.is_looser(target, previous) {
                prop_assert!(!tighter.is_looser(previous, value) && !tighter.is_looser(value, target));
                prop_assert!((value - previous).abs() <= 0.25 + 1e-12);
                match day_ago {
                    DayAgo::Unknown => prop_assert_eq!(value, previous),
                    DayAgo::Unlimited => {}
                    DayAgo::Value(day_ago) if value != previous => {
                        prop_assert!((value - day_ago).abs() <= 0.5 + 1e-12 || tighter.is_looser(day_ago, value));
                    }
                    DayAgo::Value(_) => {}
                }
            } else {
                prop_assert_eq!(value, target);
            }
        }
    }
}
