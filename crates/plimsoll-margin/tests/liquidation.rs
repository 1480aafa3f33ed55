//! Liquidation prices: formulas against searches on the model, and hand-computed accounts.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_margin::distance::Displaced;
use plimsoll_margin::liquidation::{
    LiquidationPrice, Method, coin_settled, liquidation_prices, moved_alone, quote_settled,
};
use plimsoll_margin::{MarginModel, Prepared, Requirement, models};
use plimsoll_model::{Asset, Book, InputError, InstrumentId, Market, Portfolio, Provenance};
use plimsoll_pricing::snapshot::completed;
use proptest::prelude::*;

const AT: &str = "2026-06-01T08:00:00Z";

fn market() -> Market {
    let perp = |coin: &str, mark: f64| {
        format!(
            r#"{{"name":"{coin}-PERP","kind":"perpetual","underlying":"{coin}","settlement":"USDC",
                "contract_size":1,"mark_price":{mark},"open_interest":1000}}"#
        )
    };
    let text = format!(
        r#"{{"id":"m","time":"{AT}","assets":{{"USDC":1}},
            "underlyings":{{"BTC":{{"index_price":100000,"forwards":{{"2026-06-26T08:00:00Z":100000}}}},
                            "ETH":{{"index_price":4000,"forwards":{{"2026-06-26T08:00:00Z":4000}}}},
                            "SOL":{{"index_price":100}},"HYPE":{{"index_price":40}}}},
            "instruments":[{},{},{},{},
              {{"name":"BTC-PERPETUAL","contract_size":10,"contract_unit":"quote","mark_price":100000}},
              {{"name":"ETH-PERPETUAL","contract_size":1,"contract_unit":"quote","mark_price":4000}},
              {{"name":"BTC_USDC-26JUN26-100000-C","mark_vol":0.5}},
              {{"name":"BTC_USDC-26JUN26-100000-P","mark_vol":0.5}}]}}"#,
        perp("BTC", 100_000.0),
        perp("ETH", 4000.0),
        perp("SOL", 100.0),
        perp("HYPE", 40.0),
    );
    completed(Market::from_json(text.as_bytes()).unwrap())
}

fn bind(market: &Market, rows: &str) -> Portfolio {
    let book = Book::parse(format!("instrument,quantity\n{rows}").as_bytes()).unwrap();
    Portfolio::bind(&book.accounts[0], market).unwrap()
}

fn bundled(id: &str) -> Box<dyn MarginModel> {
    models::bundled_model(id, AT.parse().unwrap()).unwrap()
}

fn prices(model: &str, rows: &str) -> Vec<LiquidationPrice> {
    let market = market();
    liquidation_prices(bundled(model).as_ref(), &market, &bind(&market, rows)).unwrap()
}

/// A model that keeps its formulas to itself, so that every price is searched.
#[derive(Debug)]
struct Silent(Box<dyn MarginModel>);

struct SilentPrepared<'a>(Box<dyn Prepared + 'a>);

impl MarginModel for Silent {
    fn id(&self) -> &str {
        self.0.id()
    }

    fn provenance(&self) -> &Provenance {
        self.0.provenance()
    }

    fn prepare<'a>(
        &'a self,
        market: &'a Market,
        ids: &[InstrumentId],
    ) -> Result<Box<dyn Prepared + 'a>, InputError> {
        Ok(Box::new(SilentPrepared(self.0.prepare(market, ids)?)))
    }
}

impl Prepared for SilentPrepared<'_> {
    fn requirement(&self, portfolio: &Portfolio) -> Result<Requirement, InputError> {
        self.0.requirement(portfolio)
    }
}

/// The maintenance excess of the only pool with one underlying at a price.
fn excess_at(model: &dyn MarginModel, portfolio: &Portfolio, coin: &str, growth: f64) -> f64 {
    let market = moved_alone(&market(), &Asset::new(coin), growth);
    let ids: Vec<InstrumentId> = portfolio.holdings.iter().map(|one| one.id).collect();
    let answer = model.prepare(&market, &ids).unwrap().requirement(portfolio).unwrap();
    answer.pools[0].maintenance_excess()
}

fn close(a: Option<f64>, b: Option<f64>, relative: f64) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= relative * b.abs(),
        (None, None) => true,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Accounts up to 600 M of BTC notional, so that prices on both sides of the tier boundary occur.
    #[test]
    fn the_formula_is_the_root(
        btc in -6000i64..6000,
        eth in -1000i64..1000,
        sol in -10_000i64..10_000,
        usdc in 0i64..60_000_000,
    ) {
        let market = market();
        let rows = format!("BTC-PERP,{btc}\nETH-PERP,{eth}\nSOL-PERP,{sol}\nUSDC,{usdc}\n");
        let portfolio = bind(&market, &rows);
        let stated = liquidation_prices(bundled("hyperliquid-cross").as_ref(), &market, &portfolio).unwrap();
        let silent = Silent(bundled("hyperliquid-cross"));
        let searched = liquidation_prices(&silent, &market, &portfolio).unwrap();
        for (stated, searched) in stated.iter().zip(&searched) {
            // The search ends at ten thousand times the price; the formula does not.
            let within = |price: f64| (1e-4..1e4).contains(&(price / stated.price_now));
            prop_assert!(stated.method != Method::Root || stated.price == Some(stated.price_now));
            prop_assert!(searched.method != Method::ClosedForm);
            let (a, b) = (stated.price.filter(|price| within(*price)), searched.price);
            prop_assert!(close(a, b, 1e-9), "{stated:?} {searched:?}");
        }
    }
}

#[test]
fn the_published_formula_and_its_isolated_form_agree() {
    // price − side·margin_available/size/(1 − l·side) = −rawUsd/(szi·(1 − l·side)), l = 1/80 at 40x.
    for coins in [2.0, -2.0] {
        let found = &prices("hyperliquid-isolated", &format!("BTC-PERP,{coins}\nUSDC,20000\n"))[0];
        assert_eq!(found.method, Method::ClosedForm);
        let (side, rate) = (f64::signum(coins), 1.0 / 80.0);
        let raw_usd = 20_000.0 - coins * 100_000.0;
        let expected = -raw_usd / (coins * (1.0 - rate * side));
        assert!(close(found.price, Some(expected), 1e-12), "{found:?} {expected}");
        let available = 20_000.0 - 200_000.0 * rate;
        assert!(close(quote_settled(100_000.0, coins, available, rate), Some(expected), 1e-12));
    }
}

#[test]
fn the_tier_is_that_at_the_liquidation_price() {
    // Short 1,490 coins at 100,000 is 149 M: 1.25 %. Above 150 M the rate is 2.5 % less 1.875 M.
    // Equity 15 M: 15e6 − 1490·(p − 1e5) = 1490·p·0.025 − 1.875e6
    // p = (15e6 + 149e6 + 1.875e6)/(1490·1.025) = 108,610; at the old rate it would be 108,709.
    let found = &prices("hyperliquid-cross", "BTC-PERP,-1490\nUSDC,15000000\n")[0];
    let expected = (15e6 + 149e6 + 1.875e6) / (1490.0 * 1.025);
    assert!(close(found.above, Some(expected), 1e-12) && found.below.is_none(), "{found:?}");
    let old_rate = (15e6 + 149e6) / (1490.0 * 1.0125);
    assert!((old_rate - expected).abs() > 50.0);
}

#[test]
fn maintenance_of_the_other_positions_brings_liquidation_nearer() {
    // 10 SOL at 100 with 50 USDC. Alone at a maintenance rate of 2.5 %:
    // (1000 − 50)/(10·0.975) = 97.4359.
    let alone = &prices("hyperliquid-cross", "SOL-PERP,10\nUSDC,50\n")[0];
    assert!(close(alone.price, Some(950.0 / 9.75), 1e-12));
    // With half an ETH of 2000 notional beside it, 2 % of it (40) is spoken for:
    // (1000 − 10)/(10·0.975) = 101.54: the account is under water already.
    let both = &prices("hyperliquid-cross", "ETH-PERP,0.5\nSOL-PERP,10\nUSDC,50\n");
    assert!(both.iter().all(|one| one.price == Some(one.price_now)), "{both:?}");
    // With a tenth of an ETH, 400·2 % = 8 is: (1000 − 42)/9.75 = 98.256.
    let both = &prices("hyperliquid-cross", "ETH-PERP,0.1\nSOL-PERP,10\nUSDC,50\n")[1];
    assert!(close(both.price, Some(958.0 / 9.75), 1e-12), "{both:?}");
}

#[test]
fn a_calculator_that_sees_one_position_is_four_dollars_off() {
    // The widespread formula entry·(1 − 1/leverage + rate) puts a 20x long from 100 at
    // 100·(1 − 0.05 + 0.004) = 95.40. In a cross account of 5.00 in which other positions need 4.00
    // of maintenance, 1.00 is left: (100 − 1)/(1 − 0.004) = 99.40.
    let alone = 100.0 * (1.0 - 1.0 / 20.0 + 0.004);
    assert_eq!(format!("{alone:.2}"), "95.40");
    let text = models::bundled_at("hyperliquid-cross", AT.parse().unwrap()).unwrap().text;
    // SOL at a maintenance rate of 0.4 %, which is half of 1/125.
    let (tier, next) = ("max_leverage = 20.0 },", "  { lower_usd = 70_000_000.0");
    let sol = format!("{tier}\n{next}");
    assert!(text.contains(&sol), "the parameter file no longer has these lines");
    let text = text.replace(&sol, &format!("max_leverage = 125.0 }},\n{next}"));
    let model = models::from_params(&text).unwrap();
    let market = market();
    // ETH at 2 %: 4.00 of maintenance is a notional of 200, 0.05 coins.
    let portfolio = bind(&market, "SOL-PERP,1\nETH-PERP,0.05\nUSDC,5\n");
    let found = liquidation_prices(model.as_ref(), &market, &portfolio).unwrap();
    let sol = found.iter().find(|one| one.instrument == "SOL-PERP").unwrap();
    assert_eq!(format!("{:.2}", sol.price.unwrap()), "99.40");
}

#[test]
fn there_may_be_no_such_price() {
    // A long bought in full cannot be liquidated by its own coin.
    let full = &prices("hyperliquid-cross", "SOL-PERP,10\nUSDC,1000\n")[0];
    assert_eq!((full.price, full.method), (None, Method::None));
    // Short against the coin it is short of.
    let covered = &prices("hyperliquid-pm", "HYPE-PERP,-100\nHYPE,100\nUSDC,4000\n")[0];
    assert_eq!(covered.below, None);
    assert!(prices("hyperliquid-cross", "USDC,1000\n").is_empty());
}

#[test]
fn coin_collateral_moves_with_its_own_position() {
    // Drift: 10 SOL held (maintenance weight 0.9) and long 20 of the perpetual (ratio 5 %):
    // health = 9·p + 20·(p − 100) − 20·p·0.05 = 28·p − 2000 = 0 at 71.43; without the coin's fall it
    // would be 900 + 20·(p − 100) − p: 57.89.
    let found = &prices("drift", "SOL-PERP,20\nSOL,10\n")[0];
    assert_eq!(found.method, Method::Root);
    assert!(close(found.price, Some(2000.0 / 28.0), 1e-9), "{found:?}");
}

#[test]
fn each_pool_has_its_own_price() {
    // Coin-settled pools on one book: BTC's price does not touch the ETH pool.
    let both = prices("deribit-spm", "BTC-PERPETUAL,1000\nETH-PERPETUAL,1000\nBTC,0.05\nETH,0.1\n");
    let apart = [
        prices("deribit-spm", "BTC-PERPETUAL,1000\nBTC,0.05\n"),
        prices("deribit-spm", "ETH-PERPETUAL,1000\nETH,0.1\n"),
    ];
    for (together, apart) in both.iter().zip(apart.iter().flatten()) {
        assert_eq!(together.pool, apart.pool);
        assert!(together.price.is_some() && close(together.price, apart.price, 1e-9));
    }
}

#[test]
fn a_short_straddle_is_liquidated_on_both_sides() {
    let rows = "BTC_USDC-26JUN26-100000-C,-1\nBTC_USDC-26JUN26-100000-P,-1\nUSDC,40000\n";
    let (market, model) = (market(), bundled("scan"));
    let portfolio = bind(&market, rows);
    for found in liquidation_prices(model.as_ref(), &market, &portfolio).unwrap() {
        let (below, above) = (found.below.unwrap(), found.above.unwrap());
        assert!(below < found.price_now && found.price_now < above);
        for price in [below, above] {
            let excess = excess_at(model.as_ref(), &portfolio, "BTC", price / found.price_now);
            // A root to a few units in the last place of the price, times a slope below 2 coins.
            assert!(excess.abs() < 1e-8, "{excess} at {price}");
        }
    }
}

#[test]
fn moving_one_coin_leaves_the_others() {
    let market = market();
    let moved = moved_alone(&market, &Asset::new("BTC"), 1.1);
    for (before, after) in market.listings.iter().zip(&moved.listings) {
        let same = before.instrument.underlying.as_str() != "BTC";
        assert_eq!(before == after, same, "{}", before.instrument.name);
    }
    assert!((moved.underlyings["BTC"].index_price - 110_000.0).abs() < 1e-9);
    assert_eq!(moved.underlyings["ETH"], market.underlyings["ETH"]);
}

#[test]
fn coin_settled_formula_by_hand() {
    // Long 10,000 USD at 50,000 with 0.05 coins and 0.5 % maintenance, 0.001 coins now:
    // 0.05 + 10000·(1/50000 − 1/p) = 50/p  →  p = 10,050/0.25 = 40,200.
    assert!(close(coin_settled(50_000.0, 10_000.0, 0.049, 0.005), Some(40_200.0), 1e-12));
    // Short: 0.05 − 10000·(1/50000 − 1/p) = 50/p  →  p = −9,950/(0.05 − 0.2) = 66,333.33.
    assert!(close(coin_settled(50_000.0, -10_000.0, 0.049, 0.005), Some(9950.0 / 0.15), 1e-12));
    // A short of 2,000 USD, less than the 0.05 coins are worth, is hedged whatever the price.
    assert_eq!(coin_settled(50_000.0, -2000.0, 0.05 - 10.0 / 50_000.0, 0.005), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Contracts of both settlements beside each other, one per coin; rates that grow with the coins.
    #[test]
    fn standard_margin_formulas_are_roots(
        inverse in -2_000_000i64..2_000_000,
        linear in -500i64..500,
        btc in 0i64..100,
        usdc in 0i64..500_000,
    ) {
        let market = market();
        let rows = format!("BTC-PERPETUAL,{inverse}\nETH-PERP,{linear}\nBTC,{btc}\nUSDC,{usdc}\n");
        let portfolio = bind(&market, &rows);
        for id in ["isolated", "deribit-sm"] {
            let stated = liquidation_prices(bundled(id).as_ref(), &market, &portfolio).unwrap();
            let searched = liquidation_prices(&Silent(bundled(id)), &market, &portfolio).unwrap();
            for (stated, searched) in stated.iter().zip(&searched) {
                let now = stated.price_now;
                let within = |price: &f64| (1e-4..1e4).contains(&(price / now));
                prop_assert!(close(stated.above.filter(within), searched.above, 1e-9), "{id} {stated:?} {searched:?}");
                prop_assert!(close(stated.below.filter(within), searched.below, 1e-9), "{id} {stated:?} {searched:?}");
                let segregated = id == "deribit-sm" && stated.price.is_some_and(|price| price != now);
                prop_assert!(!segregated || stated.method == Method::ClosedForm, "{stated:?}");
            }
        }
    }
}

/// Perpetuals in USDT, as Binance lists them.
fn usdt_market() -> Market {
    let perp = |coin: &str, mark: f64| {
        format!(
            r#"{{"name":"{coin}USDT","kind":"perpetual","underlying":"{coin}","settlement":"USDT",
                "contract_size":1,"mark_price":{mark}}}"#
        )
    };
    let text = format!(
        r#"{{"id":"m","time":"{AT}","assets":{{"USDT":0.999}},
            "underlyings":{{"BTC":{{"index_price":100000}},"ETH":{{"index_price":4000}},
                            "SOL":{{"index_price":100}}}},
            "instruments":[{},{},{}]}}"#,
        perp("BTC", 100_100.0),
        perp("ETH", 4001.0),
        perp("SOL", 100.0),
    );
    Market::from_json(text.as_bytes()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Up to 300 M of BTC notional: eight brackets and, over their prices, the boundaries between them.
    #[test]
    fn binances_formula_is_the_root_and_equity_meets_maintenance_there(
        btc in -3000i64..3000,
        eth in -2000i64..2000,
        sol in -10_000i64..10_000,
        usdt in -100_000i64..60_000_000,
    ) {
        let market = usdt_market();
        let rows = format!("BTCUSDT,{btc}\nETHUSDT,{eth}\nSOLUSDT,{sol}\nUSDT,{usdt}\n");
        let (portfolio, model) = (bind(&market, &rows), bundled("binance-pm"));
        let stated = liquidation_prices(model.as_ref(), &market, &portfolio).unwrap();
        let silent = Silent(bundled("binance-pm"));
        let searched = liquidation_prices(&silent, &market, &portfolio).unwrap();
        for (stated, searched) in stated.iter().zip(&searched) {
            let now = stated.price_now;
            let within = |price: &f64| (1e-4..1e4).contains(&(price / now));
            prop_assert!(close(stated.below.filter(within), searched.below, 1e-9), "{stated:?} {searched:?}");
            prop_assert!(close(stated.above.filter(within), searched.above, 1e-9), "{stated:?} {searched:?}");
            let Some(price) = stated.price.filter(|price| *price != now) else { continue };
            prop_assert_eq!(stated.method, Method::ClosedForm);
            let moved = moved_alone(&market, &stated.underlying, price / now);
            let ids: Vec<InstrumentId> = moved.ids().collect();
            let pool = &model.prepare(&moved, &ids).unwrap().requirement(&portfolio).unwrap().pools[0];
            // Equity and maintenance are sums of four notionals, each rounded a few times.
            let notional: f64 = [btc as f64 * 1e5, eth as f64 * 4e3, usdt as f64].iter().map(|n| n.abs()).sum();
            let scale = notional.max(pool.equity.abs()) * (price / now).max(1.0);
            prop_assert!(pool.maintenance_excess().abs() <= 1e-11 * scale, "{pool:?}");
        }
    }
}

#[test]
fn binances_formula_is_not_used_where_more_moves_with_the_coin() {
    // Coins held lose with the position: 10 SOL more than the 20 bought fall in value.
    let market = usdt_market();
    let text = models::bundled_at("binance-pm", AT.parse().unwrap()).unwrap().text;
    // Every asset counts in full, so that SOL is collateral.
    let head = text.split("[collateral]").next().unwrap();
    let model = models::from_params(&format!("{head}[collateral]\nother_haircut = 0.0\n")).unwrap();
    let found = |rows: &str| {
        let portfolio = bind(&market, rows);
        liquidation_prices(model.as_ref(), &market, &portfolio).unwrap().remove(0)
    };
    // 0.999·20·(p − 100) + 10·p + 0.999·500 = 0.999·20·p·0.005: notional below 50,000 is at 0.5 %.
    let expected = 0.999 * 1500.0 / (0.999 * 20.0 * 0.995 + 10.0);
    let with_coins = found("SOLUSDT,20\nSOL,10\nUSDT,500\n");
    assert_eq!(with_coins.method, Method::Root);
    assert!(close(with_coins.price, Some(expected), 1e-9), "{with_coins:?} {expected}");
    let without = found("SOLUSDT,20\nUSDT,500\n");
    assert_eq!(without.method, Method::ClosedForm);
    assert!(close(without.price, Some(1500.0 / (20.0 * 0.995)), 1e-12), "{without:?}");
}

#[test]
fn a_pool_without_a_stake_is_not_what_liquidates() {
    // A long option is paid for and needs no margin: the USDC pool holds nothing and owes nothing,
    // so the account is as far from liquidation as without it.
    let (market, model) = (market(), bundled("deribit-sm"));
    let down = |rows: &str| {
        let portfolio = bind(&market, rows);
        let displaced = Displaced::new(model.as_ref(), &market, &portfolio);
        displaced.up_and_down().unwrap().1
    };
    let alone = down("BTC-PERPETUAL,50000\nBTC,1\n");
    assert!(alone.unwrap() < -0.05, "{alone:?}");
    assert_eq!(down("BTC-PERPETUAL,50000\nBTC,1\nBTC_USDC-26JUN26-100000-C,1\n"), alone);
    assert_eq!(down("BTC_USDC-26JUN26-100000-C,1\n"), None);
}
