//! The tables of a parameter file out of what was known.

use std::collections::BTreeMap;

use plimsoll_margin::collateral::CollateralRules;
use plimsoll_margin::models::BUNDLED;
use plimsoll_margin::models::known::Known;
use plimsoll_margin::models::scan::ScanParams;
use plimsoll_margin::models::var::joint::JointScenarios;
use plimsoll_margin::models::var::law::{Factor, FactorLaw, Moving, Simulation};
use plimsoll_margin::models::var::model::{Stressed, VarParams};
use plimsoll_margin::models::var::monte_carlo::Draws;
use plimsoll_math::float::sqrt;
use plimsoll_math::sum::neumaier;
use plimsoll_model::Timestamp;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::from_toml;

use crate::copula::{LEAST_ROWS, TCopula, fit_t_copula};
use crate::history::require;
use crate::parameters::{
    CoinRange, FactorsOf, VarHead, joint_scenarios, law_params, scan_params_of_coins, var_params,
};
use crate::past::Past;
use crate::plan::{Estimate, Goal, Settings, date};
use crate::scenarios::{FittedLaw, Generator, Method, Scenarios};

/// Days between two GARCH fits; one file needs one fit.
const REFIT: usize = 1_000_000;

impl Past {
    pub fn scan(
        &self,
        settings: &Settings,
        ranges: &[CoinRange],
        notes: &[String],
    ) -> Result<ScanParams, InputError> {
        let bundled = BUNDLED.iter().find(|file| file.id == "scan").ok_or_else(|| {
            InputError::new(InputCode::Missing, "there is no scan model to start from")
        })?;
        let template: ScanParams = from_toml(bundled.text)?;
        let (source, effective) = (settings.source.clone(), date(self.as_of));
        let mut params = scan_params_of_coins(&template, &settings.id, source, effective, ranges)?;
        params.maintenance_pct = Known::Value(settings.maintenance_pct);
        params.source.notes.splice(0..0, notes.iter().cloned());
        Ok(params)
    }

    pub fn var(
        &self,
        settings: &Settings,
        estimates: &mut Vec<Estimate>,
        notes: &mut Vec<String>,
        remarks: &mut Vec<String>,
        step: &dyn Fn(),
    ) -> Result<VarParams, InputError> {
        let law = settings.goal.is_law().then(|| self.law(settings, estimates)).transpose()?;
        let scenarios = if law.is_none() { Some(self.scenarios(settings)?) } else { None };
        let stressed = self.stressed(settings, notes, remarks)?;
        let intervals = estimates.iter().filter_map(|estimate| {
            let (low, high) = estimate.interval?;
            let Estimate { name, value, unit, .. } = estimate;
            let space = if unit.is_empty() { "" } else { " " };
            Some(format!("{name} {value:.3}{space}{unit}, 95 % interval {low:.3} to {high:.3}."))
        });
        notes.extend(intervals);
        let head = VarHead {
            id: settings.id.clone(),
            source: settings.source.clone(),
            effective: date(self.as_of),
            notes: std::mem::take(notes),
            method: settings.goal.method(),
            measure: settings.measure,
            level_pct: settings.level_pct,
            days: f64::from(settings.horizon_days),
            maintenance_pct: settings.maintenance_pct,
            collateral: CollateralRules {
                haircuts: BTreeMap::new(),
                other_haircut: 0.0,
                option_value_in_equity: true,
            },
        };
        let mut params = match (law, scenarios) {
            (Some(law), _) => law_params(head, law),
            (None, Some((scenarios, times))) => var_params(head, &scenarios, &times, &self.coins)?,
            (None, None) => law_params(head, self.law(settings, estimates)?),
        };
        params.stressed = stressed;
        step();
        Ok(params)
    }

    /// Scenarios over the horizon with the days they come from. Filtered days are scaled by the root
    /// of the horizon, days as they were are moves over it.
    fn scenarios(&self, settings: &Settings) -> Result<(Scenarios, Vec<Timestamp>), InputError> {
        let (window, horizon) = (settings.window, settings.horizon_days as usize);
        let lambda = settings.lambda;
        let method = match settings.goal {
            Goal::AgeWeighted => {
                let window = window + 1 - horizon;
                Method::AgeWeighted { window, lambda: settings.age_lambda }
            }
            Goal::FilteredEwma => Method::FilteredEwma { window, lambda },
            Goal::FilteredGarch => Method::FilteredGarch { window, refit: REFIT },
            _ => Method::Historical { window: window + 1 - horizon },
        };
        let filtered = matches!(settings.goal, Goal::FilteredEwma | Goal::FilteredGarch);
        let (rows, times) = if filtered || horizon == 1 {
            (self.recent.rows.clone(), self.recent.times.clone())
        } else {
            let sums = self.recent.rows.windows(horizon).map(|days| {
                let sum = |factor: usize| neumaier(days.iter().map(|row| row[factor]));
                (0..self.names.len()).map(sum).collect()
            });
            (sums.collect(), self.recent.times[horizon - 1..].to_vec())
        };
        let mut scenarios = Generator::new(method)?.scenarios(&rows)?;
        if filtered {
            let root = sqrt(horizon as f64);
            scenarios.moves.iter_mut().flatten().for_each(|cell| *cell *= root);
        }
        Ok((scenarios, times))
    }

    fn law(
        &self,
        settings: &Settings,
        estimates: &mut Vec<Estimate>,
    ) -> Result<FactorLaw, InputError> {
        let fit = FittedLaw::of(&self.recent.rows, settings.lambda)?;
        let student = settings.goal == Goal::MonteCarlo;
        let copula = if student && self.names.len() > 1 && fit.standardised.len() >= LEAST_ROWS {
            Some(fit_t_copula(&fit.standardised)?)
        } else {
            None
        };
        if let Some(TCopula { dof, dof_interval, count, .. }) = copula {
            estimates.push(Estimate {
                name: "t copula: degrees of freedom".to_owned(),
                value: dof,
                interval: Some(dof_interval),
                unit: "",
                count,
            });
        }
        let root = sqrt(f64::from(settings.horizon_days));
        let dofs = fit.dofs();
        let rounded = |x: f64, digits: f64| (x * digits).round() / digits;
        let of_coin = |coin: &FactorsOf| {
            let factor = |place: usize, moves: Moving| Factor {
                coin: coin.coin.clone(),
                moves,
                sd_pct: rounded(100.0 * root * fit.sds[place], 1e4),
                dof: student.then(|| rounded(dofs[place], 1e2)),
            };
            let spot = Some((coin.spot, factor(coin.spot, Moving::Spot)));
            spot.into_iter().chain(coin.vol.map(|place| (place, factor(place, Moving::Vol))))
        };
        let (places, factors): (Vec<usize>, Vec<Factor>) =
            self.coins.iter().flat_map(of_coin).unzip();
        // Factors that share a history are the same; a law cannot have a correlation of 1.
        let cell = |i: usize, j: usize| {
            let same = places[i] == places[j];
            let r = if same { 0.9999 } else { fit.correlation.get(places[i], places[j]) };
            if i == j { 1.0 } else { rounded(r, 1e4) }
        };
        let row = |i: usize| (0..places.len()).map(|j| cell(i, j)).collect();
        let simulation = student.then_some(Simulation {
            draws: Draws::Sobol,
            paths: settings.paths,
            seed: settings.seed,
        });
        Ok(FactorLaw {
            correlation: (0..places.len()).map(row).collect(),
            copula_dof: copula.map(|copula| rounded(copula.dof, 1e2)),
            simulation,
            factors,
        })
    }

    /// The window of history in which spots moved most, as it was. A vol move that nobody recorded is
    /// what the vol did on average on such a fall or rise.
    fn stressed(
        &self,
        settings: &Settings,
        notes: &mut Vec<String>,
        remarks: &mut Vec<String>,
    ) -> Result<Option<Stressed>, InputError> {
        let days = settings.stressed_days;
        if days == 0 {
            return Ok(None);
        }
        require("the history of stressed days", self.spots.rows.len(), days)?;
        let squares: Vec<f64> =
            self.spots.rows.iter().map(|row| neumaier(row.iter().map(|r| r * r))).collect();
        let total = |start: usize| neumaier(squares[start..start + days].iter().copied());
        let mut best = (0, total(0));
        for start in 1..=squares.len() - days {
            let sum = total(start);
            if sum > best.1 {
                best = (start, sum);
            }
        }
        let range = best.0..best.0 + days;
        let times = &self.spots.times[range.clone()];
        let mut betas = BTreeMap::new();
        for coin in self.coins_with_own_vol() {
            if let Some(vol) = coin.vol {
                betas.insert(vol, (coin.spot, self.beta(coin)?));
            }
        }
        let mut imputed = 0;
        let mut rows = Vec::new();
        for (time, spots) in times.iter().zip(&self.spots.rows[range]) {
            if let Ok(known) = self.all.times.binary_search(time) {
                rows.push(self.all.rows[known].clone());
                continue;
            }
            let mut row = spots.clone();
            for vol in spots.len()..self.names.len() {
                let Some((spot, beta)) = betas.get(&vol) else { continue };
                let line = if spots[*spot] < 0.0 { &beta.down } else { &beta.up };
                row.push(line.intercept + line.slope * spots[*spot]);
            }
            imputed += 1;
            rows.push(row);
        }
        let words = format!(
            "Stressed days: {} to {}, the {days} days in which spots moved most; floor {} % of their measure.",
            times.first().copied().map_or_else(String::new, date),
            times.last().copied().map_or_else(String::new, date),
            settings.stressed_share_pct,
        );
        notes.push(words);
        if imputed > 0 && self.names.len() > self.spots.names.len() {
            let words = format!(
                "vol moves of {imputed} of {days} stressed days were not recorded and follow spot by the slopes on falls and rises"
            );
            notes.push(words.clone());
            remarks.push(words);
        }
        let scenarios =
            Scenarios { rows: Some((0..rows.len()).collect()), moves: rows, weights: None };
        let mut scenarios: JointScenarios = joint_scenarios(&scenarios, times, &self.coins)?;
        let root = sqrt(f64::from(settings.horizon_days));
        if settings.horizon_days > 1 {
            for columns in scenarios.underlyings.values_mut() {
                let scale = |pct: &mut f64| *pct = (*pct * root * 1e4).round() / 1e4;
                columns.spot_pct.iter_mut().for_each(scale);
                columns.vol_pct.iter_mut().for_each(scale);
            }
        }
        Ok(Some(Stressed { share_pct: settings.stressed_share_pct, scenarios }))
    }
}
