//! Answers of each venue as markets and books. The fixtures are our own, in the venues' shapes; what
//! they must come to is worked out in the comments.

#![allow(clippy::unwrap_used, reason = "a fixture that does not read is a failed test")]

mod common;

use common::{assert_close, equity, fixture, imported, imported_with};
use plimsoll_model::error::InputCode;
use plimsoll_model::instrument::Kind;
use plimsoll_model::{
    Asset, BookAccount, ContractUnit, Forward, InstrumentId, Listing, Market, OptionType, Timestamp,
};
use plimsoll_venues::PartKind::{Balances, Instruments, Positions, Tickers};
use plimsoll_venues::{ImportOptions, Imported, Part, PartKind, Venue, import};

fn market(imported: &Imported) -> Market {
    imported.market.clone().check().unwrap()
}

fn listing<'a>(market: &'a Market, name: &str) -> &'a Listing {
    let id: InstrumentId = market.find(name).unwrap_or_else(|| panic!("{name} is not listed"));
    market.listing(id)
}

fn account<'a>(imported: &'a Imported, name: &str) -> &'a BookAccount {
    imported.book.as_ref().unwrap().account(name).unwrap()
}

fn quantity(account: &BookAccount, name: &str) -> String {
    let position = account.positions.iter().find(|position| position.instrument == name);
    position.map_or("none".to_owned(), |p| p.quantity.0.normalize().to_string())
}

fn balance(account: &BookAccount, asset: &str) -> String {
    let amount = account.balances.get(&Asset::new(asset));
    amount.map_or("none".to_owned(), |amount| amount.0.normalize().to_string())
}

fn warned(imported: &Imported, words: &str) {
    let found = imported.warnings.iter().any(|warning| warning.contains(words));
    assert!(found, "no warning says `{words}`: {:#?}", imported.warnings);
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Every fixture is of this moment, and its quarterly contracts expire at the second.
const NOW: &str = "2026-05-04T12:30:00Z";
const JUNE: &str = "2026-06-26T08:00:00Z";

fn june_call(strike: f64) -> Kind {
    Kind::Option { expiry: time(JUNE), strike, option_type: OptionType::Call }
}

const DERIBIT: [(PartKind, &str); 5] = [
    (Positions, "positions"),
    (Instruments, "instruments"),
    (Tickers, "book_summary"),
    (Tickers, "ticker"),
    (Balances, "account_summaries"),
];

#[test]
fn deribit_counts_dollars_in_coin_settled_futures_and_coins_elsewhere() {
    let imported = imported(Venue::Deribit, &DERIBIT);
    let market = market(&imported);
    assert_eq!(market.time, time(NOW));
    let perpetual = listing(&market, "BTC-PERPETUAL");
    assert_eq!(perpetual.instrument.contract_size, 10.0);
    assert_eq!(perpetual.instrument.contract_unit, ContractUnit::Quote);
    assert_eq!(perpetual.instrument.settlement_asset, Asset::new("BTC"));
    // 1 000 000 dollars open, 30 000 at the bid, in contracts of 10.
    assert_eq!(perpetual.open_interest, Some(100_000.0));
    assert_eq!(perpetual.bid_size, Some(3000.0));
    assert_eq!(perpetual.funding_8h, Some(0.00002));
    let option = listing(&market, "BTC-26JUN26-100000-C");
    assert_eq!(option.instrument.kind, june_call(100_000.0));
    assert_eq!(option.mark_vol, Some(0.4825));
    let linear = listing(&market, "BTC_USDC-PERPETUAL");
    assert_eq!(linear.instrument.contract_size, 0.0001);
    assert_eq!(linear.instrument.settlement_asset, Asset::new("USDC"));
    // Bid above ask: both are left out.
    assert_eq!((linear.bid, linear.ask), (None, None));
    warned(&imported, "BTC_USDC-PERPETUAL: bid 99960 is above ask 99940");
    // No bid (null) and an ask of zero: none of either.
    let put = listing(&market, "BTC-26JUN26-90000-P");
    assert_eq!((put.bid, put.ask), (None, None));
    warned(&imported, "left out: BTC-CS-26JUN26-100000_110000: a combo is traded");
    warned(&imported, "left out: BTC-NOVELTY: its kind `event_swap` is not known");
    warned(&imported, "quoted, and left out: ETH-PERPETUAL");
    warned(&imported, "USDC is taken at 1 USD");
}

#[test]
fn deribit_has_one_forward_per_expiry_and_the_index_in_dollars() {
    let market = market(&imported(Venue::Deribit, &DERIBIT));
    let coin = &market.underlyings[&Asset::new("BTC")];
    // The median of 101 010 and 101 000.
    assert_eq!(coin.forwards[&time(JUNE)], Forward::at(101_005.0));
    // The index of USDC contracts is another one, 99 980.
    assert_eq!(coin.index_price, 100_000.0);
}

#[test]
fn deribit_positions_are_contracts_and_equity_is_the_venues() {
    let imported = imported(Venue::Deribit, &DERIBIT);
    let account = account(&imported, "main");
    // −50 000 dollars in contracts of 10; 0.5 coins in contracts of 0.0001; options in coins.
    assert_eq!(quantity(account, "BTC-PERPETUAL"), "-5000");
    assert_eq!(quantity(account, "BTC_USDC-PERPETUAL"), "5000");
    assert_eq!(quantity(account, "BTC-26JUN26-100000-C"), "-2");
    assert_eq!(quantity(account, "BTC-26JUN26"), "none");
    assert!(account.positions.iter().all(|position| position.entry_price.is_none()));
    // Equity 1.95 less −0.11 of options.
    assert_eq!(balance(account, "BTC"), "2.06");
    assert_eq!(balance(account, "SOL"), "none");
    let market = market(&imported);
    assert_close(equity(&imported, &market, "main", "BTC"), 1.95);
    assert_close(equity(&imported, &market, "main", "USDC"), 1475.0);
}

#[test]
fn deribit_positions_alone_bring_their_marks() {
    let parts = [(Instruments, "instruments"), (Positions, "positions")];
    let imported = imported(Venue::Deribit, &parts);
    let market = market(&imported);
    assert_eq!(listing(&market, "BTC-PERPETUAL").mark_price, Some(100_020.0));
    // Held, so listed; what is neither held nor quoted is not.
    assert!(market.find("BTC-26JUN26-90000-P").is_none());
    warned(&imported, "BTC-26JUN26-90000-P: no answer quotes it");
}

const OKX: [(PartKind, &str); 8] = [
    (Instruments, "instruments"),
    (Tickers, "mark_price"),
    (Tickers, "tickers"),
    (Tickers, "opt_summary"),
    (Tickers, "index_tickers"),
    (Tickers, "funding_rate"),
    (Positions, "positions"),
    (Balances, "balance"),
];

#[test]
fn okx_contracts_are_value_times_multiplier() {
    let imported = imported(Venue::Okx, &OKX);
    let market = market(&imported);
    let unit = |name: &str| {
        let instrument = &listing(&market, name).instrument;
        (
            instrument.contract_size,
            instrument.contract_unit,
            instrument.settlement_asset.to_string(),
        )
    };
    assert_eq!(unit("BTC-USDT-SWAP"), (0.01, ContractUnit::Base, "USDT".to_owned()));
    assert_eq!(unit("BTC-USD-SWAP"), (100.0, ContractUnit::Quote, "BTC".to_owned()));
    assert_eq!(unit("BTC-USD-260626-100000-C"), (0.01, ContractUnit::Base, "BTC".to_owned()));
    let option = listing(&market, "BTC-USD-260626-100000-C");
    assert_eq!(option.instrument.kind, june_call(100_000.0));
    assert_eq!((option.mark_price, option.mark_vol), (Some(0.055), Some(0.4825)));
    assert_eq!((option.bid, option.ask), (None, Some(0.0555)));
    let coin = &market.underlyings[&Asset::new("BTC")];
    assert_eq!(coin.forwards[&time(JUNE)], Forward::at(101_010.25));
    // The dollar index, not the USDT index of 100 050.
    assert_eq!(coin.index_price, 100_000.0);
    assert_eq!(market.asset_prices_usd[&Asset::new("USDT")], 0.9995);
    // −162.5 dollars of equity over −3.25 units.
    assert_eq!(market.asset_prices_usd[&Asset::new("OKB")], 50.0);
    // The rate of a four-hour interval, twice.
    assert_eq!(listing(&market, "BTC-USDT-SWAP").funding_8h, Some(0.0001));
    warned(&imported, "its instType `EVENTS` is not known");
    warned(&imported, "ETH-USDC-SWAP: no answer quotes it");
}

#[test]
fn okx_hedged_sides_are_netted_and_isolated_positions_stand_apart() {
    let imported = imported(Venue::Okx, &OKX);
    let main = account(&imported, "main");
    assert_eq!(quantity(main, "BTC-USDT-SWAP"), "20");
    // 12 000.5 and 10 contracts of 0.01 coins closed at 1500 of profit per coin: 150.
    assert_eq!(balance(main, "USDT"), "12150.5");
    warned(&imported, "BTC-USDT-SWAP is held long and short");
    assert_eq!(quantity(main, "BTC-USD-SWAP"), "none");
    let isolated = account(&imported, "main/BTC-USD-SWAP");
    assert_eq!(quantity(isolated, "BTC-USD-SWAP"), "-200");
    assert_eq!(balance(isolated, "BTC"), "0.05");
    // Three owed, and a quarter of interest.
    assert_eq!(balance(main, "OKB"), "-3.25");
    let market = market(&imported);
    assert_close(equity(&imported, &market, "main", "USDT"), 12_350.5);
    assert_close(equity(&imported, &market, "main", "BTC"), 0.445);
}

const BINANCE: [(PartKind, &str); 9] = [
    (Instruments, "um_exchange_info"),
    (Instruments, "cm_exchange_info"),
    (Instruments, "option_exchange_info"),
    (Tickers, "um_premium_index"),
    (Tickers, "cm_premium_index"),
    (Tickers, "funding_info"),
    (Tickers, "book_ticker"),
    (Tickers, "option_mark"),
    (Positions, "um_position_risk"),
];

#[test]
fn binance_tells_its_products_apart() {
    let imported = imported(Venue::Binance, &BINANCE);
    let market = market(&imported);
    let linear = &listing(&market, "BTCUSDT").instrument;
    assert_eq!((linear.contract_size, linear.contract_unit), (1.0, ContractUnit::Base));
    let coin = &listing(&market, "BTCUSD_PERP").instrument;
    assert_eq!((coin.contract_size, coin.contract_unit), (100.0, ContractUnit::Quote));
    assert_eq!(coin.settlement_asset, Asset::new("BTC"));
    let delivering = &listing(&market, "ETHUSD_260626").instrument;
    assert_eq!(delivering.kind, Kind::Future { expiry: time(JUNE) });
    let option = listing(&market, "BTC-260626-100000-C");
    assert_eq!(option.instrument.kind, june_call(100_000.0));
    assert_eq!(option.instrument.underlying, Asset::new("BTC"));
    assert_eq!(option.mark_vol, Some(0.4825));
    assert_eq!(listing(&market, "BTCUSDT").bid, Some(100_060.0));
    // Eight hours unless the venue says four.
    assert_eq!(listing(&market, "BTCUSDT").funding_8h, Some(0.0001));
    assert_eq!(listing(&market, "ETHUSDT").funding_8h, Some(0.00004));
    assert_eq!(listing(&market, "BTCUSDT_260626").funding_8h, None);
    warned(&imported, "NEWUSDT: its contractType `` is not known");
}

#[test]
fn binance_forwards_are_the_index_carried_at_the_stated_rate() {
    let imported = imported(Venue::Binance, &BINANCE);
    let market = market(&imported);
    let june = market.underlyings[&Asset::new("BTC")].forwards[&time(JUNE)];
    // 52 days 19.5 hours at 5 %: 100 050 · exp(0.05 · 52.8125 / 365) = 100 776.4...
    let by_hand = 100_050.0 * (1.0 + 0.007_234_589 + 0.5 * 0.007_234_589_f64 * 0.007_234_589);
    assert!((june.price - by_hand).abs() < 0.01, "{} is not {by_hand}", june.price);
    assert_eq!(june.rate_ann, 0.05);
    warned(&imported, "forwards of BTC are its index");
}

#[test]
fn binance_hedge_mode_and_isolated_positions() {
    let parts = [&BINANCE[..], &[(Balances, "um_balance")]].concat();
    let imported = imported(Venue::Binance, &parts);
    let main = account(&imported, "main");
    assert_eq!(quantity(main, "BTCUSDT"), "0.2");
    let isolated = account(&imported, "main/ETHUSDT");
    assert_eq!(
        (quantity(isolated, "ETHUSDT"), balance(isolated, "USDT")),
        ("2".into(), "800".into())
    );
    let market = market(&imported);
    // crossWalletBalance 10 000 + crossUnPnl 350; isolatedMargin 804.
    assert_close(equity(&imported, &market, "main", "USDT"), 10_350.0);
    assert_close(equity(&imported, &market, "main/ETHUSDT", "USDT"), 804.0);
}

#[test]
fn binance_coin_margined_options_and_unified_balances() {
    let held = [(Positions, "cm_position_risk"), (Positions, "option_position")];
    let parts = [&BINANCE[..8], &held, &[(Balances, "papi_balance")]].concat();
    let imported = imported(Venue::Binance, &parts);
    let main = account(&imported, "main");
    assert_eq!(quantity(main, "BTCUSD_PERP"), "-50");
    assert_eq!(quantity(main, "BTC-260626-100000-C"), "-0.5");
    // 1000 held − 100 owed − 0.5 of interest + 5000 in the futures wallet.
    assert_eq!(balance(main, "USDT"), "5899.5");
}

const BYBIT: [(PartKind, &str); 8] = [
    (Instruments, "instruments_linear"),
    (Instruments, "instruments_inverse"),
    (Instruments, "instruments_option"),
    (Tickers, "tickers_linear"),
    (Tickers, "tickers_inverse"),
    (Tickers, "tickers_option"),
    (Positions, "positions"),
    (Balances, "wallet_balance"),
];

#[test]
fn bybit_sizes_are_coins_or_dollars() {
    let imported = imported(Venue::Bybit, &BYBIT);
    let market = market(&imported);
    let inverse = &listing(&market, "BTCUSD").instrument;
    assert_eq!((inverse.contract_size, inverse.contract_unit), (1.0, ContractUnit::Quote));
    let option = listing(&market, "BTC-26JUN26-100000-C-USDT");
    assert_eq!(option.instrument.kind, june_call(100_000.0));
    assert_eq!(option.instrument.settlement_asset, Asset::new("USDT"));
    assert_eq!((option.bid, option.ask, option.mark_vol), (None, Some(5600.0), Some(0.4825)));
    let dated = &listing(&market, "BTCUSDT-26JUN26").instrument;
    assert_eq!(dated.kind, Kind::Future { expiry: time(JUNE) });
    // Every four hours by the listing: twice the rate.
    assert_eq!(listing(&market, "ETHPERP").funding_8h, Some(0.0001));
    assert_eq!(listing(&market, "BTCUSDT").funding_8h, Some(0.0001));
    let coin = &market.underlyings[&Asset::new("BTC")];
    assert_eq!(coin.forwards[&time(JUNE)], Forward::at(101_010.25));
    assert_eq!(coin.index_price, 100_000.0);
    warned(&imported, "ODDUSDT: its contractType `QuantoPerpetual` is not known");
}

#[test]
fn bybit_equity_is_the_venues() {
    let imported = imported(Venue::Bybit, &BYBIT);
    let main = account(&imported, "main");
    assert_eq!(quantity(main, "BTCUSDT"), "-0.5");
    assert_eq!(quantity(main, "BTCUSD"), "2000");
    assert_eq!(balance(main, "USDT"), "9750");
    let market = market(&imported);
    // 9750 + 250 of the short + 0.2 · 5500.5 of the option.
    assert_close(equity(&imported, &market, "main", "USDT"), 11_100.1);
    // 2000 + 3 · (4002 − 3990): settled this session at 3990, not entered at 3900.
    assert_close(equity(&imported, &market, "main", "USDC"), 2036.0);
    // 11 094.54995 dollars over 11 100.1 units.
    assert_close(market.asset_prices_usd[&Asset::new("USDT")], 0.9995);
}

const DERIVE: [(PartKind, &str); 5] = [
    (Instruments, "instruments"),
    (Tickers, "tickers"),
    (Tickers, "ticker_perp"),
    (Positions, "subaccount"),
    (Balances, "subaccount"),
];

#[test]
fn derive_reads_long_and_short_names() {
    let imported = imported(Venue::Derive, &DERIVE);
    let market = market(&imported);
    let option = listing(&market, "ETH-20260626-4000-C");
    assert_eq!(option.instrument.kind, june_call(4000.0));
    assert_eq!(option.instrument.settlement_asset, Asset::new("USDC"));
    assert_eq!((option.mark_vol, option.open_interest), (Some(0.575), Some(42.13)));
    assert_eq!((option.bid, option.ask_size), (Some(262.0), Some(13.72)));
    let forward = market.underlyings[&Asset::new("ETH")].forwards[&time(JUNE)];
    assert_eq!(forward.price, 4030.5);
    // −ln(0.995) · 365 / 52.8125 days = 0.034643.
    assert!((forward.rate_ann - 0.034_643).abs() < 1e-6, "{}", forward.rate_ann);
    let perpetual = listing(&market, "ETH-PERP");
    assert_eq!(perpetual.mark_price, Some(4001.0));
    // 0.001 % an hour, eight times.
    assert_eq!(perpetual.funding_8h, Some(0.00008));
    assert_eq!(market.time, time(NOW));
}

#[test]
fn derive_equity_is_the_venues() {
    let imported = imported(Venue::Derive, &DERIVE);
    let main = account(&imported, "main");
    assert_eq!(quantity(main, "ETH-PERP"), "2");
    // Cash, exact to its last digit, and 189 of open profit: −348 less −537 of options.
    assert_eq!(balance(main, "USDC"), "10189.000000000000000001");
    let market = market(&imported);
    // 10 189 − 2 · 268.5, and 0.9 · 5000 of staked ether: 14 152.
    assert_close(equity(&imported, &market, "main", "USDC") + 4500.0, 14_152.0);
    assert_eq!(market.asset_prices_usd[&Asset::new("WSTETH")], 5000.0);
}

const HYPERLIQUID: [(PartKind, &str); 4] = [
    (Instruments, "meta_and_asset_ctxs"),
    (Tickers, "meta_and_asset_ctxs"),
    (Positions, "clearinghouse_state"),
    (Balances, "clearinghouse_state"),
];

#[test]
fn hyperliquid_perpetuals_have_names_of_their_own() {
    let imported = imported(Venue::Hyperliquid, &HYPERLIQUID);
    let market = market(&imported);
    let perpetual = listing(&market, "BTC-PERP");
    assert_eq!(perpetual.instrument.underlying, Asset::new("BTC"));
    assert_eq!(perpetual.instrument.settlement_asset, Asset::new("USDC"));
    // 0.00125 % an hour, eight times.
    assert_eq!((perpetual.mark_price, perpetual.funding_8h), (Some(100_040.0), Some(0.0001)));
    assert_eq!(market.underlyings[&Asset::new("kPEPE")].index_price, 0.0125);
    assert!(market.find("MATIC-PERP").is_none());
    warned(&imported, "MATIC-PERP: it is delisted");
}

#[test]
fn hyperliquid_equity_is_the_venues() {
    let spot = [(Balances, "spot_clearinghouse_state"), (Tickers, "spot_meta_and_asset_ctxs")];
    let imported = imported(Venue::Hyperliquid, &[&HYPERLIQUID[..], &spot].concat());
    let market = market(&imported);
    // 3299.97 + 0.1 · 99 000.3 − 2 · 4100.
    assert_eq!(balance(account(&imported, "main"), "USDC"), "5000");
    assert_close(equity(&imported, &market, "main", "USDC"), 5301.97);
    // −2300 + 200 000 · 0.0126.
    assert_close(equity(&imported, &market, "main/kPEPE-PERP", "USDC"), 220.0);
    let wallet = account(&imported, "main/spot");
    assert_eq!((balance(wallet, "HYPE"), balance(wallet, "PURR")), ("5.2".into(), "none".into()));
    assert_eq!(market.asset_prices_usd[&Asset::new("HYPE")], 40.5);
    // With portfolio margin, tokens are collateral of the same account.
    let unified = [(Balances, "spot_state_portfolio_margin")];
    let unified = common::imported(Venue::Hyperliquid, &[&HYPERLIQUID[..], &unified].concat());
    assert_eq!(balance(account(&unified, "main"), "USDC"), "5014.625485");
}

#[test]
fn hyperliquid_prices_alone_have_no_time() {
    let bytes = fixture(Venue::Hyperliquid, "meta_and_asset_ctxs");
    let part = |kind| Part { kind, origin: "ctxs.json", bytes: &bytes };
    let parts = [part(Instruments), part(Tickers)];
    let error = import(Venue::Hyperliquid, &parts, &ImportOptions::default()).unwrap_err();
    assert_eq!(error.code, InputCode::Missing);
    assert!(error.hint.is_some());
    let options = ImportOptions { time: Some(time(NOW)), ..ImportOptions::default() };
    let imported = import(Venue::Hyperliquid, &parts, &options).unwrap();
    assert_eq!(imported.market.id, format!("hyperliquid-{NOW}"));
    assert!(imported.book.is_none());
}

const PARADEX: [(PartKind, &str); 4] = [
    (Instruments, "markets"),
    (Tickers, "summary"),
    (Positions, "positions"),
    (Balances, "balance"),
];

#[test]
fn paradex_equity_is_the_venues() {
    let imported = imported(Venue::Paradex, &PARADEX);
    let main = account(&imported, "main");
    assert_eq!(quantity(main, "BTC-USD-PERP"), "-0.5");
    // 20 000.25 and 12.5 of funding that is earned and not paid out.
    assert_eq!(balance(main, "USDC"), "20012.75");
    let market = market(&imported);
    assert_close(equity(&imported, &market, "main", "USDC"), 31_262.75);
    let option = listing(&market, "BTC-USD-26JUN26-100000-C");
    assert_eq!(option.instrument.kind, june_call(100_000.0));
    let forward = market.underlyings[&Asset::new("BTC")].forwards[&time(JUNE)];
    // 100 000 · exp(0.06 · 52.8125 / 365), by three terms of the series.
    let growth: f64 = 0.06 * 52.8125 / 365.0;
    let by_hand =
        100_000.0 * (1.0 + growth + growth * growth / 2.0 + growth * growth * growth / 6.0);
    assert!((forward.price - by_hand).abs() < 1e-3, "{}", forward.price);
    assert_eq!(forward.rate_ann, 0.04);
    // Every four hours by the listing.
    assert_eq!(listing(&market, "ETH-USD-PERP").funding_8h, Some(0.0001));
    warned(&imported, "BTC-USD-96000-P: a perpetual option");
    warned(&imported, "BTC-USD-ROLL: a rolling future");
}

#[test]
fn what_is_held_and_cannot_be_taken_in_is_an_error() {
    let instruments = fixture(Venue::Paradex, "markets");
    let tickers = fixture(Venue::Paradex, "summary");
    let refusal = |position: &str| {
        let held = format!(r#"{{"results":[{position}]}}"#);
        let part = |kind, origin, bytes| Part { kind, origin, bytes };
        let parts = [
            part(Instruments, "m.json", &instruments[..]),
            part(Tickers, "t.json", &tickers[..]),
            part(Positions, "p.json", held.as_bytes()),
        ];
        import(Venue::Paradex, &parts, &ImportOptions::default()).unwrap_err()
    };
    let perpetual_option = refusal(r#"{"market":"BTC-USD-96000-P","size":"1"}"#);
    assert_eq!(perpetual_option.code, InputCode::Unsupported);
    assert_eq!(perpetual_option.origin, "p.json");
    assert!(perpetual_option.message.contains("perpetual option"), "{perpetual_option}");
    let unlisted = refusal(r#"{"market":"DOGE-USD-PERP","size":"1"}"#);
    assert_eq!(unlisted.code, InputCode::UnknownInstrument);
    let side = refusal(r#"{"market":"BTC-USD-PERP","size":"1","side":"FLAT"}"#);
    assert!(side.message.contains("FLAT"), "{side}");
    let entry = refusal(r#"{"market":"BTC-USD-PERP","size":"1","average_entry_price":"-5"}"#);
    assert_eq!(entry.code, InputCode::BadNumber);
    let size = refusal(r#"{"market":"BTC-USD-PERP"}"#);
    assert_eq!((size.code, size.at.as_str()), (InputCode::Malformed, "results[0]"));
    assert!(size.message.contains("size"), "{size}");
    let number = refusal(r#"{"market":"BTC-USD-PERP","size":"ten"}"#);
    assert_eq!(number.at, "results[0].size");
}

#[test]
fn a_refusal_by_the_venue_is_passed_on_in_its_words() {
    for (venue, words) in [
        (Venue::Deribit, "13009 unauthorized"),
        (Venue::Okx, "50113: Invalid Sign"),
        (Venue::Binance, "-2015"),
        (Venue::Bybit, "10003"),
        (Venue::Derive, "Account not found"),
        (Venue::Paradex, "token expired"),
    ] {
        let bytes = fixture(venue, "error");
        for kind in [Instruments, Tickers, Positions, Balances] {
            let parts = [Part { kind, origin: "error.json", bytes: &bytes }];
            let error = import(venue, &parts, &ImportOptions::default()).unwrap_err();
            assert!(error.message.contains(words), "{venue}: {error}");
        }
    }
}

#[test]
fn a_stated_price_prevails_and_a_stated_name_is_kept() {
    let usdc = [(Asset::new("USDC"), 0.98)];
    let options = ImportOptions {
        id: Some("mine".to_owned()),
        source: Some("saved by hand".to_owned()),
        asset_prices_usd: usdc.into(),
        account: "desk".to_owned(),
        ..ImportOptions::default()
    };
    let imported = imported_with(Venue::Paradex, &PARADEX, &options);
    assert_eq!(market(&imported).asset_prices_usd[&Asset::new("USDC")], 0.98);
    assert_eq!(imported.market.id, "mine");
    assert_eq!(account(&imported, "desk").positions.len(), 2);
    assert!(!imported.warnings.iter().any(|warning| warning.contains("taken at 1 USD")));
}
