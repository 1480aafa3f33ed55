//! Making history speak for today: newer days weigh more, or old days are rescaled to today's vol.

use plimsoll_model::error::InputError;
use plimsoll_model::params::check_bounds;

use super::refused;

/// Weights `λ^age`, the newest observation last with weight 1 (Boudoukh, Richardson and Whitelaw).
/// For [`plimsoll_math::quantile::weighted_quantile`], which needs no normalisation.
///
/// # Errors
/// λ outside (0, 1].
pub fn age_weights(count: usize, lambda: f64) -> Result<Vec<f64>, InputError> {
    check_bounds("lambda", lambda, f64::MIN_POSITIVE, 1.0)?;
    let mut weights = vec![1.0; count];
    for i in (0..count.saturating_sub(1)).rev() {
        weights[i] = lambda * weights[i + 1];
    }
    Ok(weights)
}

/// Returns rescaled from the vol of their own day to the vol of tomorrow:
/// `r_t·√(h_T/h_t)`, where `variances[t] = h_t` was the forecast for return `t` and the last entry,
/// one past the returns, is the forecast for the return that has not come (Barone-Adesi, Giannopoulos
/// and Vosper; Hull and White).
///
/// # Errors
/// Not one more variance than returns, or a variance that is not positive.
pub fn filtered(returns: &[f64], variances: &[f64]) -> Result<Vec<f64>, InputError> {
    let (Some(forecast), true) = (variances.last(), variances.len() == returns.len() + 1) else {
        let lengths = format!("{} variances for {} returns", variances.len(), returns.len());
        return Err(refused("filtered returns", lengths));
    };
    if let Some((t, bad)) = variances.iter().enumerate().find(|(_, h)| h.is_nan() || **h <= 0.0) {
        return Err(refused("filtered returns", format!("variance {t} is {bad}")));
    }
    Ok(returns.iter().zip(variances).map(|(r, h)| r * (forecast / h).sqrt()).collect())
}
