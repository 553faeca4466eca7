//! Generators of structured inputs from the bytes of a fuzzer: a sound input with a few changes.

use crate::{
    oracle::naive::{Candle, Guardrails, Halt, json::quote, policy::hash_of},
    worlds::{NO_GUARDRAILS, NOW},
};
use arbitrary::{Result, Unstructured};

/// Pairs of a key and a JSON value, in the order of the text.
pub(crate) type Pairs = Vec<(String, String)>;

pub(crate) const SYMBOLS: [&str; 4] = ["BTCUSDT", "ethusdt", "NOLEVUSDT", "XRPUSDT"];
const USUAL: [&str; 20] = [
    "1", "2", "2.5", "8", "10", "0.5", "0.55", "0.02", "0.003", "1.8", "3.5", "5.8", "100", "200",
    "250", "1600", "72000", "1e4", "1e-6", "60",
];
const ODD: [&str; 20] = [
    "0",
    "-0.0",
    "-1",
    "1e999",
    "-1e999",
    "1e308",
    "1.7976931348623157e308",
    "5e-324",
    "2.2250738585072014e-308",
    "\"nan\"",
    "\"inf\"",
    "\"-Infinity\"",
    "\"x\"",
    "\"\"",
    "\" 5\"",
    "\"+5\"",
    "null",
    "true",
    "[]",
    "{}",
];
const FALSE_TRUE: [bool; 2] = [false, true];

/// Generates a number as JSON: an ordinary number, the next lower float of an ordinary number, a
/// number of any bit pattern, or an unusable value.
pub(crate) fn number(u: &mut Unstructured<'_>) -> Result<String> {
    let usual = *u.choose(&USUAL)?;
    Ok(match u.int_in_range(0..=12)? {
        0..=5 => usual.to_owned(),
        6 => quote(usual, false),
        7 | 8 => float(f64::from_bits(u.arbitrary()?)),
        9 => float(usual.parse::<f64>().unwrap().next_down()),
        10 => {
            let (digits, places): (i32, u8) = (u.arbitrary()?, u.int_in_range(0..=9)?);
            format!("{digits}e-{places}")
        }
        _ => (*u.choose(&ODD)?).to_owned(),
    })
}

/// Returns a number as JSON; as a string if the number is not finite.
pub(crate) fn float(number: f64) -> String {
    if number.is_finite() {
        format!("{number:?}")
    } else {
        format!("\"{number:?}\"")
    }
}

/// Generates a timestamp near [`NOW`], in microseconds.
pub(crate) fn instant(u: &mut Unstructured<'_>) -> Result<i64> {
    let step = *u.choose(&[
        0,
        1,
        999,
        1_000,
        1_000_000,
        59_999_999,
        60_000_000,
        60_000_001,
        3_600_000_000,
    ])?;
    Ok(match u.int_in_range(0..=9)? {
        0..=2 => NOW,
        3..=5 => NOW - step,
        6 | 7 => NOW + step,
        8 => NOW + i64::from(u.arbitrary::<i32>()?),
        _ => u.int_in_range(-62_167_219_200_000_000..=253_402_300_799_999_999)?,
    })
}

/// Returns microseconds as decimal seconds, exactly.
pub(crate) fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

pub(crate) fn pairs(list: &[(&str, &str)]) -> Pairs {
    list.iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// Returns the pairs as a JSON object.
pub(crate) fn object(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{}: {value}", quote(key, false)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

/// Changes the values of some fields, removes others, and adds duplicates.
pub(crate) fn change(
    u: &mut Unstructured<'_>,
    pairs: &mut Pairs,
    names: &[&str],
    value: fn(&mut Unstructured<'_>, &str) -> Result<String>,
) -> Result<()> {
    for _ in 0..*u.choose(&[0, 0, 0, 1, 1, 2, 3])? {
        let name = *u.choose(names)?;
        let how = u.int_in_range(0..=15)?;
        if how != 14 {
            pairs.retain(|(key, _)| key != name);
        }
        if how != 15 {
            pairs.push((name.to_owned(), value(u, name)?));
        }
    }
    Ok(())
}

const HARVEST: [(&str, &str); 11] = [
    ("T1_R", "1.8"),
    ("T2_R", "3.5"),
    ("T3_R", "5.8"),
    ("lock_R", "1.2"),
    ("be_plus_pct", "0.003"),
    ("cost_bps", "12"),
    ("k_regime_flip", "0.8"),
    ("k_sigma_spike", "0.6"),
    ("k_ts_drop", "0.4"),
    ("k_age_penalty", "0.2"),
    ("kill_threshold", "0.55"),
];
const KILL: [(&str, &str); 6] = [
    ("trend_min", "0.25"),
    ("sigma_ref", "0.012"),
    ("sigma_spike_cap", "1.8"),
    ("ts_ref", "0.35"),
    ("ts_drop_cap", "0.45"),
    ("max_age_sec", "72000"),
];
const LIMITS: [&str; 6] = [
    "max_leverage",
    "max_position_usd",
    "max_notional_usd",
    "max_intent_age_sec",
    "max_market_age_sec",
    "max_position_age_sec",
];

/// Generates the text of a policy in either encoding, or none.
pub(crate) fn policy(u: &mut Unstructured<'_>) -> Result<Option<String>> {
    let style = u.int_in_range(0..=15)?;
    if style == 15 {
        return Ok(None);
    }
    let mut harvest = pairs(&HARVEST);
    let names = [
        HARVEST.map(|(name, _)| name).as_slice(),
        &["fallback_stop_pct"],
    ]
    .concat();
    change(u, &mut harvest, &names, |u, _| number(u))?;
    let mut kill = pairs(&KILL);
    change(u, &mut kill, &KILL.map(|(name, _)| name), |u, _| number(u))?;
    let mut limits = Pairs::new();
    change(u, &mut limits, &LIMITS, |u, _| number(u))?;
    let mut leverage = pairs(&[("BTCUSDT", "8"), ("ETHUSDT", "10")]);
    change(u, &mut leverage, &SYMBOLS, |u, _| number(u))?;
    let mut all = pairs(&[("policy_version", "\"7\"")]);
    all.push((
        "universe_symbols".to_owned(),
        r#"["BTCUSDT","ETHUSDT","NOLEVUSDT"]"#.to_owned(),
    ));
    all.push(("harvest_params".to_owned(), object(&harvest)));
    all.push(("kill_params".to_owned(), object(&kill)));
    all.push(("leverage_by_symbol".to_owned(), object(&leverage)));
    all.push(("valid_until_epoch".to_owned(), "4000000000".to_owned()));
    if !limits.is_empty() {
        all.push(("limits".to_owned(), object(&limits)));
    }
    let names = [
        "valid_until_epoch",
        "valid_from_epoch",
        "harvest_grace_sec",
        "market",
        "venue",
        "policy_seq",
    ];
    change(u, &mut all, &names, |u, name| match name {
        "market" | "venue" => {
            Ok((*u.choose(&["\"usdm\"", "\"binance\"", "5", "null"])?).to_owned())
        }
        "harvest_grace_sec" | "policy_seq" => number(u),
        _ => instant(u).map(seconds),
    })?;
    if style % 2 == 1 {
        for (_, value) in all
            .iter_mut()
            .filter(|(_, value)| value != "null" && !value.starts_with('"'))
        {
            *value = quote(value, false);
        }
    }
    match style {
        12 | 13 => {
            let hash = hash_of(&object(&all)).unwrap_or_default();
            all.push(("policy_hash".to_owned(), quote(&hash, false)));
        }
        14 => all.push(("policy_hash".to_owned(), quote(&"0".repeat(64), false))),
        _ => {}
    }
    Ok(Some(object(&all)))
}

/// Generates guardrails with at most three limits.
pub(crate) fn guardrails(u: &mut Unstructured<'_>) -> Result<Guardrails> {
    let mut all = NO_GUARDRAILS.clone();
    for _ in 0..u.int_in_range(0..=3)? {
        let money = number(u)?
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite() && *number > 0.0);
        let seconds = Some(*u.choose(&[0.0, 1e-6, 0.001, 1.0, 59.999_999, 60.0, 86_400.0, 1e12])?);
        let symbols = vec![u.choose(&SYMBOLS)?.to_ascii_uppercase()];
        let place = Some((*u.choose(&["usdm", "binance", "5"])?).to_owned());
        match u.int_in_range(0..=12)? {
            0 => all.max_leverage = money,
            1 => all.max_position_usd = money,
            2 => all.max_notional_usd = money,
            3 => all.max_validity_sec = seconds,
            4 => all.max_intent_age_sec = seconds,
            5 => all.max_future_skew_sec = seconds,
            6 => all.symbols = Some(symbols),
            7 => all.market = place,
            8 => all.venue = place,
            9 => all.require_hash = *u.choose(&FALSE_TRUE)?,
            10 => all.halt = Halt::Symbols(symbols),
            11 => all.max_plan_age_sec = seconds,
            12 => all.require_metadata = *u.choose(&FALSE_TRUE)?,
            _ => all.halt = Halt::Everything,
        }
    }
    if all.max_future_skew_sec.is_some() {
        all.timestamps = vec![
            ("ai".to_owned(), Candle::Open(60.0)),
            ("bars".to_owned(), Candle::Close),
        ];
    }
    Ok(all)
}
