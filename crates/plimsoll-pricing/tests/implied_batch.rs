//! Batches against the scalar solver, on every instruction set.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_math::{InstructionSet, float};
use plimsoll_pricing::{ImpliedVolError, OptionType, Quote, implied_vol, implied_vols_with, price};

/// Total vols 0.05 % to 400 %, |ln K/F| to ten total vols, minutes to years, forwards 1e-8 to 1e8.
fn quotes() -> Vec<Quote> {
    let mut quotes = Vec::new();
    for (i, forward) in [1e-8, 0.3, 60_000.0, 1e8].into_iter().enumerate() {
        for step in 0..60_u8 {
            let s = float::exp(-7.6 + f64::from(step) * 0.15);
            for d in -20..=20 {
                let strike = forward * float::exp(0.5 * f64::from(d) * s);
                let tau_years = [1e-5, 0.003, 0.25, 5.0][(i + usize::from(step)) % 4];
                let option_type = if d < 0 { OptionType::Put } else { OptionType::Call };
                let undiscounted_price = price(option_type, forward, strike, s);
                if undiscounted_price < 0.999 * forward.min(strike) {
                    quotes.push(Quote {
                        option_type,
                        forward,
                        strike,
                        tau_years,
                        undiscounted_price,
                    });
                }
            }
        }
    }
    quotes
}

fn scalar(quote: &Quote) -> Result<f64, ImpliedVolError> {
    let Quote { option_type, forward, strike, tau_years, undiscounted_price } = *quote;
    implied_vol(option_type, forward, strike, tau_years, undiscounted_price)
}

/// Both solvers stop within their rounding of the root of one function. Theirs differ by what the
/// price holds of the vol, price error/vega: up to 3e-15 near the money, and nearly everything is
/// held up to a time value of 0.9; beyond, one rounding of the price is 1/(1 − TV) times larger.
#[test]
fn batch_agrees_with_the_scalar_solver() {
    let quotes = quotes();
    assert!(quotes.len() > 9_000, "{}", quotes.len());
    for instructions in InstructionSet::available() {
        let mut worst: f64 = 0.0;
        for (quote, vol) in quotes.iter().zip(implied_vols_with(instructions, &quotes)) {
            let (vol, want) = (vol.unwrap(), scalar(quote).unwrap());
            let ratio = quote.undiscounted_price / quote.forward.min(quote.strike);
            let error = (vol / want - 1.0).abs() * (1.0 - ratio);
            assert!(error <= 4e-15, "{instructions} {quote:?}: {vol} against {want}");
            worst = worst.max(error);
        }
        println!("{instructions}: worst {worst:e} over {} quotes", quotes.len());
    }
}

#[test]
fn every_vector_width_gives_the_same_bits() {
    let quotes = quotes();
    let fused = [InstructionSet::avx2(), InstructionSet::avx512()];
    let results: Vec<Vec<u64>> = fused
        .into_iter()
        .flatten()
        .map(|instructions| {
            let vols = implied_vols_with(instructions, &quotes);
            vols.into_iter().map(|vol| vol.unwrap().to_bits()).collect()
        })
        .collect();
    for pair in results.windows(2) {
        assert_eq!(pair[0], pair[1]);
    }
}

/// A lane knows nothing of its neighbours: alone, a quote has the same vol.
#[test]
fn neighbours_do_not_matter_and_refusals_are_the_scalar_ones() {
    let mut quotes = quotes();
    quotes.truncate(200);
    let good = quotes[7];
    quotes[3].undiscounted_price = -1.0;
    quotes[40].forward = f64::NAN;
    quotes[41].tau_years = 0.0;
    quotes[42].undiscounted_price = quotes[42].option_type.payoff(good.forward, good.strike);
    quotes[43].undiscounted_price = f64::INFINITY;
    let instructions = InstructionSet::best();
    for (quote, together) in quotes.iter().zip(implied_vols_with(instructions, &quotes)) {
        let alone = implied_vols_with(instructions, &[*quote])[0];
        assert_eq!(format!("{together:?}"), format!("{alone:?}"));
        assert_eq!(together.is_err(), scalar(quote).is_err());
        if let Err(error) = scalar(quote) {
            assert_eq!(format!("{together:?}"), format!("{:?}", Err::<f64, _>(error)));
        }
    }
}
