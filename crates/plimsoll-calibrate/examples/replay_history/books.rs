//! The books: profits in units of one coin's worth of notional.

use plimsoll_calibrate::backtest::replay::Book;
use plimsoll_calibrate::history::{ReturnPanel, Series};
use plimsoll_math::float::{exp, exp_m1, sqrt};
use plimsoll_model::{OptionType, Timestamp};
use plimsoll_pricing::black76::price;

/// The perpetuals of the many-coin panel: listed since its first day.
pub const COINS: [&str; 10] = [
    "BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT", "ATOMUSDT", "BNBUSDT", "DOGEUSDT", "DOTUSDT",
    "LINKUSDT", "LTCUSDT",
];

fn linear(name: &str, class: &str, weights: Vec<f64>) -> Book<'static> {
    Book {
        name: name.to_owned(),
        class: class.to_owned(),
        pnl: Box::new(move |_, moves| {
            moves.iter().zip(&weights).map(|(m, w)| w * exp_m1(*m)).sum()
        }),
    }
}

/// Books of BTC and ETH.
pub fn spot() -> Vec<Book<'static>> {
    vec![
        linear("long BTC", "directional", vec![1.0, 0.0]),
        linear("short BTC", "directional", vec![-1.0, 0.0]),
        linear("long ETH", "directional", vec![0.0, 1.0]),
        linear("long both", "directional", vec![0.5, 0.5]),
        linear("BTC against ETH", "spread", vec![1.0, -1.0]),
    ]
}

/// Books of [`COINS`].
pub fn baskets() -> Vec<Book<'static>> {
    let tilted = |f: &dyn Fn(usize) -> f64| (0..COINS.len()).map(f).collect::<Vec<f64>>();
    vec![
        linear("long all ten", "directional", tilted(&|_| 0.1)),
        linear("long the eight small", "directional", tilted(&|i| if i < 2 { 0.0 } else { 0.125 })),
        linear(
            "small against BTC",
            "spread",
            tilted(&|i| match i {
                0 => -1.0,
                1 => 0.0,
                _ => 0.125,
            }),
        ),
        linear("even against odd", "hedged", tilted(&|i| if i % 2 == 0 { 0.2 } else { -0.2 })),
    ]
}

/// The vol index at the start of every period of a panel, as a decimal.
pub fn vols_before(panel: &ReturnPanel, vol: &Series) -> Vec<f64> {
    let start = |end: &Timestamp| Timestamp(end.0 - panel.step_ms);
    panel.times.iter().map(|end| vol.at(start(end)).unwrap_or(f64::NAN) / 100.0).collect()
}

const DAYS: f64 = 30.0;

/// Value of options on one coin at price 1 after a move: quantity, type, strike.
fn value(legs: &[(f64, OptionType, f64)], spot: f64, vol: f64, days: f64) -> f64 {
    let total_vol = vol * sqrt(days / 365.0);
    legs.iter().map(|(q, kind, strike)| q * price(*kind, spot, *strike, total_vol)).sum()
}

fn option_book<'a>(
    name: &str,
    class: &str,
    vols: &'a [f64],
    delta: f64,
    legs: Vec<(f64, OptionType, f64)>,
) -> Book<'a> {
    let pnl = move |t: usize, moves: &[f64]| {
        let (spot, vol) = (exp(moves[0]), vols[t] * exp(moves[1]));
        let before = value(&legs, 1.0, vols[t], DAYS);
        value(&legs, spot, vol, DAYS - 1.0) - before + delta * (spot - 1.0)
    };
    Book { name: name.to_owned(), class: class.to_owned(), pnl: Box::new(pnl) }
}

/// Thirty-day option books struck anew every day at the vol index.
pub fn options(vols: &[f64]) -> Vec<Book<'_>> {
    use OptionType::{Call, Put};
    vec![
        option_book(
            "short straddle",
            "short vol",
            vols,
            0.0,
            vec![(-1.0, Call, 1.0), (-1.0, Put, 1.0)],
        ),
        option_book(
            "short 80/125 strangle",
            "short vol",
            vols,
            0.0,
            vec![(-1.0, Call, 1.25), (-1.0, Put, 0.8)],
        ),
        option_book(
            "long straddle",
            "long vol",
            vols,
            0.0,
            vec![(1.0, Call, 1.0), (1.0, Put, 1.0)],
        ),
        option_book("covered call 110", "hedged", vols, 1.0, vec![(-1.0, Call, 1.1)]),
        option_book(
            "put spread 100/80",
            "spread",
            vols,
            0.0,
            vec![(-1.0, Put, 1.0), (1.0, Put, 0.8)],
        ),
    ]
}
