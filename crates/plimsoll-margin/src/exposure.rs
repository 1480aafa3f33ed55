//! Net sensitivities of a portfolio by underlying and expiry.

use std::collections::BTreeMap;

use plimsoll_model::error::InputError;
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Timestamp};
use plimsoll_pricing::contract::{self, ContractGreeks};

use crate::collateral::{Cash, price_usd};

/// What a sensitivity belongs to: a coin and, for dated instruments, an expiry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket {
    /// The coin.
    pub underlying: Asset,
    /// The expiry; `None` holds spot, perpetuals and coins held as collateral.
    pub expiry: Option<Timestamp>,
}

/// One position's sensitivities, for the whole quantity.
#[derive(Clone, Copy, Debug)]
pub struct LegGreeks {
    /// Which instrument.
    pub id: InstrumentId,
    /// Signed contracts.
    pub quantity: f64,
    /// Sensitivities of one contract.
    pub unit: ContractGreeks,
    /// Mark vol; zero for what is not an option.
    pub vol_ann: f64,
}

/// Net sensitivities of a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NetGreeks {
    /// Σ quantity × the contract's own.
    pub net: ContractGreeks,
    /// Σ |quantity × delta|, in coins.
    pub gross_delta: f64,
    /// Σ quantity × vega × vol: USD per 100 % relative move of all vols.
    pub relative_vega_usd: f64,
}

/// Sensitivities of every position, in portfolio order.
pub fn legs(market: &Market, portfolio: &Portfolio) -> Result<Vec<LegGreeks>, InputError> {
    let leg = |holding: &plimsoll_model::Holding| {
        Ok(LegGreeks {
            id: holding.id,
            quantity: holding.quantity,
            unit: contract::greeks(market, holding.id)?,
            vol_ann: market.listing(holding.id).mark_vol.unwrap_or(0.0),
        })
    };
    portfolio.holdings.iter().map(leg).collect()
}

impl NetGreeks {
    /// Adds `quantity` contracts.
    pub fn add(&mut self, quantity: f64, unit: &ContractGreeks, vol_ann: f64) {
        let net = &mut self.net;
        net.delta += quantity * unit.delta;
        net.premium_adjusted_delta += quantity * unit.premium_adjusted_delta;
        net.gamma += quantity * unit.gamma;
        net.delta_usd += quantity * unit.delta_usd;
        net.gamma_usd += quantity * unit.gamma_usd;
        net.vega_usd += quantity * unit.vega_usd;
        net.theta_usd_per_day += quantity * unit.theta_usd_per_day;
        net.rho_usd += quantity * unit.rho_usd;
        net.vanna += quantity * unit.vanna;
        net.volga_usd += quantity * unit.volga_usd;
        self.gross_delta += (quantity * unit.delta).abs();
        self.relative_vega_usd += quantity * unit.vega_usd * vol_ann;
    }
}

/// Net sensitivities by bucket. Coins held count as delta of the bucket without expiry, with the
/// credit they get as collateral.
pub fn by_bucket(
    market: &Market,
    legs: &[LegGreeks],
    cash: &BTreeMap<Asset, Cash>,
) -> Result<BTreeMap<Bucket, NetGreeks>, InputError> {
    let mut buckets: BTreeMap<Bucket, NetGreeks> = BTreeMap::new();
    for leg in legs {
        let instrument = &market.listing(leg.id).instrument;
        let bucket =
            Bucket { underlying: instrument.underlying.clone(), expiry: instrument.expiry() };
        buckets.entry(bucket).or_default().add(leg.quantity, &leg.unit, leg.vol_ann);
    }
    for (asset, cash) in cash {
        if market.underlyings.contains_key(asset) && cash.credit != 0.0 {
            let bucket = Bucket { underlying: asset.clone(), expiry: None };
            let unit = coin_delta(price_usd(market, asset)?);
            buckets.entry(bucket).or_default().add(cash.credit, &unit, 0.0);
        }
    }
    Ok(buckets)
}

/// Sensitivities of one coin held.
pub fn coin_delta(price_usd: f64) -> ContractGreeks {
    ContractGreeks {
        delta: 1.0,
        premium_adjusted_delta: 1.0,
        delta_usd: price_usd,
        ..ContractGreeks::default()
    }
}

/// Buckets summed by coin.
pub fn by_underlying(buckets: &BTreeMap<Bucket, NetGreeks>) -> BTreeMap<Asset, NetGreeks> {
    let mut coins: BTreeMap<Asset, NetGreeks> = BTreeMap::new();
    for (bucket, greeks) in buckets {
        let coin = coins.entry(bucket.underlying.clone()).or_default();
        coin.add(1.0, &greeks.net, 0.0);
        // `add` saw the bucket as one leg; what is gross stays gross.
        coin.gross_delta += greeks.gross_delta - greeks.net.delta.abs();
        coin.relative_vega_usd += greeks.relative_vega_usd;
    }
    coins
}
