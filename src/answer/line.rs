//! Fast JSON output of answers for programs that write many. Texts that need no escapes are copied without a search.

use serde::Serialize;

use super::{Answer, AnswerId, AnswerSide};
use crate::{exit::ExitRule, harvest::HarvestAction, provenance::Source, types::Timestamp};

/// Expands to a member name with the separators before and after it.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}

impl Answer<'_> {
    /// Appends the answer as JSON. The bytes equal those of [`Serialize`], but are written faster.
    pub fn write_json(&self, to: &mut Vec<u8>) {
        let start = to.len();
        let mut object = Object(to);
        object.value(key!("n"), (self.n != 0).then_some(self.n));
        object.name(key!("event"), self.event.map(|event| event.as_str()));
        match self.id {
            AnswerId::Own(id) => object.value(key!("id"), Some(id)),
            AnswerId::Number(_) => object.value(key!("id"), Some(self.id)),
        }
        object.value(key!("ts"), self.ts.map(Timestamp::as_millis));
        let symbol = self.symbol.as_ref();
        object.value(key!("symbol"), symbol.map(|symbol| symbol.as_str()));
        let side = self.side.map(AnswerSide::as_str);
        object.name(key!("side"), side);
        object.name(key!("decision"), Some(self.decision.as_str()));
        object.name(key!("reason"), self.reason.map(|reason| reason.code()));
        object.value(key!("detail"), self.detail.as_ref());
        object.value(key!("leverage"), self.leverage);
        object.source(key!("leverage_source"), self.leverage_source);
        object.value(key!("leverage_requested"), self.leverage_requested);
        object.value(key!("size_usd"), self.size_usd);
        object.name(key!("size_basis"), self.size_basis);
        object.source(key!("size_source"), self.size_source);
        object.value(key!("notional_usd"), self.notional_usd);
        object.value(key!("not_after"), self.not_after.map(Timestamp::as_millis));
        object.value(key!("quantity"), self.quantity);
        object.name(key!("exit_rule"), self.exit_rule.map(ExitRule::as_str));
        let action = self.harvest_action.map(HarvestAction::as_str);
        object.name(key!("harvest_action"), action);
        object.value(key!("stop_proposed"), self.stop_proposed);
        object.source(key!("stop_source"), self.stop_source);
        object.value(key!("r_net"), self.r_net);
        object.value(key!("risk_unit"), self.risk_unit);
        object.value(key!("cost"), self.cost);
        object.value(key!("kill_score"), self.kill_score);
        object.value(key!("k_regime_flip"), self.k_regime_flip);
        object.value(key!("k_sigma_spike"), self.k_sigma_spike);
        object.value(key!("k_ts_drop"), self.k_ts_drop);
        object.value(key!("k_age_penalty"), self.k_age_penalty);
        let reasons = self.harvest_reasons;
        let reasons = reasons.map(|reasons| reasons.iter().collect::<Vec<_>>());
        object.value(key!("harvest_reasons"), reasons);
        object.value(key!("policy_version"), self.policy_version);
        if let Some(hash) = &self.policy_hash {
            object.quoted(key!("policy_hash"), &[&hash.digits()]);
        }
        // Replace the comma before the first member.
        if let Some(opening) = to.get_mut(start) {
            *opening = b'{';
        }
        to.push(b'}');
    }
}

/// A JSON object that is being written. Absent members are omitted.
struct Object<'t>(&'t mut Vec<u8>);

impl Object<'_> {
    fn value(&mut self, key: &str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.0.extend_from_slice(key.as_bytes());
            // Writing to a `Vec` cannot fail, and each of these values is valid in JSON.
            let _ = serde_json::to_writer(&mut *self.0, &value);
        }
    }

    /// Writes a constant name of this crate, which needs no escapes.
    fn name(&mut self, key: &str, name: Option<&'static str>) {
        if let Some(name) = name {
            self.quoted(key, &[name.as_bytes()]);
        }
    }

    fn source(&mut self, key: &str, source: Option<Source>) {
        let Some(source) = source else { return };
        let (holder, path) = source.parts();
        // A path needs escapes only if a symbol in it contains one of these bytes.
        if path.bytes().any(|byte| matches!(byte, b'"' | b'\\')) {
            self.value(key, Some(source));
        } else {
            self.quoted(key, &[holder.as_bytes(), path.as_bytes()]);
        }
    }

    fn quoted(&mut self, key: &str, parts: &[&[u8]]) {
        self.0.extend_from_slice(key.as_bytes());
        self.0.push(b'"');
        for part in parts {
            self.0.extend_from_slice(part);
        }
        self.0.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use proptest::{num::f64::ANY, prelude::*};

    use super::super::{Detail, RecordKind, Verdict};
    use crate::{
        decide::SkipCode,
        harvest::HarvestReasons,
        types::{PolicyHash, PositionSide, Side, Symbol},
    };

    use super::*;

    proptest! {
        #[test]
        fn bytes_equal_those_of_serde(
            present: u64,
            n in prop_oneof![Just(0), any::<u64>()],
            numbers in proptest::array::uniform13(ANY),
            texts in proptest::array::uniform2("(?s).{0,20}"),
            symbol in "[A-Za-z0-9\"\\\\/é]{1,12}",
            millis in 0..4_000_000_000_000_i64,
            choice: usize,
            reasons in 0..1_u16 << 13,
            hash: [u8; 32],
        ) {
            let is_there = |place: u32| present >> place & 1 == 1;
            let number = |place: u32, of: usize| is_there(place).then_some(numbers[of]);
            let at = |place| is_there(place).then(|| Timestamp::from_millis(millis).unwrap());
            let symbol = Symbol::new(&symbol).unwrap();
            let source = |place| is_there(place).then_some([
                Source::PolicyLeverage(symbol),
                Source::Policy("harvest_params.T1_R"),
                Source::Intent("quantity*price"),
                Source::Position("stop_loss"),
                Source::Market("sigma"),
                Source::Guardrails("margin_usd_max"),
                Source::Derived("size_usd*leverage"),
            ][choice % 7]);
            let sides = [
                AnswerSide::Order(Side::Buy),
                AnswerSide::Order(Side::Sell),
                AnswerSide::Position(PositionSide::Long),
                AnswerSide::Position(PositionSide::Short),
            ];
            let rules = [ExitRule::Owner, ExitRule::Delegate];
            let answer = Answer {
                n,
                event: is_there(0).then_some(RecordKind::ALL[choice % 4]),
                id: if is_there(1) { AnswerId::Own(&texts[0]) } else { AnswerId::Number(n) },
                ts: at(2),
                symbol: is_there(3).then_some(symbol),
                side: is_there(4).then_some(sides[choice % 4]),
                decision: Verdict::ALL[choice % 5],
                reason: is_there(5).then_some(SkipCode::ALL[choice % SkipCode::ALL.len()]),
                detail: is_there(6).then_some(Detail::Text("a \"word\" \\ of\nwarning")),
                leverage: number(7, 0),
                leverage_source: source(8),
                leverage_requested: number(9, 1),
                size_usd: number(10, 2),
                size_basis: is_there(11).then_some("margin"),
                size_source: source(12),
                notional_usd: number(13, 3),
                not_after: at(14),
                quantity: number(15, 4),
                exit_rule: is_there(16).then_some(rules[choice % 2]),
                harvest_action: is_there(17).then_some(HarvestAction::ALL[choice % 5]),
                stop_proposed: number(18, 5),
                stop_source: source(19),
                r_net: number(20, 6),
                risk_unit: number(21, 7),
                cost: number(22, 8),
                kill_score: number(23, 9),
                k_regime_flip: number(24, 10),
                k_sigma_spike: number(25, 11),
                k_ts_drop: number(26, 12),
                k_age_penalty: number(27, 0),
                harvest_reasons: is_there(28).then_some(HarvestReasons::from_bits(reasons)),
                policy_version: is_there(29).then_some(&texts[1]),
                policy_hash: is_there(30).then_some(PolicyHash::from_bytes(hash)),
            };
            let mut line = b"before".to_vec();
            answer.write_json(&mut line);
            let expected = format!("before{}", serde_json::to_string(&answer).unwrap());
            prop_assert_eq!(String::from_utf8(line).unwrap(), expected);
        }
    }
}
