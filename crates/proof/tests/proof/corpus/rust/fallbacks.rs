//! Fallbacks for missing values.

use std::{collections::HashMap, env};

fn options(asked: Option<f64>, params: &HashMap<String, f64>, settings: &Settings) -> f64 {
    let leverage = asked.unwrap_or(10.0); // ! 1 unwrap_or
    let t1 = params.get("T1_R").copied().unwrap_or(2.0); // ! 3 unwrap_or of a map
    let t2 = *params.get("T2_R").unwrap_or(&4.0); // ! 3 unwrap_or of a reference
    let spike = settings.k_sigma_spike.map_or(0.6, |it| it * 1.0); // ! 4 map_or
    let quantity = settings.quantity.unwrap_or_else(|| 0.01); // ! 6 unwrap_or_else
    let lev: f64 = env::var("LEVERAGE").ok().and_then(|it| it.parse().ok()).unwrap_or(5.0); // ! 1 environment
    let notional = env::var("NOTIONAL").unwrap_or("150".into()); // ! 6 environment of text
    let universe = settings.universe.clone().unwrap_or(vec!["BTCUSDT".to_string()]); // ! 5 unwrap_or of a list
    let symbol = env::var("SYMBOL").unwrap_or_else(|_| "BTCUSDT".to_owned()); // ! 5 one symbol
    let lock_r = settings.lock_r.or(Some(1.2)); // ! 3 or
    let timeout = settings.timeout.unwrap_or(10); // = timing
    let retries = env::var("RETRIES").ok().and_then(|it| it.parse().ok()).unwrap_or(10); // = retries
    let port = settings.port.unwrap_or(6379); // = port
    let depth = params.get("depth").copied().unwrap_or(10.0); // = another quantity
    let name = settings.symbol_file.clone().unwrap_or_else(|| "symbols.txt".into()); // = other compound
    let label = settings.symbol.as_deref().unwrap_or(""); // = empty text
    leverage
}

fn branches(asked: Option<f64>, policy: &InForce, mode: Mode) -> f64 {
    let leverage = if let Some(asked) = asked { asked } else { 10.0 }; // ! 1 if let else
    let leverage = match asked {
        Some(asked) => asked,
        None => 7.0, // ! 1 match arm
    };
    let Some(size_usd) = policy.size() else {
        return 0.0;
    };
    let lev = if mode == Mode::Fast { 20.0 } else { policy.leverage() }; // ! 1 if else
    let leverage = policy.leverage_of(mode.symbol()); // = policy read
    let leverage = asked.map_or(policy.leverage(), |asked| asked.min(policy.leverage())); // = policy read
    let leverage = leverage.min(20.0); // ! 1 bound handed on
    let leverage = leverage.clamp(1.0, policy.leverage()); // ! 1 clamp
    let pause = match mode {
        Mode::Fast => 10, // = timing
        Mode::Slow => 200, // = timing
    };
    let window = if mode == Mode::Fast { 20 } else { 200 }; // = window
    size_usd
}

fn structs(symbol: &str, policy: &InForce) -> Order {
    let row = json!({ "symbol": symbol, "leverage": 10, "retries": 3 }); // ! 1 json
    let size = json!({ "symbol": symbol, "notional_usd": 200.0 }); // ! 6 json
    let http = json!({ "timeout": 10, "page_size": 200 }); // = timing
    let order = Order::new(symbol).leverage(10.0).retries(3); // ! 1 builder
    let other = Order::new(symbol).with_quantity(0.5); // ! 6 builder with
    let given = Order::new(symbol).leverage(policy.leverage()); // = policy read
    let client = Client::new().timeout(10).pool_size(4); // = timing
    let lev = Leverage::new(10.0); // ! 1 constructor
    let window = Window::new(200); // = window
    let table = HashMap::from([("T1_R", 2.0)]); // = another list
    let universe = vec!["BTCUSDT", "ETHUSDT"]; // ! 5 vec
    let steps = vec![1, 2, 4]; // = another list
    let mut params = HashMap::new();
    params.insert("kill_threshold", 0.55); // ! 4 insert
    params.insert("attempts", 10.0); // = retries
    Order {
        symbol: symbol.into(),
        leverage: 3.0, // ! 1 struct literal
        size_usd: policy.size_usd(), // = policy read
        attempts: 10, // = retries
        position_size: equity() * 0.02, // ! 6 factor
    }
}

fn thresholds(position: &Position, theta: &Theta) -> Stage {
    if position.r_net >= 2.0 { // ! 3 comparison
        return Stage::Quarter;
    }
    if position.r_net >= theta.t1_r { // = policy read
        return Stage::Quarter;
    }
    if position.kill_score > 0.6 { // ! 4 comparison
        return Stage::Close;
    }
    if position.r_net > 0.0 { // = sign
        return Stage::Green;
    }
    assert!(position.r_net < 1e6); // = validation
    let stop_price = position.entry * 0.98; // ! 3 factor of a stop
    let be_plus_pct = theta.be_plus_pct / 100.0; // = unit conversion
    let cost = position.entry * theta.cost_bps / 10_000.0; // = unit conversion
    let kill_threshold = theta.kill_threshold + 0.05; // ! 4 term
    Stage::None
}

fn validate(leverage: f64, notional: f64, r_net: f64) -> Result<(), Refused> {
    if leverage > 125.0 || leverage < 1.0 { // = validation
        return Err(Refused::Leverage);
    }
    if notional < 5.0 { // = validation
        return Err(Refused::Notional);
    }
    if r_net > 1_000.0 { // = validation
        return Err(Refused::R);
    }
    Ok(())
}

fn chosen(symbol: &str) -> bool {
    let allowed = ["BTCUSDT", "ETHUSDT"].contains(&symbol); // ! 5 membership
    for symbol in ["SOLUSDT", "ADAUSDT"] { // ! 5 loop
        watch(symbol);
    }
    matches!(symbol, "BTCUSDT" | "ETHUSDT") || allowed // ! 5 matches
}

fn maxima(asked: f64, limits: &Limits) -> f64 {
    let leverage = limits.max_leverage; // ! 2 assigned
    let leverage = asked.min(MAX_LEVERAGE); // ! 2 bound handed on
    let leverage = limits.leverage.unwrap_or(limits.max_leverage); // ! 2 fallback
    let order = Order { leverage: MAX_LEVERAGE, attempts: 1 }; // ! 2 struct literal
    client().set_leverage("BTCUSDT", MAX_LEVERAGE); // ! 2 setter
    let max_leverage = limits.max_leverage; // = bound
    if asked > limits.max_leverage { // = bound
        return 0.0;
    }
    leverage
}
