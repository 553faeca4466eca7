//! The effect of a publication, in comparison with the policy before it.

use serde::Serialize;

use super::{part::Part, publication::Publication};

/// The results under the policy before a publication and under the publication, for the records that were recorded while it
/// was active.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Effect {
    /// The number of records.
    pub records: u64,
    /// The trades under the policy before, and under the publication.
    pub trades: (u64, u64),
    /// The notional under the policy before, and under the publication, in USD.
    pub notional_usd: (f64, f64),
    /// The simulated net profit under the policy before, and under the publication, in USD.
    pub net_usd: Option<(f64, f64)>,
}

/// Returns the effect of each publication, in their order. The first one has none.
#[must_use]
pub fn effects(publications: &[Publication], parts: &[Part]) -> Vec<Option<Effect>> {
    let hashes: Vec<String> = publications
        .iter()
        .map(|publication| publication.policy.hash().to_string())
        .collect();
    let of = |index: usize| {
        let (before, own) = (hashes.get(index.checked_sub(1)?)?, hashes.get(index)?);
        let while_active = parts
            .iter()
            .filter(|part| part.active.as_ref() == Some(own));
        let mut effect = Effect::default();
        for part in while_active {
            if part.policy == *before {
                effect.trades.0 += part.trades;
                effect.notional_usd.0 += part.notional_usd;
            }
            if part.policy == *own {
                effect.records += part.records;
                effect.trades.1 += part.trades;
                effect.notional_usd.1 += part.notional_usd;
            }
            if let Some(net) = part.net_usd {
                let both = effect.net_usd.get_or_insert((0.0, 0.0));
                both.0 += if part.policy == *before { net } else { 0.0 };
                both.1 += if part.policy == *own { net } else { 0.0 };
            }
        }
        Some(effect)
    };
    (0..publications.len()).map(of).collect()
}
