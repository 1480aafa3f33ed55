//! What one Deribit contract holds: `params/deribit/contracts/`.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::market::AssetFile;
use plimsoll_model::number::Real;
use plimsoll_model::params::{Provenance, from_toml};
use plimsoll_model::{Asset, ContractUnit};
use serde::Deserialize;

const TEXT: &str = include_str!("../../../../params/deribit/contracts/2026-01-01.toml");

/// Sizes and units of Deribit's coin-settled contracts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contracts {
    /// Where the sizes were read.
    pub source: Provenance,
    /// Options of every coin.
    pub option: ContractSize,
    /// Perpetuals and dated futures, by coin.
    pub future: BTreeMap<Asset, ContractSize>,
    /// USD price of one unit of the assets that an option chain does not quote.
    pub asset_price_usd: BTreeMap<Asset, AssetFile>,
}

/// Size of one contract.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractSize {
    /// Units per contract.
    pub contract_size: Real,
    /// What the units are.
    pub contract_unit: ContractUnit,
}

impl Contracts {
    /// The bundled table.
    ///
    /// # Errors
    /// `bad_parameter` if the bundled file does not have the shape of [`Contracts`].
    pub fn bundled() -> Result<Self, InputError> {
        from_toml(TEXT).map_err(|error| error.from_origin("params/deribit/contracts/2026-01-01"))
    }

    /// The size of a coin's futures.
    ///
    /// # Errors
    /// `missing` for a coin that the table does not hold.
    pub fn future(&self, coin: &Asset) -> Result<ContractSize, InputError> {
        self.future.get(coin).copied().ok_or_else(|| {
            let message = format!("no contract size is known for coin-settled futures on {coin}");
            InputError::new(InputCode::Missing, message)
                .hint("contract sizes are in params/deribit/contracts")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_the_sizes_that_the_venue_publishes() {
        let contracts = Contracts::bundled().unwrap();
        let dollars =
            |size| ContractSize { contract_size: Real(size), contract_unit: ContractUnit::Quote };
        assert_eq!(contracts.future(&Asset::new("BTC")).unwrap(), dollars(10.0));
        assert_eq!(contracts.future(&Asset::new("ETH")).unwrap(), dollars(1.0));
        assert_eq!(contracts.option.contract_size, Real(1.0));
        assert_eq!(contracts.option.contract_unit, ContractUnit::Base);
        assert!(contracts.future(&Asset::new("DOGE")).unwrap_err().message.contains("DOGE"));
    }
}
