//! Fields of plans and skip records. With a profile, a plan has the form of its [executor](super::executor).
//!
//! | field | meaning |
//! |---|---|
//! | `plan_id` | 32 hexadecimal digits, the same for every delivery of an intent |
//! | `decision` | `EXECUTE` in a plan, `SKIP` in a skip record |
//! | `verdict` | `TRADE` or `EXIT` |
//! | `symbol`, `side` | symbol and direction; an exit has a side only if its intent has one |
//! | `type` | order type of the intent, or `MARKET` if it has none; `TRIGGER` for a resting exit whose intent has no type, `MARKET` or `LIMIT` |
//! | `qty`, `qty_source` | quantity in units of the symbol and its source, if the intent has a quantity or a price from which it can be computed |
//! | `qty_asked` | exits: `some`, `none`, `fraction`, `unreadable` or `in USD`; `qty` is `unreadable` for the last two |
//! | `quantity_fraction`, `partial` | exits without a quantity: the part of the position to close; `partial` is `true` below 1 |
//! | `position_leg` | exits: `LONG` or `SHORT`, if known |
//! | `trigger_price`, `trigger_reference` | resting exits: the trigger, and the price that it is compared with, if stated |
//! | `reduceOnly` | `true` for an exit, `false` for a trade |
//! | `leverage`, `leverage_source`, `notional`, `margin`, `size_source` | trades: leverage, notional and margin (USD), and their sources |
//! | `stop_loss`, `take_profit`, `entry_price` | trades: prices of the intent, if it has them |
//! | `attempt` | exits: the number of the attempt, if the intent states one |
//! | `source`, `intent_id`, `entry`, `stream` | the sender, its id of the intent, the entry id and its stream |
//! | `exit_rule` | exits: the rule that allowed it |
//! | `policy_version`, `policy_hash` | trades: the policy |
//! | `not_after`, `not_after_source` | trades: the last time of execution (epoch ms), and its source |
//! | `timestamp`, `decided_at` | time of the decision (epoch s, epoch ms) |
//! | `engine`, `guardrails_sha256` | version of the engine, and SHA-256 of the guardrails file, if there are guardrails |
//! | `arm_reason` | if an arm of the policy set was assigned: the reason why it decided, or why the live policy did |
//! | `position_leverage` | leverage of the open position, if a policy set is stored and there is one; an entry does not get a higher leverage |
//! | `answer` | the line that a replay of the recording writes, without the record number `n` |

use std::fmt::{Display, Write as _};

use portcullis::{
    decide::{Decision, Trade},
    exit::ExitPermit,
    intent::ExitQuantity,
    policy::Policy,
    types::{Leverage, Timestamp},
};

/// Names and values of fields, alternating, in one text.
#[derive(Debug, Default)]
pub(super) struct Items {
    text: String,
    /// End offset of each name and value in the text, in bytes.
    ends: Vec<usize>,
}

/// Values that occur in plans and in skip records.
pub(super) struct About<'a> {
    pub(super) plan_id: &'a str,
    pub(super) stream: &'a str,
    pub(super) entry_id: &'a str,
    pub(super) sender_id: Option<&'a str>,
    /// The number of the attempt, which only a plan of an exit states.
    pub(super) attempt: Option<&'a str>,
    pub(super) order_type: Option<&'a str>,
    /// The price that a trigger is compared with, as the intent states it.
    pub(super) trigger_reference: Option<&'a str>,
    pub(super) now: Timestamp,
    /// The SHA-256 of the guardrails file, if there are guardrails.
    pub(super) guardrails_sha256: Option<&'a str>,
    /// The code of the reason why an arm decided, or why the live policy did.
    pub(super) arm_reason: Option<&'static str>,
    /// The leverage of the open position, which limits that of an entry.
    pub(super) position_leverage: Option<Leverage>,
    /// The answer line as a replay writes it.
    pub(super) answer: &'a str,
}

impl Items {
    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut from = 0;
        self.ends.iter().map(move |end| {
            let item = self.text.get(from..*end);
            from = *end;
            item.unwrap_or_default()
        })
    }

    pub(super) fn put(&mut self, name: &str, value: impl Display) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
        // Writing to a `String` cannot fail.
        let _ = write!(self.text, "{value}");
        self.ends.push(self.text.len());
    }

    pub(super) fn put_some(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }
}

/// Returns the fields of the plan for a trade or an exit; empty for a skip.
pub(super) fn plan(decision: &Decision<'_>, about: &About<'_>) -> Items {
    let mut items = Items::default();
    match decision {
        Decision::Trade(trade) => put_trade(&mut items, trade, about),
        Decision::Exit(permit) => put_exit(&mut items, permit, about),
        Decision::Skip(_) => {}
    }
    items
}

/// Returns the fields of a skip record.
pub(super) fn skip(
    decision: &Decision<'_>,
    about: &About<'_>,
    reason: &str,
    detail: &str,
) -> Items {
    let mut items = Items::default();
    let intent = decision.intent();
    items.put("plan_id", about.plan_id);
    items.put("decision", "SKIP");
    items.put_some("symbol", intent.symbol());
    items.put_some("side", intent.side());
    put_common(&mut items, intent.source(), about);
    put_policy(&mut items, decision.policy());
    items.put("reason", reason);
    items.put("detail", detail);
    items
}

fn put_trade(items: &mut Items, trade: &Trade<'_>, about: &About<'_>) {
    items.put("plan_id", about.plan_id);
    items.put("decision", "EXECUTE");
    items.put("verdict", "TRADE");
    items.put("symbol", trade.symbol());
    items.put("side", trade.side());
    items.put("type", about.order_type.unwrap_or("MARKET"));
    if let Some(quantity) = trade.quantity() {
        items.put("qty", quantity.value().get());
        items.put("qty_source", quantity.source());
    }
    items.put("reduceOnly", false);
    items.put("leverage", trade.leverage().value().get());
    items.put("leverage_source", trade.leverage().source());
    items.put("notional", trade.notional().value().get());
    items.put("margin", trade.margin().value().get());
    items.put("size_source", trade.size().source());
    items.put_some("stop_loss", trade.stop_loss().map(|at| at.value().get()));
    items.put_some(
        "take_profit",
        trade.take_profit().map(|at| at.value().get()),
    );
    items.put_some(
        "entry_price",
        trade.entry_price().map(|at| at.value().get()),
    );
    put_policy(items, Some(trade.policy()));
    items.put("not_after", trade.not_after().value().as_millis());
    items.put("not_after_source", trade.not_after().source());
    put_common(items, trade.intent().source(), about);
}

fn put_exit(items: &mut Items, permit: &ExitPermit<'_>, about: &About<'_>) {
    items.put("plan_id", about.plan_id);
    items.put("decision", "EXECUTE");
    items.put("verdict", "EXIT");
    items.put("symbol", permit.symbol());
    items.put_some("side", permit.side());
    let is_triggered = |name: &&str| !matches!(*name, "MARKET" | "LIMIT");
    let order_type = match permit.trigger() {
        None => about.order_type.unwrap_or("MARKET"),
        // The type must never read as that of an immediate close.
        Some(_) => about.order_type.filter(is_triggered).unwrap_or("TRIGGER"),
    };
    items.put("type", order_type);
    items.put_some("position_leg", permit.position_side());
    if let Some(trigger) = permit.trigger() {
        items.put("trigger_price", trigger.value().get());
        items.put_some("trigger_reference", about.trigger_reference);
    }
    match permit.quantity() {
        ExitQuantity::Fraction(fraction) => {
            let share = fraction.value().get();
            items.put("quantity_fraction", share);
            items.put("qty_source", fraction.source());
            items.put("qty_asked", "fraction");
            items.put("partial", share < 1.0);
        }
        ExitQuantity::Stated(quantity) => {
            items.put("qty", quantity.value().get());
            items.put("qty_source", quantity.source());
            items.put("qty_asked", "some");
        }
        ExitQuantity::NotStated => items.put("qty_asked", "none"),
        // The text is not a number and the field is not absent, so that an executor cannot read it
        // as the whole position.
        ExitQuantity::Unreadable => {
            items.put("qty", "unreadable");
            items.put("qty_asked", "unreadable");
        }
        ExitQuantity::UsdSizeOnly => {
            items.put("qty", "unreadable");
            items.put("qty_asked", "in USD");
        }
    }
    items.put("reduceOnly", true);
    items.put("exit_rule", permit.rule().as_str());
    items.put_some("attempt", about.attempt);
    put_common(items, Some(permit.source()), about);
}

pub(super) fn put_common(items: &mut Items, source: Option<&str>, about: &About<'_>) {
    items.put_some("source", source);
    items.put_some("intent_id", about.sender_id);
    items.put("entry", about.entry_id);
    items.put("stream", about.stream);
    items.put("timestamp", about.now.as_millis().div_euclid(1000));
    items.put("decided_at", about.now.as_millis());
    items.put("engine", env!("CARGO_PKG_VERSION"));
    items.put_some("guardrails_sha256", about.guardrails_sha256);
    items.put_some("arm_reason", about.arm_reason);
    let leverage = about.position_leverage.map(Leverage::get);
    items.put_some("position_leverage", leverage);
    items.put("answer", about.answer);
}

pub(super) fn put_policy(items: &mut Items, policy: Option<&Policy>) {
    items.put_some("policy_version", policy.map(Policy::version));
    items.put_some("policy_hash", policy.map(Policy::hash));
}

#[cfg(test)]
mod tests {
    use portcullis::{
        decide::Engine,
        exit::ExitOwnership,
        guardrails::Guardrails,
        policy::{PolicyState, PolicyUnavailable},
        record::{self, Scratch},
    };

    use super::*;

    /// Returns the fields of the plan for an exit, as `name=value`.
    fn exit(fields: &str, order_type: Option<&str>, reference: Option<&str>) -> Vec<String> {
        let record =
            format!(r#"{{"symbol":"BTCUSDT","source":"owner","reduceOnly":true,{fields}}}"#);
        let mut scratch = Scratch::default();
        let intent = record::read(&record, &mut scratch).into_intent();
        let engine = Engine::new(Guardrails::none(), ExitOwnership::new("owner").unwrap());
        let absent = PolicyUnavailable::NotFound;
        let now = Timestamp::from_millis(1_767_571_200_500).unwrap();
        let decision = engine.decide(PolicyState::unavailable(&absent), &intent, now);
        let about = About {
            plan_id: "plan",
            stream: "exits",
            entry_id: "7-1",
            sender_id: None,
            attempt: Some("2"),
            order_type,
            trigger_reference: reference,
            now,
            guardrails_sha256: Some("00ff"),
            arm_reason: None,
            position_leverage: None,
            answer: "{}",
        };
        let items = plan(&decision, &about);
        assert_eq!(items.len(), items.iter().count());
        let items: Vec<&str> = items.iter().collect();
        let pairs = items.chunks(2).map(|pair| pair.join("="));
        pairs.collect()
    }

    /// Checks the fields `type` to `reduceOnly`, except the position side, in the plan of an exit from a long position.
    #[track_caller]
    fn check(fields: &str, order_type: Option<&str>, expected: &[&str]) {
        let all = exit(fields, order_type, Some("MARK_PRICE"));
        let first = all.iter().position(|it| it.starts_with("type="));
        let last = all.iter().position(|it| it == "reduceOnly=true");
        let found = all.get(first.unwrap()..last.unwrap()).unwrap();
        let is_leg = |it: &&String| *it == "position_leg=LONG";
        assert_eq!(found.iter().filter(is_leg).count(), 1);
        let found: Vec<&String> = found.iter().filter(|it| !is_leg(it)).collect();
        assert_eq!(found, expected, "{fields} {order_type:?}");
    }

    #[test]
    fn a_plan_of_an_exit_has_its_identity_and_its_rule() {
        let expected = [
            "plan_id=plan",
            "decision=EXECUTE",
            "verdict=EXIT",
            "symbol=BTCUSDT",
            "side=SELL",
            "type=MARKET",
            "position_leg=LONG",
            "qty=0.5",
            "qty_source=intent:quantity",
            "qty_asked=some",
            "reduceOnly=true",
            "exit_rule=owner",
            "attempt=2",
            "source=owner",
            "entry=7-1",
            "stream=exits",
            "timestamp=1767571200",
            "decided_at=1767571200500",
            concat!("engine=", env!("CARGO_PKG_VERSION")),
            "guardrails_sha256=00ff",
            "answer={}",
        ];
        let fields = r#""side":"SELL","positionSide":"LONG","quantity":0.5"#;
        assert_eq!(exit(fields, None, None), expected);
    }

    #[test]
    fn a_plan_of_an_exit_states_the_quantity_to_close_or_that_it_is_unknown() {
        let share = |share: &str, partial: &str| {
            [
                "type=MARKET".to_owned(),
                format!("quantity_fraction={share}"),
                "qty_source=intent:close_fraction".to_owned(),
                "qty_asked=fraction".to_owned(),
                format!("partial={partial}"),
            ]
        };
        for (fraction, partial) in [("0.5", "true"), ("1", "false")] {
            let expected = share(fraction, partial);
            let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
            let fields = format!(r#""side":"SELL","close_fraction":{fraction}"#);
            check(&fields, None, &expected);
        }
        for (fields, expected) in [
            (r#""side":"SELL""#, &["qty_asked=none"][..]),
            (
                r#""side":"SELL","quantity":"all""#,
                &["qty=unreadable", "qty_asked=unreadable"],
            ),
            (
                r#""side":"SELL","size":400"#,
                &["qty=unreadable", "qty_asked=in USD"],
            ),
        ] {
            check(fields, None, &[&["type=MARKET"], expected].concat());
        }
    }

    #[test]
    fn a_plan_of_a_resting_exit_never_has_the_type_of_an_immediate_close() {
        let resting = r#""side":"SELL","stopPrice":90"#;
        for (stated, order_type) in [
            (None, "type=TRIGGER"),
            (Some("MARKET"), "type=TRIGGER"),
            (Some("LIMIT"), "type=TRIGGER"),
            (Some("STOP_MARKET"), "type=STOP_MARKET"),
        ] {
            let expected = [
                order_type,
                "trigger_price=90",
                "trigger_reference=MARK_PRICE",
                "qty_asked=none",
            ];
            check(resting, stated, &expected);
        }
        for (stated, order_type) in [(None, "type=MARKET"), (Some("LIMIT"), "type=LIMIT")] {
            check(r#""side":"SELL""#, stated, &[order_type, "qty_asked=none"]);
        }
    }
}
