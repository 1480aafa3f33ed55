//! The main measurements, each beside the machine's limits in the same run.

use std::hint::black_box;

use plimsoll_math::InstructionSet;
use plimsoll_model::{InstrumentId, Market};
use plimsoll_pricing::{Quote, implied_vols_with};
use plimsoll_risk::{Accounts, AccountsError, Measure, RiskArray};

use crate::limits::{FMA_PER_RUN, L2_BYTES, L2Read, fma_peak};
use crate::rounds::{Contestant, seconds_per_unit};
use crate::workload;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds, of which medians are taken.
    pub rounds: usize,
    /// Processor seconds of every contestant in every round.
    pub seconds: f64,
}

/// Seconds per unit of work, medians of one run.
#[derive(Clone, Copy, Debug)]
pub struct Results {
    /// Limit: one multiply-add.
    pub fma: f64,
    /// Limit: one byte read from the second-level cache.
    pub l2_byte: f64,
    /// Risk array: one option under one scenario, into a new array.
    pub array: f64,
    /// The same with a whole chain into the rows of an array that is there.
    pub array_again: f64,
    /// One expiry's options repriced in place.
    pub tick: f64,
    /// Worst loss of one of many accounts.
    pub account: f64,
    /// Bytes of rows that one account reads.
    pub account_bytes: f64,
    /// One account's worst loss from the array.
    pub one_account: f64,
    /// One fill added to a stored net vector, and its worst loss.
    pub fill: f64,
    /// The rows of one account's positions repriced, and its worst loss.
    pub full_reprice: f64,
    /// One implied vol.
    pub implied_vol: f64,
}

/// Positions of every account.
pub const POSITIONS: usize = 20;

/// Accounts of a measured batch.
pub const ACCOUNTS: usize = 20_000;

/// Multiply-add slots that the formula needs for a call and a put under a vector of scenarios, the
/// yardstick of the compute limit: 95 for two options.
pub const FMA_PER_OPTION: f64 = 95.0 / 2.0;

/// Quotes with time values worth inverting: out of the money, down to a billionth of the forward.
#[must_use]
pub fn quotes(market: &Market) -> Vec<Quote> {
    let mut quotes = Vec::new();
    for id in market.ids() {
        let Ok(option) = plimsoll_pricing::contract::option_inputs(market, id) else { continue };
        let price = option.value();
        if option.option_type.payoff(option.forward, option.strike) == 0.0
            && price > 1e-9 * option.forward
        {
            quotes.push(Quote {
                option_type: option.option_type,
                forward: option.forward,
                strike: option.strike,
                tau_years: option.tau_years,
                undiscounted_price: price,
            });
        }
    }
    quotes
}

/// Measures everything on one thread with the given instructions and number of scenarios.
///
/// # Errors
/// Never for the workloads of this crate: what their construction could refuse, by type.
pub fn measure(
    instructions: InstructionSet,
    scenarios: usize,
    effort: Effort,
) -> Result<Results, Box<dyn std::error::Error>> {
    let market = workload::chain();
    let set = workload::scenarios(scenarios);
    let ids: Vec<InstrumentId> = market.ids().collect();
    let price = |ids: &[InstrumentId]| {
        RiskArray::price_with(instructions, &market, ids.iter().copied(), &set, Measure::Usd)
    };
    let array = price(&ids)?;
    let (mut again, mut ticking, mut partial) = (price(&ids)?, price(&ids)?, price(&ids)?);
    let count = ACCOUNTS.min(6_600_000 / scenarios);
    let lists = workload::accounts(&market, count, POSITIONS);
    let accounts = Accounts::bind(&array, lists.iter().map(|account| account.iter().copied()))?;
    let (held, rows, quantities) = one_account(&array, &lists[0])?;
    let l2 = L2Read::default();
    let quotes = quotes(&market);
    let mut net = array.net_vector();
    let cells = (ids.len() * scenarios) as f64;
    let expiry = &ids[..2 * workload::STRIKES];
    let mut contestants = [
        Contestant::new("fma", FMA_PER_RUN, || fma_peak(instructions)),
        Contestant::new("l2", L2_BYTES as f64, || l2.run(instructions)),
        Contestant::new("array", cells, || drop(black_box(price(&ids)))),
        Contestant::new("array_again", cells, || drop(black_box(again.reprice(&market, &ids)))),
        Contestant::new("tick", 1.0, || drop(black_box(ticking.reprice(&market, expiry)))),
        Contestant::new("account", count as f64, || drop(black_box(accounts.worst_losses(&array)))),
        Contestant::new("one_account", 1.0, || {
            black_box(array.worst(black_box(&rows), black_box(&quantities)));
        }),
        Contestant::new("fill", 1.0, || {
            black_box(net.fill(&array, black_box(rows[0] as usize), black_box(1e-9)));
        }),
        Contestant::new("full_reprice", 1.0, || {
            drop(black_box(partial.reprice(&market, &held)));
            black_box(partial.worst(&rows, &quantities));
        }),
        Contestant::new("implied_vol", quotes.len() as f64, || {
            black_box(implied_vols_with(instructions, black_box(&quotes)));
        }),
    ];
    let times = seconds_per_unit(&mut contestants, effort.rounds, effort.seconds);
    drop(contestants);
    let [fma, l2_byte, array_s, array_again, tick, account, one, fill, full_reprice, implied_vol] =
        times[..]
    else {
        return Err("a contestant is missing".into());
    };
    let account_bytes = (POSITIONS * (scenarios + 1).next_multiple_of(8) * 8) as f64;
    Ok(Results {
        fma,
        l2_byte,
        array: array_s,
        array_again,
        tick,
        account,
        account_bytes,
        one_account: one,
        fill,
        full_reprice,
        implied_vol,
    })
}

type OneAccount = (Vec<InstrumentId>, Vec<u32>, Vec<f64>);

fn one_account(
    array: &RiskArray,
    positions: &[(InstrumentId, f64)],
) -> Result<OneAccount, AccountsError> {
    let mut account = (Vec::new(), Vec::new(), Vec::new());
    for (id, quantity) in positions {
        let row = array.position(*id).ok_or(AccountsError::NoRow { account: 0, id: *id })?;
        account.0.push(*id);
        account.1.push(row as u32);
        account.2.push(*quantity);
    }
    Ok(account)
}
