//! Recorded sessions of the venues, read whole. The recordings are not ours to pass on: the tests are
//! ignored, and say so, unless they are asked for with `-- --ignored`, and then fail unless the
//! environment variable `PLIMSOLL_RAW_DUMPS` names a folder that holds the recordings as text, one
//! `URL -> time: JSON` or `time: JSON` per line, as `cryptofeed` writes them (`sample_data/`, unpacked
//! by `zstd -d`).

#![allow(clippy::unwrap_used, reason = "a recording that does not read is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use plimsoll_venues::{ImportOptions, Imported, Part, PartKind, Venue, import};
use serde_json::{Value, json};

fn dumps() -> PathBuf {
    let folder = std::env::var_os("PLIMSOLL_RAW_DUMPS").map(PathBuf::from);
    folder.expect("PLIMSOLL_RAW_DUMPS names the folder with the recordings")
}

/// The JSON documents of a recording, each with the URL it answers (empty for pushed messages).
fn documents(name: &str, folder: &std::path::Path) -> Vec<(String, Value)> {
    let text = fs::read_to_string(folder.join(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
    let mut documents = Vec::new();
    for line in text.lines() {
        let (url, rest) = line.split_once(" -> ").unwrap_or(("", line));
        let Some((_, body)) = rest.split_once(": ").filter(|_| !rest.starts_with("configuration"))
        else {
            continue;
        };
        documents.push((url.to_owned(), serde_json::from_str(body).unwrap()));
    }
    documents
}

fn read(venue: Venue, parts: &[(PartKind, &Value)]) -> Imported {
    let texts: Vec<Vec<u8>> =
        parts.iter().map(|(_, value)| serde_json::to_vec(value).unwrap()).collect();
    let parts: Vec<Part<'_>> = parts
        .iter()
        .zip(&texts)
        .map(|((kind, _), bytes)| Part { kind: *kind, origin: "dump", bytes })
        .collect();
    import(venue, &parts, &ImportOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// Names in one field of the rows that pass.
fn names(rows: &[Value], field: &str, wanted: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let name = |row: &Value| row[field].as_str().unwrap().to_owned();
    rows.iter().filter(|row| wanted(row)).map(name).collect()
}

/// The names that the market lists must be these, and no others.
fn lists(imported: &Imported, expected: &BTreeSet<String>, venue: &str) {
    let listed: BTreeSet<String> =
        imported.market.instruments.iter().map(|file| file.name.clone()).collect();
    assert_eq!(&listed, expected, "{venue}");
    eprintln!("{venue}: {} instruments listed", listed.len());
}

// Every contract is quoted here at 1, on an index of 1: the recordings have listings only.
const TIME_MS: i64 = 1_626_000_000_000;

#[test]
#[ignore = "needs recordings: PLIMSOLL_RAW_DUMPS=FOLDER and -- --ignored"]
fn deribit_listings_and_pushed_tickers() {
    let folder = dumps();
    let documents = documents("DERIBIT.0.txt", &folder);
    let rows: Vec<Value> =
        documents.iter().flat_map(|(_, body)| body["result"].as_array().unwrap().clone()).collect();
    let expected = names(&rows, "instrument_name", |_| true);
    let quote = |name: &String| {
        json!({"instrument_name": name, "mark_price": 1, "index_price": 1, "underlying_price": 1,
               "mark_iv": 50, "timestamp": TIME_MS})
    };
    let tickers =
        json!({"jsonrpc": "2.0", "result": expected.iter().map(quote).collect::<Vec<_>>()});
    let mut parts: Vec<(PartKind, &Value)> =
        documents.iter().map(|(_, body)| (PartKind::Instruments, body)).collect();
    parts.push((PartKind::Tickers, &tickers));
    lists(&read(Venue::Deribit, &parts), &expected, "Deribit");

    let pushed = self::documents("DERIBIT.ws.1.0.txt", &folder);
    let is_ticker = |body: &Value| {
        body["params"]["channel"].as_str().is_some_and(|channel| channel.starts_with("ticker."))
    };
    let pushed: Vec<&Value> =
        pushed.iter().map(|(_, body)| body).filter(|b| is_ticker(b)).collect();
    assert!(pushed.len() > 10);
    parts.pop();
    parts.extend(pushed.iter().map(|body| (PartKind::Tickers, *body)));
    let quoted = names(
        &pushed.iter().map(|body| body["params"]["data"].clone()).collect::<Vec<_>>(),
        "instrument_name",
        |_| true,
    );
    let imported = read(Venue::Deribit, &parts);
    lists(&imported, &quoted, "Deribit, pushed tickers");
    assert!(imported.market.instruments.iter().all(|file| file.mark_price.is_some()));
}

#[test]
#[ignore = "needs recordings: PLIMSOLL_RAW_DUMPS=FOLDER and -- --ignored"]
fn okx_listings() {
    let folder = dumps();
    let documents = documents("OKX.0.txt", &folder);
    let rows: Vec<Value> =
        documents.iter().flat_map(|(_, body)| body["data"].as_array().unwrap().clone()).collect();
    let expected = names(&rows, "instId", |row| row["instType"] != "SPOT");
    let indices = names(&rows, "uly", |row| row["instType"] != "SPOT");
    let mark = |name: &String| json!({"instId": name, "markPx": "1", "ts": TIME_MS.to_string()});
    let index = |name: &String| json!({"instId": name, "idxPx": "1"});
    let tickers = json!({"code": "0", "data":
        expected.iter().map(mark).chain(indices.iter().map(index)).collect::<Vec<_>>()});
    let mut parts: Vec<(PartKind, &Value)> =
        documents.iter().map(|(_, body)| (PartKind::Instruments, body)).collect();
    parts.push((PartKind::Tickers, &tickers));
    lists(&read(Venue::Okx, &parts), &expected, "OKX");
}

#[test]
#[ignore = "needs recordings: PLIMSOLL_RAW_DUMPS=FOLDER and -- --ignored"]
fn binance_listings() {
    let folder = dumps();
    let mut documents = documents("BINANCE_FUTURES.0.txt", &folder);
    documents.extend(self::documents("BINANCE_DELIVERY.0.txt", &folder));
    let rows: Vec<Value> = documents
        .iter()
        .flat_map(|(_, body)| body["symbols"].as_array().unwrap().clone())
        .collect();
    // One symbol waits for its listing and has no kind yet.
    let expected = names(&rows, "symbol", |row| row["contractType"] != "");
    assert_eq!(expected.len() + 1, rows.len());
    let quote = |name: &String| json!({"symbol": name, "markPrice": "1", "indexPrice": "1", "time": TIME_MS});
    let tickers = Value::from(expected.iter().map(quote).collect::<Vec<_>>());
    let mut parts: Vec<(PartKind, &Value)> =
        documents.iter().map(|(_, body)| (PartKind::Instruments, body)).collect();
    parts.push((PartKind::Tickers, &tickers));
    lists(&read(Venue::Binance, &parts), &expected, "Binance");
}

#[test]
#[ignore = "needs recordings: PLIMSOLL_RAW_DUMPS=FOLDER and -- --ignored"]
fn bybit_listing_of_api_2() {
    let folder = dumps();
    let documents = documents("BYBIT.0.txt", &folder);
    let (_, listing) = &documents[0];
    let rows = listing["result"].as_array().unwrap();
    // Dated futures of API 2 do not say their expiry: their alias is another name.
    let expected = names(rows, "name", |row| row["name"] == row["alias"]);
    assert_eq!(expected.len() + 2, rows.len());
    let quote = |name: &String| json!({"symbol": name, "markPrice": "1", "indexPrice": "1"});
    let tickers = json!({"retCode": 0, "time": TIME_MS,
        "result": {"list": expected.iter().map(quote).collect::<Vec<_>>()}});
    let parts = [(PartKind::Instruments, listing), (PartKind::Tickers, &tickers)];
    lists(&read(Venue::Bybit, &parts), &expected, "Bybit");
}
