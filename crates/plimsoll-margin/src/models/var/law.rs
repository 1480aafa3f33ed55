//! A joint law of the moves of coins and of their vols, as data: what simulation draws from and the
//! delta methods take moments of.

use std::collections::BTreeMap;

use plimsoll_math::float::{exp_m1, sqrt};
use plimsoll_math::linalg::Matrix;
use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::check_bounds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::joint::{EVERY_OTHER, JointScenarios, MoveColumns};
use super::monte_carlo::{Copula, Draws, JointLaw, Marginal, REPETITIONS, repetition};
use super::refused;

/// The `[law]` table of a parameter file: logarithmic moves with mean 0 over the horizon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactorLaw {
    /// Correlation of the factors, or of the latent variables of a copula; one row per factor.
    pub correlation: Vec<Vec<f64>>,
    /// Degrees of freedom of a t copula; absent: Gaussian.
    #[serde(default)]
    pub copula_dof: Option<f64>,
    /// How to draw from it; needed by simulation alone.
    #[serde(default)]
    pub simulation: Option<Simulation>,
    /// What moves, in the order of the correlations.
    pub factors: Vec<Factor>,
}

/// One risk factor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// The coin; `*` is every coin without a factor of its own.
    pub coin: Asset,
    /// What of it moves.
    pub moves: Moving,
    /// Standard deviation of the logarithmic move over the horizon, in percent.
    pub sd_pct: f64,
    /// Degrees of freedom of a Student law, above 2; absent: normal.
    #[serde(default)]
    pub dof: Option<f64>,
}

/// What of a coin moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Moving {
    /// Index and forwards.
    Spot,
    /// Every vol.
    Vol,
}

/// How scenarios are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Simulation {
    /// How the uniforms are chosen.
    pub draws: Draws,
    /// Scenarios: a multiple of 16, the independent repetitions behind the standard error.
    pub paths: u32,
    /// Names the draws: the same seed gives the same scenarios everywhere.
    pub seed: u64,
}

/// Places of a coin's factors in the law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactorsOfCoin {
    /// Of the spot move.
    pub spot: usize,
    /// Of the vol move; absent: vols stay.
    pub vol: Option<usize>,
}

impl FactorLaw {
    /// Checks bounds, shapes and that the correlation is one; a coin's vol needs its spot.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), InputError> {
        check_bounds("number of factors", self.factors.len() as f64, 1.0, 64.0)?;
        let bad = |message: String| Err(InputError::new(InputCode::BadParameter, message));
        for (index, factor) in self.factors.iter().enumerate() {
            let name = format!("{} {:?}", factor.coin, factor.moves).to_lowercase();
            check_bounds(&format!("sd_pct of {name}"), factor.sd_pct, 1e-6, 300.0)?;
            if let Some(dof) = factor.dof {
                check_bounds(&format!("dof of {name}"), dof, 2.01, 1e6)?;
            }
            let same = |other: &Factor| other.coin == factor.coin && other.moves == factor.moves;
            if self.factors[..index].iter().any(same) {
                return bad(format!("two factors for {name}"));
            }
            if self.place(&factor.coin, Moving::Spot).is_none() {
                return bad(format!("{} has a vol factor and no spot factor", factor.coin));
            }
        }
        if let Some(dof) = self.copula_dof {
            check_bounds("copula_dof", dof, 2.01, 1e6)?;
        }
        if let Some(simulation) = self.simulation {
            check_bounds("paths", f64::from(simulation.paths), 64.0, 100_000.0)?;
            if u64::from(simulation.paths) % REPETITIONS != 0 {
                let paths = simulation.paths;
                return bad(format!("paths = {paths} is not a multiple of {REPETITIONS}"));
            }
        }
        let correlation = self.correlation()?;
        let n = correlation.rows();
        for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))) {
            let cell = correlation.get(i, j);
            let fits = if i == j { cell == 1.0 } else { cell == correlation.get(j, i) };
            if !fits {
                return bad(format!(
                    "correlation[{i}][{j}] = {cell} is not that of a symmetric matrix with ones on its diagonal"
                ));
            }
        }
        self.joint().map(|_| ())
    }

    fn correlation(&self) -> Result<Matrix, InputError> {
        let matrix = Matrix::from_rows(&self.correlation)
            .map_err(|error| refused("law.correlation", error))?;
        if matrix.rows() == self.factors.len() && matrix.columns() == matrix.rows() {
            return Ok(matrix);
        }
        let sizes =
            format!("{}×{} for {} factors", matrix.rows(), matrix.columns(), self.factors.len());
        Err(refused("law.correlation", sizes))
    }

    /// Covariance of the logarithmic moves, taking the correlation for theirs; so it is under a
    /// Gaussian copula of normal moves and a t copula of Student moves with its degrees of freedom.
    ///
    /// # Errors
    /// A correlation of another shape.
    pub fn covariance(&self) -> Result<Matrix, InputError> {
        let sd = |index: usize| self.factors[index].sd_pct / 100.0;
        Ok(self.correlation()?.map(|i, j, cell| cell * sd(i) * sd(j)))
    }

    /// The law to draw from.
    fn joint(&self) -> Result<JointLaw, InputError> {
        let marginal = |factor: &Factor| {
            let unit = factor.dof.map_or(1.0, |dof| sqrt((dof - 2.0) / dof));
            Marginal { location: 0.0, scale: unit * factor.sd_pct / 100.0, dof: factor.dof }
        };
        let copula = Copula { correlation: self.correlation()?, dof: self.copula_dof };
        JointLaw::new(self.factors.iter().map(marginal).collect(), &copula)
    }

    fn place(&self, coin: &Asset, moves: Moving) -> Option<usize> {
        self.factors.iter().position(|factor| factor.coin == *coin && factor.moves == moves)
    }

    /// Where a coin's factors are.
    ///
    /// # Errors
    /// `unsupported`, naming the coin, where the law has none for it.
    pub fn factors_of(&self, model: &str, coin: &Asset) -> Result<FactorsOfCoin, InputError> {
        let every_other = Asset::new(EVERY_OTHER);
        let own = |coin: &Asset| {
            let spot = self.place(coin, Moving::Spot)?;
            Some(FactorsOfCoin { spot, vol: self.place(coin, Moving::Vol) })
        };
        own(coin).or_else(|| own(&every_other)).ok_or_else(|| {
            let mut known: Vec<&str> =
                self.factors.iter().map(|factor| factor.coin.as_str()).collect();
            known.dedup();
            let message = format!("{model} has no law for {coin}");
            InputError::new(InputCode::Unsupported, message)
                .hint(format!("it has {}", known.join(", ")))
        })
    }

    /// Joint scenarios drawn from the law: [`REPETITIONS`] independent sets one after the other.
    ///
    /// # Errors
    /// No `simulation`, or a law that cannot be drawn from.
    pub fn scenarios(&self) -> Result<JointScenarios, InputError> {
        let Some(Simulation { draws, paths, seed }) = self.simulation else {
            let message = "monte-carlo without [scenarios] needs [law.simulation]";
            return Err(InputError::new(InputCode::BadParameter, message));
        };
        let law = self.joint()?;
        let mut moves = Vec::new();
        for number in 0..REPETITIONS {
            moves.append(&mut repetition(&law, draws, paths, seed, number)?);
        }
        let column = |factor: usize| -> Vec<f64> {
            moves.iter().filter_map(|row| Some(100.0 * exp_m1(*row.get(factor)?))).collect()
        };
        let mut underlyings = BTreeMap::new();
        for factor in self.factors.iter().filter(|factor| factor.moves == Moving::Spot) {
            let FactorsOfCoin { spot, vol } = self.factors_of("the law", &factor.coin)?;
            let columns = MoveColumns {
                spot_pct: column(spot),
                vol_pct: vol.map(column).unwrap_or_default(),
            };
            underlyings.insert(factor.coin.clone(), columns);
        }
        let names = (1..=moves.len()).map(|number| number.to_string()).collect();
        Ok(JointScenarios { names, weights: vec![], underlyings })
    }
}
