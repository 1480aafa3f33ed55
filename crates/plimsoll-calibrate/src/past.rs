//! What was known at an instant: the moves of every factor before it, and what they say of each.

use plimsoll_math::float::{ln, sqrt, tanh};
use plimsoll_math::moments::moments;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{Asset, Timestamp};

use crate::columns::CoinHistory;
use crate::history::{ReturnPanel, Series, require_movement};
use crate::parameters::{CoinRange, FactorsOf};
use crate::plan::{Estimate, Goal, Settings, date};
use crate::scan_range::{QuantileEstimate, ScanRange, scan_range};
use crate::scenarios::{FittedLaw, columns};
use crate::spot_vol::{SpotVol, spot_vol};
use crate::volatility::fit_garch;

pub(crate) const DAY_MS: i64 = 86_400_000;
const DAYS_PER_YEAR: f64 = 365.0;

/// 97.5 % quantile of the normal law.
const TWO_SIDED_95: f64 = 1.959_963_984_540_054;

/// A newest observation older than this is worth a remark.
const STALE_DAYS: f64 = 7.0;

/// What was known, day by day.
pub(crate) struct Past {
    pub as_of: Timestamp,
    /// Spots first, then vols.
    pub names: Vec<String>,
    pub coins: Vec<FactorsOf>,
    /// One-day moves of all factors over the window.
    pub recent: ReturnPanel,
    /// Moves of the spots alone, over all of history.
    pub spots: ReturnPanel,
    /// Moves of all factors, over all of history.
    pub all: ReturnPanel,
    pub remarks: Vec<String>,
}

impl Past {
    pub fn until(histories: &[CoinHistory], settings: &Settings) -> Result<Self, InputError> {
        let last = |coin: &CoinHistory| coin.spot.times().last().copied();
        let common = histories.iter().filter_map(last).min();
        let as_of = settings
            .as_of
            .or(common)
            .ok_or_else(|| InputError::new(InputCode::Empty, "no history to calibrate from"))?;
        let known = |series: &Series| {
            let past = series.until(as_of);
            match (past.times().is_empty(), series.times().first()) {
                (true, Some(begins)) => {
                    let (name, by) = (&series.name, date(as_of));
                    let message =
                        format!("{name} has nothing by {by}; it begins {}", date(*begins));
                    Err(InputError::new(InputCode::Missing, message))
                }
                _ => Ok(daily(&past)),
            }
        };
        let spots: Vec<Series> =
            histories.iter().map(|coin| known(&coin.spot)).collect::<Result<_, _>>()?;
        let vols = histories.iter().filter_map(|coin| coin.vol.as_ref());
        let vols: Vec<Series> = vols.map(known).collect::<Result<_, _>>()?;
        let factors: Vec<&Series> = spots.iter().chain(&vols).collect();
        let all = ReturnPanel::new(&factors, DAY_MS)?;
        let only_spots: Vec<&Series> = spots.iter().collect();
        let spot_panel = ReturnPanel::new(&only_spots, DAY_MS)?;
        let mut all_moves = all.history;
        all_moves.require(settings.window)?;
        let names = all_moves.names.clone();
        if settings.window <= names.len() {
            let message = format!("{} days for {} factors", settings.window, names.len());
            return Err(InputError::new(InputCode::Missing, message)
                .hint("a correlation needs more days than factors: use a longer window"));
        }
        let full = all_moves.clone();
        let start = all_moves.rows.len() - settings.window;
        all_moves.rows.drain(..start);
        all_moves.times.drain(..start);
        for (index, name) in names.iter().enumerate() {
            require_movement(name, &all_moves.column(index))?;
        }
        let mut remarks = all.repairs;
        let newest = all_moves.times.last().copied().unwrap_or(as_of);
        let age = newest.days_until(as_of);
        if age > STALE_DAYS {
            remarks.push(format!(
                "the newest common day is {}, {age:.0} days before {}",
                date(newest),
                date(as_of)
            ));
        }
        let coins = places(histories, settings)?;
        Ok(Self {
            as_of,
            names,
            coins,
            recent: all_moves,
            spots: spot_panel.history,
            all: full,
            remarks,
        })
    }

    pub fn estimates(
        &self,
        settings: &Settings,
        remarks: &mut Vec<String>,
        step: &dyn Fn(),
    ) -> Result<Vec<Estimate>, InputError> {
        let law = FittedLaw::of(&self.recent.rows, settings.lambda)?;
        let mut estimates = Vec::new();
        let columns = columns(&self.recent.rows)?;
        for (index, (name, column)) in self.names.iter().zip(&columns).enumerate() {
            let annual = 100.0 * sqrt(DAYS_PER_YEAR);
            let about = |name: String, sd: f64, kurtosis: f64, effective: f64| {
                // Relative error of a standard deviation: ½·√((K + 2)/n).
                let error = 0.5 * TWO_SIDED_95 * sqrt((kurtosis.max(0.0) + 2.0) / effective);
                let value = annual * sd;
                let interval = Some((value * (1.0 - error).max(0.0), value * (1.0 + error)));
                Estimate { name, value, interval, unit: "% a year", count: column.len() }
            };
            let all = moments(column);
            let effective = (1.0 + settings.lambda) / (1.0 - settings.lambda);
            let (sd, kurtosis) = (law.sds[index], law.excess_kurtosis[index]);
            let today = format!("{name}: vol of tomorrow (EWMA {})", settings.lambda);
            estimates.push(about(today, sd, kurtosis, effective));
            let window = format!("{name}: vol of the window");
            estimates.push(about(
                window,
                sqrt(all.variance),
                all.excess_kurtosis,
                column.len() as f64,
            ));
            if settings.goal == Goal::FilteredGarch {
                estimates.extend(garch_estimates(name, column, remarks)?);
            }
            step();
        }
        for i in 0..self.names.len() {
            for j in 0..i {
                let r = law.correlation.get(i, j);
                let z = 0.5 * ln((1.0 + r) / (1.0 - r));
                let wide = TWO_SIDED_95 / sqrt(self.recent.rows.len() as f64 - 3.0);
                estimates.push(Estimate {
                    name: format!("{} and {}: correlation", self.names[j], self.names[i]),
                    value: r,
                    interval: Some((tanh(z - wide), tanh(z + wide))),
                    unit: "",
                    count: self.recent.rows.len(),
                });
            }
        }
        estimates.push(Estimate {
            name: "Ledoit-Wolf shrinkage of the correlations".to_owned(),
            value: 100.0 * law.shrinkage,
            interval: None,
            unit: "%",
            count: self.recent.rows.len(),
        });
        for coin in self.coins_with_own_vol() {
            let beta = self.beta(coin)?;
            let name = |when: &str| format!("{}: vol on spot, slope{when}", coin.coin);
            for (when, line) in [("", beta.all), (" on falls", beta.down), (" on rises", beta.up)] {
                let wide = TWO_SIDED_95 * line.slope_error;
                estimates.push(Estimate {
                    name: name(when),
                    value: line.slope,
                    interval: Some((line.slope - wide, line.slope + wide)),
                    unit: "",
                    count: line.count,
                });
            }
        }
        Ok(estimates)
    }

    /// Coins whose vol history is their own.
    pub fn coins_with_own_vol(&self) -> impl Iterator<Item = &FactorsOf> {
        let own = |coin: &&FactorsOf| {
            coin.vol.is_some_and(|vol| self.names[vol].starts_with(coin.coin.as_str()))
                && self.names[coin.spot] == coin.coin.as_str()
        };
        self.coins.iter().filter(own)
    }

    /// Vol on spot over all days that have both.
    pub fn beta(&self, coin: &FactorsOf) -> Result<SpotVol, InputError> {
        let vol = coin.vol.unwrap_or(coin.spot);
        spot_vol(&self.all.column(coin.spot), &self.all.column(vol))
    }

    pub fn ranges(&self, settings: &Settings) -> Result<Vec<CoinRange>, InputError> {
        let horizon = settings.horizon_days as usize;
        let range = |factor: usize| {
            scan_range(&self.recent.column(factor), horizon, settings.coverage_pct / 100.0, 0.95)
        };
        let named = self.coins.iter().filter(|coin| coin.coin.as_str() != "*");
        named
            .map(|coin| {
                let vol = coin.vol.map(range).transpose()?;
                Ok(CoinRange { coin: coin.coin.clone(), spot: range(coin.spot)?, vol })
            })
            .collect()
    }

    pub fn sample_words(&self, settings: &Settings) -> String {
        let times = &self.recent.times;
        let (first, last) = (times.first().copied(), times.last().copied());
        format!(
            "{} one-day moves of {}, {} to {}; calibrated as of {} for {} day(s).",
            self.recent.rows.len(),
            self.names.join(", "),
            first.map_or_else(String::new, date),
            last.map_or_else(String::new, date),
            date(self.as_of),
            settings.horizon_days,
        )
    }
}

/// Observations at midnight where there are some, else all.
fn daily(series: &Series) -> Series {
    let midnights = series.sampled(DAY_MS);
    if midnights.times().len() > 1 { midnights } else { series.clone() }
}

/// Which factor is what of which coin, `*` included.
fn places(histories: &[CoinHistory], settings: &Settings) -> Result<Vec<FactorsOf>, InputError> {
    let with_vol: Vec<&Asset> =
        histories.iter().filter(|coin| coin.vol.is_some()).map(|coin| &coin.coin).collect();
    let spot = |coin: &Asset| histories.iter().position(|known| known.coin == *coin);
    let unknown = |coin: &Asset, what: &str| {
        let known: Vec<&str> = histories.iter().map(|known| known.coin.as_str()).collect();
        InputError::new(InputCode::UnknownAsset, format!("{coin} has no {what} history"))
            .hint(format!("there are {}", known.join(", ")))
    };
    let vol = |coin: &Asset| -> Result<Option<usize>, InputError> {
        let like = settings.vol_like.get(coin);
        let found = with_vol.iter().position(|known| *known == like.unwrap_or(coin));
        match (found, like) {
            (None, Some(like)) => Err(unknown(like, "vol")),
            (found, _) => Ok(found.map(|place| histories.len() + place)),
        }
    };
    for coin in settings.vol_like.keys() {
        spot(coin).ok_or_else(|| unknown(coin, "price"))?;
    }
    let mut coins = Vec::new();
    for (place, history) in histories.iter().enumerate() {
        coins.push(FactorsOf { coin: history.coin.clone(), spot: place, vol: vol(&history.coin)? });
    }
    if let Some(like) = &settings.others_like {
        let place = spot(like).ok_or_else(|| unknown(like, "price"))?;
        coins.push(FactorsOf { coin: Asset::new("*"), ..coins[place].clone() });
    }
    Ok(coins)
}

fn garch_estimates(
    name: &str,
    column: &[f64],
    remarks: &mut Vec<String>,
) -> Result<Vec<Estimate>, InputError> {
    let fit = fit_garch(column, false)?;
    if fit.standard_errors.is_none() {
        let (alpha, beta) = (fit.garch.alpha, fit.garch.beta);
        remarks.push(format!(
            "{name}: the GARCH fit lies on a bound (alpha {alpha:.3}, beta {beta:.3}), so its window tells no memory of vol; EWMA needs none"
        ));
    }
    let one = |what: &str, value: f64, error: Option<f64>| Estimate {
        name: format!("{name}: GARCH {what}"),
        value,
        interval: error.map(|e| (value - TWO_SIDED_95 * e, value + TWO_SIDED_95 * e)),
        unit: "",
        count: column.len(),
    };
    let errors = fit.standard_errors;
    Ok(vec![
        one("alpha", fit.garch.alpha, errors.map(|e| e[2])),
        one("beta", fit.garch.beta, errors.map(|e| e[3])),
    ])
}

pub(crate) fn range_estimates(range: &CoinRange) -> Vec<Estimate> {
    let side = |what: String, estimate: &QuantileEstimate| Estimate {
        name: format!("{} {what} covering {} %", range.coin, 100.0 * estimate.level),
        value: 100.0 * estimate.value,
        interval: Some((100.0 * estimate.interval.low, 100.0 * estimate.interval.high)),
        unit: "%",
        count: estimate.count,
    };
    let both = |of: &str, range: &ScanRange| {
        [side(format!("{of}fall"), &range.down), side(format!("{of}rise"), &range.up)]
    };
    let mut estimates = both("", &range.spot).to_vec();
    estimates.extend(range.vol.iter().flat_map(|vol| both("vol ", vol)));
    estimates
}
