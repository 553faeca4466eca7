//! A strategy that sends intents, and an executor that fills the plans of the bridge.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_service::keys::{
    EXITS, HARVEST_PROPOSAL, INTENTS, MARKET, PLANS, POSITION, RISK_PROPOSAL,
};
use portcullis_store::redis::keys::ARM_RESULTS;
use redis::{Client, Commands as _, Connection, streams::StreamRangeReply};

use crate::market::{Candle, now};

/// The owner of exits.
const OWNER: &str = "exitbrain_v3_5";
/// The number of candles after which a position is closed.
const CANDLES_MAX: u32 = 24;
/// The distance of the stop, as a share of the entry price.
const STOP: f64 = 0.02;
/// The cash of each policy, in USD, for its drawdown.
const CASH: f64 = 1_000.0;

/// The connection, the open positions and the results of each policy.
pub(crate) struct Exchange {
    redis: Connection,
    positions: BTreeMap<String, Position>,
    results: BTreeMap<String, Results>,
    last_plan: String,
    prices: BTreeMap<&'static str, f64>,
    /// The number of intents that open positions.
    pub(crate) entries: u64,
    /// The number of intents that close positions.
    pub(crate) exits: u64,
}

struct Position {
    quantity: f64,
    entry_price: f64,
    policy: String,
    candles: u32,
    /// The proposals that were sent as exits.
    sent: BTreeSet<String>,
}

/// The realized result of a policy, its highest value and the largest drawdown from it, in USD.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) net: f64,
    pub(crate) closed: u64,
    highest: f64,
    drawdown: f64,
}

impl Exchange {
    pub(crate) fn connect(url: &str) -> Self {
        Self {
            redis: Client::open(url).unwrap().get_connection().unwrap(),
            positions: BTreeMap::new(),
            results: BTreeMap::new(),
            last_plan: "-".to_owned(),
            prices: BTreeMap::new(),
            entries: 0,
            exits: 0,
        }
    }

    /// Returns the results by policy.
    pub(crate) const fn results(&self) -> &BTreeMap<String, Results> {
        &self.results
    }

    /// Publishes candles.
    pub(crate) fn add_candles(&mut self, candles: &[Candle]) {
        for candle in candles {
            let end = candle.open_time + 900;
            let fields = [
                ("open_time", candle.open_time.to_string()),
                ("close_time", end.to_string()),
                ("open", candle.open.to_string()),
                ("high", candle.high.to_string()),
                ("low", candle.low.to_string()),
                ("close", candle.close.to_string()),
                ("volume", "90000000".to_owned()),
            ];
            let key = format!("week:candles:{}", candle.symbol);
            self.redis
                .xadd::<_, _, _, _, ()>(key, "*", &fields)
                .unwrap();
            self.prices.insert(candle.symbol, candle.close);
        }
    }

    /// Publishes candles, fills plans at their closes, closes positions and sends new intents.
    pub(crate) fn step(&mut self, candles: &[Candle]) {
        self.add_candles(candles);
        self.fill_plans();
        for candle in candles {
            self.market_state(candle);
            if self.positions.contains_key(candle.symbol) {
                self.hold(candle);
            }
            // Every second symbol has an intent in each candle; additions are sent as well.
            if (candle.open_time / 900 + i64::from(candle.symbol.as_bytes()[0])) % 2 == 0 {
                self.send_entry(candle.symbol);
            }
        }
    }

    fn send_entry(&mut self, symbol: &str) {
        self.entries += 1;
        let fields = [
            ("intent_id", format!("entry-{}", self.entries)),
            ("source", "momentum".to_owned()),
            ("symbol", symbol.to_owned()),
            ("side", "BUY".to_owned()),
            ("position_size_usd", "100".to_owned()),
        ];
        self.redis
            .xadd::<_, _, _, _, ()>(INTENTS, "*", &fields)
            .unwrap();
    }

    fn send_exit(&mut self, symbol: &str, quantity: Option<f64>) {
        self.exits += 1;
        let mut fields = vec![
            ("intent_id", format!("exit-{}", self.exits)),
            ("source", OWNER.to_owned()),
            ("symbol", symbol.to_owned()),
            ("side", "SELL".to_owned()),
            ("reduceOnly", "true".to_owned()),
        ];
        fields.extend(quantity.map(|quantity| ("quantity", quantity.to_string())));
        self.redis
            .xadd::<_, _, _, _, ()>(EXITS, "*", &fields)
            .unwrap();
    }

    /// Fills the new plans at the current prices.
    fn fill_plans(&mut self) {
        let from = match self.last_plan.as_str() {
            "-" => "-".to_owned(),
            last => format!("({last}"),
        };
        let plans: StreamRangeReply = self.redis.xrange(PLANS, from, "+").unwrap();
        for plan in plans.ids {
            self.last_plan.clone_from(&plan.id);
            let text = |name: &str| plan.get::<String>(name).unwrap_or_default();
            let number = |name: &str| text(name).parse::<f64>().ok();
            let symbol = text("symbol");
            let Some(price) = self.prices.get(symbol.as_str()).copied() else {
                continue;
            };
            match text("verdict").as_str() {
                "TRADE" => {
                    let quantity = number("notional").unwrap_or_default() / price;
                    self.open(symbol, quantity, price, text("policy_hash"));
                }
                _ => self.close(&symbol, number("qty"), price),
            }
        }
    }

    fn open(&mut self, symbol: String, quantity: f64, price: f64, policy: String) {
        let is_new = !self.positions.contains_key(&symbol);
        let position = self.positions.entry(symbol.clone()).or_insert(Position {
            quantity: 0.0,
            entry_price: price,
            policy,
            candles: 0,
            sent: BTreeSet::new(),
        });
        let before = position.quantity * position.entry_price;
        position.quantity += quantity;
        position.entry_price = (before + quantity * price) / position.quantity;
        let key = format!("{POSITION}{symbol}");
        let mut fields = vec![
            ("symbol", symbol.clone()),
            ("side", "LONG".to_owned()),
            ("quantity", position.quantity.to_string()),
            ("entry_price", position.entry_price.to_string()),
            ("current_price", price.to_string()),
            (
                "current_sl",
                (position.entry_price * (1.0 - STOP)).to_string(),
            ),
        ];
        if is_new {
            fields.push(("opened_at_ms", now().to_string()));
        }
        self.redis
            .hset_multiple::<_, _, _, ()>(key, &fields)
            .unwrap();
        let risk = format!("{RISK_PROPOSAL}{symbol}");
        self.redis
            .hset::<_, _, _, ()>(risk, "stop_dist_pct", STOP)
            .unwrap();
    }

    fn close(&mut self, symbol: &str, quantity: Option<f64>, price: f64) {
        let Some(position) = self.positions.get_mut(symbol) else {
            return;
        };
        let closed = quantity.map_or(position.quantity, |it| it.min(position.quantity));
        position.quantity -= closed;
        let policy = position.policy.clone();
        let results = self.results.entry(policy.clone()).or_default();
        results.net += closed * (price - position.entry_price);
        results.highest = results.highest.max(results.net);
        results.drawdown = results.drawdown.max(results.highest - results.net);
        let key = format!("{POSITION}{symbol}");
        self.redis
            .hset::<_, _, _, ()>(key, "quantity", position.quantity)
            .unwrap();
        if position.quantity <= 0.0 {
            results.closed += 1;
            self.positions.remove(symbol);
        }
        // The account reports the drawdown of each policy; the updater reads that of its arms.
        let drawdown = results.drawdown / CASH;
        let arm = format!("{ARM_RESULTS}{policy}");
        self.redis
            .hset::<_, _, _, ()>(arm, "drawdown", drawdown)
            .unwrap();
    }

    /// Updates an open position, and sends an exit if the harvester proposes one, the stop is reached or it is old.
    fn hold(&mut self, candle: &Candle) {
        let symbol = candle.symbol;
        let key = format!("{POSITION}{symbol}");
        self.redis
            .hset::<_, _, _, ()>(key, "current_price", candle.close)
            .unwrap();
        let proposal = format!("{HARVEST_PROPOSAL}{symbol}");
        let proposal: BTreeMap<String, String> = self.redis.hgetall(proposal).unwrap();
        let position = self.positions.get_mut(symbol).unwrap();
        position.candles += 1;
        let is_stopped = candle.low <= position.entry_price * (1.0 - STOP);
        let is_old = position.candles >= CANDLES_MAX;
        let action = proposal.get("action").map_or("NONE", String::as_str);
        let quantity = proposal
            .get("close_quantity")
            .and_then(|it| it.parse::<f64>().ok());
        if is_stopped || is_old {
            self.send_exit(symbol, None);
        } else if action != "NONE" && position.sent.insert(action.to_owned()) {
            self.send_exit(symbol, quantity);
        }
    }

    fn market_state(&mut self, candle: &Candle) {
        let fields = [
            ("sigma", (candle.high / candle.low - 1.0).to_string()),
            ("ts", "0.35".to_owned()),
            ("p_trend", "0.5".to_owned()),
            ("p_mr", "0.2".to_owned()),
            ("p_chop", "0.3".to_owned()),
        ];
        let key = format!("{MARKET}{}", candle.symbol);
        self.redis
            .hset_multiple::<_, _, _, ()>(key, &fields)
            .unwrap();
    }
}
