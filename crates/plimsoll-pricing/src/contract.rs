//! One contract of a listing in its market: what it is worth and how that changes.

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::{InstrumentId, Kind, Market, Settlement};

use crate::black76::Black76;

/// The formula's inputs for a listed option: its expiry's forward, its mark vol, Actual/365, no
/// discounting (venues margin with zero rates). Fails where the forward or the vol is missing.
pub fn option_inputs(market: &Market, id: InstrumentId) -> Result<Black76, InputError> {
    let listing = market.listing(id);
    let Kind::Option { expiry, strike, option_type } = listing.instrument.kind else {
        let message = format!("{} is not an option", listing.instrument.name);
        return Err(InputError::new(InputCode::Unsupported, message));
    };
    let vol_ann = listing.mark_vol.ok_or_else(|| {
        let message = format!(
            "{}: the market {} has neither mark_vol nor a mark_price to imply it from",
            listing.instrument.name, market.id
        );
        InputError::new(InputCode::Missing, message)
    })?;
    Ok(Black76 {
        option_type,
        forward: market.reference_price(id)?,
        strike,
        vol_ann,
        tau_years: market.time.years_until(expiry).max(0.0),
        discount_factor: 1.0,
        rate_ann: 0.0,
    })
}

/// Coins of underlying behind one contract at the current reference price.
pub fn base_per_contract(market: &Market, id: InstrumentId) -> Result<f64, InputError> {
    let instrument = &market.listing(id).instrument;
    Ok(instrument.base_per_contract(market.reference_price(id)?))
}

/// USD per unit of the settlement asset of a listing.
pub fn settlement_price_usd(market: &Market, id: InstrumentId) -> Result<f64, InputError> {
    let instrument = &market.listing(id).instrument;
    market.asset_price_usd(&instrument.settlement_asset).ok_or_else(|| {
        let message = format!(
            "{}: the market {} has no price for {}",
            instrument.name, market.id, instrument.settlement_asset
        );
        InputError::new(InputCode::UnknownAsset, message)
    })
}

/// What one contract is worth to its holder, in the settlement asset: the mark of an option or of a
/// spot holding (the venue's mark where the market has one, else the model value); zero for futures,
/// whose gains are unrealised profit instead.
pub fn value(market: &Market, id: InstrumentId) -> Result<f64, InputError> {
    let listing = market.listing(id);
    let instrument = &listing.instrument;
    match instrument.kind {
        Kind::Perpetual | Kind::Future { .. } => Ok(0.0),
        Kind::Spot => {
            let price = market.reference_price(id)?;
            let base = instrument.base_per_contract(price);
            Ok(match instrument.settlement() {
                Settlement::Quote => base * price,
                Settlement::Coin => base,
            })
        }
        Kind::Option { .. } => {
            let base = base_per_contract(market, id)?;
            match listing.mark_price {
                Some(mark) => Ok(base * mark),
                None => model_value(market, id),
            }
        }
    }
}

/// The formula's value of one option contract in its settlement asset: `V·base`, or `V/F·base` where
/// coin-settled.
pub fn model_value(market: &Market, id: InstrumentId) -> Result<f64, InputError> {
    let inputs = option_inputs(market, id)?;
    let instrument = &market.listing(id).instrument;
    let base = instrument.base_per_contract(inputs.forward);
    Ok(match instrument.settlement() {
        Settlement::Quote => base * inputs.value(),
        Settlement::Coin => base * inputs.value() / inputs.forward,
    })
}

/// Unrealised profit of `quantity` contracts of a future entered at `entry_price`, in the settlement
/// asset, at the current mark:
///
/// ```text
/// quote-settled, base units    q·c·(mark − entry)
/// quote-settled, quote units   q·c·(mark/entry − 1)
/// coin-settled,  quote units   q·c·(1/entry − 1/mark)
/// coin-settled,  base units    q·c·(1 − entry/mark)
/// ```
pub fn unrealised(
    market: &Market,
    id: InstrumentId,
    quantity: f64,
    entry_price: f64,
) -> Result<f64, InputError> {
    let instrument = &market.listing(id).instrument;
    if !instrument.is_future() {
        return Ok(0.0);
    }
    let mark = market.reference_price(id)?;
    let gain_in_quote = quantity * instrument.base_per_contract(entry_price) * (mark - entry_price);
    Ok(match instrument.settlement() {
        Settlement::Quote => gain_in_quote,
        Settlement::Coin => gain_in_quote / mark,
    })
}

/// Sensitivities of one contract, settled where it is settled, valued in USD.
///
/// USD value of a coin-settled contract is `S·V(F)/F` with the forward proportional to the index, so
/// a relative move `m` changes it by `(S/F)·(V(F·(1+m)) − V(F))`: exact, not converted afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ContractGreeks {
    /// Coins of underlying: dV/dF per unit × base per contract.
    pub delta: f64,
    /// Delta as seen by an account kept in the coin: `delta − V/F` for coin-settled options, else
    /// `delta`.
    pub premium_adjusted_delta: f64,
    /// Change of `delta` per 1 USD of forward.
    pub gamma: f64,
    /// USD change for a relative move of spot and forward of 100 %: first derivative at 0.
    pub delta_usd: f64,
    /// Second derivative of the USD value with respect to the relative move.
    pub gamma_usd: f64,
    /// USD per 1.00 of vol.
    pub vega_usd: f64,
    /// USD per day, forward and vol held.
    pub theta_usd_per_day: f64,
    /// USD per 1.00 of rate, forward held.
    pub rho_usd: f64,
    /// Change of `delta` per 1.00 of vol.
    pub vanna: f64,
    /// USD change of vega per 1.00 of vol.
    pub volga_usd: f64,
}

/// The sensitivities of one contract; spot and futures have delta alone.
pub fn greeks(market: &Market, id: InstrumentId) -> Result<ContractGreeks, InputError> {
    let instrument = &market.listing(id).instrument;
    let price = market.reference_price(id)?;
    let base = instrument.base_per_contract(price);
    // USD per unit of quote currency, as the contract pays it.
    let usd_per_quote = match instrument.settlement() {
        Settlement::Quote => settlement_price_usd(market, id)?,
        Settlement::Coin => settlement_price_usd(market, id)? / price,
    };
    if !instrument.is_option() {
        return Ok(ContractGreeks {
            delta: base,
            premium_adjusted_delta: base,
            delta_usd: base * price * usd_per_quote,
            ..ContractGreeks::default()
        });
    }
    let unit = option_inputs(market, id)?.greeks();
    let premium_adjusted = match instrument.settlement() {
        Settlement::Quote => unit.delta,
        Settlement::Coin => unit.premium_adjusted_delta,
    };
    let usd = base * usd_per_quote;
    Ok(ContractGreeks {
        delta: base * unit.delta,
        premium_adjusted_delta: base * premium_adjusted,
        gamma: base * unit.gamma,
        delta_usd: usd * price * unit.delta,
        gamma_usd: usd * price * price * unit.gamma,
        vega_usd: usd * unit.vega,
        theta_usd_per_day: usd * unit.theta / 365.0,
        rho_usd: usd * unit.rho,
        vanna: base * unit.vanna,
        volga_usd: usd * unit.volga,
    })
}
