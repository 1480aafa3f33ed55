//! The parameters: risk classes with their buckets, foreign exchange, and what drives each asset.

use std::collections::BTreeMap;

use plimsoll_math::float::sqrt;
use plimsoll_math::normal;
use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::check_bounds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A class of risks; also the class of products that are driven by it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RiskClass {
    /// Commodities; coins are its bucket of everything else.
    Commodity,
    /// Coins as a class of their own.
    Crypto,
    /// Equities and funds.
    Equity,
    /// Currencies against the calculation currency.
    Fx,
}

impl RiskClass {
    /// The name in parameter files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commodity => "commodity",
            Self::Crypto => "crypto",
            Self::Equity => "equity",
            Self::Fx => "fx",
        }
    }
}

/// Weights, correlations and thresholds. A value that is not known is left out, and a portfolio that
/// needs it is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Calendar days of the horizon in the vol of vega and curvature: 14 for ten trading days, 1.4
    /// for one.
    pub horizon_days: f64,
    /// Whether large positions are charged more than in proportion.
    pub concentration: bool,
    /// Commodities, coins and equities.
    #[serde(default)]
    pub classes: BTreeMap<RiskClass, ClassRules>,
    /// Foreign exchange.
    #[serde(default)]
    pub fx: Option<FxRules>,
    /// Correlations between risk classes.
    #[serde(default)]
    pub between_classes: Vec<ClassPair>,
}

/// Correlation between two risk classes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassPair {
    /// The two.
    pub classes: [RiskClass; 2],
    /// ψ.
    pub correlation: f64,
}

/// One risk class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassRules {
    /// Historical vol ratio of vega.
    #[serde(default)]
    pub historical_vol_ratio: Option<f64>,
    /// Vega risk weight.
    #[serde(default)]
    pub vega_weight: Option<f64>,
    /// The buckets.
    pub buckets: Vec<BucketRules>,
    /// γ between pairs of buckets.
    #[serde(default)]
    pub between: Vec<BucketPair>,
}

/// Correlation between two buckets of a class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketPair {
    /// The two.
    pub buckets: [u32; 2],
    /// γ.
    pub correlation: f64,
}

/// One bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketRules {
    /// Its number.
    pub number: u32,
    /// Delta risk weight: charge per unit of value change for a rise of 1 %.
    #[serde(default)]
    pub delta_weight: Option<f64>,
    /// ρ between two qualifiers of the bucket.
    #[serde(default)]
    pub correlation: Option<f64>,
    /// γ to every other bucket of the class that no pair names.
    #[serde(default)]
    pub correlation_to_others: Option<f64>,
    /// Concentration threshold of delta, million USD per 1 %.
    #[serde(default)]
    pub delta_threshold_musd: Option<f64>,
    /// Concentration threshold of vega, million USD.
    #[serde(default)]
    pub vega_threshold_musd: Option<f64>,
}

/// Foreign exchange: deltas against the calculation currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FxRules {
    /// Weight of a currency of regular volatility.
    pub regular_weight: f64,
    /// Weight of a currency of high volatility.
    pub high_weight: f64,
    /// The currencies of high volatility.
    pub high: Vec<Asset>,
    /// ρ between two regular currencies.
    pub regular_correlation: f64,
    /// ρ between a regular and a high one.
    pub mixed_correlation: f64,
    /// ρ between two high ones.
    pub high_correlation: f64,
    /// Concentration thresholds of delta by currency; `*` is every currency not named.
    pub thresholds: Vec<FxThreshold>,
}

/// Concentration threshold of some currencies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FxThreshold {
    /// The currencies.
    pub currencies: Vec<Asset>,
    /// Million USD per 1 %.
    pub delta_threshold_musd: f64,
}

fn unknown(what: &str) -> InputError {
    InputError::new(InputCode::Unsupported, format!("the parameters do not know {what}"))
        .hint("a parameter file of your own may state it")
}

impl Rules {
    /// Checks every number against its bounds.
    pub fn check(&self) -> Result<(), InputError> {
        check_bounds("horizon_days", self.horizon_days, 0.1, 365.0)?;
        for pair in &self.between_classes {
            let [a, b] = pair.classes.map(RiskClass::name);
            check_bounds(&format!("correlation of {a} and {b}"), pair.correlation, -1.0, 1.0)?;
        }
        for (class, rules) in &self.classes {
            let name = |field: &str| format!("classes.{}.{field}", class.name());
            let ratio = rules.historical_vol_ratio.unwrap_or(1.0);
            check_bounds(&name("historical_vol_ratio"), ratio, 0.01, 10.0)?;
            check_bounds(&name("vega_weight"), rules.vega_weight.unwrap_or(0.0), 0.0, 10.0)?;
            for bucket in &rules.buckets {
                bucket.check(&name(&format!("buckets[{}]", bucket.number)))?;
            }
            for pair in &rules.between {
                check_bounds(&name("between: correlation"), pair.correlation, -1.0, 1.0)?;
            }
            let mut others = rules.buckets.iter().filter_map(|b| b.correlation_to_others);
            let first = others.next();
            if others.any(|other| Some(other) != first) {
                let message = format!("{}: buckets differ in it", name("correlation_to_others"));
                return Err(InputError::new(InputCode::BadParameter, message)
                    .hint("name the pairs in `between`"));
            }
        }
        self.fx.as_ref().map_or(Ok(()), FxRules::check)
    }

    /// The rules of one bucket.
    pub fn bucket(
        &self,
        class: RiskClass,
        number: u32,
    ) -> Result<(&ClassRules, &BucketRules), InputError> {
        let rules = self.classes.get(&class);
        let bucket = rules.and_then(|rules| rules.buckets.iter().find(|b| b.number == number));
        rules.zip(bucket).ok_or_else(|| unknown(&format!("bucket {number} of {}", class.name())))
    }

    /// ψ between two risk classes.
    pub fn between(&self, a: RiskClass, b: RiskClass) -> Result<f64, InputError> {
        let found = self
            .between_classes
            .iter()
            .find(|pair| pair.classes == [a, b] || pair.classes == [b, a]);
        found.map(|pair| pair.correlation).ok_or_else(|| {
            unknown(&format!("the correlation between {} and {}", a.name(), b.name()))
        })
    }

    /// γ between two buckets of a class.
    pub fn between_buckets(&self, class: RiskClass, a: u32, b: u32) -> Result<f64, InputError> {
        let (rules, first) = self.bucket(class, a)?;
        let (_, second) = self.bucket(class, b)?;
        let names = |pair: &&BucketPair| pair.buckets == [a, b] || pair.buckets == [b, a];
        let pair = rules.between.iter().find(names).map(|pair| pair.correlation);
        let known = pair.or(first.correlation_to_others).or(second.correlation_to_others);
        known.ok_or_else(|| {
            unknown(&format!("the correlation between buckets {a} and {b} of {}", class.name()))
        })
    }

    /// `σ = delta weight·√(365/horizon)/Φ⁻¹(0.99)`, vol points per year.
    pub fn vol_points(&self, delta_weight: f64) -> f64 {
        delta_weight * sqrt(365.0 / self.horizon_days) / normal::inv_cdf(0.99)
    }

    /// `SF = ½·min(1, horizon/days)`.
    pub fn curvature_scale(&self, days: f64) -> f64 {
        0.5 * (self.horizon_days / days).min(1.0)
    }

    /// `max(1, √(|amount|/threshold))`; 1 where concentration is off.
    pub fn concentration(
        &self,
        amount_usd: f64,
        threshold_musd: Option<f64>,
        what: &str,
    ) -> Result<f64, InputError> {
        if !self.concentration {
            return Ok(1.0);
        }
        let threshold = threshold_musd
            .ok_or_else(|| unknown(&format!("the concentration threshold of {what}")))?;
        Ok(sqrt(amount_usd.abs() / (1e6 * threshold)).max(1.0))
    }

    /// The rules of foreign exchange.
    pub fn foreign_exchange(&self) -> Result<&FxRules, InputError> {
        self.fx.as_ref().ok_or_else(|| unknown("foreign exchange"))
    }
}

impl BucketRules {
    fn check(&self, name: &str) -> Result<(), InputError> {
        let weight = self.delta_weight.unwrap_or(0.0);
        check_bounds(&format!("{name}.delta_weight"), weight, 0.0, 1000.0)?;
        for correlation in [self.correlation, self.correlation_to_others].into_iter().flatten() {
            check_bounds(&format!("{name}: correlation"), correlation, -1.0, 1.0)?;
        }
        for threshold in [self.delta_threshold_musd, self.vega_threshold_musd].into_iter().flatten()
        {
            check_bounds(&format!("{name}: threshold"), threshold, 1e-6, 1e9)?;
        }
        Ok(())
    }

    /// The delta weight, or a refusal that names the bucket.
    pub fn weight(&self, class: RiskClass) -> Result<f64, InputError> {
        let what = || unknown(&format!("the weight of bucket {} of {}", self.number, class.name()));
        self.delta_weight.ok_or_else(what)
    }

    /// ρ between two qualifiers of the bucket.
    pub fn within(&self, class: RiskClass) -> Result<f64, InputError> {
        let place = || format!("bucket {} of {}", self.number, class.name());
        self.correlation.ok_or_else(|| unknown(&format!("the correlation inside {}", place())))
    }
}

impl ClassRules {
    /// Historical vol ratio and vega weight.
    pub fn vega(&self, class: RiskClass) -> Result<(f64, f64), InputError> {
        let known = self.historical_vol_ratio.zip(self.vega_weight);
        known.ok_or_else(|| unknown(&format!("the vega weight of {}", class.name())))
    }
}

impl FxRules {
    fn check(&self) -> Result<(), InputError> {
        check_bounds("fx.regular_weight", self.regular_weight, 0.0, 1000.0)?;
        check_bounds("fx.high_weight", self.high_weight, 0.0, 1000.0)?;
        for correlation in [self.regular_correlation, self.mixed_correlation, self.high_correlation]
        {
            check_bounds("fx: correlation", correlation, -1.0, 1.0)?;
        }
        for threshold in &self.thresholds {
            check_bounds("fx: threshold", threshold.delta_threshold_musd, 1e-6, 1e9)?;
        }
        Ok(())
    }

    fn is_high(&self, currency: &str) -> bool {
        self.high.iter().any(|high| high.as_str() == currency)
    }

    /// The delta weight of a currency.
    pub fn weight(&self, currency: &str) -> f64 {
        if self.is_high(currency) { self.high_weight } else { self.regular_weight }
    }

    /// ρ between two currencies.
    pub fn correlation(&self, a: &str, b: &str) -> f64 {
        match (self.is_high(a), self.is_high(b)) {
            (false, false) => self.regular_correlation,
            (true, true) => self.high_correlation,
            _ => self.mixed_correlation,
        }
    }

    /// The concentration threshold of a currency.
    pub fn threshold_musd(&self, currency: &str) -> Option<f64> {
        let of = |name: &str| {
            let names = |threshold: &&FxThreshold| {
                threshold.currencies.iter().any(|currency| currency.as_str() == name)
            };
            self.thresholds.iter().find(names).map(|threshold| threshold.delta_threshold_musd)
        };
        of(currency).or_else(|| of("*"))
    }
}
