//! The files of the operator: templates, gate, keys, and a tape of the previous day for the publish gate.

use std::{fmt::Write as _, fs, path::Path};

use crate::market::{SYMBOLS, WINDOW, now};

const TEMPLATES: &str = include_str!("../templates.toml");

/// The gate judges looser policies by the intents of one day.
const GATE: &str = "format = 1
days = 1
min_reached = 100
max_new_trades = 1
notional_ratio = { min = 0.1, max = 10 }
max_leverage_rise = 2
";

/// Writes all files.
pub(crate) fn write(folder: &Path) {
    fs::write(folder.join("templates.toml"), templates()).unwrap();
    fs::write(folder.join("gate.toml"), GATE).unwrap();
    fs::write(folder.join("yesterday.jsonl"), yesterday()).unwrap();
    // Only for this example: the bytes 0 to 31.
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
    fs::write(folder.join("signing.key"), key).unwrap();
    let public = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n";
    fs::write(folder.join("public.key"), public).unwrap();
    restrict(&folder.join("signing.key"));
}

/// Makes a file readable only by its owner, as the commands require for a key.
fn restrict(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// Returns the example templates, with all symbols, a short window, and short validities.
fn templates() -> String {
    let symbols = SYMBOLS.map(|symbol| format!("\"{symbol}\"")).join(", ");
    let mut text = TEMPLATES.to_owned();
    for (from, to) in [
        ("returns = 96", format!("returns = {WINDOW}")),
        (
            "max_feature_age_sec = 900",
            "max_feature_age_sec = 15".to_owned(),
        ),
        ("\"BTCUSDT\", \"ETHUSDT\", \"SOLUSDT\"", symbols),
        ("max_spread = 0.002", "max_spread = 1".to_owned()),
        ("max_members = 2", "max_members = 6".to_owned()),
        ("max_new = 1", "max_new = 6".to_owned()),
        ("max_new_24h = 2", "max_new_24h = 6".to_owned()),
        ("validity_sec = 3600", "validity_sec = 60".to_owned()),
        ("validity_sec = 1800", "validity_sec = 60".to_owned()),
        ("validity_sec = 900", "validity_sec = 60".to_owned()),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, &to);
    }
    text
}

/// Returns a tape with intents of the last 25 hours.
fn yesterday() -> String {
    let (mut text, hours, now) = (String::new(), 25, now());
    let begin = now - hours * 3_600_000;
    let intents = 1500;
    for n in 0..intents {
        let ts = begin + (now - begin) / intents * n;
        let symbol = SYMBOLS[usize::try_from(n).unwrap() % SYMBOLS.len()];
        writeln!(
            text,
            r#"{{"event_type":"trade.intent","ts":{ts},"id":"y{n}","symbol":"{symbol}","side":"BUY","position_size_usd":100}}"#
        )
        .unwrap();
    }
    text
}
