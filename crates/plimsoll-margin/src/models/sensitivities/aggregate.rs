//! Sensitivities to margin: weights, concentration and correlations.
//!
//! ```text
//! delta     : WS_k = RW·s_k·CR_k,  CR_k = max(1, √(|s_k|/T))
//! vega      : WS_k = VRW·raw_k·VCR_k,  raw_k = HVR·σ·Σ_tenors v,  VCR_k = max(1, √(|raw_k|/VT))
//! curvature : WS_k = Σ_tenors SF·σ·v
//! K_b² = Σ_k Σ_l ρ·f·WS_k·WS_l,  f = min(CR_k, CR_l)/max(CR_k, CR_l);  S_b = clamp(Σ WS, −K_b, K_b)
//! M    = √(Σ_b K_b² + Σ_b≠c γ·S_b·S_c)
//! curvature margin = max(Σ WS + λ·M, 0),  θ = min(Σ WS/Σ|WS|, 0),  λ = (Φ⁻¹(0.995)² − 1)(1 + θ) − θ
//! ```
//!
//! with ρ², γ² and f = 1 for curvature. Amounts are USD: `s` the value change for a rise of 1 %, `v`
//! for a rise of vol by one point. A class's margin is the sum of the three; classes of one product
//! combine with ψ; products add.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_math::float::sqrt;
use plimsoll_math::normal;
use plimsoll_model::error::InputError;

use super::rules::{RiskClass, Rules};

/// One sensitivity of one leg.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensitivity {
    /// The class of the product it belongs to.
    pub product: RiskClass,
    /// What it is a sensitivity to.
    pub class: RiskClass,
    /// The bucket; of no account for currencies.
    pub bucket: u32,
    /// The asset.
    pub qualifier: String,
    /// Delta or vega.
    pub kind: Kind,
    /// USD for a rise of 1 %, or of one vol point.
    pub amount_usd: f64,
    /// Whose it is, by a number of the caller's choice.
    pub leg: usize,
}

/// Delta or vega.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// To the price.
    Delta,
    /// To the vol of one tenor.
    Vega {
        /// Days of the tenor.
        days: f64,
    },
}

/// The measures of a risk class.
pub const MEASURES: [&str; 3] = ["delta", "vega", "curvature"];

/// Margin with its workings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SensitivityMargin {
    /// The margin, USD.
    pub total: f64,
    /// Margin by product.
    pub products: BTreeMap<RiskClass, f64>,
    /// Delta, vega and curvature margin by product and risk class, before classes are combined.
    pub classes: BTreeMap<(RiskClass, RiskClass), [f64; 3]>,
    /// What each measure adds to the total; the three add up to it.
    pub measures: [f64; 3],
    /// What each leg adds to each measure.
    pub legs: [BTreeMap<usize, f64>; 3],
}

/// Margin of sensitivities.
///
/// # Errors
/// `unsupported`, naming the weight, correlation or threshold that the parameters do not know.
pub fn margin(rules: &Rules, rows: &[Sensitivity]) -> Result<SensitivityMargin, InputError> {
    let mut answer = SensitivityMargin::default();
    let products: BTreeSet<RiskClass> = rows.iter().map(|row| row.product).collect();
    for product in products {
        let mut measured: Vec<(RiskClass, [Measured; 3])> = Vec::new();
        let own = |row: &&Sensitivity| row.product == product;
        let classes: BTreeSet<RiskClass> = rows.iter().filter(own).map(|row| row.class).collect();
        for class in classes {
            let rows: Vec<&Sensitivity> =
                rows.iter().filter(own).filter(|row| row.class == class).collect();
            let measures = [
                delta(rules, class, &rows)?,
                vega(rules, class, &rows)?,
                curvature(rules, class, &rows)?,
            ];
            answer.classes.insert((product, class), [0, 1, 2].map(|place| measures[place].amount));
            measured.push((class, measures));
        }
        let amounts: Vec<f64> = measured
            .iter()
            .map(|(_, measures)| measures.iter().map(|measure| measure.amount).sum())
            .collect();
        let (total, slopes) = combined(rules, &measured, &amounts)?;
        answer.total += total;
        answer.products.insert(product, total);
        for ((_, measures), slope) in measured.iter().zip(slopes) {
            for (place, measure) in measures.iter().enumerate() {
                answer.measures[place] += slope * measure.amount;
                for (leg, amount) in &measure.legs {
                    *answer.legs[place].entry(*leg).or_insert(0.0) += slope * amount;
                }
            }
        }
    }
    Ok(answer)
}

/// `√(Σ_r IM_r² + Σ_r≠s ψ·IM_r·IM_s)` and its derivatives.
fn combined(
    rules: &Rules,
    classes: &[(RiskClass, [Measured; 3])],
    amounts: &[f64],
) -> Result<(f64, Vec<f64>), InputError> {
    let mut weighted = Vec::with_capacity(amounts.len());
    for (place, (class, _)) in classes.iter().enumerate() {
        let mut sum = amounts[place];
        for (other, (known, _)) in classes.iter().enumerate().filter(|(other, _)| *other != place) {
            sum += rules.between(*class, *known)? * amounts[other];
        }
        weighted.push(sum);
    }
    let square: f64 = amounts.iter().zip(&weighted).map(|(amount, sum)| amount * sum).sum();
    let total = sqrt(square.max(0.0));
    let slope = |sum: f64| if total > 0.0 { sum / total } else { 0.0 };
    Ok((total, weighted.into_iter().map(slope).collect()))
}

/// One measure of one class: its margin and each leg's part of it.
#[derive(Clone, Debug, Default)]
struct Measured {
    amount: f64,
    legs: BTreeMap<usize, f64>,
}

/// One qualifier's weighted sensitivity.
struct Factor {
    bucket: u32,
    qualifier: String,
    /// WS.
    weighted: f64,
    /// CR.
    concentration: f64,
    /// WS per leg; adds up to `weighted`.
    legs: BTreeMap<usize, f64>,
}

/// Groups rows into factors by bucket and qualifier, adding `scale(row)·amount` of each.
fn factors(
    rows: &[&Sensitivity],
    scale: impl Fn(&Sensitivity) -> Result<Option<f64>, InputError>,
) -> Result<Vec<Factor>, InputError> {
    let mut found: BTreeMap<(u32, &str), Factor> = BTreeMap::new();
    for row in rows {
        let Some(scale) = scale(row)? else { continue };
        let key = (row.bucket, row.qualifier.as_str());
        let factor = found.entry(key).or_insert_with(|| Factor {
            bucket: row.bucket,
            qualifier: row.qualifier.clone(),
            weighted: 0.0,
            concentration: 1.0,
            legs: BTreeMap::new(),
        });
        factor.weighted += scale * row.amount_usd;
        *factor.legs.entry(row.leg).or_insert(0.0) += scale * row.amount_usd;
    }
    Ok(found.into_values().collect())
}

impl Factor {
    fn scale(&mut self, by: f64) {
        self.weighted *= by;
        self.legs.values_mut().for_each(|leg| *leg *= by);
    }
}

fn delta(rules: &Rules, class: RiskClass, rows: &[&Sensitivity]) -> Result<Measured, InputError> {
    let one = |row: &Sensitivity| Ok((row.kind == Kind::Delta).then_some(1.0));
    let mut factors = factors(rows, one)?;
    for factor in &mut factors {
        let name = factor.qualifier.as_str();
        let (weight, threshold) = if class == RiskClass::Fx {
            let fx = rules.foreign_exchange()?;
            (fx.weight(name), fx.threshold_musd(name))
        } else {
            let (_, bucket) = rules.bucket(class, factor.bucket)?;
            (bucket.weight(class)?, bucket.delta_threshold_musd)
        };
        factor.concentration =
            rules.concentration(factor.weighted, threshold, &format!("the delta of {name}"))?;
        factor.scale(weight * factor.concentration);
    }
    let (amount, slopes) = aggregate(rules, class, &factors, false)?;
    Ok(measured(amount, &factors, &slopes))
}

fn vega(rules: &Rules, class: RiskClass, rows: &[&Sensitivity]) -> Result<Measured, InputError> {
    let mut factors = factors(rows, |row| match row.kind {
        Kind::Delta => Ok(None),
        Kind::Vega { .. } => {
            let (weights, bucket) = rules.bucket(class, row.bucket)?;
            let (ratio, _) = weights.vega(class)?;
            Ok(Some(ratio * rules.vol_points(bucket.weight(class)?)))
        }
    })?;
    for factor in &mut factors {
        let (weights, bucket) = rules.bucket(class, factor.bucket)?;
        let what = format!("the vega of {}", factor.qualifier);
        let threshold = bucket.vega_threshold_musd;
        factor.concentration = rules.concentration(factor.weighted, threshold, &what)?;
        factor.scale(weights.vega(class)?.1 * factor.concentration);
    }
    let (amount, slopes) = aggregate(rules, class, &factors, false)?;
    Ok(measured(amount, &factors, &slopes))
}

fn curvature(
    rules: &Rules,
    class: RiskClass,
    rows: &[&Sensitivity],
) -> Result<Measured, InputError> {
    let factors = factors(rows, |row| match row.kind {
        Kind::Delta => Ok(None),
        Kind::Vega { days } => {
            let (_, bucket) = rules.bucket(class, row.bucket)?;
            let vol = rules.vol_points(bucket.weight(class)?);
            Ok(Some(rules.curvature_scale(days) * vol))
        }
    })?;
    let (spread, slopes) = aggregate(rules, class, &factors, true)?;
    let sum: f64 = factors.iter().map(|factor| factor.weighted).sum();
    let gross: f64 = factors.iter().map(|factor| factor.weighted.abs()).sum();
    let theta = if gross > 0.0 { (sum / gross).min(0.0) } else { 0.0 };
    let quantile = normal::inv_cdf(0.995);
    let lambda = (quantile * quantile - 1.0) * (1.0 + theta) - theta;
    let amount = sum + lambda * spread;
    if amount <= 0.0 {
        return Ok(Measured::default());
    }
    let slopes: Vec<f64> = slopes.iter().map(|slope| 1.0 + lambda * slope).collect();
    Ok(measured(amount, &factors, &slopes))
}

fn measured(amount: f64, factors: &[Factor], slopes: &[f64]) -> Measured {
    let mut legs = BTreeMap::new();
    for (factor, slope) in factors.iter().zip(slopes) {
        for (leg, weighted) in &factor.legs {
            *legs.entry(*leg).or_insert(0.0) += slope * weighted;
        }
    }
    Measured { amount, legs }
}

/// One bucket's factors and sums.
struct Bucket {
    number: u32,
    /// Places of its factors.
    places: Vec<usize>,
    /// K.
    spread: f64,
    /// S.
    clamped: f64,
    /// Whether S is ±K and not the sum itself.
    at_bound: bool,
}

/// `√(Σ K_b² + Σ γ·S_b·S_c)` and its derivative by each factor's WS.
fn aggregate(
    rules: &Rules,
    class: RiskClass,
    factors: &[Factor],
    squared: bool,
) -> Result<(f64, Vec<f64>), InputError> {
    let power = |correlation: f64| if squared { correlation * correlation } else { correlation };
    // Σ_l ρ·f·WS_l for every factor, inside its bucket.
    let mut within = vec![0.0; factors.len()];
    for (place, factor) in factors.iter().enumerate() {
        for (other, known) in factors.iter().enumerate().filter(|(_, o)| o.bucket == factor.bucket)
        {
            let correlation = if other == place {
                1.0
            } else {
                let concentrations = (factor.concentration, known.concentration);
                let (low, high) = (
                    concentrations.0.min(concentrations.1),
                    concentrations.0.max(concentrations.1),
                );
                power(correlation(rules, class, factor, known)?) * low / high
            };
            within[place] += correlation * known.weighted;
        }
    }
    let mut buckets: Vec<Bucket> = Vec::new();
    for (place, factor) in factors.iter().enumerate() {
        match buckets.iter_mut().find(|bucket| bucket.number == factor.bucket) {
            Some(bucket) => bucket.places.push(place),
            None => buckets.push(Bucket {
                number: factor.bucket,
                places: vec![place],
                spread: 0.0,
                clamped: 0.0,
                at_bound: false,
            }),
        }
    }
    for bucket in &mut buckets {
        let square: f64 = bucket.places.iter().map(|k| factors[*k].weighted * within[*k]).sum();
        let sum: f64 = bucket.places.iter().map(|k| factors[*k].weighted).sum();
        bucket.spread = sqrt(square.max(0.0));
        bucket.clamped = sum.clamp(-bucket.spread, bucket.spread);
        bucket.at_bound = bucket.clamped != sum;
    }
    let mut square = 0.0;
    let mut others = vec![0.0; buckets.len()];
    for (place, bucket) in buckets.iter().enumerate() {
        for other in buckets.iter().filter(|other| other.number != bucket.number) {
            let gamma = rules.between_buckets(class, bucket.number, other.number)?;
            others[place] += power(gamma) * other.clamped;
        }
        square += bucket.spread * bucket.spread + bucket.clamped * others[place];
    }
    let total = sqrt(square.max(0.0));
    let mut slopes = vec![0.0; factors.len()];
    if total > 0.0 {
        for (bucket, others) in buckets.iter().zip(others) {
            for k in &bucket.places {
                let by_sum = if !bucket.at_bound {
                    1.0
                } else if bucket.spread > 0.0 {
                    bucket.clamped.signum() * within[*k] / bucket.spread
                } else {
                    0.0
                };
                slopes[*k] = (within[*k] + others * by_sum) / total;
            }
        }
    }
    Ok((total, slopes))
}

fn correlation(rules: &Rules, class: RiskClass, a: &Factor, b: &Factor) -> Result<f64, InputError> {
    if class == RiskClass::Fx {
        return Ok(rules.foreign_exchange()?.correlation(&a.qualifier, &b.qualifier));
    }
    rules.bucket(class, a.bucket)?.1.within(class)
}

#[cfg(test)]
mod tests;
