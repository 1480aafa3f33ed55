//! MR3, MR4, MR5, MR7 and MR9: what a risk unit is charged beside its shocks, at maintenance, in USD.
//!
//! ```text
//! MR3 = Σ_expiries |vega|·points(days)                      options; vega per vol point
//! MR4 = basis_pct·|left| + hedged_basis_pct_per_year·Σ_pairs matched·years apart
//! MR5 = |Σ_expiries rho·rate(days)|                         options; rho per percent of rate
//! MR7 = Σ |notional|·minimum_futures_pct + Σ short option coins·index·minimum_short_pct
//! MR9 = Σ_pairs steps of the hedged volume                  USDT–USD, then USDT–USDC, then USDC–USD
//! ```
//!
//! MR4 nets dollar deltas within an expiry (perpetuals have none) and matches opposite ones nearest
//! first. Adjusted MR7 counts each step of the raw charge with the step's multiplier.

use std::collections::BTreeMap;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{InstrumentId, Market};

use super::super::known::no_entry;
use super::super::unified::matched;
use super::params::{OkxParams, at_days, stepped};
use super::{Charge, UnitBook, UnitLeg, offset, price_usd, shared};

/// MR7 with its split.
pub(super) struct Minimum {
    /// Before tiers.
    pub raw: f64,
    /// After tiers; absent where the tiers are unknown and cannot matter.
    pub adjusted: Option<f64>,
    weights: Vec<(InstrumentId, f64)>,
}

impl Minimum {
    /// What it adds above the other charges.
    pub(super) fn above(self, covered: f64) -> Charge {
        let amount = self.adjusted.map_or(0.0, |adjusted| (adjusted - covered).max(0.0));
        Charge { name: "minimum_charge", amount, parts: shared(amount, &self.weights) }
    }
}

/// The order in which offsetting volumes of dollars are charged.
const DEPEG_PAIRS: [(&str, &str); 3] = [("USDT", "USD"), ("USDT", "USDC"), ("USDC", "USD")];

impl OkxParams {
    pub(super) fn vega_term(&self, book: &UnitBook<'_>) -> Result<Charge, InputError> {
        let mut net: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        let mut weights = Vec::new();
        let mut table = None;
        for leg in book.legs.iter().filter(|leg| leg.is_option) {
            let known = &self.options.vega_term;
            table = Some(known.need(&self.id, "options.vega_term", &leg.name)?);
            let vega = leg.quantity * leg.unit.vega_usd / 100.0;
            // Years are not negative, so their bits sort as they do.
            net.entry(leg.tau_years.to_bits()).or_insert((leg.tau_years, 0.0)).1 += vega;
            weights.push((leg.id, vega));
        }
        let points = |years: f64| {
            let table = table.into_iter().flatten();
            at_days(table.map(|row| (row.days, row.shock)), 365.0 * years)
        };
        let amount = net.values().map(|(years, vega)| vega.abs() * points(*years)).sum();
        Ok(Charge { name: "vega_term_structure", amount, parts: shared(amount, &weights) })
    }

    pub(super) fn interest(&self, book: &UnitBook<'_>) -> Result<Charge, InputError> {
        let mut sum = 0.0;
        let mut weights = Vec::new();
        for leg in book.legs.iter().filter(|leg| leg.is_option) {
            let known = &self.options.interest_rate;
            let table = known.need(&self.id, "options.interest_rate", &leg.name)?;
            let days = 365.0 * leg.tau_years;
            let shock = at_days(table.iter().map(|row| (row.days, row.shock)), days);
            let part = leg.quantity * leg.unit.rho_usd / 100.0 * shock;
            sum += part;
            weights.push((leg.id, part));
        }
        let amount = sum.abs();
        Ok(Charge { name: "interest_rate", amount, parts: shared(amount, &weights) })
    }

    pub(super) fn basis(
        &self,
        book: &UnitBook<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Charge, InputError> {
        let found = matched(book.legs.iter().map(|leg| (leg.tau_years, leg.delta_usd)));
        let per_year = book.rates.hedged_basis_pct_per_year / 100.0;
        let hedged: f64 = found.pairs.iter().map(|(amount, years)| amount * years * per_year).sum();
        if hedged > 0.0 {
            notes.push(format!(
                "{} MR4: OKX publishes the yearly rate between hedged expiries, not the formula; \
                 charged is volume × years apart × rate",
                book.underlying
            ));
        }
        let left = found.left.abs();
        let rate = match self.basis_pct.get(book.underlying) {
            Some(pct) => pct / 100.0,
            None if left == 0.0 => 0.0,
            None => {
                let parameter = format!("basis_pct.{}", book.underlying);
                return Err(no_entry(&self.id, &parameter, culprit(book)));
            }
        };
        let amount = rate * left + hedged;
        Ok(Charge { name: "basis", amount, parts: shared(amount, &deltas(book)) })
    }

    /// `covered`: what the other charges come to; tiers that are not known are needed only if they
    /// could raise the minimum above that.
    pub(super) fn minimum(&self, book: &UnitBook<'_>, covered: f64) -> Result<Minimum, InputError> {
        let coin = book.underlying;
        let mut weights = Vec::new();
        for leg in &book.legs {
            let raw = if !leg.is_option {
                let pct = self.minimum_futures_pct.get(coin).ok_or_else(|| {
                    no_entry(&self.id, &format!("minimum_futures_pct.{coin}"), &leg.name)
                })?;
                leg.delta_usd.abs() * pct / 100.0
            } else if leg.coins < 0.0 {
                let known = &self.options.minimum_short_pct;
                let pct = known.need(&self.id, "options.minimum_short_pct", &leg.name)?;
                -leg.coins * book.index_usd * pct / 100.0
            } else {
                0.0
            };
            weights.push((leg.id, raw));
        }
        let raw: f64 = weights.iter().map(|(_, raw)| raw).sum();
        let adjusted = match self.minimum_tiers.get(coin) {
            Some(tiers) => {
                Some(stepped(tiers.iter().map(|tier| (tier.up_to_usd, tier.multiplier)), raw))
            }
            // No published tier counts more than the largest multiplier.
            None if raw == 0.0 || raw * self.largest_multiplier() <= covered => None,
            None => {
                let parameter = format!("minimum_tiers.{coin}");
                return Err(no_entry(&self.id, &parameter, culprit(book)));
            }
        };
        Ok(Minimum { raw, adjusted, weights })
    }

    fn largest_multiplier(&self) -> f64 {
        let tiers = self.minimum_tiers.values().flatten();
        let most = tiers.map(|tier| tier.multiplier).fold(0.0, f64::max);
        if most > 0.0 { most } else { f64::INFINITY }
    }

    pub(super) fn depeg(&self, book: &UnitBook<'_>, market: &Market) -> Result<Charge, InputError> {
        let mut net: BTreeMap<&str, f64> = BTreeMap::new();
        for leg in &book.legs {
            *net.entry(leg.quote.as_str()).or_default() += leg.delta_usd;
        }
        let others: Vec<&&str> =
            net.keys().filter(|quote| !["USD", "USDC", "USDT"].contains(*quote)).collect();
        if let [other, ..] = others.as_slice()
            && net.len() > 1
        {
            let message = format!("{}: MR9 between {other} and other dollars", culprit(book));
            return Err(InputError::new(InputCode::Unsupported, message));
        }
        let mut amount = 0.0;
        for (first, second) in DEPEG_PAIRS {
            let of = |quote| net.get(quote).copied().unwrap_or(0.0);
            let (a, b) = (of(first), of(second));
            let volume = offset(a, b);
            if volume == 0.0 {
                continue;
            }
            net.insert(first, a - volume * a.signum());
            net.insert(second, b - volume * b.signum());
            amount += self.depeg_of(first, second, volume, book, market)?;
        }
        Ok(Charge { name: "stablecoin_depeg", amount, parts: shared(amount, &deltas(book)) })
    }

    fn depeg_of(
        &self,
        first: &str,
        second: &str,
        volume: f64,
        book: &UnitBook<'_>,
        market: &Market,
    ) -> Result<f64, InputError> {
        let pair = format!("{first}-{second}");
        let parameter = format!("depeg.{pair}");
        let quoted = |quote: &&str| book.legs.iter().find(|leg| leg.quote.as_str() == *quote);
        let name = quoted(&first).map_or_else(|| culprit(book), |leg| leg.name.as_str());
        let bands = match self.depeg.get(&pair) {
            Some(known) => known.need(&self.id, &parameter, name)?,
            None => return Err(no_entry(&self.id, &parameter, name)),
        };
        let price = price_usd(market, &first.into())?.min(price_usd(market, &second.into())?);
        let band = bands.iter().find(|band| band.from_price_usd <= price).ok_or_else(|| {
            let message = format!("{name}: {parameter} has no band for a price of {price}");
            InputError::new(InputCode::Unsupported, message)
        })?;
        let steps = band.tiers.iter().map(|tier| (tier.up_to_usd, tier.pct / 100.0));
        Ok(stepped(steps, volume))
    }
}

/// An instrument to name where a rate of the whole unit is missing.
fn culprit<'a>(book: &'a UnitBook<'_>) -> &'a str {
    book.legs.first().map_or(book.underlying.as_str(), |leg: &UnitLeg| &leg.name)
}

fn deltas(book: &UnitBook<'_>) -> Vec<(InstrumentId, f64)> {
    book.legs.iter().map(|leg| (leg.id, leg.delta_usd)).collect()
}
