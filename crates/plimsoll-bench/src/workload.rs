//! The fixed workloads: always the same inputs, from seeded draws.

use std::collections::BTreeMap;

use plimsoll_model::{
    Asset, ContractUnit, Forward, Instrument, InstrumentId, Kind, Listing, Market, OptionType,
    Timestamp, Underlying,
};
use plimsoll_risk::{Scenario, ScenarioSet, ShockUnit, VolMove, VolShocks};

/// SplitMix64 (Steele, Lea and Flood 2014): a seeded stream of uniform draws.
pub struct Draws(u64);

impl Draws {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Uniform 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [low, high).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.bits() >> 11) as f64 / 9_007_199_254_740_992.0)
    }

    /// Uniform in 0..count.
    pub fn below(&mut self, count: usize) -> usize {
        (self.bits() % count as u64) as usize
    }
}

/// Days to expiry of the ten expiries.
pub const EXPIRY_DAYS: [i64; 10] = [1, 2, 7, 14, 30, 60, 90, 180, 270, 360];

/// Strikes per expiry; each has a call and a put.
pub const STRIKES: usize = 50;

const SPOT: f64 = 100_000.0;

/// A chain of 1,000 coin-settled options: 10 expiries (1 to 360 days) × 50 strikes × call and put, a
/// vol per expiry and strike.
#[must_use]
pub fn chain() -> Market {
    let coin = Asset::new("BTC");
    // 2025-12-01T08:00:00Z, the hour of expiry
    let time = Timestamp(1_764_576_000_000);
    let mut forwards = BTreeMap::new();
    let mut listings = Vec::new();
    let mut draws = Draws::new(1);
    for days in EXPIRY_DAYS {
        let expiry = time.plus_days(days as f64);
        let years = days as f64 / 365.0;
        let forward = SPOT * (1.0 + 0.05 * years);
        forwards.insert(expiry, Forward::at(forward));
        // about three standard deviations at 60 % on either side, at least ±10 %
        let width = (3.0 * 0.6 * years.sqrt()).clamp(0.1, 0.75);
        for k in 0..STRIKES {
            let place = k as f64 / (STRIKES - 1) as f64 * 2.0 - 1.0;
            let strike = (SPOT * (1.0 + width * place) / 10.0).round() * 10.0;
            let vol_ann = 0.5 + 0.2 * place * place + draws.uniform(0.0, 0.02);
            for option_type in [OptionType::Call, OptionType::Put] {
                listings.push(option(&coin, expiry, days, strike, option_type, vol_ann));
            }
        }
    }
    listings.sort_by(|a, b| a.instrument.name.cmp(&b.instrument.name));
    let underlying = Underlying { index_price: SPOT, confidence: 1.0, forwards };
    Market {
        id: "bench".to_owned(),
        time,
        underlyings: BTreeMap::from([(coin, underlying)]),
        asset_prices_usd: BTreeMap::new(),
        asset_confidence: BTreeMap::new(),
        listings,
    }
}

fn option(
    coin: &Asset,
    expiry: Timestamp,
    days: i64,
    strike: f64,
    option_type: OptionType,
    vol_ann: f64,
) -> Listing {
    let letter = if option_type == OptionType::Call { 'C' } else { 'P' };
    Listing {
        instrument: Instrument {
            name: format!("BTC-{days}D-{strike}-{letter}"),
            underlying: coin.clone(),
            kind: Kind::Option { expiry, strike, option_type },
            settlement_asset: coin.clone(),
            contract_size: 1.0,
            contract_unit: ContractUnit::Base,
        },
        mark_price: None,
        mark_vol: Some(vol_ann),
        bid: None,
        ask: None,
        bid_size: None,
        ask_size: None,
        open_interest: None,
        funding_8h: None,
        confidence: 1.0,
    }
}

/// A scenario set: 11 price moves × 3 vol moves for 33 scenarios, random moves for any other count.
#[must_use]
pub fn scenarios(count: usize) -> ScenarioSet {
    const VOL_MOVES: [VolMove; 3] = [VolMove::Down, VolMove::Unchanged, VolMove::Up];
    let vol =
        VolShocks { unit: ShockUnit::Relative, up: 0.3, down: 0.25, min_up_vol: 0.0, tenor: None };
    let scenario = |spot_move: f64, vol_move| Scenario {
        spot_move,
        vol_move,
        days: 0.0,
        weight: 1.0,
        tail: false,
    };
    let mut draws = Draws::new(2);
    let scenarios = if count == 33 {
        let moves = (-5..=5)
            .flat_map(|step| VOL_MOVES.map(|vol_move| scenario(0.03 * f64::from(step), vol_move)));
        moves.collect()
    } else {
        (0..count)
            .map(|_| scenario(draws.uniform(-0.25, 0.25), VOL_MOVES[draws.below(3)]))
            .collect()
    };
    ScenarioSet { scenarios, vol }
}

/// Positions of `count` accounts, `positions` each, in random instruments of a market: whole numbers
/// of tenths of contracts, long or short.
#[must_use]
pub fn accounts(market: &Market, count: usize, positions: usize) -> Vec<Vec<(InstrumentId, f64)>> {
    let mut draws = Draws::new(3);
    let instruments = market.listings.len();
    let mut account = || {
        let mut ids = std::collections::BTreeSet::new();
        while ids.len() < positions.min(instruments) {
            ids.insert(InstrumentId(draws.below(instruments) as u32));
        }
        let quantity = |draws: &mut Draws| (draws.below(401) as f64 - 200.0) / 10.0;
        ids.into_iter().map(|id| (id, quantity(&mut draws))).collect()
    };
    (0..count).map(|_| account()).collect()
}
