use super::*;
use plimsoll_model::Market;

const COLLECTOR: &str = "\
timestamp,instrument_name,underlying,underlying_name,bid_price,ask_price,mark_price,implied_volatility,open_interest,index_price,vega
2026-01-14T21:22:07.934449+00:00,BTC-27MAR26-90000-C,100,BTC-27MAR26,0.1,0.2,0.15,0.5720000000000001,7.5,98,1
2026-01-14T21:22:07.934449+00:00,BTC-27MAR26-90000-P,104,BTC-27MAR26,,0.2,0.0,0.57,0.0,99,1
2026-01-14T21:22:07.934449+00:00,BTC-27MAR26-80000-C,101,BTC-27MAR26,0.2,,0.25,0.61,1,100,1
2026-01-14T21:22:07.934449+00:00,BTC-16JAN26-90000-C,97,SYN.BTC-16JAN26,0,0,0.07,0.0,3,97,1
2026-01-14T21:22:07.934449+00:00,BTC-17JAN26-90000-C,97.5,index_price,0.01,0.01,0.07,0.4,3,130,1
";

const PANEL: &str = "\
snapshot_utc,currency,instrument_name,underlying_index,underlying_price,index_price,bid_price_coin,ask_price_coin,mark_price_coin,mark_iv,open_interest
2026-02-05T15:51:32Z,ETH,ETH-27FEB26-2000-C,ETH-27FEB26,1975.5,1965,0.05,0.06,0.055,0.9,10
2026-02-05T21:29:37Z,ETH,ETH-27FEB26-2000-C,ETH-27FEB26,1885,1874,0.04,0.05,0.045,0.95,11
2026-02-05T21:29:37Z,ETH,ETH-27FEB26-2000-P,ETH-27FEB26,1886,1876,0.1,0.11,0.105,0.95,12
";

const BOOK_SUMMARY: &str = "\
,creation_timestamp,underlying_index,underlying_price,estimated_delivery_price,mark_price,open_interest,ask_price,bid_price,instrument_name,interest_rate
0,1704712781414,ETH-26JAN24,2241.65,2222.19,0.000853,965.0,0.001,0.0004,ETH-26JAN24-1200-P,0.0
1,1704712781429,SYN.ETH-10JAN24,2224.25,2222.19,0.0,4.0,0.001,,ETH-10JAN24-2900-C,0.0
";

const PERPETUALS: &str = "\
snapshot_utc,instrument_name,perp_price_nearest
2026-01-14T21:12:00Z,BTC-PERPETUAL,90.0
2026-01-14T21:20:07Z,BTC-PERPETUAL,91.5
2026-01-14T21:22:07Z,ETH-PERPETUAL,3.0
2026-01-14T21:27:07Z,BTC-PERPETUAL,92.0
";

fn read(csv: &str) -> Imported {
    parse_chain(csv.as_bytes(), &ChainOptions::default()).unwrap()
}

fn refusal(csv: &str) -> InputError {
    parse_chain(csv.as_bytes(), &ChainOptions::default()).unwrap_err()
}

fn instrument<'a>(imported: &'a Imported, name: &str) -> &'a InstrumentFile {
    imported.market.instruments.iter().find(|listed| listed.name == name).unwrap()
}

/// The collector file with one text replaced.
fn spoiled(from: &str, to: &str) -> InputError {
    assert!(COLLECTOR.contains(from));
    refusal(&COLLECTOR.replacen(from, to, 1))
}

#[test]
fn forwards_and_index_are_medians_over_the_rows() {
    let market = read(COLLECTOR).market;
    let btc = &market.underlyings["BTC"];
    // Index rows 97, 98, 99, 100, 130; March forwards 100, 101, 104: the outlier moves neither.
    assert_eq!(btc.index_price, Real(99.0));
    let forwards: Vec<f64> = btc.forwards.values().map(ForwardFile::price).collect();
    assert_eq!(forwards, [97.0, 97.5, 101.0]);
    // 1874 and 1876: an even count takes the mean of the middle two.
    let snapshot = Some("2026-02-05T21:29:37Z".parse().unwrap());
    let options = ChainOptions { snapshot, ..ChainOptions::default() };
    let panel = parse_chain(PANEL.as_bytes(), &options).unwrap().market;
    assert_eq!(panel.underlyings["ETH"].index_price, Real(1875.0));
}

#[test]
fn zero_and_empty_quotes_are_missing_and_a_zero_open_interest_is_not() {
    let imported = read(COLLECTOR);
    let call = instrument(&imported, "BTC-27MAR26-90000-C");
    let quotes = (call.bid, call.ask, call.mark_price, call.open_interest);
    assert_eq!(quotes, (Some(Real(0.1)), Some(Real(0.2)), Some(Real(0.15)), Some(Real(7.5))));
    // 57.2 % divided by 100 in binary; the venue's number is 0.572.
    assert_eq!(call.mark_vol, Some(Real(0.572)));
    let put = instrument(&imported, "BTC-27MAR26-90000-P");
    assert_eq!((put.bid, put.mark_price, put.open_interest), (None, None, Some(Real(0.0))));
    let near = instrument(&imported, "BTC-16JAN26-90000-C");
    assert_eq!((near.bid, near.ask, near.mark_vol), (None, None, None));
}

#[test]
fn lists_the_future_that_prices_an_expiry_and_no_synthetic_one() {
    let names: Vec<String> =
        read(COLLECTOR).market.instruments.into_iter().map(|listed| listed.name).collect();
    // By coin, expiry, strike, type; the future leads its expiry.
    assert_eq!(
        names,
        [
            "BTC-16JAN26-90000-C",
            "BTC-17JAN26-90000-C",
            "BTC-27MAR26",
            "BTC-27MAR26-80000-C",
            "BTC-27MAR26-90000-C",
            "BTC-27MAR26-90000-P",
        ]
    );
    let future = instrument(&read(COLLECTOR), "BTC-27MAR26").clone();
    assert_eq!((future.mark_price, future.contract_size), (Some(Real(101.0)), Some(Real(10.0))));
}

#[test]
fn a_panel_with_many_snapshots_needs_one_to_be_chosen() {
    let ambiguous = refusal(PANEL);
    assert_eq!(ambiguous.code, InputCode::Missing);
    let hint = ambiguous.hint.unwrap();
    assert!(hint.contains("2026-02-05T15:51:32Z, 2026-02-05T21:29:37Z"), "{hint}");
    let pick = |time: &str| {
        let snapshot = Some(time.parse().unwrap());
        parse_chain(PANEL.as_bytes(), &ChainOptions { snapshot, ..ChainOptions::default() })
    };
    let early = pick("2026-02-05T15:51:00Z").unwrap().market;
    assert_eq!(early.time.to_string(), "2026-02-05T15:51:32Z");
    assert_eq!(early.id, "deribit-2026-02-05T15:51:32Z");
    assert_eq!(early.underlyings["ETH"].index_price, Real(1965.0));
    // Not within a minute of any.
    assert_eq!(pick("2026-02-05T15:53:00Z").unwrap_err().code, InputCode::Missing);
}

#[test]
fn a_long_list_of_snapshots_is_cut() {
    let mut csv = PANEL.lines().next().unwrap().to_owned() + "\n";
    for day in 10..20 {
        csv += &format!(
            "2026-02-{day}T00:00:00Z,ETH,ETH-27FEB26-2000-C,ETH-27FEB26,1,1,,,0.1,0.9,1\n"
        );
    }
    let hint = refusal(&csv).hint.unwrap();
    assert!(hint.contains("2026-02-14T00:00:00Z and 5 more"), "{hint}");
    assert!(!hint.contains("2026-02-15"), "{hint}");
}

#[test]
fn a_book_summary_is_one_snapshot_without_vols() {
    let imported = read(BOOK_SUMMARY);
    let market = &imported.market;
    // 1704712781429 ms; the first row is 15 ms older and still of the same answer.
    assert_eq!(market.time.to_string(), "2024-01-08T11:19:41.429Z");
    assert_eq!(market.underlyings["ETH"].index_price, Real(2222.19));
    let put = instrument(&imported, "ETH-26JAN24-1200-P");
    assert_eq!((put.mark_vol, put.mark_price), (None, Some(Real(0.000853))));
    assert_eq!(imported.warnings.len(), 1);
    assert!(imported.warnings[0].contains("line 3: ETH-10JAN24-2900-C"));
    assert_eq!(instrument(&imported, "ETH-26JAN24").contract_size, Some(Real(1.0)));
}

#[test]
fn takes_the_nearest_perpetual_price_within_ten_minutes() {
    let with = |perpetuals: &str| {
        let perpetuals = Some(perpetuals.as_bytes());
        parse_chain(COLLECTOR.as_bytes(), &ChainOptions { perpetuals, ..ChainOptions::default() })
    };
    // 2 minutes before beats 5 minutes after; the ETH price is of no coin in this chain.
    let imported = with(PERPETUALS).unwrap();
    assert_eq!(instrument(&imported, "BTC-PERPETUAL").mark_price, Some(Real(91.5)));
    assert!(imported.market.instruments.iter().all(|listed| listed.name != "ETH-PERPETUAL"));
    // 21:12:00 alone is 10 min 7.9 s away.
    let far: String = PERPETUALS.lines().take(2).map(|line| format!("{line}\n")).collect();
    let imported = with(&far).unwrap();
    assert!(imported.market.instruments.iter().all(|listed| listed.name != "BTC-PERPETUAL"));
    assert!(imported.warnings.iter().any(|told| told.contains("BTC-PERPETUAL")));
    let bad = with(&PERPETUALS.replace("91.5", "NaN")).unwrap_err();
    assert_eq!((bad.origin.as_str(), bad.at.as_str()), ("perpetuals", "line 3"));
}

#[test]
fn an_expired_row_is_left_out_and_told() {
    let imported = read(&COLLECTOR.replace("16JAN26", "14JAN26"));
    assert_eq!(imported.warnings.len(), 1);
    assert!(imported.warnings[0].contains("line 5: BTC-14JAN26-90000-C expired"));
    assert!(
        !imported.market.underlyings["BTC"]
            .forwards
            .contains_key(&Timestamp::expiry_on(2026, 1, 14).unwrap())
    );
    // Its index price, 97, is not counted either: 98, 99, 100, 130 remain.
    assert_eq!(imported.market.underlyings["BTC"].index_price, Real(99.5));
    let all = COLLECTOR.replace("MAR26", "MAR25").replace("JAN26", "JAN25");
    assert_eq!(refusal(&all).code, InputCode::Empty);
}

#[test]
fn a_refusal_names_the_line_and_the_value() {
    let place = |error: InputError| (error.code, error.at);
    let at = |code, line: &str| (code, line.to_owned());
    use InputCode::{BadNumber, Crossed, Duplicate, Malformed, Missing, Unsupported};
    assert_eq!(place(spoiled("0.15,", "NaN,")), at(BadNumber, "line 2"));
    assert!(spoiled("0.15,", "1e999,").message.contains("1e999"));
    assert_eq!(place(spoiled(",7.5,", ",-7.5,")), at(BadNumber, "line 2"));
    assert_eq!(place(spoiled("0.1,0.2,", "0.3,0.2,")), at(Crossed, "line 2"));
    assert_eq!(place(spoiled("90000-P", "90000-C")), at(Duplicate, "line 3"));
    assert_eq!(place(spoiled("104,", ",")), at(Missing, "line 3"));
    assert_eq!(place(spoiled("3,130,", "3,0,")), at(Missing, "line 6"));
    assert_eq!(place(spoiled("90000-P", "ninety-P")), at(Malformed, "line 3"));
    assert_eq!(place(spoiled("BTC-27MAR26-90000-P", "BTC-27MAR26")), at(Malformed, "line 3"));
    assert_eq!(place(spoiled("SYN.BTC-16JAN26", "BTC-17JAN26")), at(Malformed, "line 5"));
    assert_eq!(place(spoiled("SYN.BTC-16JAN26", "")), at(Malformed, "line 5"));
    assert_eq!(
        place(spoiled("BTC-16JAN26-90000-C", "BTC_USDC-16JAN26-90000-C")),
        at(Unsupported, "line 5")
    );
    assert_eq!(place(spoiled("2026-01-14T21:22:07.934449+00:00", "noon")), at(Malformed, "line 2"));
    // A vol in per cent where a decimal belongs.
    assert_eq!(spoiled("0.57,", "57.0,").code, BadNumber);
}

#[test]
fn a_file_of_no_known_shape_is_refused_with_what_it_lacks() {
    let lacking = refusal(&PANEL.replace("mark_iv", "iv"));
    assert_eq!((lacking.code, lacking.at.as_str()), (InputCode::Malformed, "line 1"));
    assert!(lacking.message.contains("`mark_iv`"), "{lacking}");
    assert_eq!(refusal("a,b\n1,2\n").code, InputCode::Malformed);
    assert_eq!(refusal("").code, InputCode::Empty);
    assert_eq!(refusal(PANEL.lines().next().unwrap()).code, InputCode::Empty);
    assert_eq!(refusal(&PANEL.replace("currency", "mark_iv")).code, InputCode::Duplicate);
    // Cut off in the middle of the last row.
    let cut = refusal(&COLLECTOR[..COLLECTOR.len() - 12]);
    assert_eq!((cut.code, cut.at.as_str()), (InputCode::Malformed, "line 6"));
    let mut bytes = COLLECTOR.as_bytes().to_vec();
    bytes[300] = 0xff;
    let error = parse_chain(&bytes, &ChainOptions::default()).unwrap_err();
    assert_eq!(error.code, InputCode::Malformed);
    assert!(error.message.contains("offset 300"));
}

#[test]
fn a_coin_without_a_contract_size_is_refused_by_name() {
    let error = refusal(&COLLECTOR.replace("BTC-27MAR26", "DOGE-27MAR26"));
    assert_eq!(error.code, InputCode::Missing);
    assert!(error.message.contains("DOGE"), "{error}");
}

#[test]
fn what_is_read_is_a_market_and_the_order_of_rows_leaves_no_trace() {
    let mut lines: Vec<&str> = COLLECTOR.lines().collect();
    lines[1..].reverse();
    let reversed = read(&lines.join("\n")).market.check().unwrap();
    let market: Market = read(COLLECTOR).market.check().unwrap();
    assert_eq!(market, reversed);
    assert_eq!(market.asset_price_usd(&Asset::new("USDC")), Some(1.0));
}
