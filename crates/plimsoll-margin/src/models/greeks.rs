//! `greeks`: the Greek ladder aggregated with correlations into one number.
//!
//! Per underlying, with dated buckets `e`:
//!
//! ```text
//! delta   : K = √(Σ_e Σ_f ρ_ef·w_e·w_f),  w_e = Δ$_e·spot_shock,  ρ_ef = ρ_delta for e ≠ f
//! vega    : K = √(Σ_e Σ_f ρ_ef·v_e·v_f),  v_e = Σ q·vega·vol·up·t_e,
//!           ρ_ef = exp(−vega_decay·|T_e − T_f|/min(T_e, T_f))
//! gamma   : ½·max(0, −Γ$)·spot_shock²
//! theta   : max(0, −Θ$)·theta_days
//! risk    = √(delta² + vega²) + gamma + theta
//! IM      = √(Σ_u Σ_v γ_uv·risk_u·risk_v),  γ_uv = cross_correlation for u ≠ v;  MM = share·IM
//! ```
//!
//! The components split IM by Euler's rule, so they add up to it. Where the Taylor estimate of some
//! scenario's P&L misses full revaluation by more than `tolerance_pct` of the worst loss, the greeks
//! are not trusted: the requirement is the full scan instead, as the component `revaluation`.

use std::collections::BTreeMap;

use plimsoll_math::float::{exp, sqrt};
use plimsoll_model::error::InputError;
use plimsoll_model::params::{check_bounds, from_toml};
use plimsoll_model::{Asset, InstrumentId, Market, Portfolio, Provenance};
use plimsoll_risk::VolMove;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::collateral::{self, CollateralRules};
use crate::cross::{Grid, Grids, UnitArrays, UnitScan};
use crate::exposure::{self, Bucket, LegGreeks, NetGreeks};
use crate::model::{Component, Contribution, Leg, MarginModel, Pool, Prepared, Requirement};

/// Parameters of the Greek ladder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GreekParams {
    /// `greeks`.
    pub family: String,
    /// The model's id.
    pub id: String,
    /// Where the numbers come from.
    pub source: Provenance,
    /// The relative move that delta and gamma are charged for.
    pub spot_shock_pct: f64,
    /// Correlation of delta between expiries of one underlying.
    pub delta_correlation: f64,
    /// Decay of vega correlation with relative tenor distance.
    pub vega_decay: f64,
    /// Days of time decay charged.
    pub theta_days: f64,
    /// Correlation between underlyings.
    pub cross_correlation: f64,
    /// Largest Taylor error, percent of the worst revalued loss, before falling back.
    pub tolerance_pct: f64,
    /// Maintenance as a percentage of initial margin.
    pub maintenance_pct: f64,
    /// Vol shocks, and the grid of the fallback and of the error.
    pub grids: Vec<Grid>,
    /// Collateral.
    pub collateral: CollateralRules,
}

/// The Greek-ladder model.
#[derive(Clone, Debug)]
pub struct GreekLadder {
    params: GreekParams,
    grids: Grids,
}

impl GreekLadder {
    /// Reads and checks a parameter file.
    pub fn from_toml(text: &str) -> Result<Self, InputError> {
        let params: GreekParams = from_toml(text)?;
        check_bounds("spot_shock_pct", params.spot_shock_pct, 0.0, 100.0)?;
        check_bounds("delta_correlation", params.delta_correlation, 0.0, 1.0)?;
        check_bounds("vega_decay", params.vega_decay, 0.0, 10.0)?;
        check_bounds("theta_days", params.theta_days, 0.0, 30.0)?;
        check_bounds("cross_correlation", params.cross_correlation, 0.0, 1.0)?;
        check_bounds("tolerance_pct", params.tolerance_pct, 0.0, 1000.0)?;
        check_bounds("maintenance_pct", params.maintenance_pct, 0.0, 100.0)?;
        params.collateral.check()?;
        let grids = Grids::new(&params.grids)?;
        Ok(Self { params, grids })
    }
}

impl MarginModel for GreekLadder {
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
        let arrays = UnitArrays::price(&self.params.id, market, ids, &self.grids)?;
        Ok(Box::new(PreparedGreeks { params: &self.params, grids: &self.grids, market, arrays }))
    }
}

struct PreparedGreeks<'a> {
    params: &'a GreekParams,
    grids: &'a Grids,
    market: &'a Market,
    arrays: UnitArrays,
}

/// Risk of one underlying by class, and how far each leg moves it.
#[derive(Default)]
struct Ladder {
    delta: f64,
    vega: f64,
    gamma: f64,
    theta: f64,
    /// Per class, what each leg accounts for; adds up to the class.
    split: [Vec<Contribution>; 4],
}

const CLASSES: [&str; 4] = ["delta", "vega", "gamma", "theta"];

impl Ladder {
    /// Delta and vega are independent; gamma and theta add.
    fn risk(&self) -> f64 {
        self.curved() + self.gamma + self.theta
    }

    fn curved(&self) -> f64 {
        sqrt(self.delta * self.delta + self.vega * self.vega)
    }

    /// Euler shares of the classes in `risk`; they add up to it.
    fn shares(&self) -> [f64; 4] {
        let curved = self.curved();
        let part = |class: f64| if curved > 0.0 { class * class / curved } else { 0.0 };
        [part(self.delta), part(self.vega), self.gamma, self.theta]
    }
}

impl Prepared for PreparedGreeks<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        let rules = &self.params.collateral;
        let cash = rules.cash(self.market, portfolio)?;
        let legs = exposure::legs(self.market, portfolio)?;
        let cash_only = exposure::by_bucket(self.market, &[], &cash)?;
        let buckets = exposure::by_bucket(self.market, &legs, &cash)?;
        let mut ladders: BTreeMap<Asset, Ladder> = BTreeMap::new();
        for underlying in exposure::by_underlying(&buckets).into_keys() {
            if let Some(set) = self.grids.get(&underlying) {
                let ladder = self.ladder(&underlying, &buckets, &legs, &cash_only, &set.vol);
                ladders.insert(underlying, ladder);
            }
        }
        let scans = self.arrays.scan(self.market, portfolio, &cash)?;
        let full: f64 = scans.iter().map(|scan| scan.worst.amount).sum();
        let error = self.taylor_error(&buckets, &scans);
        let share = self.params.maintenance_pct / 100.0;
        let estimate = self.components(&ladders, share);
        let ladder_total: f64 = estimate.iter().map(|component| component.initial).sum();
        let figures = BTreeMap::from([
            ("ladder".to_owned(), ladder_total),
            ("full_revaluation".to_owned(), full),
            ("taylor_error".to_owned(), error),
        ]);
        let mut notes = rules.refusals(portfolio);
        let trusted = error <= full * self.params.tolerance_pct / 100.0;
        let components = if trusted {
            estimate
        } else {
            notes.push(format!(
                "the Taylor error of {error:.2} USD exceeds {} % of the worst loss of {full:.2} USD: \
                 full revaluation is used",
                self.params.tolerance_pct
            ));
            let parts = scans.iter().flat_map(|scan| scan.contributions.iter().cloned()).collect();
            vec![Component::scaled("revaluation", full, share, parts)]
        };
        let pool = Pool {
            name: "account".to_owned(),
            asset: Asset::usd(),
            asset_price_usd: 1.0,
            equity: collateral::equity_usd(rules, self.market, portfolio, &cash)?,
            components,
            units: scans.into_iter().map(|scan| scan.worst.unit).collect(),
            figures,
        };
        Ok(Requirement { pools: vec![pool], notes })
    }
}

impl PreparedGreeks<'_> {
    fn ladder(
        &self,
        underlying: &Asset,
        buckets: &BTreeMap<Bucket, NetGreeks>,
        legs: &[LegGreeks],
        cash_only: &BTreeMap<Bucket, NetGreeks>,
        vol: &plimsoll_risk::VolShocks,
    ) -> Ladder {
        let shock = self.params.spot_shock_pct / 100.0;
        let own: Vec<(&Bucket, &NetGreeks)> =
            buckets.iter().filter(|(bucket, _)| bucket.underlying == *underlying).collect();
        let days = |bucket: &Bucket| bucket.expiry.map(|at| self.market.time.days_until(at));
        let up =
            |bucket: &Bucket| days(bucket).map_or(0.0, |dte| vol.map(VolMove::Up, dte).scale - 1.0);
        let delta: Vec<f64> = own.iter().map(|(_, net)| net.net.delta_usd * shock).collect();
        let vega: Vec<f64> =
            own.iter().map(|(bucket, net)| net.relative_vega_usd * up(bucket)).collect();
        let delta_rho = |_: usize, _: usize| self.params.delta_correlation;
        let vega_rho = |e: usize, f: usize| match (days(own[e].0), days(own[f].0)) {
            (Some(a), Some(b)) => {
                // Two expiries within the last minutes are as good as one.
                let nearer = a.min(b).max(1.0 / 1440.0);
                exp(-self.params.vega_decay * (a - b).abs() / nearer)
            }
            _ => 0.0,
        };
        let (delta, delta_slope) = correlated(&delta, delta_rho);
        let (vega, vega_slope) = correlated(&vega, vega_rho);
        let net: NetGreeks = own.iter().fold(NetGreeks::default(), |mut sum, (_, greeks)| {
            sum.net.gamma_usd += greeks.net.gamma_usd;
            sum.net.theta_usd_per_day += greeks.net.theta_usd_per_day;
            sum
        });
        let gamma_rate = if net.net.gamma_usd < 0.0 { -0.5 * shock * shock } else { 0.0 };
        let theta_rate =
            if net.net.theta_usd_per_day < 0.0 { -self.params.theta_days } else { 0.0 };
        let mut ladder = Ladder {
            delta,
            vega,
            gamma: gamma_rate * net.net.gamma_usd,
            theta: theta_rate * net.net.theta_usd_per_day,
            split: Default::default(),
        };
        let mut split = |leg: &Leg, bucket: &Bucket, greeks: &NetGreeks| {
            let Some(e) = own.iter().position(|(known, _)| *known == bucket) else { return };
            let amounts = [
                delta_slope[e] * greeks.net.delta_usd * shock,
                vega_slope[e] * greeks.relative_vega_usd * up(bucket),
                gamma_rate * greeks.net.gamma_usd,
                theta_rate * greeks.net.theta_usd_per_day,
            ];
            for (class, amount) in ladder.split.iter_mut().zip(amounts) {
                class.push(Contribution { leg: leg.clone(), amount });
            }
        };
        for leg in legs {
            let instrument = &self.market.listing(leg.id).instrument;
            let bucket =
                Bucket { underlying: instrument.underlying.clone(), expiry: instrument.expiry() };
            let mut greeks = NetGreeks::default();
            greeks.add(leg.quantity, &leg.unit, leg.vol_ann);
            split(&Leg::Instrument(leg.id), &bucket, &greeks);
        }
        for (bucket, greeks) in cash_only {
            split(&Leg::Cash(bucket.underlying.clone()), bucket, greeks);
        }
        ladder
    }

    /// IM by class, split by Euler's rule through both aggregations.
    fn components(&self, ladders: &BTreeMap<Asset, Ladder>, share: f64) -> Vec<Component> {
        let risks: Vec<f64> = ladders.values().map(Ladder::risk).collect();
        let (_, slopes) = correlated(&risks, |_, _| self.params.cross_correlation);
        let mut components =
            CLASSES.map(|name| Component::scaled(name, 0.0, share, vec![])).to_vec();
        for (ladder, slope) in ladders.values().zip(slopes) {
            let classes = [ladder.delta, ladder.vega, ladder.gamma, ladder.theta];
            let shares = ladder.shares();
            for (index, component) in components.iter_mut().enumerate() {
                let amount = slope * shares[index];
                component.initial += amount;
                component.maintenance += amount * share;
                let scale = if classes[index] > 0.0 { amount / classes[index] } else { 0.0 };
                let scaled = ladder.split[index].iter().map(|part| Contribution {
                    leg: part.leg.clone(),
                    amount: part.amount * scale,
                });
                component.contributions.extend(scaled);
            }
        }
        components
    }

    /// Largest |Taylor − full| over all scenarios that are not far moves, in USD.
    fn taylor_error(&self, buckets: &BTreeMap<Bucket, NetGreeks>, scans: &[UnitScan]) -> f64 {
        let mut most: f64 = 0.0;
        for scan in scans {
            let Some(set) = self.grids.get(&scan.underlying) else { continue };
            let near = scan.worst.unit.losses.iter().filter(|state| !state.scenario.tail);
            for state in near {
                let mut taylor = 0.0;
                for (bucket, greeks) in buckets {
                    if bucket.underlying != scan.underlying {
                        continue;
                    }
                    let m = state.scenario.spot_move;
                    let dte = bucket.expiry.map(|expiry| self.market.time.days_until(expiry));
                    let vol = dte
                        .map_or(0.0, |dte| set.vol.map(state.scenario.vol_move, dte).scale - 1.0);
                    taylor += greeks.net.delta_usd * m
                        + 0.5 * greeks.net.gamma_usd * m * m
                        + greeks.relative_vega_usd * vol
                        + greeks.net.theta_usd_per_day * state.scenario.days;
                }
                most = most.max((taylor + state.raw_loss).abs());
            }
        }
        most
    }
}

/// `K = √(Σ_e Σ_f ρ_ef·x_e·x_f)` with ρ_ee = 1, and `∂K/∂x_e`. A correlation matrix that is not
/// positive semi-definite could make the sum negative; it counts as zero then.
fn correlated(x: &[f64], rho: impl Fn(usize, usize) -> f64) -> (f64, Vec<f64>) {
    let weighted: Vec<f64> = (0..x.len())
        .map(|e| {
            let others = (0..x.len()).filter(|f| *f != e).map(|f| rho(e, f) * x[f]);
            x[e] + others.sum::<f64>()
        })
        .collect();
    let square: f64 = x.iter().zip(&weighted).map(|(x, weighted)| x * weighted).sum();
    let total = sqrt(square.max(0.0));
    let slope = |weighted: f64| if total > 0.0 { weighted / total } else { 0.0 };
    (total, weighted.into_iter().map(slope).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlated_sum_is_the_norm_at_zero_and_the_sum_at_one() {
        assert_eq!(correlated(&[3.0, 4.0], |_, _| 0.0).0, 5.0);
        assert_eq!(correlated(&[3.0, 4.0], |_, _| 1.0).0, 7.0);
        // A long/short pair at ρ = 1 nets.
        assert_eq!(correlated(&[3.0, -4.0], |_, _| 1.0).0, 1.0);
        let (total, slopes) = correlated(&[3.0, 4.0], |_, _| 0.5);
        // Euler: Σ x·∂K/∂x = K.
        assert!((3.0 * slopes[0] + 4.0 * slopes[1] - total).abs() < 1e-15 * total);
    }
}
