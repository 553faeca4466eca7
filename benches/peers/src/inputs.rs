//! The intents and the policy as files, for the comparison with table engines in `tables.py`.

use std::{fs, path::Path};

use crate::{Failure, asks::Ask, engines::portcullis::policy};

/// Writes `intents.csv` and `policy.json` to `folder`, which is created if it does not exist.
pub(crate) fn write(asks: &[Ask], folder: &Path) -> Result<String, Failure> {
    let mut csv = String::from("symbol,side,leverage,cents\n");
    for ask in asks {
        let side = if ask.buys { "BUY" } else { "SELL" };
        let (symbol, leverage, cents) = (ask.symbol(), ask.leverage, ask.cents);
        csv.push_str(&format!("{symbol},{side},{leverage},{cents}\n"));
    }
    fs::create_dir_all(folder)?;
    fs::write(folder.join("intents.csv"), csv)?;
    fs::write(folder.join("policy.json"), policy().to_string())?;
    let (intents, folder) = (asks.len(), folder.display());
    Ok(format!(
        "wrote {intents} intents and their policy to {folder}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asks::asks;

    #[test]
    fn each_intent_is_a_line() {
        let folder = std::env::temp_dir().join(format!("portcullis-peers-{}", std::process::id()));
        let asks = asks();
        write(&asks, &folder).unwrap();
        let csv = fs::read_to_string(folder.join("intents.csv")).unwrap();
        let policy = fs::read_to_string(folder.join("policy.json")).unwrap();
        fs::remove_dir_all(folder).unwrap();
        assert_eq!(csv.lines().count(), asks.len() + 1);
        let Ask {
            leverage, cents, ..
        } = asks[199_999];
        let last = csv.lines().last().unwrap();
        assert!(last.ends_with(&format!(",{leverage},{cents}")), "{last}");
        assert!(policy.contains(r#""COIN39USDT":42"#), "{policy}");
    }
}
