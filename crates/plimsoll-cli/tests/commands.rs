//! Every command on the bundled data, as tables and as JSON.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::process::{Command, Stdio};

use common::{plimsoll, plimsoll_with, project_file};
use serde_json::Value;

/// The models whose answers are looked at one by one; there may be more.
const MODELS: [&str; 6] = ["isolated", "scan", "deribit-spm", "paradex-pm", "delta", "greeks"];

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

/// Sums of a few dozen amounts, each rounded once: a billionth of the largest covers them.
fn assert_near(left: f64, right: f64, scale: f64) {
    assert!((left - right).abs() <= 1e-9 * scale.abs().max(1.0), "{left} against {right}");
}

#[test]
fn alone_it_compares_the_bundled_book_under_every_model() {
    let run = plimsoll(&[]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(run.err, "");
    let first = run.out.lines().next().unwrap();
    assert!(first.contains("examples/books/market-maker.csv"), "{first}");
    assert!(first.contains("deribit-2026-01-14-calm"), "{first}");
    for model in MODELS {
        assert!(run.out.contains(model), "{model} is missing:\n{}", run.out);
    }
    assert!(run.out.contains("plimsoll margin --html report.html"), "no hints:\n{}", run.out);
    assert!(!run.out.contains('\x1b'), "colour codes although nobody looks");
}

/// The ids of all models, each once, in their order.
fn listed_models() -> Vec<String> {
    let listed = plimsoll(&["models", "--format", "json"]).json();
    let mut ids: Vec<String> = Vec::new();
    for model in listed["models"].as_array().unwrap() {
        let id = model["id"].as_str().unwrap().to_owned();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

#[test]
fn compare_answers_in_rows_whose_numbers_add_up() {
    let run = plimsoll(&["compare", "--format", "json"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let answer = run.json();
    let rows = answer["rows"].as_array().unwrap();
    let ids: Vec<&str> = rows.iter().map(|row| row["model"]["id"].as_str().unwrap()).collect();
    assert_eq!(ids, listed_models());
    for row in rows.iter().filter(|row| row.get("refused").is_none()) {
        let gross = number(&row["gross"]);
        assert_near(
            number(&row["excess"]),
            number(&row["equity"]) - number(&row["initial_margin"]),
            number(&row["equity"]),
        );
        assert_near(number(&row["benefit"]["amount"]), gross - number(&row["net"]), gross);
        assert!(number(&row["maintenance_margin"]) <= number(&row["initial_margin"]));
    }
    for model in MODELS {
        let row = rows.iter().find(|row| row["model"]["id"] == model).unwrap();
        assert!(row.get("refused").is_none(), "{model} refuses the bundled book");
    }
}

#[test]
fn compare_takes_some_models_and_the_users_own_parameters() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("double.toml");
    let text = plimsoll(&["models", "scan"]).out;
    // Twice the initial margin of the bundled file that has maintenance at 80 % of it.
    fs::write(&path, text.replace("maintenance_pct = 80.0", "maintenance_pct = 40.0")).unwrap();
    let path = path.to_str().unwrap();
    let run = plimsoll(&["compare", "--model", "scan", "--params", path, "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let answer = run.json();
    let maintenance = |row: usize| number(&answer["rows"][row]["maintenance_margin"]);
    assert_near(maintenance(1), 0.5 * maintenance(0), maintenance(0));
    let table = plimsoll(&["compare", "--model", "scan", "--params", path]).out;
    assert!(table.contains("double.toml"), "{table}");
}

#[test]
fn a_refused_model_is_shown_with_its_reason_and_the_others_answer() {
    // A coin that no venue's parameters mention; the generic models take any.
    let market = r#"{"id": "m", "time": "2026-01-14T12:00:00Z",
        "underlyings": {"NEWCOIN": {"index_price": 2}},
        "assets": {"USDC": 1},
        "instruments": [{"name": "NEWCOIN_USDC-PERPETUAL", "contract_size": 1, "mark_price": 2}]}"#;
    let folder = tempfile::tempdir().unwrap();
    let (book, path) = (folder.path().join("book.csv"), folder.path().join("market.json"));
    fs::write(&book, "instrument,quantity\nNEWCOIN_USDC-PERPETUAL,100\nUSDC,1000\n").unwrap();
    fs::write(&path, market).unwrap();
    let (book, path) = (book.to_str().unwrap(), path.to_str().unwrap());
    let args = ["compare", "--book", book, "--market", path];
    let run = plimsoll(&[&args[..], &["--format", "json"]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let answer = run.json();
    let rows = answer["rows"].as_array().unwrap();
    let refused: Vec<&Value> = rows.iter().filter(|row| row.get("refused").is_some()).collect();
    assert!(!refused.is_empty() && refused.len() < rows.len(), "{answer}");
    assert!(refused.iter().all(|row| !row["refused"].as_str().unwrap().is_empty()), "{answer}");
    let unknown = |row: &&&Value| row["refused"].as_str().unwrap().contains("NEWCOIN");
    let unknown = refused.iter().find(unknown).expect("a venue without parameters for the coin");
    let table = plimsoll(&args).out;
    assert!(table.contains("Refused") && table.contains("NEWCOIN"), "{table}");
    // Where nobody answers there is no comparison.
    let id = unknown["model"]["id"].as_str().unwrap();
    let run = plimsoll(&[&args[..], &["--model", id]].concat());
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains(id) && run.err.contains("NEWCOIN"), "{}", run.err);
}

#[test]
fn margin_explains_one_account_with_numbers_that_add_up() {
    for model in MODELS {
        let run = plimsoll(&["margin", "--model", model, "--format", "json"]);
        assert_eq!(run.err, "");
        let answer = run.json();
        let initial = number(&answer["initial_margin"]);
        let gross = number(&answer["gross"]);
        let sum = |list: &Value, key: &str| -> f64 {
            list.as_array().unwrap().iter().map(|part| number(&part[key])).sum()
        };
        assert_near(sum(&answer["components"], "amount"), initial, initial);
        let maintenance = number(&answer["maintenance_margin"]);
        assert_near(sum(&answer["components"], "maintenance"), maintenance, initial);
        let parts = answer["benefit"]["breakdown"].as_object().unwrap();
        let saved: f64 = parts.values().map(number).sum();
        assert_near(saved, number(&answer["benefit"]["amount"]), gross);
        let losses = answer["scenarios"].as_array().unwrap();
        if let Some(worst) = answer["worst"].get("loss") {
            let most = losses.iter().map(|state| number(&state["loss"])).fold(f64::MIN, f64::max);
            assert_eq!(number(worst), most, "{model}");
        }
        assert_eq!(answer["positions"].as_array().unwrap().len(), 26);
        assert_eq!(answer["ladder"].as_array().unwrap().len(), 13);
        let under = answer["under_maintenance"].as_bool().unwrap();
        assert_eq!(run.code, i32::from(under), "{model}");
    }
}

#[test]
fn margin_reads_as_titled_tables_without_colour_codes() {
    let run = plimsoll(&["margin"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    for title in [
        "Account maker",
        "Components",
        "What netting saves",
        "Worst scenarios",
        "Distance to liquidation",
        "Liquidation prices",
        "If every price moves",
        "Positions",
        "Collateral",
        "Greeks",
    ] {
        assert!(run.out.contains(title), "{title} is missing:\n{}", run.out);
    }
    assert!(!run.out.contains('\x1b'));
    assert!(!run.out.contains("NaN") && !run.out.contains("inf"));
}

const TWO_DESKS: &str = "account,instrument,quantity,entry_price\n\
    options,BTC-27MAR26-100000-C,-10\noptions,USDC,500000\n\
    hedges,BTC-PERPETUAL,50000,97000\nhedges,USDC,300000\n";

#[test]
fn a_group_is_netted_as_one_beside_each_alone() {
    let args = ["margin", "--book", "-", "--format", "json"];
    let run = plimsoll_with(&[&args[..], &["--group"]].concat(), TWO_DESKS.as_bytes());
    assert_eq!(run.code, 0, "{}", run.err);
    let answer = run.json();
    let accounts = answer["accounts"].as_array().unwrap();
    let alone: f64 = accounts.iter().map(|one| number(&one["initial_margin"])).sum();
    let together = number(&answer["group"]["initial_margin"]);
    assert_eq!(answer["group"]["account"], "options+hedges");
    assert_near(number(&answer["saving"]["initial_margin"]), alone - together, alone);
    // Calls sold and futures bought on one coin hedge each other.
    assert!(together < alone);
    // Without --group there is neither a group nor a saving.
    let run = plimsoll_with(&args, TWO_DESKS.as_bytes());
    assert_eq!(run.json().as_object().unwrap().keys().collect::<Vec<_>>(), ["accounts"]);
    // One account alone is its assessment itself.
    let run = plimsoll_with(&[&args[..], &["--account", "hedges"]].concat(), TWO_DESKS.as_bytes());
    assert_eq!(run.json()["account"], "hedges");
    let run = plimsoll_with(&["compare", "--book", "-", "--group"], TWO_DESKS.as_bytes());
    assert!(run.out.contains("Account options+hedges"), "{}", run.out);
}

#[test]
fn exit_code_is_one_where_the_book_is_under_maintenance() {
    let strangle = ["--book", "naked-strangle", "--market", "crash-2129"];
    for command in [&["margin"][..], &["margin", "--model", "deribit-spm"], &["compare"]] {
        let run = plimsoll(&[command, &strangle[..]].concat());
        assert_eq!(run.code, 1, "{command:?}: {}", run.err);
        assert!(run.out.contains("UNDER MAINT"), "{}", run.out);
    }
    let calm = plimsoll(&["margin", "--model", "deribit-spm", "--book", "naked-strangle"]);
    assert_eq!(calm.code, 0);
    // A deposit that saves the account: 100 BTC are worth many times what it lost.
    let trades = b"instrument,quantity\nBTC,100\nETH,1000\n";
    let saved = plimsoll_with(&[&["what-if", "--trades", "-"], &strangle[..]].concat(), trades);
    assert_eq!(saved.code, 0, "{}{}", saved.out, saved.err);
    assert!(saved.out.contains("deposit"));
}

#[test]
fn what_if_shows_before_after_and_change() {
    let run = plimsoll(&[
        "what-if",
        "--trade",
        "SELL 5 BTC-27MAR26-100000-C @ 0.012",
        "--trade",
        "buy 20000 BTC-PERPETUAL",
        "--format",
        "json",
    ]);
    assert_eq!(run.code, 0, "{}", run.err);
    let answer = run.json();
    for key in ["equity", "initial_margin", "maintenance_margin", "excess", "gross", "net"] {
        let (before, after) = (number(&answer["before"][key]), number(&answer["after"][key]));
        assert_near(number(&answer["change"][key]), after - before, after);
    }
    assert_eq!(answer["trades"][0]["quantity"], -5.0);
    assert_eq!(answer["trades"][1]["quantity"], 20_000.0);
    // Sold below the mark: equity falls by 5 × (mark − 0.012) BTC; the future fills at its mark.
    let position = &answer["after"]["positions"];
    let sold = position
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["instrument"] == "BTC-27MAR26-100000-C")
        .unwrap();
    let index = number(&answer["before"]["collateral"][0]["price"]);
    let lost = 5.0 * (number(&sold["mark_price"]) - 0.012) * index;
    assert_near(number(&answer["change"]["equity"]), -lost, number(&answer["before"]["equity"]));
}

#[test]
fn a_trade_and_its_reverse_at_the_mark_change_nothing() {
    let trade = ["--trade", "BUY 3 BTC-27MAR26-100000-C", "--trade", "SELL 3 BTC-27MAR26-100000-C"];
    let run = plimsoll(&[&["what-if", "--format", "json"], &trade[..]].concat());
    let answer = run.json();
    let equity = number(&answer["before"]["equity"]);
    assert_near(number(&answer["change"]["equity"]), 0.0, equity);
    assert_near(number(&answer["change"]["initial_margin"]), 0.0, equity);
}

#[test]
fn what_if_reads_trades_from_a_file_and_prints_tables() {
    let trades = b"instrument,quantity,entry_price\nBTC-27FEB26-85000-P,120,0.0134\nUSDC,-1000\n";
    let run = plimsoll_with(&["what-if", "--trades", "-"], trades);
    assert_eq!(run.code, 0, "{}", run.err);
    for word in ["Before", "After", "Change", "withdraw", "0.013400", "Excess, USD"] {
        assert!(run.out.contains(word), "{word} is missing:\n{}", run.out);
    }
}

#[test]
fn chain_counts_what_the_market_lists() {
    // The counts of data/README.md.
    for (market, options) in
        [("calm", 1366), ("crash-1551", 1782), ("crash-2129", 1840), ("eth-2024", 684)]
    {
        let run = plimsoll(&["chain", "--market", market, "--format", "json"]);
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        let answer = run.json();
        let counted: f64 = answer["underlyings"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|coin| coin["expiries"].as_array().unwrap())
            .map(|expiry| number(&expiry["options"]))
            .sum();
        assert_eq!(counted, f64::from(options), "{market}");
    }
    let table = plimsoll(&["chain", "--underlying", "eth"]).out;
    assert!(table.contains("27MAR26") && !table.contains("BTC"), "{table}");
}

#[test]
fn chain_of_an_expiry_shows_strikes_quotes_and_greeks() {
    let args = ["chain", "--expiry", "27MAR26", "--underlying", "BTC"];
    let run = plimsoll(&[&args[..], &["--format", "json"]].concat());
    let answer = run.json();
    let expiry = &answer["expiries"][0];
    let strikes = expiry["strikes"].as_array().unwrap();
    assert_eq!(strikes.len(), 106);
    let row = |name: &str| strikes.iter().find(|row| row["instrument"] == name).unwrap();
    let (call, put) = (row("BTC-27MAR26-98000-C"), row("BTC-27MAR26-98000-P"));
    assert_eq!(call["mark_vol_pct"], put["mark_vol_pct"]);
    // Call delta − put delta = 1 at one vol.
    let delta = |row: &Value| number(&row["greeks"]["delta"]);
    assert_near(delta(call) - delta(put), 1.0, 1.0);
    // The vol at a forward of 98,448.30 lies between those of its neighbours.
    let vol = |name: &str| number(&row(name)["mark_vol_pct"]);
    let (low, high) = (vol("BTC-27MAR26-98000-C"), vol("BTC-27MAR26-100000-C"));
    let atm = number(&expiry["atm_vol_pct"]);
    assert!(low.min(high) <= atm && atm <= low.max(high), "{atm} outside {low}, {high}");
    let table = plimsoll(&args).out;
    assert!(table.contains("BTC-27MAR26-98000-C") && table.contains("Delta"), "{table}");
    let by_date = plimsoll(&["chain", "--expiry", "2026-03-27", "--underlying", "BTC"]).out;
    assert_eq!(table, by_date);
}

#[test]
fn models_lists_every_model_and_prints_its_file() {
    let run = plimsoll(&["models"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    for model in MODELS {
        assert!(run.out.contains(model));
        let printed = plimsoll(&["models", model]).out;
        assert!(printed.contains("[source]"), "{printed}");
    }
    let listed = plimsoll(&["models", "--format", "json"]).json();
    for model in listed["models"].as_array().unwrap() {
        let path = model["path"].as_str().unwrap();
        let word =
            format!("{}@{}", model["id"].as_str().unwrap(), model["effective"].as_str().unwrap());
        let printed = plimsoll(&["models", &word]).out;
        assert_eq!(printed, fs::read_to_string(project_file(path)).unwrap(), "{word}");
        assert!(!model["source"].as_str().unwrap().is_empty());
    }
    let parsed = plimsoll(&["models", "scan", "--format", "json"]).json();
    assert_eq!(parsed["family"], "scan");
}

#[test]
fn a_dated_model_is_the_one_that_is_used() {
    for date in ["2024-06-17", "2026-02-15"] {
        let model = format!("deribit-spm@{date}");
        let run = plimsoll(&["margin", "--model", &model, "--format", "json"]);
        assert_eq!(run.json()["model"]["effective"], date);
    }
    // Without a date: in force at the snapshot of January 2026.
    let run = plimsoll(&["margin", "--model", "deribit-spm", "--format", "json"]);
    assert_eq!(run.json()["model"]["effective"], "2024-06-17");
}

/// Every key of an output is in its schema, and every required key of the schema in the output.
fn assert_fits(output: &Value, schema: &str) {
    let schema = plimsoll(&["schema", schema]).json();
    let properties = schema["properties"].as_object().unwrap();
    for key in output.as_object().unwrap().keys() {
        assert!(properties.contains_key(key), "{key} is not in the schema");
    }
    for key in schema["required"].as_array().unwrap() {
        assert!(output.get(key.as_str().unwrap()).is_some(), "{key} is required");
    }
}

#[test]
fn schema_describes_every_input_and_output() {
    let all = plimsoll(&["schema", "--format", "json"]).json();
    let list = plimsoll(&["schema"]).out;
    for (name, schema) in all.as_object().unwrap() {
        assert!(list.contains(name.as_str()));
        assert!(schema.get("$schema").is_some(), "{name}");
        assert_eq!(&plimsoll(&["schema", name]).json(), schema);
    }
    let json = |args: &[&str]| plimsoll(&[args, &["--format", "json"]].concat()).json();
    assert_fits(&json(&["margin"]), "assessment");
    assert_fits(&json(&["margin", "--group"]), "accounts");
    assert_fits(&json(&["compare"]), "comparison");
    assert_fits(&json(&["compare"])["rows"][0], "summary");
    assert_fits(&json(&["what-if", "--trade", "BUY 1 BTC-PERPETUAL"]), "what-if");
    assert_fits(&json(&["chain"]), "chain");
    assert_fits(&json(&["chain", "--expiry", "27MAR26"]), "strikes");
    assert_fits(&json(&["models"]), "models");
    assert_fits(&json(&["params", "diff", "scan", "scan"]), "params-diff");
    assert_fits(&json(&["params", "impact", "--from", "scan", "--to", "scan"]), "params-impact");
    let spn = project_file("crates/plimsoll-venues/tests/span/conformance.spn");
    assert_fits(&json(&["import", "span", spn.to_str().unwrap()]), "span-file");
    for model in MODELS {
        assert_fits(&json(&["models", model]), &format!("params-{model}"));
    }
    let market = fs::read(project_file("data/deribit-2026-01-14-calm.json")).unwrap();
    assert_fits(&serde_json::from_slice(&market).unwrap(), "market");
    let book = fs::read(project_file("examples/books/basis-trade.json")).unwrap();
    assert_fits(&serde_json::from_slice(&book).unwrap(), "book");
}

#[test]
fn import_makes_a_market_that_margin_takes() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("market.json");
    let chain = project_file("data/raw/deribit-collector-2026-01-14.csv");
    let perpetuals = project_file("data/raw/deribit-perpetuals.csv");
    let (chain, perpetuals) = (chain.to_str().unwrap(), perpetuals.to_str().unwrap());
    let import = ["import", "deribit-chain", chain, "--perpetuals", perpetuals];
    let run = plimsoll(&[&import[..], &["--out", out.to_str().unwrap()]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("27MAR26"), "{}", run.out);
    assert!(run.err.contains("wrote "));
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["market.json"], "something else was left behind");
    let printed = plimsoll(&import);
    assert_eq!(printed.out, fs::read_to_string(&out).unwrap());
    let book = b"instrument,quantity\nBTC-27MAR26-100000-C,-1\nBTC-PERPETUAL,5000\nBTC,1\n";
    let run = plimsoll_with(&["margin", "--book", "-", "--market", out.to_str().unwrap()], book);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn import_wants_a_choice_where_there_is_one() {
    let panel = project_file("data/raw/deribit-panel-2026-02-05.csv");
    let panel = panel.to_str().unwrap();
    let run = plimsoll(&["import", "deribit-chain", panel]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("2026-02-05T15:51:32Z"), "{}", run.err);
    let at = ["--snapshot", "2026-02-05T15:51:32Z"];
    let run = plimsoll(&[&["import", "deribit-chain", panel], &at[..]].concat());
    assert_eq!(run.json()["time"], "2026-02-05T15:51:32Z");
}

#[test]
fn a_market_comes_from_standard_input_too() {
    let market = fs::read(project_file("data/deribit-2026-02-05-crash-1551.json")).unwrap();
    let piped = plimsoll_with(&["compare", "--market", "-", "--format", "json"], &market);
    let bundled = plimsoll(&["compare", "--market", "crash-1551", "--format", "json"]);
    assert_eq!(piped.out, bundled.out);
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["chain", "--format", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn the_same_command_prints_the_same_bytes() {
    for args in
        [&["margin", "--format", "json"][..], &["compare"], &["margin", "--model", "greeks"]]
    {
        assert_eq!(plimsoll(args).out, plimsoll(args).out);
    }
}

#[test]
fn liquidation_prices_are_where_equity_meets_maintenance() {
    for model in ["scan", "deribit-spm", "delta"] {
        let answer = plimsoll(&["margin", "--model", model, "--format", "json"]).json();
        let prices = answer["liquidation_prices"].as_array().unwrap();
        let held: Vec<&Value> =
            answer["positions"].as_array().unwrap().iter().map(|one| &one["instrument"]).collect();
        let priced: Vec<&Value> = prices.iter().map(|one| &one["instrument"]).collect();
        assert_eq!(held, priced, "{model}");
        for one in prices {
            let now = number(&one["price_now"]);
            let (below, above) = (one["below"].as_f64(), one["above"].as_f64());
            assert!(below.is_none_or(|at| at < now) && above.is_none_or(|at| at > now), "{one}");
            let nearest = one["price"].as_f64();
            assert!(nearest == below || nearest == above, "{one}");
            assert_eq!(one["method"] == "none", nearest.is_none(), "{one}");
        }
    }
    // A covered call without debt: no fall of the coin liquidates it, and that is an answer.
    let text = plimsoll(&["margin", "--book", "covered-call", "--model", "scan"]).out;
    assert!(text.contains("Liquidation prices") && text.contains("none"), "{text}");
    // Under maintenance it is now.
    let strangle = ["margin", "--book", "naked-strangle", "--market", "crash-2129"];
    let answer = plimsoll(&[&strangle[..], &["--format", "json"]].concat()).json();
    let under: Vec<&Value> = answer["liquidation_prices"].as_array().unwrap().iter().collect();
    assert!(!under.is_empty());
    assert!(under.iter().all(|one| one["price"] == one["price_now"]), "{under:?}");
}

#[test]
fn what_if_shows_the_liquidation_price_of_a_position_that_is_not_held_yet() {
    let name = "BTC-26JUN26-80000-P";
    let sell = format!("SELL 5 {name}");
    let trade = ["what-if", "--trade", &sell, "--trade", "BUY 20000 BTC-PERPETUAL"];
    let run = plimsoll(&trade);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("Liquidation prices before and after"), "{}", run.out);
    let answer = plimsoll(&[&trade[..], &["--format", "json"]].concat()).json();
    let of = |when: &str, name: &str| {
        let prices = answer[when]["liquidation_prices"].as_array().unwrap();
        prices.iter().find(|one| one["instrument"] == name).cloned()
    };
    assert!(of("before", name).is_none());
    assert!(number(&of("after", name).unwrap()["below"]) > 0.0);
    // More BTC bought: a smaller fall liquidates.
    let below = |when| number(&of(when, "BTC-PERPETUAL").unwrap()["below"]);
    assert!(below("after") > below("before"));
}

#[test]
fn params_diff_names_every_parameter_and_both_sources() {
    let words = ["deribit-spm@2024-06-17", "deribit-spm@2026-02-15"];
    let run = plimsoll(&["params", "diff", words[0], words[1]]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    for word in [
        "params/deribit/spm/2024-06-17.toml",
        "In force from",
        "Evidence",
        "live private/simulate",
        "pairs.BTC.price_range",
    ] {
        assert!(run.out.contains(word), "{word} is missing:\n{}", run.out);
    }
    let diff = plimsoll(&["params", "diff", words[0], words[1], "--format", "json"]).json();
    assert_eq!(diff["from"]["model"]["effective"], "2024-06-17");
    let changes = diff["changes"].as_array().unwrap();
    let range = changes.iter().find(|one| one["path"] == "pairs.BTC.price_range").unwrap();
    assert_eq!((&range["from"], &range["to"]), (&Value::from("0.16"), &Value::from("0.14")));
    // 0.14/0.16 − 1.
    assert_near(number(&range["change_pct"]), -12.5, 1.0);
    let same = plimsoll(&["params", "diff", "scan", "scan"]);
    assert!(same.out.contains("No parameter differs"), "{}", same.out);
}

#[test]
fn params_impact_is_the_difference_of_two_margins_component_by_component() {
    let (from, to) = ("deribit-spm@2024-06-17", "deribit-spm@2026-02-15");
    let run = plimsoll(&["params", "impact", "--from", from, "--to", to, "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let impact = run.json();
    let account = &impact["accounts"][0];
    let margin = |model| plimsoll(&["margin", "--model", model, "--format", "json"]).json();
    let (before, after) = (margin(from), margin(to));
    for key in ["initial_margin", "maintenance_margin"] {
        let change = number(&after[key]) - number(&before[key]);
        assert_eq!(number(&account[&format!("{key}_change")]), change);
    }
    let parts = account["components"].as_array().unwrap();
    for (key, whole) in [
        ("initial_before", &before["initial_margin"]),
        ("initial_after", &after["initial_margin"]),
        ("maintenance_after", &after["maintenance_margin"]),
    ] {
        let sum: f64 = parts.iter().map(|part| number(&part[key])).sum();
        assert_near(sum, number(whole), number(whole));
    }
    let table = plimsoll(&["params", "impact", "--from", from, "--to", to]).out;
    assert!(table.contains("Before and after") && table.contains("Components"), "{table}");
    // New parameters that put the book under maintenance: exit code 1.
    let run = plimsoll(&["params", "impact", "--from", "scan", "--to", "isolated"]);
    assert_eq!(run.code, 1, "{}", run.err);
    let run = plimsoll_with(
        &["params", "impact", "--from", from, "--to", to, "--book", "-", "--group"],
        TWO_DESKS.as_bytes(),
    );
    assert!(run.out.contains("options+hedges"), "{}{}", run.out, run.err);
}

#[test]
fn a_span_file_becomes_parameters_and_a_market_that_margin_takes() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (out, market) = (path("span.toml"), path("market.json"));
    // The conformance example of `cases/span`, whose arrays the one file prints with six decimals: the
    // credit carries 4·5e-7 of delta at 9,118. The other prints whole amounts and no calendar spread:
    // BTC 12,199 + 65.1 of delivery less 0.6·12,302.5, ETH 18,000 less 0.6·1.349·2·4,500, and 4,489.73
    // of option value.
    for (file, options, expected, slack) in [
        ("conformance.spn", "OOF-20261225", 20_297.865_195_13, 2e-2),
        ("conformance.pa2", "OOP-202612", 4882.6 + 10_715.4 + 4489.73, 1e-6),
    ] {
        let file = project_file("crates/plimsoll-venues/tests/span").join(file);
        let file = file.to_str().unwrap();
        let run = plimsoll(&["import", "span", file, "--out", &out, "--market-out", &market]);
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.out.contains("BTC") && run.err.contains("span.toml"), "{}{}", run.out, run.err);
        let printed = plimsoll(&["import", "span", file]).out;
        assert_eq!(printed, fs::read_to_string(&out).unwrap());
        let book = format!(
            "instrument,quantity\nXCH-BTC-FUT-202612,2\nXCH-BTO-{options}-65000-C,-3\n\
             XCH-BTO-{options}-55000-P,1\nXCH-BTC-FUT-202703,-2\nXCH-ETH-FUT-202612,4\nUSD,100000\n"
        );
        let args = ["margin", "--params", &out, "--market", &market, "--book", "-"];
        let run = plimsoll_with(&[&args[..], &["--format", "json"]].concat(), book.as_bytes());
        assert_eq!(run.code, 0, "{}", run.err);
        let maintenance = number(&run.json()["maintenance_margin"]);
        assert!((maintenance - expected).abs() < slack, "{maintenance}");
        let table = plimsoll_with(&args, book.as_bytes()).out;
        assert!(table.contains("ETH, price −1 range, vol up"), "{table}");
    }
    let file = project_file("crates/plimsoll-venues/tests/span/conformance.spn");
    let only = plimsoll(&["import", "span", file.to_str().unwrap(), "--only", "ETH"]).out;
    assert!(only.contains("XCH-ETH-FUT-202612") && !only.contains("XCH-BTC"), "{only}");
}

#[test]
fn the_risk_report_reconciles_with_the_margin_answer() {
    let report = plimsoll(&["risk", "--model", "deribit-spm", "--format", "json"]).json();
    let answer = plimsoll(&["margin", "--model", "deribit-spm", "--format", "json"]).json();
    let state = &report["state"];
    assert_eq!(state["initial_margin"], answer["initial_margin"]);
    assert_eq!(state["maintenance_margin"], answer["maintenance_margin"]);
    assert_eq!(state["equity"], answer["equity"]);
    let row = |days: f64, level: f64| {
        let tails = report["tails"].as_array().unwrap();
        let is = |row: &&Value| {
            number(&row["horizon_days"]) == days && number(&row["level_pct"]) == level
        };
        tails.iter().find(is).unwrap().clone()
    };
    let es = number(&row(1.0, 97.5)["es"]);
    let parts = report["components"].as_array().unwrap();
    let sum: f64 = parts.iter().map(|part| number(&part["amount"])).sum();
    assert_near(sum, es, es);
    assert!(number(&row(10.0, 99.0)["var"]) > number(&row(1.0, 99.0)["var"]));
    assert_eq!(report["stresses"].as_array().unwrap().len(), 19);
}

#[test]
fn the_risk_report_takes_other_scenarios_and_stresses_and_names_what_is_wrong() {
    let run = plimsoll(&["risk", "--scenarios", "hs-var", "--book", "naked-strangle"]);
    assert!(
        run.out.contains("scenarios hs-var of") && run.out.contains("Reverse stress"),
        "{}",
        run.out
    );
    for (args, words) in [
        (["--scenarios", "scan"], "family var"),
        (["--scenarios", "delta-normal"], "fhs-es"),
        (["--scenarios", "nothing"], "no model `nothing`"),
        (["--stresses", "nothing.toml"], "nothing.toml"),
    ] {
        let run = plimsoll(&[&["risk"], &args[..]].concat());
        assert_eq!(run.code, 2, "{args:?}: {}", run.out);
        assert!(run.err.contains(words), "{args:?}: {}", run.err);
    }
}
