//! JSON output of answers: a fast writer for programs that write many answers, and an
//! implementation of serde's `Serialize`.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Answer, AnswerId, Verdict};
use crate::{
    harvest::HarvestReasons,
    provenance::Source,
    types::{PolicyHash, Symbol, Timestamp},
};

/// The name of a column.
#[derive(Clone, Copy)]
struct Key {
    name: &'static str,
    /// The name as it is written in a JSON object, with the separators before and after it.
    member: &'static str,
}

macro_rules! write_columns {
    ($($group:ident {
        $($(#[$doc:meta])* $name:ident as $kind:ident: $type:ty,)*
    })*) => {
        impl Answer<'_> {
            /// Passes all columns to `to`, in order.
            fn write_columns(&self, to: &mut impl WriteColumn) {
                $($(
                    let key = Key {
                        name: stringify!($name),
                        member: concat!(",\"", stringify!($name), "\":"),
                    };
                    to.$kind(key, &self.$name);
                )*)*
            }
        }
    };
}

crate::answer_columns!(write_columns);

impl Answer<'_> {
    /// Appends the answer as JSON. The bytes equal those of [`Serialize`], but are written faster.
    pub fn write_json(&self, to: &mut Vec<u8>) {
        let start = to.len();
        self.write_columns(&mut Object(to));
        // Replace the comma before the first member.
        if let Some(opening) = to.get_mut(start) {
            *opening = b'{';
        }
        to.push(b'}');
    }
}

/// Appends a number as it is written in the JSON of an answer. The text equals that of serde_json, but amounts with at
/// most two decimal places are written faster.
#[inline]
pub fn write_json_number(number: f64, to: &mut Vec<u8>) {
    let Some(hundredths) = hundredths(number) else {
        // Writing to a `Vec` cannot fail, and a number that is not finite is written as null.
        let _ = serde_json::to_writer(to, &number);
        return;
    };
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    let _ = serde_json::to_writer(&mut *to, &whole);
    let digit = |digit: u64| b'0'.wrapping_add(u8::try_from(digit).unwrap_or_default());
    to.extend_from_slice(&[b'.', digit(rest / 10)]);
    if rest % 10 > 0 {
        to.push(digit(rest % 10));
    }
}

/// Returns the whole number of hundredths, if it has at most 15 digits and the number is the `f64` that is closest to
/// this many hundredths. Then no shorter decimal text reads back as the same `f64`.
#[inline]
fn hundredths(number: f64) -> Option<u64> {
    // The bits of 2^52 + n are those of 2^52 with n in the mantissa. The sum rounds to a whole number.
    const TWO_TO_52: f64 = 4_503_599_627_370_496.0;
    let sum = number * 100.0 + TWO_TO_52;
    #[expect(clippy::float_cmp, reason = "the quotient must have the same bits")]
    let is_exact = (sum - TWO_TO_52) / 100.0 == number;
    let is_short = (0.01..1e13).contains(&number);
    (is_exact && is_short).then(|| sum.to_bits() ^ TWO_TO_52.to_bits())
}

/// A JSON object to which columns are written. The methods are named after the kinds of columns,
/// except [`value`](Self::value).
trait WriteColumn {
    /// Writes a value with serde. An absent value is omitted.
    fn value(&mut self, key: Key, value: Option<impl Serialize>);

    fn count(&mut self, key: Key, n: &u64) {
        self.value(key, (*n != 0).then_some(n));
    }

    fn id(&mut self, key: Key, id: &AnswerId<'_>) {
        self.value(key, Some(id));
    }

    fn verdict(&mut self, key: Key, verdict: &Verdict) {
        self.name(key, &Some(*verdict));
    }

    /// Writes a constant text of this crate, which needs no escapes.
    fn name(&mut self, key: Key, name: &Option<impl Copy + Into<&'static str>>) {
        self.value(key, name.map(Into::<&str>::into));
    }

    fn names(&mut self, key: Key, names: &Option<HarvestReasons>) {
        self.value(key, names.map(|names| names.iter().collect::<Vec<_>>()));
    }

    fn symbol(&mut self, key: Key, symbol: &Option<Symbol>) {
        self.value(key, symbol.as_ref());
    }

    fn text(&mut self, key: Key, text: &Option<impl Serialize>) {
        self.value(key, text.as_ref());
    }

    fn hash(&mut self, key: Key, hash: &Option<PolicyHash>) {
        self.value(key, hash.as_ref());
    }

    fn time(&mut self, key: Key, at: &Option<Timestamp>) {
        self.value(key, at.map(Timestamp::as_millis));
    }

    fn number(&mut self, key: Key, number: &Option<f64>) {
        self.value(key, *number);
    }

    fn source(&mut self, key: Key, source: &Option<Source>) {
        self.value(key, source.as_ref());
    }
}

/// The text of a JSON object. Texts that are known to need no escapes are copied without a search
/// for them.
struct Object<'t>(&'t mut Vec<u8>);

impl WriteColumn for Object<'_> {
    fn value(&mut self, key: Key, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.0.extend_from_slice(key.member.as_bytes());
            // Writing to a `Vec` cannot fail, and each of these values is valid in JSON.
            let _ = serde_json::to_writer(&mut *self.0, &value);
        }
    }

    fn number(&mut self, key: Key, number: &Option<f64>) {
        if let Some(number) = *number {
            self.0.extend_from_slice(key.member.as_bytes());
            write_json_number(number, self.0);
        }
    }

    fn name(&mut self, key: Key, name: &Option<impl Copy + Into<&'static str>>) {
        if let Some(name) = *name {
            self.quoted(key, &[name.into().as_bytes()]);
        }
    }

    fn hash(&mut self, key: Key, hash: &Option<PolicyHash>) {
        if let Some(hash) = hash {
            self.quoted(key, &[&hash.digits()]);
        }
    }

    fn source(&mut self, key: Key, source: &Option<Source>) {
        let Some(source) = source else { return };
        let (holder, path) = source.parts();
        // A path needs escapes only if a symbol in it contains one of these bytes.
        if path.bytes().any(|byte| matches!(byte, b'"' | b'\\')) {
            self.value(key, Some(source));
        } else {
            self.quoted(key, &[holder.as_bytes(), path.as_bytes()]);
        }
    }
}

impl Object<'_> {
    fn quoted(&mut self, key: Key, parts: &[&[u8]]) {
        self.0.extend_from_slice(key.member.as_bytes());
        self.0.push(b'"');
        for part in parts {
            self.0.extend_from_slice(part);
        }
        self.0.push(b'"');
    }
}

/// A serde map, and the first error that occurred while writing to it.
struct Map<M: SerializeMap> {
    map: M,
    written: Result<(), M::Error>,
}

impl<M: SerializeMap> WriteColumn for Map<M> {
    fn value(&mut self, key: Key, value: Option<impl Serialize>) {
        if let (Ok(()), Some(value)) = (&self.written, value) {
            self.written = self.map.serialize_entry(key.name, &value);
        }
    }
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut to = Map {
            map: serializer.serialize_map(None)?,
            written: Ok(()),
        };
        self.write_columns(&mut to);
        to.written?;
        to.map.end()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{num::f64::ANY, prelude::*};

    use super::{
        super::{AnswerSide, Detail, RecordKind},
        *,
    };
    use crate::{
        decide::SkipCode,
        exit::ExitRule,
        harvest::HarvestAction,
        types::{PositionSide, Side},
    };

    /// Returns amounts with few decimal places, their neighbours, and all other numbers.
    fn number() -> impl Strategy<Value = f64> {
        let decimal = (0..1_u64 << 60, 0..64_u32, 0..4_i32).prop_map(|(digits, shift, places)| {
            let digits: f64 = (digits >> shift).to_string().parse().unwrap();
            digits / 10_f64.powi(places)
        });
        let near = (decimal.clone(), any::<bool>()).prop_map(|(number, up)| {
            if up {
                number.next_up()
            } else {
                number.next_down()
            }
        });
        prop_oneof![
            4 => decimal,
            1 => near,
            1 => ANY,
            1 => proptest::sample::select(vec![0.0, -0.0, 0.01, 0.005, -1.0, 1e13, 1e15, 1e16, f64::INFINITY]),
        ]
    }

    proptest! {
        #[test]
        fn a_number_is_written_as_by_serde(number in number()) {
            let mut written = Vec::new();
            write_json_number(number, &mut written);
            prop_assert_eq!(String::from_utf8(written).unwrap(), serde_json::to_string(&number).unwrap());
        }

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
            let kinds = [
                RecordKind::Intent,
                RecordKind::Position,
                RecordKind::PolicyUpdated,
                RecordKind::PolicyWithdrawn,
            ];
            let legs = [PositionSide::Long, PositionSide::Short];
            let rules = [ExitRule::Owner, ExitRule::Delegate];
            let answer = Answer {
                n,
                event: is_there(0).then_some(kinds[choice % 4]),
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
                quantity_fraction: number(31, 5),
                position_leg: is_there(32).then_some(legs[choice % 2]),
                trigger_price: number(33, 6),
                exit_rule: is_there(16).then_some(rules[choice % 2]),
                harvest_action: is_there(17).then_some(HarvestAction::ALL[choice % 5]),
                close_quantity: number(17, 5),
                close_fraction: number(17, 6),
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
