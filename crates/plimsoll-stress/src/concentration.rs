//! How much of the risk hangs on one thing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// Shares of a total by what they belong to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Concentration {
    /// What is shared out.
    pub of: String,
    /// Shares of the sum of sizes, largest first.
    pub shares: Vec<Share>,
    /// Herfindahl's index, Σ share²: 1 where everything is one thing, 1/n where n are equal.
    pub herfindahl: f64,
}

/// One share.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Share {
    /// Of what.
    pub name: String,
    /// The amount, USD, signed.
    pub amount: f64,
    /// |amount| over the sum of all |amounts|.
    pub share: f64,
}

/// Sums amounts by name and shares them out; `None` where everything is zero.
#[must_use]
pub fn concentration(
    of: &str,
    amounts: impl IntoIterator<Item = (String, f64)>,
) -> Option<Concentration> {
    let mut sums: BTreeMap<String, f64> = BTreeMap::new();
    for (name, amount) in amounts {
        *sums.entry(name).or_default() += amount;
    }
    let total: f64 = sums.values().map(|amount| amount.abs()).sum();
    if total <= 0.0 || !total.is_finite() {
        return None;
    }
    let share = |(name, amount): (String, f64)| Share { name, amount, share: amount.abs() / total };
    let mut shares: Vec<Share> = sums.into_iter().map(share).collect();
    shares.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.name.cmp(&b.name)));
    let herfindahl = shares.iter().map(|share| share.share * share.share).sum();
    Some(Concentration { of: of.to_owned(), shares, herfindahl })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_count_sizes_and_add_up() {
        // 60 − 20 = 40 of BTC, −60 of ETH: shares 0.4 and 0.6, index 0.16 + 0.36.
        let amounts =
            [("BTC", 60.0), ("ETH", -60.0), ("BTC", -20.0)].map(|(n, a)| (n.to_owned(), a));
        let found = concentration("delta", amounts).unwrap();
        assert_eq!(found.shares[0].name, "ETH");
        assert!((found.herfindahl - 0.52).abs() < 1e-15);
        assert!(concentration("nothing", [("BTC".to_owned(), 0.0)]).is_none());
    }
}
