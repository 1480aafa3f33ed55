//! `tims`: the worst theoretical loss over ten equidistant moves of the price, class group by class
//! group, with a minimum per option and partial offsets inside product groups.
//!
//! ```text
//! m_k      = −down·k/5 and up·k/5, k = 1 … 5; nothing else is shocked
//! loss_g,k = Σ_classes (loss_c,k, or offset·loss_c,k where the class gains)
//! minimum  = minimum_usd·Σ |q|·base over options
//! IM       = Σ_g max(max_k loss_g,k, Σ_classes minimum),   MM = maintenance_pct·IM
//! ```
//!
//! A class group is everything on one underlying, coins held as collateral included; a class in no
//! product group is a group of its own.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use plimsoll_pricing::contract;
use plimsoll_risk::{
    Measure, RiskArray, Scenario, ScenarioBlock, ShockUnit, VolMove, VolShocks, axpy,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::collateral::{self, Cash, CollateralRules, price_usd};
use crate::cross::{Grid, Grids, unprepared};
use crate::functional::{Charge, accrue};
use crate::model::{
    Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement, ScenarioLoss, Unit,
};

/// Parameters of the `tims` family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimsParams {
    /// `tims`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// Moves on each side of no move: 5.
    pub moves_per_side: u32,
    /// Ranges by underlying.
    pub classes: Vec<ClassRange>,
    /// Classes whose gains offset each other's losses.
    #[serde(default)]
    pub product_groups: Vec<ProductGroup>,
    /// Maintenance margin as a percentage of initial margin.
    pub maintenance_pct: f64,
    /// Collateral.
    pub collateral: CollateralRules,
}

/// The range of some class groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassRange {
    /// The underlyings it holds for; `*` is every underlying that no other range names.
    pub underlyings: Vec<Asset>,
    /// Largest fall, percent, as a positive number.
    pub down_pct: f64,
    /// Largest rise, percent.
    pub up_pct: f64,
    /// Least charge per option contract, USD per unit of underlying behind it.
    pub option_minimum_usd: f64,
}

/// Class groups that offset each other in part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductGroup {
    /// The name.
    pub name: String,
    /// Their underlyings.
    pub underlyings: Vec<Asset>,
    /// Share of one class's gain, percent, that offsets other classes' losses at the same move.
    pub offset_pct: f64,
}

/// The TIMS model.
#[derive(Clone, Debug)]
pub struct Tims {
    params: TimsParams,
    grids: Grids,
}

impl Tims {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: TimsParams = from_toml(text)?;
        check_bounds("moves_per_side", f64::from(params.moves_per_side), 1.0, 100.0)?;
        check_bounds("maintenance_pct", params.maintenance_pct, 0.0, 100.0)?;
        params.collateral.check()?;
        let mut grids = Vec::with_capacity(params.classes.len());
        for class in &params.classes {
            let name = |field: &str| format!("classes ({}).{field}", names(&class.underlyings));
            check_bounds(&name("down_pct"), class.down_pct, 0.1, 99.0)?;
            check_bounds(&name("up_pct"), class.up_pct, 0.1, 500.0)?;
            check_bounds(&name("option_minimum_usd"), class.option_minimum_usd, 0.0, 1e9)?;
            grids.push(class.grid(params.moves_per_side));
        }
        let mut grouped: BTreeMap<&Asset, &str> = BTreeMap::new();
        for group in &params.product_groups {
            let name = format!("product_groups ({}).offset_pct", group.name);
            check_bounds(&name, group.offset_pct, 0.0, 100.0)?;
            for underlying in &group.underlyings {
                if let Some(other) = grouped.insert(underlying, &group.name) {
                    let message = format!("{underlying} is in `{other}` and in `{}`", group.name);
                    return Err(InputError::new(InputCode::BadParameter, message));
                }
            }
        }
        let grids = Grids::new(&grids)?;
        Ok(Self { params, grids })
    }
}

fn names(assets: &[Asset]) -> String {
    let names: Vec<&str> = assets.iter().map(Asset::as_str).collect();
    names.join(", ")
}

impl ClassRange {
    /// Falls, the deepest first, then rises.
    fn grid(&self, moves_per_side: u32) -> Grid {
        let share = |k: u32| f64::from(k) / f64::from(moves_per_side);
        let falls = (1..=moves_per_side).rev().map(|k| -self.down_pct * share(k));
        let rises = (1..=moves_per_side).map(|k| self.up_pct * share(k));
        Grid {
            underlyings: self.underlyings.clone(),
            blocks: vec![ScenarioBlock {
                moves_pct: falls.chain(rises).collect(),
                vol: vec![VolMove::Unchanged],
                days: vec![0.0],
                weights_pct: vec![],
                tail: false,
            }],
            vol: VolShocks {
                unit: ShockUnit::Relative,
                up: 0.0,
                down: 0.0,
                min_up_vol: 0.0,
                tenor: None,
            },
        }
    }
}

impl TimsParams {
    fn range(&self, underlying: &Asset) -> Option<&ClassRange> {
        let named = |name: &str| {
            self.classes.iter().find(|class| class.underlyings.iter().any(|u| u.as_str() == name))
        };
        named(underlying.as_str()).or_else(|| named("*"))
    }
}

impl MarginModel for Tims {
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
        let mut by_class: BTreeMap<Asset, Vec<InstrumentId>> = BTreeMap::new();
        // A coin may be held as collateral without any position in it.
        for coin in market.underlyings.keys().filter(|coin| self.grids.get(coin).is_some()) {
            by_class.insert(coin.clone(), Vec::new());
        }
        for id in ids {
            let underlying = &market.listing(*id).instrument.underlying;
            by_class.entry(underlying.clone()).or_default().push(*id);
        }
        let mut arrays = BTreeMap::new();
        for (underlying, ids) in by_class {
            let set = self.grids.require(&self.params.id, &underlying)?;
            arrays.insert(underlying, RiskArray::price(market, ids, set, Measure::Usd)?);
        }
        Ok(Box::new(PreparedTims { params: &self.params, market, arrays }))
    }
}

struct PreparedTims<'a> {
    params: &'a TimsParams,
    market: &'a Market,
    arrays: BTreeMap<Asset, RiskArray>,
}

/// Everything on one underlying.
struct Class {
    underlying: Asset,
    scenarios: Vec<Scenario>,
    /// Profit and loss of each leg at every move, USD.
    legs: Vec<(Leg, Vec<f64>)>,
    /// Of all legs together.
    pnl: Vec<f64>,
    minimum: Charge,
}

impl Prepared for PreparedTims<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let rules = &self.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let share = self.params.maintenance_pct / 100.0;
        let mut scan = Component::scaled("scan", 0.0, share, vec![]);
        let mut minimum = Component::scaled("option_minimum", 0.0, share, vec![]);
        let mut units = Vec::new();
        let mut figures = BTreeMap::new();
        let mut groups: BTreeMap<String, (f64, Vec<Class>)> = BTreeMap::new();
        for class in self.classes(portfolio, &cash)? {
            units.push(class.unit());
            figures.insert(format!("{}_minimum", class.underlying), class.minimum.amount);
            let mut known = self.params.product_groups.iter();
            let group = known.find(|group| group.underlyings.contains(&class.underlying));
            let (name, offset) = match group {
                Some(group) => (format!("group {}", group.name), group.offset_pct / 100.0),
                None => (class.underlying.to_string(), 0.0),
            };
            groups.entry(name).or_insert((offset, vec![])).1.push(class);
        }
        for (name, (offset, classes)) in &groups {
            let worst = worst_of_group(*offset, classes);
            let mut least = Charge::default();
            for class in classes {
                least.amount += class.minimum.amount;
                least.parts.extend(class.minimum.parts.iter().cloned());
            }
            figures.insert(format!("{name}_loss"), worst.amount);
            let raised = worst.raised_to(&least);
            accrue(&mut scan, &Charge::default(), &worst, share);
            accrue(&mut minimum, &worst, &raised, share);
        }
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: collateral::equity_usd(rules, self.market, portfolio, &cash)?,
            components: vec![scan, minimum],
            units,
            figures,
        };
        Ok(Requirement { pools: vec![pool], notes: rules.refusals(portfolio) })
    }
}

impl PreparedTims<'_> {
    /// The classes in which the portfolio holds something.
    fn classes(
        &self,
        portfolio: &Portfolio,
        cash: &BTreeMap<Asset, Cash>,
    ) -> Result<Vec<Class>, InputError> {
        let mut classes = Vec::new();
        for (underlying, array) in &self.arrays {
            let mut legs: Vec<(Leg, Vec<f64>)> = Vec::new();
            let mut minimum = Charge::default();
            let rate = self.params.range(underlying).map_or(0.0, |range| range.option_minimum_usd);
            for holding in &portfolio.holdings {
                let instrument = &self.market.listing(holding.id).instrument;
                if instrument.underlying != *underlying {
                    continue;
                }
                let row =
                    array.row(holding.id).ok_or_else(|| unprepared(self.market, portfolio))?;
                let pnl = row.iter().map(|cell| holding.quantity * cell).collect();
                legs.push((Leg::Instrument(holding.id), pnl));
                if instrument.is_option() {
                    let base = contract::base_per_contract(self.market, holding.id)?;
                    minimum.push(holding.id, rate * holding.quantity.abs() * base);
                }
            }
            let coins = cash.get(underlying).map_or(0.0, |cash| cash.credit);
            if coins != 0.0 {
                let value = coins * price_usd(self.market, underlying)?;
                let pnl = array.scenarios().iter().map(|state| value * state.spot_move).collect();
                legs.push((Leg::Cash(underlying.clone()), pnl));
            }
            if !legs.is_empty() {
                let mut pnl = vec![0.0; array.scenarios().len()];
                legs.iter().for_each(|(_, leg)| axpy(&mut pnl, 1.0, leg));
                let scenarios = array.scenarios().to_vec();
                let underlying = underlying.clone();
                classes.push(Class { underlying, scenarios, legs, pnl, minimum });
            }
        }
        Ok(classes)
    }
}

impl Class {
    fn unit(&self) -> Unit {
        let losses = self.scenarios.iter().zip(&self.pnl).map(|(scenario, pnl)| {
            // `0 − x` rather than `−x`, so that no loss prints as −0.
            let loss = 0.0 - pnl;
            ScenarioLoss { scenario: *scenario, raw_loss: loss, loss, label: None }
        });
        Unit { name: self.underlying.to_string(), losses: losses.collect() }
    }
}

/// The largest loss of a group over its moves, matched by their number, with its split over legs;
/// a class that gains counts with the share `offset` of its gain.
fn worst_of_group(offset: f64, classes: &[Class]) -> Charge {
    let counted = |pnl: f64| if pnl > 0.0 { offset * pnl } else { pnl };
    let moves = classes.first().map_or(0, |class| class.pnl.len());
    let loss = |k: usize| classes.iter().fold(0.0, |sum, class| sum - counted(class.pnl[k]));
    let mut worst: Option<(usize, f64)> = None;
    for k in 0..moves {
        let loss = loss(k);
        if loss > worst.map_or(0.0, |(_, most)| most) {
            worst = Some((k, loss));
        }
    }
    let Some((k, amount)) = worst else { return Charge::default() };
    let mut parts = Vec::new();
    for class in classes {
        let share = if class.pnl[k] > 0.0 { offset } else { 1.0 };
        let part = |(leg, pnl): &(Leg, Vec<f64>)| Contribution {
            leg: leg.clone(),
            amount: -share * pnl[k],
        };
        parts.extend(class.legs.iter().map(part));
    }
    Charge { amount, parts }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Book;
    use plimsoll_pricing::snapshot::completed;

    use super::*;
    use crate::models;

    /// An option class at 50 with contracts of 100 (36.5 days from expiry at 60 % vol, zero rates),
    /// a second one at 80 and an index at 4,000.
    fn market() -> Market {
        let option = |strike: u32, right: &str| {
            format!(
                r#"{{"name":"S-{strike}-{right}","kind":"option","underlying":"S","settlement":"USD",
                    "contract_size":100,"expiry":"2026-02-06T20:00:00Z","strike":{strike},
                    "option_type":"{right}","mark_vol":0.6}}"#
            )
        };
        let text = format!(
            r#"{{"id":"tims","time":"2026-01-01T08:00:00Z",
                "underlyings":{{
                  "S":{{"index_price":50,"forwards":{{"2026-02-06T20:00:00Z":50}}}},
                  "T":{{"index_price":80}},"INDEX":{{"index_price":4000}}}},
                "instruments":[
                  {{"name":"S-SHARE","kind":"spot","underlying":"S","settlement":"USD","mark_price":50}},
                  {{"name":"T-FUTURE","kind":"perpetual","underlying":"T","settlement":"USD",
                    "contract_size":1,"mark_price":80}},
                  {{"name":"I-FUTURE","kind":"perpetual","underlying":"INDEX","settlement":"USD",
                    "contract_size":1,"mark_price":4000}},
                  {},{},{}]}}"#,
            option(45, "put"),
            option(55, "call"),
            option(10, "put"),
        );
        completed(Market::from_json(text.as_bytes()).unwrap())
    }

    fn bundled() -> TimsParams {
        from_toml(models::bundled_at("tims", market().time).unwrap().text).unwrap()
    }

    fn requirement(params: &TimsParams, rows: &str) -> Requirement {
        let market = market();
        let book = Book::parse(format!("instrument,quantity\n{rows}").as_bytes()).unwrap();
        let portfolio = Portfolio::bind(&book.accounts[0], &market).unwrap();
        let model = Tims::from_toml(&toml::to_string(params).unwrap()).unwrap();
        let ids: Vec<InstrumentId> = market.ids().collect();
        let prepared = model.prepare(&market, &ids).unwrap();
        prepared.requirement(&portfolio).unwrap()
    }

    #[test]
    fn the_worked_example_at_every_move() {
        let answer = requirement(&bundled(), "S-SHARE,100\nS-45-put,1\nS-55-call,-2\n");
        let pool = &answer.pools[0];
        let printed = [
            "-124.337363",
            "-92.434898",
            "-61.784544",
            "-34.670641",
            "-13.373384",
            "3.650236",
            "-3.822967",
            "-23.376060",
            "-55.518857",
            "-100.345677",
        ];
        for (state, printed) in pool.units[0].losses.iter().zip(printed) {
            assert_eq!(format!("{:.6}", -state.loss), printed);
        }
        assert_eq!(format!("{:.6}", pool.initial_margin()), "124.337363");
        assert_eq!(pool.maintenance_margin(), pool.initial_margin());
        // Three contracts of 100 at 0.375.
        assert_eq!(pool.figures["S_minimum"], 112.5);
        // Net liquidating value: 100 shares at 50, less two calls, plus a put.
        let value = |name: &str| {
            let market = market();
            contract::value(&market, market.find(name).unwrap()).unwrap()
        };
        let equity = 5000.0 + value("S-45-put") - 2.0 * value("S-55-call");
        assert!((pool.equity - equity).abs() < 1e-9);
    }

    #[test]
    fn an_option_that_cannot_lose_pays_the_minimum() {
        let pool = requirement(&bundled(), "S-10-put,-4\n").pools.remove(0);
        // 4·100·0.375, whatever the scan.
        assert_eq!(pool.initial_margin(), 150.0);
        assert!(pool.components[0].initial < 1e-6);
        assert!((pool.components[1].initial - 150.0).abs() < 1e-6);
    }

    #[test]
    fn ranges_may_be_asymmetric_and_named() {
        let mut params = bundled();
        params.classes.push(ClassRange {
            underlyings: vec!["INDEX".into()],
            down_pct: 8.0,
            up_pct: 6.0,
            option_minimum_usd: 0.375,
        });
        let moves = |answer: &Requirement| -> Vec<f64> {
            let losses = &answer.pools[0].units[0].losses;
            losses.iter().map(|state| (1e4 * state.scenario.spot_move).round() / 100.0).collect()
        };
        let long = requirement(&params, "I-FUTURE,1\n");
        assert_eq!(moves(&long), [-8.0, -6.4, -4.8, -3.2, -1.6, 1.2, 2.4, 3.6, 4.8, 6.0]);
        assert!((long.initial_margin_usd() - 320.0).abs() < 1e-9);
        let short = requirement(&params, "I-FUTURE,-1\n");
        assert!((short.initial_margin_usd() - 240.0).abs() < 1e-9);
    }

    #[test]
    fn a_product_group_recognises_part_of_a_gain() {
        let rows = "I-FUTURE,1\nT-FUTURE,-40\n";
        // 15 % of 4,000 and of 3,200 apart.
        let apart = requirement(&bundled(), rows).initial_margin_usd();
        assert!((apart - 1080.0).abs() < 1e-9);
        let mut params = bundled();
        params.product_groups.push(ProductGroup {
            name: "coins".to_owned(),
            underlyings: vec!["INDEX".into(), "T".into()],
            offset_pct: 75.0,
        });
        let answer = requirement(&params, rows);
        // At −15 % 600 is lost and 480 gained: 600 − 0.75·480. At +15 %: 480 − 0.75·600.
        assert!((answer.initial_margin_usd() - 240.0).abs() < 1e-9);
        let parts = &answer.pools[0].components[0].contributions;
        let sum: f64 = parts.iter().map(|part| part.amount).sum();
        assert!((sum - 240.0).abs() < 1e-9);
        params.product_groups.push(ProductGroup {
            name: "again".to_owned(),
            underlyings: vec!["T".into()],
            offset_pct: 10.0,
        });
        let twice = Tims::from_toml(&toml::to_string(&params).unwrap()).unwrap_err();
        assert!(twice.message.contains("`again`"), "{twice}");
    }

    #[test]
    fn coins_held_are_in_the_scan() {
        let mut params = bundled();
        params.collateral.haircuts.insert("T".into(), vec![]);
        params.collateral.other_haircut = 0.0;
        // A short future covered by coins: no credit table for T, so its tiers give nothing.
        let none = requirement(&params, "T-FUTURE,-40\nT,40\n");
        assert!((none.initial_margin_usd() - 480.0).abs() < 1e-9);
        params.collateral.haircuts.clear();
        let covered = requirement(&params, "T-FUTURE,-40\nT,40\n");
        assert!(covered.initial_margin_usd().abs() < 1e-9);
        let long = requirement(&params, "T-FUTURE,40\nT,40\n");
        assert!((long.initial_margin_usd() - 960.0).abs() < 1e-9);
    }
}
