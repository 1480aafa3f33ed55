//! `hyperliquid-cross` and `hyperliquid-isolated`: perpetuals with margin tiers.
//!
//! ```text
//! rate_n      = 1/(2·max_leverage_n)
//! MM          = N·rate_n − deduction_n                  N = |coins|·mark
//! IM          = max(N/leverage, MM/maintenance_share)   leverage: the account's own setting
//! account     = Σ over positions, against balance + unrealised profit
//! ADL index   = (mark/entry)·(N/account value)          entry/mark for a short
//! ```
//!
//! Cross: one pool per collateral token. Isolated: an account is one position with the margin posted to
//! it, so that a book writes every isolated position as an account of its own.

pub mod perps;
pub mod portfolio;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::from_toml;
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::perpetual::spot_held;
use crate::collateral::{CollateralRules, price_usd};
use crate::liquidation::{ClosedForm, bracketed};
use crate::model::{MarginModel, Pool, Prepared, Requirement};
use perps::{Margined, Perps, PerpsParams, PreparedPerps};

/// Parameters of cross or isolated margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HyperliquidParams {
    /// `hyperliquid-cross` or `hyperliquid-isolated`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Margin of perpetuals.
    pub perps: PerpsParams,
    /// What counts as collateral; each token in its own pool.
    pub collateral: CollateralRules,
}

/// Cross or isolated margin.
#[derive(Clone, Debug)]
pub struct Hyperliquid {
    params: HyperliquidParams,
    perps: Perps,
    isolated: bool,
}

impl Hyperliquid {
    /// Reads and checks a parameter file; its family says whether positions are isolated.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: HyperliquidParams = from_toml(text)?;
        params.collateral.check()?;
        let perps = Perps::new(&params.id, &params.perps)?;
        let isolated = params.family == "hyperliquid-isolated";
        Ok(Self { params, perps, isolated })
    }
}

impl MarginModel for Hyperliquid {
    fn id(&self) -> &str {
        &self.params.id
    }

    fn provenance(&self) -> &Provenance {
        &self.params.source
    }

    fn prepare<'a>(
        &'a self,
        market: &'a Market,
        ids: &[InstrumentId],
    ) -> Result<Box<dyn Prepared + 'a>, InputError> {
        let perps = self.perps.prepare(market, ids)?;
        for id in perps.ids() {
            let instrument = &market.listing(id).instrument;
            if self.params.collateral.refuses(&instrument.settlement_asset) {
                let (name, asset) = (&instrument.name, &instrument.settlement_asset);
                let message = format!("{name}: {asset} is no collateral of {}", self.params.id);
                return Err(InputError::new(InputCode::Unsupported, message));
            }
        }
        Ok(Box::new(PreparedHyperliquid { model: self, market, perps }))
    }
}

struct PreparedHyperliquid<'a> {
    model: &'a Hyperliquid,
    market: &'a Market,
    perps: PreparedPerps<'a>,
}

impl Prepared for PreparedHyperliquid<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let positions = self.perps.margined(portfolio)?;
        self.refuse_mixed(&positions)?;
        let rules = &self.model.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let owed = cash.iter().find(|(asset, cash)| cash.amount < 0.0 && rules.refuses(asset));
        if let Some((asset, cash)) = owed {
            let (id, debt) = (&self.model.params.id, cash.amount);
            let message = format!("{asset} is no collateral of {id}, and {debt} is owed");
            return Err(InputError::new(InputCode::Unsupported, message));
        }
        let settled = positions.iter().map(|one| self.perps.settlement_asset(one.leg.id));
        let held = cash.keys().filter(|asset| !rules.refuses(asset));
        let mut pools = Vec::new();
        for asset in settled.chain(held).collect::<BTreeSet<_>>() {
            let mine: Vec<&Margined> = positions
                .iter()
                .filter(|one| self.perps.settlement_asset(one.leg.id) == asset)
                .collect();
            let equity = cash.get(asset).map_or(0.0, |cash| cash.credit);
            pools.push(self.pool(asset, equity, &mine)?);
        }
        let mut notes = rules.refusals(portfolio);
        let spot = spot_held(self.market, portfolio);
        notes.extend(spot.map(|(coin, _)| format!("{coin} held as spot gets no credit")));
        Ok(Requirement { pools, notes })
    }

    fn liquidation_price(
        &self,
        portfolio: &Portfolio,
        id: InstrumentId,
    ) -> Result<Option<ClosedForm>, InputError> {
        let requirement = self.requirement(portfolio)?;
        let positions = self.perps.margined(portfolio)?;
        let underlying = &self.market.listing(id).instrument.underlying;
        let mut same = positions.iter().filter(|one| {
            one.leg.coins != 0.0
                && self.market.listing(one.leg.id).instrument.underlying == *underlying
        });
        let (Some(own), None) = (same.next(), same.next()) else { return Ok(None) };
        let settlement = &self.market.listing(id).instrument.settlement_asset;
        let Some(pool) = requirement.pools.iter().find(|pool| pool.asset == *settlement) else {
            return Ok(None);
        };
        // The formula needs the equity to move with the position alone.
        if own.leg.id != id || self.market.underlyings.contains_key(settlement) {
            return Ok(None);
        }
        let others = pool.maintenance_margin() - own.maintenance;
        let (coins, price) = (own.leg.coins, own.leg.price);
        let table = &self.perps.table(id)?.brackets;
        Ok(Some(bracketed(table, price, coins, pool.equity - others)))
    }
}

impl PreparedHyperliquid<'_> {
    fn pool(&self, asset: &Asset, equity: f64, mine: &[&Margined]) -> Result<Pool, InputError> {
        let component = perps::component(mine, 1.0);
        let mut figures = BTreeMap::new();
        let notional: f64 = mine.iter().map(|one| one.leg.notional()).sum();
        figures.insert("notional".to_owned(), notional);
        figures.insert("margin_available".to_owned(), equity - component.maintenance);
        let backstop = self.model.params.perps.backstop_share * component.maintenance;
        figures.insert("backstop_equity".to_owned(), backstop);
        for one in mine {
            let name = &self.market.listing(one.leg.id).instrument.name;
            if let Some(index) = one.adl_index(equity) {
                figures.insert(format!("{name}_adl_index"), index);
            }
        }
        Ok(Pool {
            name: asset.to_string(),
            asset: asset.clone(),
            asset_price_usd: price_usd(self.market, asset)?,
            equity,
            components: vec![component],
            units: vec![],
            figures,
        })
    }

    /// Isolated: one position. Cross: perpetuals of one exchange, as every builder-deployed one
    /// (`dex:COIN`) keeps accounts of its own.
    fn refuse_mixed(&self, positions: &[Margined]) -> Result<(), InputError> {
        let name = |one: &Margined| self.market.listing(one.leg.id).instrument.name.as_str();
        let Some((first, rest)) = positions.split_first() else { return Ok(()) };
        let id = &self.model.params.id;
        if let Some(second) = rest.first().filter(|_| self.model.isolated) {
            let message = format!(
                "{}: {id} takes one position per account, and {} is there already",
                name(second),
                name(first)
            );
            return Err(InputError::new(InputCode::Unsupported, message)
                .hint("write every isolated position as an account of its own"));
        }
        let exchange = |one| name(one).split_once(':').map(|(dex, _)| dex);
        if let Some(other) = rest.iter().find(|other| exchange(other) != exchange(first)) {
            let message = format!(
                "{}: {id} nets within one exchange, and {} is on another",
                name(other),
                name(first)
            );
            return Err(InputError::new(InputCode::Unsupported, message)
                .hint("write every exchange as an account of its own"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{bundled_model, from_params};
    use plimsoll_model::{Book, Timestamp};

    fn market() -> Market {
        let perp = |name: &str, coin: &str, mark: f64| {
            format!(
                r#"{{"name":"{name}","kind":"perpetual","underlying":"{coin}","settlement":"USDC",
                    "contract_size":1,"mark_price":{mark}}}"#
            )
        };
        let text = format!(
            r#"{{"id":"m","time":"2026-06-01T00:00:00Z","assets":{{"USDC":1}},
                "underlyings":{{"BTC":{{"index_price":100000}},"ETH":{{"index_price":4000}}}},
                "instruments":[{},{},{},
                  {{"name":"BTC-26JUN26-100000-C","settlement":"USDC","mark_vol":0.5}},
                  {{"name":"BTC-PERPETUAL","contract_size":10,"contract_unit":"quote","mark_price":100000}}]}}"#,
            perp("BTC-PERP", "BTC", 100_000.0),
            perp("ETH-PERP", "ETH", 4000.0),
            perp("xyz:BTC", "BTC", 100_000.0),
        );
        Market::from_json(text.as_bytes()).unwrap()
    }

    fn ask(model: &str, rows: &str) -> Result<Requirement, InputError> {
        let market = market();
        let book = Book::parse(format!("instrument,quantity,entry_price\n{rows}").as_bytes())?;
        let portfolio = Portfolio::bind(&book.accounts[0], &market)?;
        let ids: Vec<InstrumentId> = portfolio.holdings.iter().map(|one| one.id).collect();
        bundled_model(model, market.time)?.prepare(&market, &ids)?.requirement(&portfolio)
    }

    #[test]
    fn maintenance_follows_the_tiers_and_initial_is_twice_that() {
        // BTC: 40x (1.25 %) to 150 M, then 20x (2.5 %): deduction 150 M·1.25 % = 1.875 M.
        for (coins, maintenance) in
            [(1.0, 1250.0), (-1500.0, 1_875_000.0), (2000.0, 200e6 * 0.025 - 1.875e6)]
        {
            let pool = &ask("hyperliquid-cross", &format!("BTC-PERP,{coins},\n")).unwrap().pools[0];
            // Sums of exact products of decimals: a few units in the last place.
            assert!((pool.maintenance_margin() - maintenance).abs() < 1e-9 * maintenance);
            assert!((pool.initial_margin() - 2.0 * maintenance).abs() < 1e-9 * maintenance);
        }
    }

    #[test]
    fn the_account_leverage_raises_initial_margin_only() {
        let text = crate::models::bundled_at("hyperliquid-cross", market().time).unwrap().text;
        let own = text.replace("[perps]", "[perps]\nleverage = { BTC = 10.0 }");
        let (model, market) = (from_params(&own).unwrap(), market());
        let book = Book::parse(b"instrument,quantity\nBTC-PERP,1\n").unwrap();
        let portfolio = Portfolio::bind(&book.accounts[0], &market).unwrap();
        let ids = [portfolio.holdings[0].id];
        let answer = model.prepare(&market, &ids).unwrap().requirement(&portfolio).unwrap();
        assert_eq!(answer.pools[0].initial_margin(), 10_000.0);
        assert_eq!(answer.pools[0].maintenance_margin(), 1250.0);
        let beyond = text.replace("[perps]", "[perps]\nleverage = { BTC = 50.0 }");
        assert_eq!(from_params(&beyond).unwrap_err().code, InputCode::BadParameter);
    }

    #[test]
    fn what_the_venue_does_not_trade_or_net_is_refused_by_name() {
        for (model, rows, culprit) in [
            ("hyperliquid-cross", "BTC-26JUN26-100000-C,1,\n", "BTC-26JUN26-100000-C"),
            ("hyperliquid-cross", "BTC-PERPETUAL,1,\n", "BTC-PERPETUAL"),
            ("hyperliquid-cross", "BTC-PERP,1,\nxyz:BTC,-1,\n", "xyz:BTC"),
            ("hyperliquid-isolated", "BTC-PERP,1,\nETH-PERP,1,\n", "ETH-PERP"),
        ] {
            let refusal = ask(model, rows).unwrap_err();
            assert_eq!(refusal.code, InputCode::Unsupported);
            assert!(refusal.message.starts_with(culprit), "{refusal}");
        }
    }

    #[test]
    fn the_adl_index_is_profit_times_leverage() {
        // Mark 100,000, entry 80,000: 1.25; account 25,000 + 20,000; 1.25·100,000/45,000.
        let long = ask("hyperliquid-cross", "BTC-PERP,1,80000\nUSDC,25000,\n").unwrap();
        assert!((long.pools[0].figures["BTC-PERP_adl_index"] - 125.0 / 45.0).abs() < 1e-12);
        // Short from 125,000: as profitable, with 25,000 of profit.
        let short = ask("hyperliquid-cross", "BTC-PERP,-1,125000\nUSDC,25000,\n").unwrap();
        assert!((short.pools[0].figures["BTC-PERP_adl_index"] - 125.0 / 50.0).abs() < 1e-12);
    }

    #[test]
    fn the_three_parameter_files_hold_the_same_tiers() {
        let at: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let tables = |id: &str| {
            let text = crate::models::bundled_at(id, at).unwrap().text;
            from_toml::<toml::Table>(text).unwrap()["perps"]["tables"].clone()
        };
        assert_eq!(tables("hyperliquid-cross"), tables("hyperliquid-isolated"));
        assert_eq!(tables("hyperliquid-cross"), tables("hyperliquid-pm"));
    }
}
