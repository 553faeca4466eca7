//! Suggestions of the listed symbol for a misspelled one.

use portcullis::types::Symbol;

/// The quote currencies that are recognised at the end of a symbol.
const QUOTES: [&str; 5] = ["FDUSD", "USDT", "USDC", "BUSD", "USD"];

/// The words for perpetual contracts that some venues append.
const CONTRACTS: [&str; 3] = ["PERPETUAL", "PERP", "SWAP"];

/// Returns the listed symbol that was probably intended: the same symbol in the notation of another venue (`BTC-USDT`,
/// `BTC/USDT:USDT`, `XBTUSDT`), with another quote currency or none (`BTCUSD`, `BTC`), or with one wrong, missing or
/// additional letter, or two swapped letters, in the quote currency (`BTCUSTD`).
pub(super) fn did_you_mean(symbol: &Symbol, listed: &[Symbol]) -> Option<Symbol> {
    if listed.contains(symbol) {
        return None;
    }
    let names: Vec<String> = symbol.as_str().split(':').map(plain).collect();
    let find = |is: &dyn Fn(&str, &str) -> bool| {
        let is_meant = |it: &&Symbol| {
            let other = plain(it.as_str());
            names.iter().any(|name| is(name, &other))
        };
        listed.iter().find(is_meant).copied()
    };
    find(&|name, other| name == other)
        .or_else(|| find(&|name, other| base(name) == base(other)))
        .or_else(|| find(&|name, other| base(name) == name && is_misspelled(name, other)))
}

/// Returns a symbol without separators and words for contracts, with `BTC` instead of the older `XBT`.
fn plain(text: &str) -> String {
    let text = text.strip_suffix(".P").unwrap_or(text);
    let mut text: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    for word in CONTRACTS {
        if let Some(rest) = text.strip_suffix(word) {
            text.truncate(rest.len());
        }
    }
    match text.strip_prefix("XBT") {
        Some(rest) => format!("BTC{rest}"),
        None => text,
    }
}

/// Returns a symbol without its quote currency.
fn base(symbol: &str) -> &str {
    let base = QUOTES.iter().find_map(|quote| symbol.strip_suffix(quote));
    base.filter(|base| !base.is_empty()).unwrap_or(symbol)
}

/// Returns true if only the quote currency is misspelled.
fn is_misspelled(name: &str, other: &str) -> bool {
    let base = base(other);
    let quote = |symbol: &str| symbol.strip_prefix(base).map(str::to_owned);
    match (quote(name), quote(other)) {
        (Some(one), Some(other)) if !one.is_empty() => strsim::osa_distance(&one, &other) <= 1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(text: &str) -> Option<String> {
        let listed = ["ETHUSDT", "BTCUSDT", "SOLUSDC"].map(|it| Symbol::new(it).unwrap());
        let guess = did_you_mean(&Symbol::new(text).unwrap(), &listed);
        guess.map(|it| it.to_string())
    }

    #[test]
    fn the_notations_of_venues_are_recognised() {
        for text in [
            "BTC-USDT",
            "BTC/USDT",
            "BTC_USDT",
            "BTC/USDT:USDT",
            "BTC-USDT-SWAP",
            "BTCUSDT.P",
            "BTCUSDT_PERP",
            "BINANCE:BTCUSDT",
            "XBTUSDT",
            "XBTUSD",
            "BTC-PERPETUAL",
            "BTCUSD",
            "BTCUSDC",
            "BTC",
            "BTCUSTD",
            "BTCUSDTT",
            "BTCUDT",
        ] {
            assert_eq!(guess(text).as_deref(), Some("BTCUSDT"), "{text}");
        }
        assert_eq!(guess("SOLUSDT").as_deref(), Some("SOLUSDC"));
    }

    #[test]
    fn other_symbols_are_not_guessed() {
        for text in [
            "BTCUSDT", "XRPUSDT", "BTTUSDT", "USDT", "WBTCUSDT", "ETCUSDT", "BTCDOM",
        ] {
            assert_eq!(guess(text), None, "{text}");
        }
    }
}
