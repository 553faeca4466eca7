//! The intents that the services of the profile send, and some faulty ones, with their expected answers.

use super::super::process::Redis;

/// The expected answer to an intent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expected {
    /// A trade with this quantity and its source.
    Trade(f64, &'static str),
    /// An exit with this side, quantity and action.
    Exit(&'static str, f64, &'static str),
    /// A skip with this reason.
    Skip(&'static str),
    /// An exit that is refused with an alarm. The text is a part of the detail.
    Refused(&'static str),
}

/// The fields of an intent, and its expected answer.
pub(super) type Kind = (&'static [(&'static str, &'static str)], Expected);

use Expected::{Exit, Refused, Skip, Trade};

const OF_EXECUTOR: &str = "INTENT_UNSUPPORTED";

/// Each kind of intent. The positions are those of [`prepare`].
pub(super) const KINDS: &[Kind] = &[
    // Entries.
    (
        &[
            ("event_type", "trade.intent"),
            (
                "payload",
                r#"{"symbol":"BTCUSDT","side":"BUY","confidence":0.91,"entry_price":50000.0,"stop_loss":49000.0,
                "take_profit":52000.0,"position_size_usd":250.0,"leverage":5,"timestamp":null,"model":"m",
                "reason":"close above the exit band","atr_value":NaN,"volatility_factor":1.2,
                "exchange_divergence":0.01,"funding_rate":0.0001,"regime":"TREND"}"#,
            ),
            ("source", "engine"),
        ],
        Trade(0.005, "notional/price"),
    ),
    (
        &[
            ("event_type", "trade.intent"),
            (
                "data",
                r#"{"symbol":"ETHUSDT","side":"SELL","entry_price":2000,"stop_loss":2100,"take_profit":1800,
                "position_size_usd":500,"leverage":3}"#,
            ),
            ("source", "router"),
        ],
        Trade(0.25, "notional/price"),
    ),
    (
        &[
            ("symbol", "btcusdt"),
            ("side", "buy"),
            ("entry_price", "50000"),
            ("position_size_usd", "250"),
            ("leverage", "5"),
            ("source", "bot"),
        ],
        Trade(0.005, "notional/price"),
    ),
    (
        &[
            ("symbol", "BTCUSDT"),
            ("side", "buy"),
            ("position_size_usd", "250"),
            ("source", "bot"),
        ],
        Trade(0.005, "notional/position:mark_price"),
    ),
    (
        &[
            ("symbol", "BNBUSDT"),
            ("side", "SELL"),
            ("position_size_usd", "250"),
            ("source", "bot"),
        ],
        Trade(0.5, "notional/market:mark_price"),
    ),
    // The mark of SOLUSDT is old, and ADAUSDT has none.
    (
        &[
            ("symbol", "SOLUSDT"),
            ("side", "BUY"),
            ("position_size_usd", "250"),
            ("source", "bot"),
        ],
        Skip(OF_EXECUTOR),
    ),
    (
        &[
            ("symbol", "ADAUSDT"),
            ("side", "BUY"),
            ("position_size_usd", "250"),
            ("source", "bot"),
        ],
        Skip(OF_EXECUTOR),
    ),
    // Percentages in the place of prices.
    (
        &[
            ("symbol", "BTCUSDT"),
            ("side", "BUY"),
            ("entry_price", "100"),
            ("stop_loss", "1"),
            ("position_size_usd", "250"),
            ("source", "trader"),
        ],
        Skip("POLICY_LIMIT_EXCEEDED"),
    ),
    (
        &[
            ("symbol", "BTCUSDT"),
            ("side", "BUY"),
            ("entry_price", "100"),
            ("stop_loss", "1"),
            ("take_profit", "2"),
            ("position_size_usd", "250"),
            ("source", "trader"),
        ],
        Skip("INTENT_AMBIGUOUS"),
    ),
    (
        &[
            ("symbol", "XRPUSDT"),
            ("side", "BUY"),
            ("position_size_usd", "250"),
            ("entry_price", "1"),
        ],
        Skip("POLICY_UNIVERSE_FILTER"),
    ),
    (
        &[("symbol", "BTCUSDT"), ("side", "HOLD"), ("source", "bot")],
        Skip("INTENT_NOT_ACTIONABLE"),
    ),
    // Exits.
    (
        &[
            ("action", "CLOSE"),
            ("symbol", "BTCUSDT"),
            ("side", "LONG"),
            ("reduceOnly", "true"),
            ("source", "exitbrain_v3_5"),
        ],
        Exit("SELL", 0.3, "FULL_CLOSE_PROPOSED"),
    ),
    (
        &[
            ("action", "FULL_CLOSE"),
            ("symbol", "ETHUSDT"),
            ("reduceOnly", "true"),
            ("source", "manual_close"),
        ],
        Exit("BUY", 4.0, "FULL_CLOSE_PROPOSED"),
    ),
    (
        &[
            ("action", "FULL_CLOSE"),
            ("symbol", "BTCUSDT"),
            ("side", "LONG"),
            ("source", "emergency_stop"),
        ],
        Exit("SELL", 0.3, "FULL_CLOSE_PROPOSED"),
    ),
    (
        &[
            ("action", "PARTIAL_25"),
            ("symbol", "BTCUSDT"),
            ("side", "LONG"),
            ("percentage", "0.25"),
            ("R_net", "NaN"),
            ("pnl_usd", "12.5"),
            ("exit_price", "nan"),
            ("source", "harvest_brain"),
        ],
        Exit("SELL", 0.075, "PARTIAL_25"),
    ),
    (
        &[
            ("action", "PARTIAL_50"),
            ("symbol", "BTCUSDT"),
            ("side", "LONG"),
            ("qty_fraction", "0.5"),
            ("quantity", "0.2"),
            ("source", "harvest_brain"),
        ],
        Exit("SELL", 0.1, "PARTIAL_50"),
    ),
    (
        &[
            ("action", "CLOSE"),
            ("symbol", "ETHUSDT"),
            ("side", "SHORT"),
            ("percentage", "0.5"),
            ("reduceOnly", "true"),
            ("source", "exitbrain_v3_5"),
        ],
        Exit("BUY", 2.0, "PARTIAL_50"),
    ),
    (
        &[
            (
                "payload",
                r#"{"action":"PARTIAL_75","symbol":"BTCUSDT","side":"LONG","percentage":0.75,"R_net":NaN,
                "exit_price":NaN,"reason":"percentage"}"#,
            ),
            ("source", "reconcile_engine"),
        ],
        Exit("SELL", 0.225, "PARTIAL_75"),
    ),
    (
        &[
            (
                "data",
                r#"{"action":"CLOSE","symbol":"BTCUSDT","side":"LONG","percentage":1,"pnl_usd":-Infinity}"#,
            ),
            ("source", "reconcile_engine"),
        ],
        Exit("SELL", 0.3, "FULL_CLOSE_PROPOSED"),
    ),
    (
        &[
            ("action", "CLOSE"),
            ("symbol", "BTCUSDT"),
            ("side", "LONG"),
            ("quantity", "0.1"),
            ("source", "exitbrain_v3_5"),
        ],
        Exit("SELL", 0.1, "PARTIAL_25"),
    ),
    (
        &[
            ("action", "CLOSE"),
            ("symbol", "XRPUSDT"),
            ("side", "SHORT"),
            ("quantity", "5"),
            ("source", "exitbrain_v3_5"),
        ],
        Exit("BUY", 5.0, "FULL_CLOSE_PROPOSED"),
    ),
    // Exits that cannot be carried out.
    (
        &[
            ("action", "CLOSE"),
            ("symbol", "BTCUSDT"),
            ("side", "LONG"),
            ("source", "stranger"),
        ],
        Skip("DENY_NOT_EXIT_OWNER"),
    ),
    (
        &[
            ("action", "CLOSE"),
            ("symbol", "BTCUSDT"),
            ("side", "LONG"),
            ("type", "STOP_MARKET"),
            ("stopPrice", "45000"),
            ("source", "exitbrain_v3_5"),
        ],
        Refused("no field for the trigger 45000 of a resting exit"),
    ),
    (
        &[
            ("action", "FULL_CLOSE"),
            ("symbol", "SOLUSDT"),
            ("reduceOnly", "true"),
            ("source", "manual_close"),
        ],
        Refused("`quantum:state:positions:SOLUSDT` has no open position"),
    ),
    (
        &[
            ("action", "FULL_CLOSE"),
            ("symbol", "DOTUSDT"),
            ("reduceOnly", "true"),
            ("source", "manual_close"),
        ],
        Refused("`quantity` and `position_amt` of the position differ"),
    ),
    (
        &[
            ("action", "FULL_CLOSE"),
            ("symbol", "AVAXUSDT"),
            ("reduceOnly", "true"),
            ("source", "manual_close"),
        ],
        Refused("`quantum:state:positions:AVAXUSDT` is unreadable: "),
    ),
    (
        &[
            ("action", "CLOSE"),
            ("symbol", "BTCUSDT"),
            ("percentage", "50"),
            ("source", "exitbrain_v3_5"),
        ],
        Refused("the quantity is unreadable"),
    ),
    (
        &[
            ("action", "CLOSE"),
            ("symbol", "BTCUSDT"),
            ("side", "SHORT"),
            ("source", "exitbrain_v3_5"),
        ],
        Refused("the exit closes a SHORT position, but the position of BTCUSDT is LONG"),
    ),
    (
        &[
            ("action", "CLOSE"),
            ("symbol", "BTCUSDT"),
            ("side", "LONG"),
            ("position_size_usd", "100"),
            ("source", "exitbrain_v3_5"),
        ],
        Refused("the intent has a size in USD but no quantity"),
    ),
    (
        &[
            ("action", "CLOSE"),
            ("symbol", "XRPUSDT"),
            ("quantity", "5"),
            ("source", "exitbrain_v3_5"),
        ],
        Refused("the executor needs a side"),
    ),
];

/// Writes the positions and the markets.
pub(super) fn prepare(redis: &mut Redis) {
    redis.hold("BTCUSDT", "LONG", "0.3", "50000", 1);
    redis.hold("ETHUSDT", "SHORT", "4", "2000", 1);
    redis.hold("SOLUSDT", "FLAT", "0", "100", 7_200);
    redis.hold("DOTUSDT", "LONG", "10", "5", 1);
    redis.hash("quantum:state:positions:DOTUSDT", &[("position_amt", "11")]);
    redis.run(&["SET", "quantum:state:positions:AVAXUSDT", "no hash"]);
    let now = super::since_epoch().as_secs().to_string();
    redis.hash(
        "quantum:marketstate:BNBUSDT",
        &[("mark_price", "500"), ("ts_timestamp", &now)],
    );
}
