//! SPAN files in both formats, read and then margined.
//!
//! Both fixtures under `tests/span/` are our own: the conformance example of the `span` model (BTC at
//! 60,000, price scan range 6,000; ETH contracts of 10 at 3,000, range 450; a call 65000 at 60 % and a
//! put 55000 at 65 % vol, 30 days) laid out as a clearing house would. The fixed-width one holds
//! arrays rounded to units and deltas to four decimals, as that format must.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use plimsoll_margin::models::span::chain::SpanMargin;
use plimsoll_margin::models::span::margin_of_contracts;
use plimsoll_model::Asset;
use plimsoll_model::error::InputCode;
use plimsoll_model::span::{InterMethod, SpanParameters};
use plimsoll_venues::span::{AccountType, parse, parse_pa2, parse_xml};
use proptest::prelude::*;

const PA2: &[u8] = include_bytes!("span/conformance.pa2");
const SPN: &[u8] = include_bytes!("span/conformance.spn");

fn margin(parameters: &SpanParameters, rows: &[(&str, f64)]) -> SpanMargin {
    let quantities: BTreeMap<String, f64> =
        rows.iter().map(|(name, quantity)| ((*name).to_owned(), *quantity)).collect();
    margin_of_contracts(parameters, &quantities).unwrap()
}

const XML_BOOK: [(&str, f64); 5] = [
    ("XCH-BTC-FUT-202612", 2.0),
    ("XCH-BTO-OOF-20261225-65000-C", -3.0),
    ("XCH-BTO-OOF-20261225-55000-P", 1.0),
    ("XCH-BTC-FUT-202703", -2.0),
    ("XCH-ETH-FUT-202612", 4.0),
];

const PA2_BOOK: [(&str, f64); 5] = [
    ("XCH-BTC-FUT-202612", 2.0),
    ("XCH-BTO-OOP-202612-65000-C", -3.0),
    ("XCH-BTO-OOP-202612-55000-P", 1.0),
    ("XCH-BTC-FUT-202703", -2.0),
    ("XCH-ETH-FUT-202612", 4.0),
];

#[test]
fn the_xml_file_gives_the_conformance_example() {
    let imported = parse(SPN).unwrap();
    let parameters = &imported.parameters;
    assert_eq!(imported.warnings, Vec::<String>::new());
    assert_eq!(parameters.clearing_organisation, "EXMPL");
    assert_eq!(parameters.business_date.as_deref(), Some("2026-11-25"));
    assert_eq!(parameters.currency_rate(&Asset::new("EUR"), &Asset::usd()), Some(1.25));
    let scenarios = parameters.scenarios.as_ref().unwrap();
    assert_eq!((scenarios.extreme_multiplier, scenarios.extreme_cover), (3.0, 0.33));
    assert_eq!(scenarios.delta_weights, [0.037, 0.111, 0.217, 0.270, 0.217, 0.111, 0.037]);
    let call = &parameters.contracts["XCH-BTO-OOF-20261225-65000-C"];
    assert_eq!((call.period.as_str(), call.own_period()), ("202612", "20261225"));
    assert!(call.premium_paid && !parameters.contracts["XCH-BTC-FUT-202703"].premium_paid);
    let answer = margin(parameters, &XML_BOOK);
    let btc = &answer.commodities["BTC"];
    // Arrays and deltas are printed with six decimals: six contracts leave 6·5e-7 in a loss, and
    // the price risk of a delta (9,118) carries 4·5e-7 of delta into the credit.
    for (found, expected, slack) in [
        (btc.scan.risk, 12_197.769_970_709, 6e-6),
        (btc.scan.time_risk, -103.937_633_74, 6e-6),
        (btc.weighted_price_risk, 9_118.343_075_63, 2e-2),
        (btc.intra_charge, 260.353_377_70, 1e-3),
        (btc.delivery_charge, 16.272_086_11, 1e-4),
        (btc.short_option_minimum, 900.0, 0.0),
        (btc.net_option_value, -4_489.723_724_40, 6e-6),
        (btc.risk, 5_093.370_871_84, 1e-2),
        (answer.commodities["ETH"].risk, 10_714.770_598_89, 1e-2),
    ] {
        assert!((found - expected).abs() <= slack, "{found} is not {expected}");
    }
    let total = answer.total(parameters, &Asset::usd()).unwrap();
    assert!((total.maintenance - 20_297.865_195_13).abs() < 2e-2);
    // The ratio of 1.1 is on risk: 15,808.14147073·0.1 more.
    assert!((total.initial - total.maintenance - 1_580.814_147_07).abs() < 2e-3);
}

#[test]
fn the_fixed_width_file_gives_the_rounded_example() {
    let imported = parse(PA2).unwrap();
    let parameters = &imported.parameters;
    assert_eq!(imported.warnings, Vec::<String>::new());
    assert_eq!(parameters.business_date.as_deref(), Some("2026-11-25"));
    let ether = &parameters.contracts["XCH-ETH-FUT-202612"];
    // Two implied decimals in the array, ten coins of value per contract.
    assert_eq!((ether.array[12], ether.price, ether.value_factor), (4500.0, 3000.0, 10.0));
    let call = &parameters.contracts["XCH-BTO-OOP-202612-65000-C"];
    assert_eq!((call.delta, call.array[0], call.price), (0.3518, -571.0, 2237.87));
    assert_eq!(call.price_scan_range, 6000.0);
    let spread = &parameters.inter_spreads[0];
    assert_eq!(
        (spread.method, spread.rate, spread.legs[1].ratio),
        (InterMethod::PriceRisk, 0.6, 2.0)
    );
    let answer = margin(parameters, &PA2_BOOK);
    let btc = &answer.commodities["BTC"];
    assert_eq!(btc.scan.risk, 12_199.0);
    assert_eq!(btc.scan.price_risk, 12_302.5);
    assert!((btc.deltas.net() - -1.349).abs() < 1e-12);
    // The file has no calendar spread, so 2 − 3·0.3518 − 0.2936 = 0.651 deltas are outright.
    assert!((btc.delivery_charge - 65.1).abs() < 1e-9);
    // 3·2,237.87 less 2,223.88.
    assert!((btc.net_option_value + 4_489.73).abs() < 1e-9);
    assert_eq!(parameters.commodities["BTC"].initial_ratio, 1.1);
    let member = parse_pa2(PA2, AccountType::Member).unwrap().parameters;
    assert_eq!(member.commodities["BTC"].initial_ratio, 1.0);
}

#[test]
fn a_delivery_record_without_day_codes_reads_the_same() {
    let text = String::from_utf8(PA2.to_vec()).unwrap();
    let with = "4 BTC   100101202612  00000250000100                          0000300";
    let without = "4 BTC   10010120261200000250000100                            0000300";
    assert!(text.contains(with));
    let same = parse(text.replace(with, without).as_bytes()).unwrap();
    assert_eq!(same.parameters, parse(PA2).unwrap().parameters);
}

#[test]
fn spreads_that_are_not_read_refuse_the_books_they_matter_to() {
    let text = String::from_utf8(PA2.to_vec()).unwrap();
    let with_c = text.replace("S ETH", "C BTC   1001\nS ETH");
    let imported = parse(with_c.as_bytes()).unwrap();
    assert!(imported.warnings[0].contains("BTC"), "{:?}", imported.warnings);
    let refuse = |rows: &[(&str, f64)]| {
        let quantities = rows.iter().map(|(name, q)| ((*name).to_owned(), *q)).collect();
        margin_of_contracts(&imported.parameters, &quantities).map(|_| ())
    };
    assert_eq!(refuse(&PA2_BOOK).unwrap_err().code, InputCode::Unsupported);
    assert_eq!(refuse(&PA2_BOOK[..1]), Ok(()));
}

#[test]
fn what_cannot_be_read_is_told_or_refused() {
    let text = String::from_utf8_lossy(SPN).into_owned();
    let replaced = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        parse_xml(text.replace(from, to).as_bytes())
    };
    // A credit that cannot be read is left out and told.
    let odd = replaced("<chargeMeth>W</chargeMeth>", "<chargeMeth>Q</chargeMeth>").unwrap();
    assert!(odd.parameters.inter_spreads.is_empty() && odd.warnings[0].contains("`Q`"));
    let scanning =
        replaced("</interSpreads>", "<sSpread><spread>9</spread></sSpread></interSpreads>");
    assert_eq!(scanning.unwrap().warnings.len(), 1);
    // A charge that cannot be read makes the commodity refuse.
    let odd = replaced("<chargeMeth>F</chargeMeth>", "<chargeMeth>P</chargeMeth>").unwrap();
    assert_eq!(odd.parameters.commodities["BTC"].unsupported.len(), 1);
    let odd = replaced("<somMeth>GROSS</somMeth>", "<somMeth>NET</somMeth>").unwrap();
    assert!(odd.parameters.commodities["BTC"].unsupported[0].contains("`NET`"));
    let odd = replaced("<valueMeth>EQTY</valueMeth>", "<valueMeth>SWAP</valueMeth>").unwrap();
    assert!(odd.parameters.commodities["BTC"].unsupported[0].contains("`SWAP`"));
    let loose = replaced("<pfId>3</pfId><pfCode>x</pfCode>", "<pfId>4</pfId><pfCode>x</pfCode>");
    assert!(loose.unwrap().warnings[0].contains("XCH ETH FUT"));
    let refusal = |from: &str, to: &str| replaced(from, to).unwrap_err();
    let points =
        refusal("<weight>0.111</weight></deltaPointDef>", "<weight>x</weight></deltaPointDef>");
    assert_eq!(points.code, InputCode::Malformed);
    assert!(points.at.contains("deltaPointDef"), "{points}");
    assert_eq!(
        refusal("<numerator>2</numerator>", "<numerator>1.5</numerator>").code,
        InputCode::Unsupported
    );
    let short = refusal("<a>-6000.000000</a>", "");
    assert!(short.message.contains("14 array values"), "{short}");
    assert_eq!(
        refusal("<cId>22</cId><o>P</o><k>55000</k>", "<cId>22</cId><o>C</o><k>65000</k>").code,
        InputCode::Duplicate
    );
    assert_eq!(refusal("<cId>11</cId><s>", "<cId>19</cId><s>").code, InputCode::Missing);
    assert_eq!(refusal("<a>-6000.000000</a>", "<a>NaN</a>").code, InputCode::BadParameter);
    assert_eq!(parse(b"  \n ").unwrap_err().code, InputCode::Empty);
    assert_eq!(parse(b"<html></html>").unwrap_err().code, InputCode::Unsupported);
}

#[test]
fn a_faulty_record_is_named_by_its_line() {
    let text = String::from_utf8(PA2.to_vec()).unwrap();
    let refusal = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        parse(text.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    let digits = refusal("02000-02000-", "02x00-02000-");
    assert_eq!((digits.code, digits.at.as_str()), (InputCode::Malformed, "line 17"));
    assert!(digits.message.contains("`02x00`"), "{digits}");
    assert_eq!(refusal("U2NN", "UPNN").code, InputCode::Unsupported);
    let orphan =
        refusal("81XCHBTC       BTC       FUT 202612", "81XCHBTC       BTC       FUT 202701");
    assert_eq!((orphan.code, orphan.at.as_str()), (InputCode::Malformed, "line 18"));
    assert_eq!(refusal("BTO       OOP0", "BTX       OOP0").code, InputCode::Missing);
    assert_eq!(refusal("P XCHBTO", "V XCHBTO").code, InputCode::Missing);
    let twice = refusal("FUT 202703                   04000", "FUT 202612                   04000");
    assert_eq!(twice.code, InputCode::Malformed);
    assert_eq!(parse(b"81XCH").unwrap_err().code, InputCode::Malformed);
}

/// A cut or altered file is refused or read; what is read has been checked.
fn survives(bytes: &[u8]) {
    if let Ok(imported) = parse(bytes) {
        assert_eq!(imported.parameters.check(), Ok(()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn truncated_and_garbled_files_never_panic(
        xml in any::<bool>(),
        cut in 0usize..12_000,
        changes in proptest::collection::vec((0usize..12_000, any::<u8>()), 0..6),
        joined in any::<bool>(),
    ) {
        let whole = if xml { SPN } else { PA2 };
        let mut bytes = whole[..cut.min(whole.len())].to_vec();
        for (place, byte) in changes {
            if let Some(slot) = bytes.get_mut(place % whole.len()) {
                *slot = byte;
            }
        }
        if joined {
            bytes.extend_from_slice(whole);
        }
        survives(&bytes);
    }

    #[test]
    fn arbitrary_bytes_never_panic(head in "(0 |<|81|P |6 )?", bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        survives(&[head.as_bytes(), &bytes].concat());
    }
}
