//! Plans and skip records, as executors and dashboards read them.
//!
//! | field | in a plan |
//! |---|---|
//! | `plan_id` | 32 digits, the same for the same intent however often it is answered |
//! | `decision` | `EXECUTE`; `SKIP` in a skip record |
//! | `verdict` | `TRADE` or `EXIT` |
//! | `symbol`, `side` | what and which way; an exit has a side where its intent said one |
//! | `type` | the order type that the intent named, else `MARKET` |
//! | `qty`, `qty_source` | units of the symbol, where the intent holds them or a price |
//! | `qty_asked` | of an exit: `some`, `none`, or `unreadable`, and then `qty` is `unreadable` too |
//! | `reduceOnly` | `true` for an exit, `false` for a trade |
//! | `leverage`, `leverage_source`, `notional`, `margin`, `size_source` | of a trade |
//! | `stop_loss`, `take_profit`, `entry_price` | of a trade whose intent holds them |
//! | `source`, `intent_id`, `entry`, `stream` | who asked, its own id, and the stream's, which is `stream` |
//! | `exit_rule` | the rule that let an exit pass |
//! | `policy_version`, `policy_hash`, `not_after` | of a trade: its policy, and that policy's end (epoch ms) |
//! | `timestamp`, `decided_at` | when it was decided (epoch s, epoch ms) |
//! | `answer` | the line that a replay of a recording of it writes, without its number |

use std::fmt::{Display, Write as _};

use portcullis::{
    decide::{Decision, Trade},
    domain::Instant,
    exit::ExitPermit,
    intent::QuantityAsked,
    policy::Policy,
};

/// Names and values, one after the other, in one piece.
#[derive(Debug, Default)]
pub(super) struct Items {
    text: String,
    /// Where each of them ends.
    ends: Vec<usize>,
}

/// What plans and skip records have in common.
pub(super) struct About<'a> {
    pub(super) plan_id: &'a str,
    pub(super) stream: &'a str,
    pub(super) entry_id: &'a str,
    pub(super) own_id: Option<&'a str>,
    pub(super) order_type: Option<&'a str>,
    pub(super) now: Instant,
    /// The answer as a replay writes it.
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

    fn put(&mut self, name: &str, value: impl Display) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
        // A text takes everything.
        let _ = write!(self.text, "{value}");
        self.ends.push(self.text.len());
    }

    fn put_some(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }
}

/// The plan of a trade or an exit; nothing for a skip.
pub(super) fn plan(decision: &Decision<'_>, about: &About<'_>) -> Items {
    let mut items = Items::default();
    match decision {
        Decision::Trade(trade) => put_trade(&mut items, trade, about),
        Decision::Exit(permit) => put_exit(&mut items, permit, about),
        Decision::Skip(_) => {}
    }
    items
}

/// The skip record.
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
    items.put("not_after", trade.not_after().as_millis());
    put_common(items, trade.intent().source(), about);
}

fn put_exit(items: &mut Items, permit: &ExitPermit<'_>, about: &About<'_>) {
    items.put("plan_id", about.plan_id);
    items.put("decision", "EXECUTE");
    items.put("verdict", "EXIT");
    items.put("symbol", permit.symbol());
    items.put_some("side", permit.side());
    items.put("type", about.order_type.unwrap_or("MARKET"));
    match permit.quantity() {
        QuantityAsked::Asked(quantity) => {
            items.put("qty", quantity.value().get());
            items.put("qty_source", quantity.source());
            items.put("qty_asked", "some");
        }
        QuantityAsked::NotAsked => items.put("qty_asked", "none"),
        // No number and not nothing: nobody can take it for all there is.
        QuantityAsked::Unreadable => {
            items.put("qty", "unreadable");
            items.put("qty_asked", "unreadable");
        }
        QuantityAsked::SizeAlone => {
            items.put("qty", "unreadable");
            items.put("qty_asked", "in USD");
        }
    }
    items.put("reduceOnly", true);
    items.put("exit_rule", permit.rule().as_str());
    put_common(items, Some(permit.source()), about);
}

fn put_common(items: &mut Items, source: Option<&str>, about: &About<'_>) {
    items.put_some("source", source);
    items.put_some("intent_id", about.own_id);
    items.put("entry", about.entry_id);
    items.put("stream", about.stream);
    items.put("timestamp", about.now.as_millis().div_euclid(1000));
    items.put("decided_at", about.now.as_millis());
    items.put("answer", about.answer);
}

fn put_policy(items: &mut Items, policy: Option<&Policy>) {
    items.put_some("policy_version", policy.map(Policy::version));
    items.put_some("policy_hash", policy.map(Policy::hash));
}
