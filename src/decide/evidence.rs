//! The evidence for skips that were decided as columns.

use super::{
    Engine, SkipCode, SkipReason,
    gates::{freshness, halt, in_force, policy, universe},
    intent_columns::{IntentColumns, NO_TIMESTAMP},
};
use crate::{policy::PolicyState, types::Timestamp};

impl Engine {
    /// Returns the evidence for a row that [`Engine::decide_columns`] skipped for this reason, if one of the gates 3
    /// (halt) to 7 (universe) denied the row. Otherwise returns `None`, because the evidence of the other gates refers
    /// to fields that the columns do not contain.
    ///
    /// The row must be an entry that [`IntentColumns::push_entry`] or [`IntentColumns::push_entries`] has appended.
    /// `policy` must be the argument of [`Engine::decide_columns`], and `now` the time at which it decided the row.
    #[must_use]
    pub fn evidence_of_entry<'a>(
        &'a self,
        policy: PolicyState<'a>,
        intents: &IntentColumns,
        row: usize,
        now: Option<Timestamp>,
        reason: SkipCode,
    ) -> Option<SkipReason<'a>> {
        let number = usize::try_from(*intents.symbol.get(row)?).ok()?;
        let symbol = intents.symbols().get(number)?;
        let time = |column: &[i64]| {
            let micros = *column.get(row)?;
            (micros != NO_TIMESTAMP).then(|| Timestamp::from_micros(micros).ok())?
        };
        let now = now.or_else(|| time(&intents.event_time))?;
        let sent = time(&intents.earliest).zip(time(&intents.latest));
        let guardrails = self.guardrails();
        let checked = || {
            halt::check(guardrails, symbol)?;
            policy::check(guardrails, policy, now)?;
            let in_force = in_force::check(policy, now)?;
            freshness::check(in_force.limits(), guardrails, sent, now)?;
            universe::check(in_force, guardrails, symbol)
        };
        checked().err().filter(|it| it.reason() == reason)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option::of, prelude::*};

    use super::*;
    use crate::{
        decide::{Decision, DecisionColumns, EntryRow, Gate, Outcome},
        exit::ExitOwnership,
        guardrails::{Guardrails, Halt},
        intent::{IntentBuilder, Size},
        policy::{Policy, PolicyUnavailable},
        types::{Notional, Side, SignedDuration, Symbol},
    };

    const POLICY: &str = r#"{
        "policy_version": "2", "valid_from_epoch": 1767571210, "valid_until_epoch": 1767571220,
        "universe_symbols": ["BTCUSDT", "ETHUSDT", "SOLUSDT"], "leverage_by_symbol": {"BTCUSDT": 8, "ETHUSDT": 5},
        "harvest_params": {"T1_R": 1, "T2_R": 2, "T3_R": 3, "lock_R": 1, "be_plus_pct": 0, "cost_bps": 10,
            "k_regime_flip": 1, "k_sigma_spike": 1, "k_ts_drop": 1, "k_age_penalty": 1, "kill_threshold": 0.6},
        "kill_params": {"trend_min": 0.2, "sigma_ref": 0.01, "sigma_spike_cap": 2, "ts_ref": 0.3,
            "ts_drop_cap": 1, "max_age_sec": 3600}
    }"#;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis((1_767_571_200 + seconds) * 1_000).unwrap()
    }

    fn symbol(number: usize) -> Symbol {
        Symbol::new(["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"][number]).unwrap()
    }

    fn guardrails() -> impl Strategy<Value = Guardrails> {
        let seconds = |seconds: i64| SignedDuration::from_micros(seconds * 1_000_000);
        (any::<bool>(), any::<bool>(), 0..8_u8).prop_map(move |(ages, permits, kind)| {
            let mut guardrails = match kind {
                0 => Guardrails::none().with_halt(Halt::Everything),
                1 => Guardrails::none().with_halt(Halt::Symbols([symbol(0)].into())),
                2 => Guardrails::none().with_max_validity(seconds(5)),
                3 => Guardrails::none().with_max_notional_usd(Notional::new(50.0).unwrap()),
                _ => Guardrails::none(),
            };
            if ages {
                guardrails = guardrails
                    .with_max_intent_age(seconds(3))
                    .with_max_intent_skew(seconds(2));
            }
            match permits {
                true => guardrails.with_permitted_symbols([symbol(1), symbol(2)].into()),
                false => guardrails,
            }
        })
    }

    proptest! {
        #[test]
        fn the_evidence_equals_that_of_a_decision(
            rows in vec((0..4_usize, 5..25_i64, any::<bool>()), 1..6),
            guardrails in guardrails(),
            now in of(5..25_i64),
            has_policy in proptest::bool::weighted(0.9),
        ) {
            let engine = Engine::new(guardrails, ExitOwnership::new("owner").unwrap());
            let (policy, unavailable) = (Policy::from_json(POLICY).unwrap(), PolicyUnavailable::NotFound);
            let state = match has_policy {
                true => PolicyState::present(&policy),
                false => PolicyState::unavailable(&unavailable),
            };
            let now = now.map(at);
            let (mut columns, mut answers) = (IntentColumns::default(), DecisionColumns::default());
            for (number, seconds, is_owner) in &rows {
                let entry = EntryRow {
                    symbol: columns.symbol_number(symbol(*number)),
                    source: columns.source_number(is_owner.then_some("owner")),
                    leverage: None,
                    size: Some(Size::Notional(Notional::new(100.0).unwrap())),
                    price_deviation: 0.0,
                    stop_distance: 0.0,
                    emitted_at: Some(at(*seconds)),
                    sent: Some((at(*seconds), at(*seconds))),
                };
                columns.push_entry(&entry);
            }
            engine.decide_columns(state, &columns, now, &mut answers);
            for (row, (number, seconds, is_owner)) in rows.iter().enumerate() {
                let mut intent = IntentBuilder::new(symbol(*number).as_str())
                    .with_side(Side::Buy)
                    .with_notional_usd(100.0)
                    .with_emitted_at(at(*seconds));
                if *is_owner {
                    intent = intent.with_source("owner");
                }
                let intent = intent.build();
                let decision = match now {
                    Some(now) => engine.decide(state, &intent, now),
                    None => engine.decide_recorded(state, &intent),
                };
                let Outcome::Skip(reason) = answers.outcomes()[row] else {
                    prop_assert!(decision.reason().is_none());
                    continue;
                };
                let evidence = engine.evidence_of_entry(state, &columns, row, now, reason);
                let Decision::Skip(skip) = &decision else {
                    panic!("{decision}");
                };
                let is_covered = (Gate::Halt..=Gate::Universe).contains(&skip.gate());
                prop_assert_eq!(evidence, is_covered.then_some(*skip.evidence()));
            }
        }
    }
}
