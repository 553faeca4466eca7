use portcullis_lifecycle::gate::GateRules;

use crate::support::{RULES, SIMULATION};

#[test]
fn wrong_rules_are_refused_with_their_path() {
    let text = format!("{RULES}{SIMULATION}");
    for (field, wrong, expected) in [
        (
            "format = 1",
            "format = 2",
            "invalid gate: `format` is 2, but must be 1",
        ),
        (
            "days = 7",
            "days = 0",
            "`days` is 0, but must be at least 1",
        ),
        ("days = 7", "days = -1", "line 2"),
        ("days = 7", "", "missing field `days`"),
        ("days = 7", "days = 7\nhours = 1", "unknown field `hours`"),
        ("min_reached = 10", "min_reached = 0", "`min_reached` is 0"),
        (
            "max_new_trades = 0.6",
            "max_new_trades = nan",
            "`max_new_trades` is NaN, but must be from 0 to 1",
        ),
        (
            "max_new_trades = 0.6",
            "max_new_trades = 1.1",
            "`max_new_trades` is 1.1",
        ),
        ("max_new_trades = 0.6", "max_new_trades = \"0.6\"", "line 4"),
        ("min = 0.5", "min = 3.5", "`notional_ratio.max` is 3"),
        ("min = 0.5", "min = nan", "`notional_ratio.min` is NaN"),
        ("max = 3", "max = inf", "`notional_ratio.max` is inf"),
        (
            "max_leverage_rise = 2",
            "max_leverage_rise = -2",
            "`max_leverage_rise` is -2",
        ),
        (
            "max_drawdown = 1",
            "max_drawdown = nan",
            "`simulation.max_drawdown` is NaN",
        ),
        (
            "max_drawdown_rise = 1",
            "max_drawdown_rise = -1",
            "`simulation.max_drawdown_rise` is -1",
        ),
        (
            "cash = 1000.5",
            "cash = 0",
            "line 10: must be greater than 0",
        ),
        ("cash = 1000.5", "cash = nan", "line 10"),
        ("taker_fee = 0.0004", "taker_fee = 2", "line 11"),
        ("taker_fee = 0.0004", "taker_fee = -0.1", "negative"),
        ("taker_fee = 0.0004", "fee = 2", "unknown field `fee`"),
    ] {
        let wrong = text.replace(field, wrong);
        assert_ne!(wrong, text, "{field}");
        let found = GateRules::from_toml(&wrong).unwrap_err().to_string();
        assert!(found.contains(expected), "{field}: {found}");
    }
}
